"""Measure in the effect: what its switch, its key and its two buttons do."""

from __future__ import annotations

from SAMCALib.Editing.SizeLogic import SizeLogic


class MeasureTool:
    """effect: the SegmentEditorEffect, whose object is measured while its option `measure` is on."""

    def __init__(self, effect):
        self.effect, self.sizes = effect, SizeLogic(effect.edit)

    def follow(self) -> None:
        """Measure what has changed; for the timer."""
        self.sizes.use(self.effect.options.measure)
        self.sizes.follow()
        self.effect.panel.showSizes(self.sizes.isMeasuring, self.sizes.text, self.sizes.isHeld)

    def hold(self) -> None:
        """Keep this frame's outline for a volume, or let it go."""
        with self.effect.telling():
            self.sizes.hold(self.effect.view.frame())
        self.effect.showStatus()

    def table(self) -> None:
        """The sizes in all frames as a table."""
        with self.effect.telling():
            self.effect.status.say(self.sizes.table(self.effect.view.frame()))
        self.effect.showStatus()
