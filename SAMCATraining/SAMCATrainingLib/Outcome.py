"""Whether a training has helped, how sure that is with so few images, and what to do then."""

from __future__ import annotations

from dataclasses import dataclass

from SAMCALib.Texts import _

FEW = 10  # validation structures: with fewer what they say may be chance
SURE = 2.0  # standard errors

BETTER, LIKELY, UNSURE, WORSE = "better", "likely", "unsure", "worse"


@dataclass(frozen=True)
class Outcome:
    """Validation Dice in percent by number of clicks before training, and with the weights that are kept.

    kept: the epoch whose weights are kept, 0 for the model before. gain: the mean over clicks after minus
    before, of the last epoch where none is kept; error: its standard error, None of one group of images.
    """

    before: dict[int, float]
    after: dict[int, float]
    kept: int
    gain: float
    error: float | None
    targets: int

    @property
    def word(self) -> str:
        """BETTER; LIKELY, ahead by less than is sure; UNSURE, none is ahead, the old one is kept; WORSE."""
        if self.kept and self.gain > 0:
            return BETTER if self.error is not None and self.gain > SURE * self.error else LIKELY
        return WORSE if self.gain < 0 else UNSURE

    @property
    def text(self) -> str:
        """What became of it, how sure that is, and what to do then."""
        return " ".join(filter(None, (self._headline(), self._doubt(), fewText(self.targets))))

    def _headline(self) -> str:
        gain = gainText(self.gain, self.error)
        if self.word == BETTER:
            return _("Better than before: Dice {gain}, epoch {epoch} is kept.").format(
                gain=gain, epoch=self.kept
            )
        if self.word == LIKELY:
            text = _("Probably better than before: Dice {gain}, epoch {epoch} is kept.")
            return text.format(gain=gain, epoch=self.kept)
        if self.kept:
            return _("Worse than before: Dice {gain}. Keep the old model.").format(gain=gain)
        if self.word == WORSE:
            text = _("Worse than before: the last epoch is at Dice {gain}. The old model is kept.")
        else:
            text = _("No epoch is surely better, the last is at Dice {gain}. The old model is kept.")
        return text.format(gain=gain)

    def _doubt(self) -> str:
        if self.error is None:
            return _("How sure that is cannot be said: all images that validate belong together.")
        return ""


def gainText(gain: float, error: float | None) -> str:
    """+3.1 ± 1.2"""
    return f"{gain:+.1f}" if error is None else f"{gain:+.1f} ± {error:.1f}"


def fewText(targets: int) -> str:
    """A warning where few structures validate, "" where it is enough."""
    if not 0 < targets < FEW:
        return ""
    if targets == 1:
        return _("Only 1 structure validates: what it says may be chance. Add images of more patients.")
    text = _("Only {count} structures validate: what they say may be chance. Add images of more patients.")
    return text.format(count=targets)


def changes(outcome: Outcome) -> list[tuple[int, float, float, str]]:
    """(clicks, Dice before, Dice after, BETTER, WORSE or "same") for each number of clicks."""
    rows = []
    for clicks in sorted(outcome.before.keys() & outcome.after.keys()):
        before, after = outcome.before[clicks], outcome.after[clicks]
        difference = round(after, 1) - round(before, 1)
        rows.append(
            (clicks, before, after, BETTER if difference > 0 else WORSE if difference < 0 else "same")
        )
    return rows
