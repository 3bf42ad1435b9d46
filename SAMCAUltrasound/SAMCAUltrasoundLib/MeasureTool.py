"""Measure in the effect: what its switch, its key and its buttons do."""

from __future__ import annotations

from SAMCALib.Editing.SizeLogic import SizeLogic


class MeasureTool:
    """effect: the SegmentEditorEffect, whose object is measured while its option `measure` is on."""

    def __init__(self, effect):
        self.effect, self.sizes = effect, SizeLogic(effect.edit)

    @property
    def isBusy(self) -> bool:
        """Whether all frames are being measured."""
        return self.sizes.run.isRunning

    def follow(self) -> None:
        """Measure what has changed, and some of all frames; for the timer."""
        wasBusy = self.isBusy
        self.sizes.use(self.effect.options.measure)
        self.sizes.run.poll()
        if wasBusy:
            self._tell()
        self.sizes.follow()
        self.effect.panel.showSizes(self.sizes.isMeasuring, self.sizes.text, self.sizes.isHeld, self.isBusy)

    def hold(self) -> None:
        """Keep this frame's outline for a volume, or let it go."""
        with self.effect.telling():
            self.sizes.hold(self.effect.view.frame())
        self.effect.showStatus()

    def table(self) -> None:
        """Begin a table of the sizes in all frames; pressed again it ends."""
        self._measureAll(self.sizes.table)

    def chart(self) -> None:
        """The same for a chart of how they grow."""
        self._measureAll(self.sizes.chart)

    def cancel(self) -> None:
        """End what was begun."""
        self.sizes.run.cancel()
        self.effect.status.meanwhile = ""

    def _measureAll(self, begin) -> None:
        if self.isBusy:
            self.sizes.run.cancel()
        else:
            with self.effect.telling():
                begin(self.effect.view.frame())
            if not self.isBusy:  # it was refused
                self.effect.showStatus()
                return
        self._tell()

    def _tell(self) -> None:
        """How far it is, or what became of it."""
        self.effect.status.meanwhile = self.sizes.run.status
        if not self.isBusy:
            self.effect.status.say(self.sizes.run.message)
        self.effect.showStatus()
