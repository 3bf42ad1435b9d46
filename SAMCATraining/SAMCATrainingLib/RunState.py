"""Where a run stands, in numbers for the panel and in sentences for the user, from the records of its log."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from SAMCALib.Texts import _

from .Outcome import Outcome

STEPS = 2000  # points kept of the curve between epochs
MINUTE = 50  # s that are called one
LINES = 500  # of the log that are shown


@dataclass(frozen=True)
class EpochRecord:
    """Mean losses of an epoch, and validation Dice in percent by number of clicks after it; gain: how far its
    mean is ahead of that before training, with its standard error, None where that is not known."""

    epoch: int
    loss: float
    initial: float
    guided: float
    dice: dict[int, float]
    gain: float | None = None
    error: float | None = None


@dataclass(frozen=True)
class EvaluationState:
    """status: none, running, finished, stopped, failed."""

    status: str = "none"
    text: str = ""
    advice: str = ""


@dataclass(frozen=True)
class RunState:
    """What the panel shows of a run; epochs and steps are counted from 1, 0 before the first.

    status: new, starting, running, stopping, stopped, finished, failed, or killed (ended without a word).
    """

    folder: Path
    name: str
    status: str
    text: str
    advice: str = ""
    device: str = ""
    progress: float = 0.0  # 0..1
    secondsLeft: float | None = None
    epoch: int = 0
    epochs: int = 0
    step: int = 0
    steps: int = 0
    epochRecords: tuple[EpochRecord, ...] = ()
    steps_: tuple[tuple[float, float], ...] = ()  # (epoch as a fraction, loss)
    samples: tuple[Path, ...] = ()
    log: tuple[str, ...] = ()
    weights: Path | None = None
    isAlive: bool = False
    canResume: bool = False
    evaluation: EvaluationState = field(default_factory=EvaluationState)
    before: dict[int, float] = field(default_factory=dict)  # Dice by number of clicks before training
    outcome: Outcome | None = None  # once an epoch was validated


class History:
    """What the records of a log add up to."""

    def __init__(self):
        self.clear()

    def clear(self) -> None:
        """Forget everything."""
        self.device, self.epoch, self.step, self.steps = "", 0, 0, 0
        self.epochs: dict[int, EpochRecord] = {}
        self.before: dict[int, float] = {}
        self.targets, self.kept = 0, None
        self.curve: list[tuple[float, float]] = []
        self.log: list[str] = []
        self.last: dict = {}
        self.progress = 0.0  # the largest share that was done: Resume goes back to the last save
        self._first = self._latest = (0.0, 0.0)  # (time s, share done) of this process

    def add(self, record: dict, epochs: int) -> None:
        """Take the next record of a run of so many epochs."""
        event, self.last = record["event"], record
        if event == "start":
            self.epochs, self.curve, self.epoch, self.step, self.progress = {}, [], 0, 0, 0.0
            self.before, self.targets, self.kept = {}, 0, None
        if event in ("start", "resume"):
            self._begin(record, epochs)
        elif event == "step":
            self.epoch, self.step, self.steps = record["epoch"], record["step"], record["of"]
            self.curve.append((self.epoch - 1 + self.step / self.steps, record["loss"]))
            if len(self.curve) > STEPS:
                self.curve = self.curve[::2]
        elif event == "epoch":
            self.epoch, self.step, self.kept = record["epoch"], 0, record.get("kept")
            losses = (record[name] for name in ("loss", "initial", "guided"))
            gain = record.get("gain"), record.get("error")
            self.epochs[self.epoch] = EpochRecord(self.epoch, *losses, _dice(record), *gain)
        elif event == "base":
            self.before, self.targets = _dice(record), record["targets"]
        if event != "failed":
            self._latest = (record.get("time", 0.0), self.done(epochs))
        self.progress = max(self.progress, self.done(epochs))
        if event != "step":
            self.log = [*self.log, logLine(record)][-LINES:]

    def outcome(self) -> Outcome | None:
        """What training has brought so far; None before an epoch was compared with the model before."""
        last = self.epochs.get(max(self.epochs, default=0))  # while the next one is under way, too
        if not self.before or self.kept is None or last is None or last.gain is None:
            return None
        kept = self.epochs.get(self.kept, last)
        after = self.before if self.kept == 0 else kept.dice
        shown = last if self.kept == 0 else kept
        return Outcome(self.before, after, self.kept, shown.gain, shown.error, self.targets)

    def done(self, epochs: int) -> float:
        """The share of the run that is done, 0..1."""
        within = (self.epoch - 1 + self.step / self.steps) if self.step and self.steps else self.epoch
        return min(1.0, within / epochs) if epochs else 0.0

    def secondsLeft(self, now: float) -> float | None:
        """How long it still takes at the speed of this process so far, None before that is known."""
        seconds, share = (late - early for late, early in zip(self._latest, self._first, strict=True))
        if share <= 0 or seconds <= 0:
            return None
        return max(0.0, seconds / share * (1 - self._latest[1]) - (now - self._latest[0]))

    def _begin(self, record: dict, epochs: int) -> None:
        self.device = record.get("device", "")
        if record["event"] == "resume":
            place = record["epoch"] - 1
            self.epoch, self.step = place, 0
            self.epochs = {n: kept for n, kept in self.epochs.items() if n <= place}
            self.curve = [point for point in self.curve if point[0] <= place + 1e-9]
        self._first = (record.get("time", 0.0), self.done(epochs))


def _dice(record: dict) -> dict[int, float]:
    return {int(clicks): value for clicks, value in record.get("dice", {}).items()}


def logLine(record: dict) -> str:
    """A record as the user reads it."""
    clock = datetime.fromtimestamp(record.get("time", 0)).strftime("%H:%M:%S")
    return f"{clock}  {_sentence(record)}"


def _sentence(record: dict) -> str:
    event = record["event"]
    if event in ("start", "resume"):
        text = _("{verb} on {device} with {training} training and {validation} validation images.")
        verb = _("Started") if event == "start" else _("Went on")
        return text.format(verb=verb, **{n: record.get(n, "?") for n in ("device", "training", "validation")})
    dice = ", ".join(f"{clicks}: {value:.1f}" for clicks, value in record.get("dice", {}).items())
    if event == "base":
        return _("Before training: Dice by clicks {dice}.").format(dice=dice)
    if event == "epoch":
        text = _("Epoch {epoch} of {of}: loss {loss:.4f}; Dice by clicks {dice}; {seconds:.0f} s.")
        return text.format(dice=dice or "-", **{n: record[n] for n in ("epoch", "of", "loss", "seconds")})
    if event == "stopped":
        return _("Stopped in epoch {epoch} after step {step}.").format(**record)
    if event == "finish":
        return _("Finished; best mean Dice {best:.1f}.").format(best=record.get("best", 0.0))
    return str(record.get("says", event))


def durationText(seconds: float) -> str:
    """A time in words, as a person would round it."""
    if seconds < MINUTE:
        return _("less than a minute")
    minutes = round(seconds / 60)
    if minutes < 90:
        return _("1 minute") if minutes == 1 else _("{count} minutes").format(count=minutes)
    hours = seconds / 3600
    return (
        _("{count:.1f} hours").format(count=hours)
        if hours < 48
        else _("{count:.0f} days").format(count=hours / 24)
    )
