"""Which of the outlines that a click may mean is shown, in words."""

from __future__ import annotations

from samca.prompts import Prompts

from .. import KeyTable
from ..Engine.EngineLogic import Result
from ..Prompts.TagLogic import samePrompts
from ..Texts import _


class OutlineLogic:
    """`take` the engine's answers; what is known is of the last one."""

    def __init__(self):
        self.forget()

    def forget(self) -> None:
        """Nothing is known."""
        self._prompts, self._outline = Prompts(), (0, 1)

    def take(self, result: Result) -> None:
        """An answer to what points at an object."""
        if result.prompts is not None and not result.error:
            self._prompts, self._outline = result.prompts, result.outline

    def textFor(self, prompts: Prompts) -> str:
        """One sentence about the outline of these prompts, "" if no other than the first was asked for."""
        if not prompts.alternative or not prompts.is_ambiguous:
            return ""
        if not samePrompts(prompts, self._prompts):
            return _("This is not the model's first outline for the click.")
        number, count = self._outline
        if count == 1:
            return _("The model sees no other outline for this click.")
        text = _("Outline {number} of {count}: the next click goes on from it.")
        if key := KeyTable.keys()["another"]:
            text = _("Outline {number} of {count}: {key} shows the next one, a click goes on from this.")
        return text.format(number=number + 1, count=count, key=key)
