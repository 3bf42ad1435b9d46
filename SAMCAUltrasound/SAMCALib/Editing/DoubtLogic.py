"""How sure the model is of the current outline: asked once that is there, told in words, and marked.

The model looks at the frame and at its mirror image; what both say alike is sure.
"""

from __future__ import annotations

import numpy as np

from .. import KeyTable
from ..Engine.EngineLogic import Result
from ..Frames import SequenceLogic
from ..Frames.FrameLogic import Frame
from ..Prompts.PromptLogic import FramePrompts
from ..Prompts.TagLogic import samePrompts
from ..Texts import _
from .EditLogic import EditLogic
from .EditQueue import pictureOf

SURE = (
    0.9  # agreement of two looks: masks above it had a mean Dice of 0.9 on BUSI (fold of train), others 0.75
)
UNSURE = 0.15  # uncertainty of a pixel, 0..0.5, that is marked


class DoubtLogic:
    """edit: whose current object this is about; `follow` asks its engine and takes the answer."""

    def __init__(self, edit: EditLogic):
        self.edit, self.isMarking = edit, False
        self._asked: tuple | None = None  # (frame, prompts) of the outline
        self._answer: Result | None = None

    @property
    def isWaiting(self) -> bool:
        """Whether an answer is to come."""
        return self._asked is not None and self._answer is None

    @property
    def text(self) -> str:
        """One sentence for the status line, "" while nothing is known."""
        if self._answer is None or self._answer.error or not self._answer.mask.any():
            return ""
        if self._answer.agreement >= SURE:
            return _("The model is sure of this outline.")
        if self.isMarking:
            return _("The model is not sure of this outline: look again where it is marked.")
        if key := KeyTable.keys()["markUnsure"]:
            return _("The model is not sure of this outline: look again ({key} marks where).").format(key=key)
        return _("The model is not sure of this outline: look again.")

    @property
    def marks(self) -> tuple[Frame, np.ndarray] | None:
        """(frame, (H, W) bool) of what is not sure in the frame, None unless it is to be marked."""
        if not self.isMarking or not self.text:
            return None
        return self._asked[0], self._answer.uncertainty > UNSURE

    def follow(self) -> None:
        """Take the answer; ask anew if the outline is another one than was asked about."""
        frame, prompts = self.edit.frame, self.edit.prompts
        if not self._isAbout(frame, prompts):
            self.forget()
            if self._isWanted(prompts):
                self._asked = frame, prompts.object.prompts
                options = self.edit.maskOptions
                self.edit.engine.examine(self, "doubt", pictureOf(frame), self._asked[1], options)
        for result in self.edit.engine.poll(self):
            self._answer = result

    def forget(self) -> None:
        """Nothing is known or asked for any more."""
        self.edit.engine.cancel(self)
        self._asked = self._answer = None

    def _isAbout(self, frame: Frame | None, prompts: FramePrompts) -> bool:
        if self._asked is None or not self._isWanted(prompts):
            return False
        return frame == self._asked[0] and samePrompts(prompts.object.prompts, self._asked[1])

    def _isWanted(self, prompts: FramePrompts) -> bool:
        """Whether there is an outline, and knowing costs no other encoding or is worth it."""
        thing, engine = prompts.object, self.edit.engine
        isThere = thing.mask is not None and not thing.pending and not self.edit.sweep.isRunning
        isThere = isThere and not SequenceLogic.isPlayed(self.edit.frame.volume)
        return isThere and (engine.mirrors or (self.isMarking and engine.hasModel))
