"""This frame and its neighbours, for a timer: asks for one frame after the other, and writes all at the end.

What the user pointed at in the frames is read first, some frames at each tick. Nothing is written before all
masks are there. Then some frames go into the segment at each tick, as one step, which is not left half done:
cancelled from then on, it goes on to its end.
"""

from __future__ import annotations

import math
import time
from collections.abc import Iterator

import slicer

from ..Engine.EngineLogic import EngineLogic
from ..Frames.FrameLogic import Frame
from ..Prompts.PromptLogic import PromptWatch
from ..Prompts.TagLogic import PromptObject
from ..Segments.MaskLogic import MaskOptions
from ..Texts import Refusal, _
from . import LeadLogic
from .Carrying import Carrying, statusOf
from .LeadLogic import Leads
from .NeighbourLogic import around, writing

SLICE_SECONDS = 0.03  # of the processor at each tick, while frames are read or written


class NeighbourRun:
    """host, engine: as of EditLogic. `poll` goes on; an ended run leaves its `message`."""

    isResting = False  # it has always something to do

    def __init__(self, host, engine: EngineLogic):
        self.host, self.engine = host, engine
        self.message, self._frame, self._target, self._options = "", None, None, None
        self.unsure: tuple[Frame, ...] = ()  # the frames at which an ended run stopped
        self._forget()

    @property
    def isRunning(self) -> bool:
        """Whether frames are left to do."""
        return self._watch is not None

    @property
    def inTheWay(self) -> str:
        """Why something else cannot be done meanwhile."""
        return _("All frames are being done: wait, or press Cancel.")

    @property
    def status(self) -> str:
        """One sentence: how far it is."""
        if not self.isRunning:
            return self.message
        if self._isEnding:
            return _("Too late to cancel: the frames are being written, and Undo takes them all out again.")
        return self._carrying.status if self._carrying else statusOf(0, self._bounds[1] - self._bounds[0] + 1)

    def start(
        self, target: tuple, frame: Frame, thing: PromptObject, count: int, options: MaskOptions
    ) -> None:
        """Carry an object of this frame to `count` frames on each side.

        target: (segmentation id, segment id), prepared. Refusal for a frame without neighbours, and for a
        segment that is completed.
        """
        self._target, self._options, self._frame = target[:2], options, frame
        self._loop, self._bounds = around(frame, count)
        LeadLogic.checkOpen(self._segment(), frame)
        self._reading = LeadLogic.reading(
            self._leads, self._loop, frame, thing, self._segment(), self._bounds
        )
        self._watch = PromptWatch(*self._segment(), frame)
        self._read()

    def cancel(self) -> None:
        """Stop where nothing has been written; else the next polls write what is left."""
        self._isEnding = self.isRunning and self._writing is not None
        if self.isRunning and not self._isEnding:
            self._finish(_("Cancelled."))

    def end(self) -> None:
        """Cancel, and write what is left at once: nobody is going to poll."""
        self.cancel()
        if self._isEnding:
            self._write(math.inf)

    def poll(self) -> bool:
        """Take an answer and ask for the next frame; whether something changed."""
        if not self.isRunning:
            return False
        results = [] if self._writing else self.engine.poll(self)
        if failed := next((result.error for result in results if result.error), ""):
            self._finish(failed)
            return True
        if self._segment() is None:
            gone = _("Segment or volume is gone: stopped.")
            unchanged = _("Segment or volume is gone: nothing was changed.")
            self._finish(gone if self._writing else unchanged)
            return True
        if self._watch.isOvertaken:
            self._finish(_("Undone: the frames beside stay as they are."))
            return True
        if self._writing:
            self._write(SLICE_SECONDS)
            return True
        if not self._carrying:
            self._read()
            return True
        for result in results:
            self._carrying.take(result)
            self._ask()
        return bool(results)

    # Below: how it is done

    def _read(self) -> None:
        """Look for what leads in frames for about a slice, and ask for the first mask once all is known."""
        until = time.thread_time() + SLICE_SECONDS
        for _frame in self._reading:
            if time.thread_time() >= until:
                return
        self._carrying = Carrying(self.engine, self._loop, self._leads, self._bounds)
        self._ask()

    def _ask(self) -> None:
        if asked := self._carrying.next():
            step = self._carrying.step
            self.engine.decode(self, self._carrying.done, *asked, self._options, step=step)
            return
        self._writing = writing(self.host, self._segment(), self._carrying.things)

    def _write(self, seconds: float) -> None:
        """Look at frames and put them into the segment for about so long, one at least."""
        until, says, unsure = time.thread_time() + seconds, self._carrying.status, self._carrying.unsure
        try:
            while next(self._writing, None) is not None:
                if time.thread_time() >= until:
                    self._watch = PromptWatch(*self._segment(), self._frame)
                    return
        except Refusal as refusal:  # the segmentation cannot grow to a frame
            says, unsure = str(refusal), ()
        self._finish(says)
        self.unsure = unsure

    def _finish(self, says: str) -> None:
        self.engine.cancel(self)
        self.message = says
        self._forget()

    def _forget(self) -> None:
        self._carrying: Carrying | None = None
        self._watch: PromptWatch | None = None
        self._writing: Iterator[Frame] | None = None
        self._isEnding = False
        self._loop, self._bounds, self._reading, self._leads = [], (0, 0), iter(()), Leads()

    def _segment(self) -> tuple | None:
        """(segmentation node, segment id), None if they or the volume are gone."""
        node = slicer.mrmlScene.GetNodeByID(self._target[0])
        gone = node is None or node.GetSegmentation().GetSegment(self._target[1]) is None
        gone = gone or slicer.mrmlScene.GetNodeByID(self._frame.volumeId) is None
        return None if gone else (node, self._target[1])
