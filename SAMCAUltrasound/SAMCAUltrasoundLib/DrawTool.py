"""What dragging draws: a box, or while one of two buttons is down a stroke or a lasso.

Not by modifiers: Shift moves the crosshair of all views and pans, Alt belongs to window managers, Ctrl takes
away. Ctrl+drag was free, so it is a stroke along what does not belong to the structure, whatever is chosen.
"""

from __future__ import annotations

from SAMCALib.Texts import _

from .Gesture import BOX, LASSO, STROKE


class DrawTool:
    """effect: the SegmentEditorEffect, whose option `drag` it is."""

    def __init__(self, effect):
        self.effect = effect

    def toggleStroke(self) -> None:
        """Let dragging draw strokes, or boxes again."""
        self._toggle(STROKE)

    def toggleLasso(self) -> None:
        """Let dragging draw a lasso, or boxes again."""
        self._toggle(LASSO)

    def _toggle(self, kind: str) -> None:
        options = self.effect.options
        options.drag = BOX if options.drag == kind else kind
        self.effect.updateGUIFromMRML()
        self.effect.tell(
            {
                STROKE: _("Drag along what belongs to the structure; with Ctrl along what does not."),
                LASSO: _("Drag around the structure; with Ctrl along what does not belong to it."),
                BOX: _("Drag for a box around the structure; with Ctrl along what does not belong to it."),
            }[options.drag]
        )
