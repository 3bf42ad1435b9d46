"""Suggestions on all frames of a volume or a Sequence, one after the other, as one undo step.

Frames that have prompts already are the user's and stay as they are; frames in which the model finds nothing
stay empty. Undo meanwhile ends it.
"""

from __future__ import annotations

import slicer

from samca.prompts import Prompts

from . import FrameLogic, PromptLogic, SegmentLogic, SequenceLogic
from .EditQueue import pictureOf
from .EngineLogic import EngineLogic, Result
from .FrameLogic import Frame
from .MaskLogic import MaskOptions
from .PromptLogic import FramePrompts, PromptWatch
from .TagLogic import PromptObject
from .Texts import Refusal, _


class SuggestLogic:
    """host, engine: as of EditLogic. `poll` takes the engine's answers, for a timer."""

    def __init__(self, host, engine: EngineLogic):
        self.host, self.engine = host, engine
        self.message = self.error = ""  # how the last sweep ended; what the model said if it failed
        self._forget()

    @property
    def isRunning(self) -> bool:
        """Whether frames are left to do."""
        return self._shown is not None

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
        kind: int,
        options: MaskOptions,
        frames: list[Frame] | None = None,
    ) -> None:
        """Look for the class `kind` (from 0) in all frames along `frame`'s axis, or in all items.

        target: (segmentation id, segment id), prepared. frames: only these. Refusal if the model does not
        know the class, or every frame has prompts already.
        """
        checkKind(self.engine, kind)
        self._forget()
        self.error = ""
        self._target, self._kind, self._options = target[:2], kind, options
        wanted = FrameLogic.loopOf(frame) if frames is None else frames
        self._frames = [each for each in wanted if not self._isUsers(each)]
        if not self._frames:
            raise Refusal(_("Every frame has points or boxes already: clear those to be done anew."))
        self.total, self._shown, self.message = len(self._frames), FrameLogic.current(frame), ""
        self._watch = PromptWatch(self._node(), self._target[1], self._shown)
        self._ask()

    def cancel(self) -> None:
        """Stop; what was found so far stays, and goes by one undo."""
        if self.isRunning:
            self._finish(_("Cancelled after {done} of {total} frames."))

    def poll(self) -> bool:
        """Take an answer into its frame and ask for the next; whether something changed."""
        if self.isRunning and self._segment() and self._watch.isOvertaken:
            self._finish(_("Undone: stopped after {done} of {total} frames."))
            return True
        results = self.engine.poll(self) if self.isRunning else []
        for result in results:
            if self._segment() is None:
                self._finish(_("Segment or volume is gone: stopped after {done} of {total} frames."))
            elif result.error:
                self._fail(result.error)
            else:
                try:
                    self._take(result)
                except Refusal as refusal:  # the segmentation does not reach the frame
                    self._fail(str(refusal))
        return bool(results)

    # Below: how it is done

    def _forget(self) -> None:
        self._frames: list[Frame] = []
        self._shown = self._target = self._options = self._watch = None
        self._kind = self.done = self.total = self.found = 0

    def _ask(self) -> None:
        frame, prompts = self._frames[0], Prompts(suggestion=self._kind)
        self.engine.decode(self, frame, pictureOf(frame), prompts, self._options)

    def _take(self, result: Result) -> None:
        frame = self._frames.pop(0)
        self.done += 1
        if result.mask.any():
            self.found += 1
            self._write(frame, PromptObject(result.prompts, result.mask))
        if self._frames:
            self._ask()
        else:
            self._finish(_("Found in {found} of {total} frames, the others stay empty."))

    def _write(self, frame: Frame, thing: PromptObject) -> None:
        """Put the object into the segment, in the item that the frame belongs to."""
        if self.found == 1:
            self.host.saveStateForUndo()
        self._show(frame)
        node, segmentId = self._node(), self._target[1]
        SegmentLogic.replaceObject(self.host, node, segmentId, frame, None, thing.mask)
        PromptLogic.setFramePrompts(node, segmentId, frame, FramePrompts((thing,)))
        self._watch = PromptWatch(node, segmentId, frame)

    def _fail(self, says: str) -> None:
        self.error = says
        self._finish(says.replace("{", "{{").replace("}", "}}"))

    def _finish(self, says: str) -> None:
        self.engine.cancel(self)
        if self._hasVolume():
            self._show(self._shown)
        self.message = says.format(done=self.done, total=self.total, found=self.found)
        self._forget()

    def _show(self, frame: Frame) -> None:
        browser = SequenceLogic.browserOf(frame.volume) if frame.item else None
        if browser is not None and FrameLogic.current(frame) != frame:
            SequenceLogic.showItem(browser, frame.item)

    def _isUsers(self, frame: Frame) -> bool:
        """Whether the frame has prompts already."""
        node = SequenceLogic.dataNode(self._node(), frame.item) or self._node()
        return bool(PromptLogic.framePrompts(node, self._target[1], frame).objects)

    def _node(self):
        return slicer.mrmlScene.GetNodeByID(self._target[0])

    def _segment(self):
        node = self._node()
        return node and self._hasVolume() and node.GetSegmentation().GetSegment(self._target[1])

    def _hasVolume(self) -> bool:
        return slicer.mrmlScene.GetNodeByID(self._shown.volumeId) is not None


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
