"""What a click at the mouse would give: asked of the engine, shown, never put into the segment."""

from __future__ import annotations

import numpy as np

from samca.prompts import Prompts

from ..Engine.EngineLogic import EngineLogic, Result
from ..Frames.FrameLogic import Frame
from ..Segments.MaskLogic import MaskOptions
from .EditQueue import pictureOf

SUBJECT = "preview"


class PreviewLogic:
    """owner: who polls the engine, and gives `take` what is of SUBJECT."""

    def __init__(self, engine: EngineLogic, owner):
        self._engine, self._owner = engine, owner
        self._asked: Frame | None = None
        self.shown: tuple[Frame, np.ndarray] | None = None  # (frame, (H, W) bool) of the last answer

    def ask(self, frame: Frame, prompts: Prompts, options: MaskOptions) -> None:
        """Ask what these prompts would give."""
        self._asked = frame
        self._engine.decode(self._owner, SUBJECT, pictureOf(frame), prompts, options, early=True)

    def take(self, result: Result) -> None:
        """The engine's answer."""
        isWanted = self._asked is not None and result.mask is not None
        self.shown = (self._asked, result.mask) if isWanted else None

    def forget(self) -> None:
        """Nothing is asked for or shown any more."""
        self._engine.drop(self._owner, SUBJECT)
        self._asked = self.shown = None
