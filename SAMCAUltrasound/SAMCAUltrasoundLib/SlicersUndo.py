"""Whether the Segment Editor's own Undo works now. Effects are not told: its button is asked."""

from __future__ import annotations

import slicer


class SlicersUndo:
    """host: the scriptedEffect, whose options are inside the editor's widget."""

    def __init__(self, host):
        self._host, self._button = host, None

    @property
    def works(self) -> bool:
        """Whether there is a step that it takes back."""
        self._button = self._button or self._find()
        return self._button is not None and bool(self._button.enabled)

    def forget(self) -> None:
        """The editor's widget may go."""
        self._button = None

    def _find(self):
        widget = self._host.optionsFrame()
        while widget is not None and widget.className() != "qMRMLSegmentEditorWidget":
            widget = widget.parent()
        return next(iter(slicer.util.findChildren(widget, name="UndoButton")), None) if widget else None
