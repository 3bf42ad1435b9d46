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


__all__ = ["Refusal", "_"]
