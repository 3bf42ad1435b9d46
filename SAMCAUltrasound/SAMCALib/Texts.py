"""Sentences for the user: their translation, and the exception that carries one to the status line."""

from __future__ import annotations

import html
import logging

try:
    from slicer.i18n import tr as _
except ImportError:  # slicer-core, where nothing is translated

    def _(text: str) -> str:
        """The text itself."""
        return text


logger = logging.getLogger(__name__)
_logged: set[str] = set()  # a timer may meet the same error at every tick


class Refusal(ValueError):
    """What was asked cannot be done now; the text is one sentence for the status line: what to do instead."""


def explained(error: Exception) -> str:
    """The words of a Refusal; for what nobody expected a sentence that names it."""
    if isinstance(error, Refusal):
        return str(error)
    name = f"{type(error).__name__}: {error}"
    if name not in _logged:
        _logged.add(name)
        logger.error("What nobody expected", exc_info=error)
    return _("Something went wrong ({error}): click again.").format(error=name)


def counted(number: int, one: str, several: str) -> str:
    """The first text for 1, else the second with its {count} filled in."""
    return one if number == 1 else several.format(count=number)


def asToolTip(text: str) -> str:
    """The text for a tool tip, which Qt would take for HTML where it looks like that."""
    if "<" not in text and "&" not in text:
        return text
    return f"<qt>{html.escape(text)}</qt>".replace("\n", "<br>")


__all__ = ["Refusal", "_", "asToolTip", "counted", "explained"]
