"""The slice view that is worked in: the one the mouse was in last, and the frame it shows."""

from __future__ import annotations

import slicer

from SAMCALib.Frames import FrameLogic
from SAMCALib.Texts import Refusal, _


class LookedAtView:
    """host: a scriptedEffect. `isOld` says that the view changed since `frame` was asked."""

    def __init__(self, host):
        self.host = host
        self.forget()

    def forget(self) -> None:
        """The views are other ones now."""
        self.widget, self.isOld, self.canTurn = None, True, False

    def look(self, widget) -> None:
        """The mouse is in this view."""
        if widget != self.widget:
            self.widget, self.isOld = widget, True

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
        if self.widget is None:
            return self._firstFrame(volume)
        self.canTurn = True
        frame = FrameLogic.frameShownIn(self.node, volume)
        self.canTurn = False
        return frame

    def xy(self, frame, position) -> tuple[float, float]:
        """Pixels of the view -> pixels of the frame."""
        ras = self.node.GetXYToRAS().MultiplyPoint((*position[:2], 0, 1))
        return FrameLogic.rasToXy(frame, ras[:3])

    def turn(self) -> None:
        """Turn the view to the volume's axes and to its nearest frame."""
        FrameLogic.turnToFrame(self.node, self.volume)
        self.isOld = True

    def _firstFrame(self, volume):
        """Before the mouse was anywhere: the frame of the first view that shows one."""
        refusal = Refusal(_("Move the mouse into a slice view that shows the volume."))
        for widget in _sliceWidgets():
            try:
                frame = FrameLogic.frameShownIn(self.host.viewNode(widget), volume)
            except Refusal as why:
                refusal = why
            else:
                self.widget = widget
                return frame
        raise refusal


def _sliceWidgets() -> list:
    """The slice widgets of the layout; none without a main window."""
    layout = slicer.app.layoutManager()
    return [layout.sliceWidget(name) for name in layout.sliceViewNames()] if layout else []
