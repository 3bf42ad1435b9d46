"""Follow: an outline that goes with an image that changes in place, for a timer.

The newest image is asked about when the one before is answered, so those that come too fast are passed over,
and nobody waits. What is found is written at once, as an object like any other, so what is saved meanwhile is
whole; all of it is one step. In a Sequence it goes into the item that was shown.
"""

from __future__ import annotations

import time
from collections import deque
from dataclasses import dataclass, replace

import numpy as np

from samca.prompts import Prompts

from ..Engine.EngineLogic import EngineLogic, Result
from ..Frames import FrameLogic
from ..Frames.FrameLogic import Frame
from ..Prompts.MovedPrompts import Lie, lieOf
from ..Prompts.TagLogic import PromptObject
from ..Segments.MaskLogic import MaskOptions
from ..Texts import Refusal, _
from . import LeadLogic
from .EditQueue import pictureOf
from .FollowWriter import FollowWriter
from .Selection import Selection
from .StepLogic import StepLogic
from .Track import Track

SUBJECT, NOTHING = "follow", Prompts()
QUIET_SECONDS = 2.0  # without a new image, until that is said
END_SECONDS = 0.3  # for the last answer, where nobody is going to poll
COUNTED = 20  # answers, for how many there are a second


@dataclass(frozen=True, eq=False)
class Asked:
    """A frame that the engine was asked about, and how it lay then.

    isPointedAt: somebody has pointed at the object there; given: just now, with that. stays: the (H, W) bool
    mask that it has there, and that is not changed.
    """

    frame: Frame
    lies: Lie
    prompts: Prompts
    isPointedAt: bool = False
    stays: np.ndarray | None = None
    given: Prompts = NOTHING


class FollowRun:
    """`poll` goes on; an ended run leaves its `message`. options: what is done to masks; may be changed.

    host: the editor's steps; engine: as of EditLogic; clock: seconds, for tests.
    """

    unsure: tuple[Frame, ...] = ()  # frames at which an object was carried no further: none was

    def __init__(self, host: StepLogic, engine: EngineLogic, clock=time.monotonic):
        self.host, self.engine, self._clock, self._selection = host, engine, clock, Selection(host)
        self.message, self.options = "", MaskOptions()
        self._forget()

    @property
    def isRunning(self) -> bool:
        """Whether the outline follows."""
        return self._track is not None

    @property
    def isResting(self) -> bool:
        """Whether `poll` has nothing to do before another image comes."""
        return self.isRunning and self._asked is None and self._isQuiet

    @property
    def inTheWay(self) -> str:
        """Why something else cannot be done meanwhile."""
        return _("The outline follows the image: end Follow first.")

    @property
    def status(self) -> str:
        """One sentence."""
        if not self.isRunning:
            return self.message
        if self._problem:
            return self._problem
        if self._track.isLost:
            return _("The object is lost: click on it to take it up again.")
        if self._track.misses:
            return _("The object is not seen for sure: looking for it in the next images.")
        if self._isQuiet:
            return _("Follow waits: no new image comes.")
        text = _("Following in {frame}: {count:.0f} images a second.")
        return text.format(frame=self._frame.volume.GetName(), count=self._rate())

    def start(self, target: tuple, frame: Frame, thing: PromptObject, options: MaskOptions) -> None:
        """Follow an object of this frame. target: (segmentation id, segment id), prepared.

        Refusal for a segment that is completed.
        """
        self._target, self._frame, self.options = target[:2], frame, options
        lies, writer = lieOf(frame), FollowWriter(self.host, target[:2], frame, thing)
        LeadLogic.checkOpen(writer.segment, frame)
        self._writer, self._track = writer, Track(thing.prompts, thing.mask, lies)
        self._since, self.message = self._clock(), ""
        self._send(Asked(frame, lies, self._track.given(lies), True, thing.mask))

    def point(self, frame: Frame, given: Prompts) -> None:
        """Mend the outline on this frame as it is now, or take a lost one up again; Refusal elsewhere."""
        if replace(frame, item="") != replace(self._frame, item=""):
            text = _("The outline follows {frame}: click there, or end Follow first.")
            raise Refusal(text.format(frame=self._frame.name))
        lies, asked = lieOf(frame), self._asked
        known, now = Prompts() if self._track.misses else self._track.given(lies), given
        if asked is not None and asked.given:  # and not answered yet
            known, now = asked.prompts, _joined(asked.given, given)
        prompts = _joined(known, given)
        if not PromptObject(prompts).startsSomewhere:
            raise Refusal(_("The first click of an object goes inside it: click without Ctrl."))
        self._send(Asked(frame, lies, prompts, True, given=now))

    def cancel(self) -> None:
        """End it, with the outline of the image that is shown now."""
        if not self.isRunning or self._isEnding:
            return
        self._isEnding = True
        isPointedAt = self._asked is not None and self._asked.isPointedAt
        if not isPointedAt:
            self._ask()
        self._finishIfDone()

    def end(self) -> None:
        """The same at once: nobody is going to poll."""
        self.cancel()
        if self.isRunning:
            self.engine.waitForResult(self, END_SECONDS)
            self.poll()
        if self.isRunning:
            self._finish(_("Follow has ended."))

    def poll(self) -> bool:
        """Take an answer and ask about the newest image; whether something changed."""
        if not self.isRunning:
            return False
        results = self.engine.poll(self)
        if says := self._reasonToEnd() or next((result.error for result in results if result.error), ""):
            self._finish(says)
            return True
        taken = [self._take(result) for result in results]
        if self._asked is None and not self._isEnding:
            self._ask()  # before what was found is written: the model goes on meanwhile
        for asked, mask in taken:
            self._write(asked, mask)
        self._finishIfDone()
        return bool(results) or not self.isRunning

    # Below: how it is done

    def _reasonToEnd(self) -> str:
        if self._writer.segment is None:
            return _("Segment or volume is gone: Follow has ended.")
        if self._writer.isOvertaken(FrameLogic.current(self._frame) or self._frame):
            return _("The outline was undone, or changed elsewhere: Follow has ended.")
        isChosen = (self._selection.place(self._frame) or ())[:2] == self._target
        if not isChosen or self._selection.volume is not self._frame.volume:
            return _("Another segment or volume was chosen: Follow has ended.")
        return ""

    def _ask(self) -> None:
        """Ask about the image that is shown, if it is another one than was asked about last."""
        self._problem = ""
        try:
            frame = FrameLogic.current(self._frame) or self._frame
            frame = FrameLogic.frameOf(frame.volume, frame.index, frame.axis)
            if _imageOf(frame) != self._image:
                self._frame, self._image, self._since = frame, _imageOf(frame), self._clock()
                self._askAbout(frame)
        except Refusal as refusal:  # no image for a while
            self._problem = str(refusal)

    def _askAbout(self, frame: Frame) -> None:
        lies, (lead, isClosed) = lieOf(frame), self._writer.leadIn(frame)
        if lead is not None:
            self._send(Asked(frame, lies, lead.prompts, True, lead.mask))
        elif not isClosed and not self._track.isLost:
            if given := self._track.given(lies):
                self._send(Asked(frame, lies, given))
            else:
                self._track.miss()

    def _send(self, asked: Asked) -> None:
        self._asked, self._image = asked, _imageOf(asked.frame)
        self.engine.drop(self, SUBJECT)
        if self.engine.modelName != self._model:
            self._track.forgetHowSure()
            self._model = self.engine.modelName
        picture = pictureOf(asked.frame)
        step = self._track.step(not asked.isPointedAt, asked.stays)
        self.engine.glance(self, SUBJECT, picture, asked.prompts, self.options, asked.given, step)

    def _take(self, result: Result) -> tuple[Asked, np.ndarray | None]:
        """What was asked, and the mask that was found there, None if that is not sure."""
        asked, self._asked = self._asked, None
        mask = result.mask if asked.stays is None else asked.stays
        self._times.append(self._clock())
        isSure = self._track.take(asked.prompts, mask, result, asked.lies, asked.isPointedAt)
        return asked, mask if isSure else None

    def _write(self, asked: Asked, mask: np.ndarray | None) -> None:
        try:
            if asked.stays is None:
                self._writer.write(asked.frame, asked.prompts, mask, asked.isPointedAt)
        except Refusal as refusal:  # the segmentation cannot grow so far
            self._finish(str(refusal))

    def _finishIfDone(self) -> None:
        if self.isRunning and self._isEnding and self._asked is None:
            lost = _("Follow has ended: the object was lost.")
            self._finish(lost if self._track.misses else _("Follow has ended."))

    def _finish(self, says: str) -> None:
        self.engine.cancel(self)
        self.message = says
        self._forget()

    def _forget(self) -> None:
        self._track: Track | None = None
        self._writer: FollowWriter | None = None
        self._asked: Asked | None = None
        self._image: tuple | None = None  # that was asked about last
        self._times: deque[float] = deque(maxlen=COUNTED)
        self._problem = self._model = ""
        self._isEnding = False
        self._since = 0.0

    @property
    def _isQuiet(self) -> bool:
        return self._clock() - self._since > QUIET_SECONDS

    def _rate(self) -> float:
        """Answers a second."""
        times = list(self._times)
        return (len(times) - 1) / max(times[-1] - times[0], 1e-3) if len(times) > 1 else 0.0


def _imageOf(frame: Frame) -> tuple:
    """Another one whenever another image is shown."""
    time = FrameLogic.imageOf(frame).GetImageData().GetMTime()
    return frame.item, time, lieOf(frame).toImage.tobytes()


def _joined(known: Prompts, given: Prompts) -> Prompts:
    """What points at an object, and what points at it now, too."""
    prompts = known.plus(*given.clicks)
    if given.lasso:
        return replace(prompts, lasso=given.lasso, mask=None)
    return prompts if given.box is None else replace(prompts, box=given.box)
