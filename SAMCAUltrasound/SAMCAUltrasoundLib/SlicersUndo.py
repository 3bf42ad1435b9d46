"""Whether the Segment Editor's own Undo works now, and its Redo. Effects are not told: buttons are asked."""

from __future__ import annotations

import slicer


class SlicersUndo:
    """host: the scriptedEffect, whose options are inside the editor's widget."""

    def __init__(self, host):
        self._host = host
        self.forget()

    @property
    def works(self) -> bool:
        """Whether there is a step that it takes back."""
        return (button := self._button("UndoButton")) is not None and bool(button.enabled)

    def redo(self) -> None:
        """Do again what was undone last, if there is anything."""
        if (button := self._button("RedoButton")) is not None:
            button.click()

    def forget(self) -> None:
        """The editor's widget may go."""
        self._buttons: dict = {}

    def _button(self, name: str):
        if name not in self._buttons and (found := self._find(name)):
            self._buttons[name] = found
        return self._buttons.get(name)

    def _find(self, name: str):
        widget = self._host.optionsFrame()
        while widget is not None and widget.className() != "qMRMLSegmentEditorWidget":
            widget = widget.parent()
        return next(iter(slicer.util.findChildren(widget, name=name)), None) if widget else None
