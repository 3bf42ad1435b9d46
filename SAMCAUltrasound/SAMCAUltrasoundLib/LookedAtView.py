"""The slice view that is worked in: the one the mouse was in last, and the frame it shows.

Before the mouse was anywhere it is a view that the layout shows, in the plane of the volume's frames first.
"""

from __future__ import annotations

import slicer

from SAMCALib.Frames import FrameLogic, ShowLogic
from SAMCALib.Texts import Refusal, _


class LookedAtView:
    """host: a scriptedEffect. `isOld` says that the view changed since `frame` was asked."""

    def __init__(self, host):
        self.host = host
        self.forget()

    def forget(self) -> None:
        """The views are other ones now."""
        self.widget, self.isOld, self.canTurn = None, True, False
        self._isChosen = False  # by the mouse

    def look(self, widget) -> None:
        """The mouse is in this view."""
        if widget != self.widget:
            self.widget, self.isOld = widget, True
        self._isChosen = True

    @property
    def node(self):
        """Its vtkMRMLSliceNode, None before any view was looked at."""
        return None if self.widget is None else self.host.viewNode(self.widget)

    @property
    def volume(self):
        """The volume that is segmented; Refusal without."""
        editor = self.host.parameterSetNode()
        volume = editor and editor.GetSourceVolumeNode()
        FrameLogic.checkVolume(volume)
        return volume

    def frame(self):
        """The frame that is shown; Refusal without one, `canTurn` then says whether `turn` helps."""
        self.isOld, self.canTurn = False, False
        volume = self.volume
        if not self._isChosen or not self.node.IsViewVisibleInLayout():
            return self._firstFrame(volume)
        self.canTurn = True
        frame = FrameLogic.frameShownIn(self.node, volume)
        self.canTurn = False
        return frame

    def xy(self, frame, position) -> tuple[float, float]:
        """Pixels of the view -> pixels of the frame."""
        ras = self.node.GetXYToRAS().MultiplyPoint((*position[:2], 0, 1))
        return FrameLogic.rasToXy(frame, ras[:3])

    def show(self, frame) -> None:
        """Go to this frame; Refusal if it is gone."""
        ShowLogic.show(self.node, frame)
        self.isOld = True

    def turn(self) -> None:
        """Turn the view to the volume's axes and to its nearest frame."""
        FrameLogic.turnToFrame(self.node, self.volume)
        self.isOld = True

    def _firstFrame(self, volume):
        """The frame of a view that is shown, in the plane of the volume's frames if there is one; chosen anew
        whenever a view has changed, until the mouse is in one."""
        self.widget, self._isChosen = None, False
        refusal, found = Refusal(_("Move the mouse into a slice view that shows the volume.")), []
        for widget in _shownWidgets(self.host):
            try:
                found.append((FrameLogic.frameShownIn(self.host.viewNode(widget), volume), widget))
            except Refusal as why:
                refusal = why
        if not found:
            raise refusal
        axis = FrameLogic.acquiredAxis(volume)
        frame, self.widget = min(found, key=lambda each: each[0].axis != axis)
        return frame


def _shownWidgets(host) -> list:
    """The slice widgets that the layout shows, which knows others, too; none without a main window."""
    layout = slicer.app.layoutManager()
    widgets = [layout.sliceWidget(name) for name in layout.sliceViewNames()] if layout else []
    return [widget for widget in widgets if host.viewNode(widget).IsViewVisibleInLayout()]
