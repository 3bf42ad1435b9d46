"""Sentences for the user: their translation, and the exception that carries one to the status line."""

from __future__ import annotations

try:
    from slicer.i18n import tr as _
except ImportError:  # slicer-core, where nothing is translated

    def _(text: str) -> str:
        """The text itself."""
        return text


class Refusal(ValueError):
    """What was asked cannot be done now; the text is one sentence for the status line: what to do instead."""


def counted(number: int, one: str, several: str) -> str:
    """The first text for 1, else the second with its {count} filled in."""
    return one if number == 1 else several.format(count=number)


__all__ = ["Refusal", "_", "counted"]
