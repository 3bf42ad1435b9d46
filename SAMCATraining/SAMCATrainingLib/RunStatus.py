"""In which state a run or its evaluation is, and what to say about it, from its folder and its log."""

from __future__ import annotations

import time
from pathlib import Path

from samca import typed_json
from samca.config import TrainConfig, from_json
from samca.training import run_lock
from samca.typed_json import Value
from SAMCALib import ChildProcess
from SAMCALib.Texts import Refusal, _

from . import Advice, Launch
from .RunState import EvaluationState, History, durationText

SETTINGS, LOG, RESUME, STOP, WEIGHTS = "run.json", "log.jsonl", "resume.pt", "stop", "best.safetensors"
ENDED = "ended"  # ours: a user has ended the process at once
OUTPUT = "output.txt"  # ours: what a process said on stderr
EVALUATION = "evaluation"  # folder in the run folder
ENDS = ("finish", "stopped", "failed")  # last records of a process


def statusOf(
    run: Path, history: History, epochs: int, isWorking: bool, isToStop: bool, hasSpoken: bool
) -> tuple[str, str, str]:
    """(status, sentence, advice) of a run.

    isWorking: whether a process works on it, or is about to; isToStop: whether it was asked to stop;
    hasSpoken: whether the last record of the log is of the process that was started last.
    """
    last = history.last if hasSpoken else {}
    event = last.get("event", "")
    hasEnded = event in ENDS
    if isWorking and not (hasEnded and run_lock.owner(run) is None):  # who let go takes a while to end
        isStopping = isToStop or (hasEnded and event == "stopped")
        return _aliveStatusOf(run, history, epochs, bool(last), isStopping)
    if event == "finish":
        outcome = history.outcome()
        text = _("Finished: the best mean Dice was {best:.1f}.").format(best=last.get("best", 0.0))
        return "finished", _("Finished. {outcome}").format(outcome=outcome.text) if outcome else text, ""
    if event == "stopped":
        text = _("Stopped in epoch {epoch} of {of}.")
        return "stopped", text.format(epoch=last.get("epoch", "?"), of=epochs), ""
    if event == "failed":
        says = str(last.get("says", event))
        return "failed", says, Advice.adviceFor(says)
    if not history.last and Launch.of(run) is None:
        return "new", _("Not started yet."), ""
    if (run / ENDED).exists():
        text = _("Stopped at once in epoch {epoch} of {of}: Resume goes on from the last save.")
        return "stopped", text.format(epoch=min(history.epoch + (not history.step), epochs), of=epochs), ""
    if says := ChildProcess.lastWords(run / OUTPUT):
        return "failed", says, Advice.adviceFor(says)
    return "killed", *Advice.killedText()


def _aliveStatusOf(
    run: Path, history: History, epochs: int, hasBegun: bool, isStopping: bool
) -> tuple[str, str, str]:
    advice = Advice.notice(run / OUTPUT)
    if isStopping:
        return "stopping", _("Stopping after this step."), advice
    if not hasBegun or run_lock.owner(run) is None:
        return "starting", _("Starting: torch is loaded, and every image is looked at."), advice
    text = _("Epoch {epoch} of {of} on {device}.")
    epoch = min(history.epoch + (not history.step), epochs)
    text = text.format(epoch=epoch, of=epochs, device=history.device)
    left = history.secondsLeft(time.time())
    if left is not None:
        text += " " + _("Time left: {time}.").format(time=durationText(left))
    return "running", text, advice


def evaluationOf(run: Path, isWorking: bool) -> EvaluationState:
    """How the evaluation of a run stands."""
    folder = run / EVALUATION
    if isWorking:
        return EvaluationState("running", _("Each validation image is clicked on with both models."))
    launch = Launch.of(folder)
    if launch is None:
        return EvaluationState()
    if launch.hasChanged(folder, Launch.TABLE):
        return EvaluationState("finished", _("Evaluated on the validation images of this training."))
    if (folder / ENDED).exists():
        return EvaluationState("stopped", _("The evaluation was stopped."), _("Press Evaluate again."))
    says = ChildProcess.lastWords(folder / OUTPUT)
    if says:
        return EvaluationState("failed", says, Advice.adviceFor(says))
    return EvaluationState("failed", _("The evaluation was ended from outside."), _("Press Evaluate again."))


def settingsOf(run: Path) -> dict:
    """The settings in a run folder, checked; Refusal without."""
    try:
        settings = typed_json.read(Path(run) / SETTINGS).plain
        from_json(TrainConfig, settings, SETTINGS)
    except (OSError, ValueError) as error:
        text = _("{folder} holds no training: its {file} is missing or damaged ({problem}).")
        raise Refusal(text.format(folder=run, file=SETTINGS, problem=error)) from error
    return settings


def readJson(path: Path) -> Value:
    """The JSON object in a file; an empty one without."""
    try:
        content = typed_json.read(path)
        content.fields()
        return content
    except (OSError, ValueError):
        return Value({}, str(path))
