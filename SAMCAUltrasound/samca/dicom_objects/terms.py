"""What a segment is, in coded terms: 3D Slicer's terminology entries, and a term that claims nothing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

PARTS = 7  # of an entry: list, category, type, modifier, list, region, modifier


class Term(NamedTuple):
    """A code of a coding scheme, as ("4147007", "SCT", "Mass")."""

    value: str
    scheme: str
    meaning: str


@dataclass(frozen=True)
class Terms:
    """The category and the type of a segment, what modifies the type, and where in the body it is."""

    category: Term
    type: Term
    modifier: Term | None = None
    region: Term | None = None
    side: Term | None = None


_TISSUE = Term("85756007", "SCT", "Tissue")
TISSUE = Terms(_TISSUE, _TISSUE)  # what Slicer says, too, of a segment that nobody has named


def terms_of(entry: str) -> Terms:
    """The terms of an entry as 3D Slicer writes it, "list~SCT^value^meaning~..."; TISSUE for none.

    ValueError for a text that is no entry.
    """
    if not entry:
        return TISSUE
    parts = entry.split("~")
    if len(parts) != PARTS:
        raise ValueError(f"its terminology has {len(parts)} parts, expected {PARTS}: choose a term again")
    category, kind, modifier, region, side = (_term(parts[place]) for place in (1, 2, 3, 5, 6))
    if category is None or kind is None:
        return TISSUE
    return Terms(category, kind, modifier, region, side if region else None)


def _term(text: str) -> Term | None:
    scheme, *others = text.split("^", 2)
    if len(others) != 2:
        raise ValueError(
            f"its terminology has {text[:60]!r}, expected SCHEME^CODE^MEANING: choose a term again"
        )
    value, meaning = (part.strip() for part in others)
    return Term(value, scheme.strip(), meaning[:64]) if scheme and value and meaning else None
