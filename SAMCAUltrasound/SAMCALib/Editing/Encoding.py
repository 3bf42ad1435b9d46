"""The frame that is looked at is encoded, then those beside it; while images pass nothing is.

Images that pass ten times a second would keep the processor from drawing them, and nobody clicks on them.
"""

from __future__ import annotations

from collections.abc import Callable

from samca.prompts import Prompts

from ..Engine.EngineLogic import EngineLogic, Picture
from ..Frames import FrameLogic
from ..Frames.FrameLogic import Frame
from .EditQueue import pictureOf


class Encoding:
    """owner: in whose name the engine is asked; isPassing: whether a frame is one of those that pass."""

    def __init__(self, engine: EngineLogic, owner, isPassing: Callable[[Frame], bool]):
        self._engine, self._owner, self._isPassing = engine, owner, isPassing
        self._passing: tuple[Frame, bool] | None = None

    def look(self, frame: Frame, ahead: bool) -> None:
        """This frame is looked at now; ahead: those beside it may be next."""
        self._passing = (frame, ahead) if self._isPassing(frame) else None
        if self._passing:
            return
        self._engine.encode(self._owner, pictureOf(frame))
        beside = FrameLogic.neighbours(frame) if ahead else []
        self._engine.encodeAhead(self._owner, [pictureOf(each) for each in beside])

    def lookCloser(self, frame: Frame, picture: Picture, prompts: Prompts) -> None:
        """An object of this frame was outlined: the next click will probably be about it."""
        if not self._isPassing(frame):
            self._engine.encodeCloser(self._owner, picture, prompts)

    def follow(self) -> None:
        """Encode the frame that was passing by, once it stays."""
        if self._passing:
            self.look(*self._passing)

    def forget(self) -> None:
        """Nothing is looked at any more."""
        self._passing = None
