"""Suggestions on all frames of a volume or a Sequence, one after the other, as one undo step.

What is looked for is a class of the model (`OfClass`), or named in words (`TargetLogic.Named`). Frames that
have prompts already are the user's and stay as they are; frames in which nothing is found stay empty. Undo
meanwhile ends it.
"""

from __future__ import annotations

import slicer

from samca.prompts import Prompts

from ..Engine.EngineLogic import EngineLogic, Result
from ..Frames import FrameLogic
from ..Frames.FrameLogic import Frame
from ..Prompts import PromptLogic
from ..Prompts.PromptLogic import FramePrompts, PromptWatch
from ..Prompts.TagLogic import PromptObject
from ..Segments.MaskLogic import MaskOptions
from ..Texts import Refusal, _
from . import ObjectLogic
from .EditQueue import pictureOf
from .Edits import newId
from .StepLogic import begin


class OfClass:
    """What the model finds by itself: its class `kind` (from 0), the same prompt on every frame."""

    isDone = True

    def __init__(self, engine: EngineLogic, kind: int):
        """Refusal if the model does not know the class."""
        checkKind(engine, kind)
        self._prompts = Prompts(suggestion=kind)

    def look(self, frame: Frame) -> None:
        """Look on this frame; `take` has the answer once `isDone`."""

    def take(self) -> Prompts:
        """What points at the structure on the frame; empty prompts where there is none."""
        return self._prompts

    def forget(self) -> None:
        """Drop what goes on."""


class SuggestLogic:
    """host, engine: as of EditLogic. finder: `OfClass` or another with its methods. `poll` takes the answers,
    for a timer."""

    isResting = False  # it has always something to do

    def __init__(self, host, engine: EngineLogic, finder):
        self.host, self.engine, self._finder = host, engine, finder
        self.message = self.error = ""  # how the last sweep ended; what the model said if it failed
        self.unsure: tuple[Frame, ...] = ()  # frames at which an object was carried no further: none was
        self._forget()

    @property
    def isRunning(self) -> bool:
        """Whether frames are left to do."""
        return self._start is not None

    @property
    def inTheWay(self) -> str:
        """Why something else cannot be done meanwhile."""
        return _("All frames are being done: wait, or press Cancel.")

    @property
    def status(self) -> str:
        """One sentence: how far it is."""
        return _("Suggesting on all frames: {done} of {total} done, found in {found}.").format(
            done=self.done, total=self.total, found=self.found
        )

    def start(
        self,
        target: tuple,
        frame: Frame,
        options: MaskOptions,
        frames: list[Frame] | None = None,
    ) -> None:
        """Look in all frames along `frame`'s axis, or in all items.

        target: (segmentation id, segment id), prepared. frames: only these. Refusal if every frame has
        prompts already.
        """
        self._forget()
        self.error = ""
        self._target, self._options = target[:2], options
        wanted = FrameLogic.loopOf(frame) if frames is None else frames
        self._frames = [each for each in wanted if not self._isUsers(each)]
        if not self._frames:
            raise Refusal(_("Every frame has points or boxes already: clear those to be done anew."))
        self._finder.look(self._frames[0])
        self.total, self._start, self.message = len(self._frames), frame, ""
        self._watch = PromptWatch(self._node(), self._target[1], frame)
        self._ask()

    def cancel(self) -> None:
        """Stop; what was found so far stays, and goes by one undo."""
        if self.isRunning:
            self._finish(_("Cancelled after {done} of {total} frames."))

    end = cancel  # nothing is left to be done later

    def poll(self) -> bool:
        """Take answers, of the finder and the engine, and go on; whether something changed."""
        if not self.isRunning:
            return False
        if not self._segment():
            self._finish(_("Segment or volume is gone: stopped after {done} of {total} frames."))
            return True
        if self._watch.isOvertaken:
            self._finish(_("Undone: stopped after {done} of {total} frames."))
            return True
        results = self.engine.poll(self)
        for result in results:
            self._receive(result)
        return self._ask() or bool(results)

    # Below: how it is done

    def _forget(self) -> None:
        self._frames: list[Frame] = []
        self._start = self._target = self._options = self._watch = None
        self.done = self.total = self.found = 0
        self._isAsked = False  # the engine, about the first of the frames

    def _ask(self) -> bool:
        """Ask the engine once the finder has an answer; whether it had."""
        if not self.isRunning or self._isAsked or not self._finder.isDone:
            return False
        try:
            if prompts := self._finder.take():
                frame, self._isAsked = self._frames[0], True
                self.engine.decode(self, frame, pictureOf(frame), prompts, self._options)
            else:
                self._goOn()
        except Refusal as refusal:  # what the finder says of itself
            self._fail(str(refusal))
        return True

    def _receive(self, result: Result) -> None:
        if result.error:
            self._fail(result.error)
            return
        try:
            if result.mask.any():
                self.found += 1
                self._write(self._frames[0], PromptObject(result.prompts, result.mask, id=newId()))
            self._goOn()
        except Refusal as refusal:  # the segmentation cannot grow to the frame
            self._fail(str(refusal))

    def _goOn(self) -> None:
        """The first of the frames is done."""
        self._frames.pop(0)
        self.done += 1
        self._isAsked = False
        if self._frames:
            self._finder.look(self._frames[0])
        else:
            self._finish(_("Found in {found} of {total} frames, the others stay empty."))

    def _write(self, frame: Frame, thing: PromptObject) -> None:
        """Put the object into the segment, in the item that the frame belongs to."""
        node, segmentId = self._node(), self._target[1]
        if self.found == 1:
            begin(self.host, node, segmentId)
        ObjectLogic.write(self.host, node, segmentId, frame, FramePrompts(), FramePrompts((thing,)))
        self._watch = PromptWatch(node, segmentId, frame)

    def _fail(self, says: str) -> None:
        self.error = says
        self._finish(says.replace("{", "{{").replace("}", "}}"))

    def _finish(self, says: str) -> None:
        self.engine.cancel(self)
        self._finder.forget()
        self.message = says.format(done=self.done, total=self.total, found=self.found)
        self._forget()

    def _isUsers(self, frame: Frame) -> bool:
        """Whether the frame has prompts already, though they cannot be read."""
        place = self._node(), self._target[1], frame
        return bool(PromptLogic.framePrompts(*place).objects or PromptLogic.problemOf(*place))

    def _node(self):
        return slicer.mrmlScene.GetNodeByID(self._target[0])

    def _segment(self):
        node = self._node()
        hasVolume = slicer.mrmlScene.GetNodeByID(self._start.volumeId) is not None
        return node and hasVolume and node.GetSegmentation().GetSegment(self._target[1])


def nothingIn(result: Result, engine: EngineLogic) -> str:
    """What to say of an empty suggestion that nobody has mended; "" of anything else."""
    prompts = result.prompts
    if (
        result.error
        or not result.isLast
        or prompts.suggestion is None
        or prompts.by_user
        or result.mask.any()
    ):
        return ""
    if prompts.suggestion >= len(engine.suggests):  # another model has come into use meanwhile
        return ""
    return _("The model finds no {name} on this frame.").format(name=engine.suggests[prompts.suggestion])


def checkKind(engine: EngineLogic, kind: int) -> None:
    """Refusal unless the model in use finds this class (from 0) by itself."""
    if not engine.suggests:
        raise Refusal(reasonAgainst(engine))
    if not 0 <= kind < len(engine.suggests):
        names = ", ".join(engine.suggests)
        raise Refusal(_("The model finds {names}: choose one of them.").format(names=names))


def reasonAgainst(engine: EngineLogic) -> str:
    """Why there can be no suggestion now, "" if there can."""
    if engine.suggests:
        return ""
    if not engine.modelName:
        return _("No model is loaded yet.")
    return _(
        "This model makes no suggestions: choose one that was trained with a prompt predictor, or click."
    )
