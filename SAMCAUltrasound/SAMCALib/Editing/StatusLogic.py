"""The status line: what to do next, how sure the model is, what it is doing."""

from __future__ import annotations

import time

from .. import KeyTable
from ..Texts import _
from .DoubtLogic import DoubtLogic
from .DrawnLogic import DrawnLogic
from .EditLogic import EditLogic

PASSING_SECONDS = 8.0  # for reading a refusal
A_MOMENT = 0.05  # s after which that is certainly over


class StatusLogic:
    """edit, doubt: whose status it is. clock: seconds, for tests.

    instead: why nothing can be done at all, as long as that is so; view: why the view shows no frame;
    meanwhile: what goes on while clicks are answered.
    """

    def __init__(self, edit: EditLogic, doubt: DoubtLogic, clock=time.monotonic):
        self.edit, self.doubt, self._drawn, self._clock = edit, doubt, DrawnLogic(edit), clock
        self.forget()

    def forget(self) -> None:
        """Nothing was said, nothing is in the way."""
        self.instead = self.view = self.meanwhile = self._said = self._message = ""
        self._since, self._isOver = 0.0, True

    @property
    def said(self) -> str:
        """What became of the last action, "" once there was time to read it."""
        before, self._message = self._message, self.edit.message
        if self._message != before and (self._message or self._said == before):
            self.say(self._message)
        self._isOver = self._clock() - self._since > PASSING_SECONDS
        return "" if self._isOver else self._said

    @property
    def isOver(self) -> bool:
        """Whether something that is still shown had its time."""
        return not self._isOver and self._clock() - self._since > PASSING_SECONDS

    @property
    def secondsLeft(self) -> float | None:
        """How long something that is shown has left; None for what stays."""
        left = self._since + PASSING_SECONDS - self._clock()
        return None if self._isOver or not self._said else max(left, 0.0) + A_MOMENT

    def say(self, text: str) -> None:
        """A sentence about the last action: it gives way to what to do next."""
        self._said, self._since, self._isOver = text, self._clock(), not text

    @property
    def text(self) -> str:
        """Each part on a line of its own."""
        if self.instead:
            return _("No click is answered yet: press Set up.") + "\n" + self.instead
        first = self.said or self.view or self.edit.problem or self._next()
        outline = self.edit.outlines.textFor(self.edit.prompts.object.prompts)
        parts = first, outline, self._drawn.text or self.doubt.text, self._doing(), self.meanwhile
        return "\n".join(dict.fromkeys(part for part in parts if part))

    @property
    def details(self) -> str:
        """Model, device and times."""
        return self.edit.engine.details

    def _next(self) -> str:
        prompts = self.edit.prompts
        if self.edit.frame is None or self.edit.sweep.isRunning:
            return ""
        if not prompts.objects:
            key = self.edit.engine.suggests and KeyTable.keys()["suggest"]
            suggest = _("Click inside a structure, or press {key}.").format(key=key)
            return suggest if key else _("Click inside a structure.")
        if prompts.current == len(prompts.objects):
            return _("The next click starts another object.")
        return _("Click adds, Ctrl+click takes away.")

    def _doing(self) -> str:
        return self.edit.sweep.status if self.edit.sweep.isRunning else self.edit.engine.doing
