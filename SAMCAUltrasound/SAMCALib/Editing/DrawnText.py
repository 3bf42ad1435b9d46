"""How much of an outline has become part of the segment, in words."""

from __future__ import annotations

from ..Texts import _

ALL = 0.95  # of an outline; less is not passed over in silence


def of(share: float) -> str:
    """What to say of an outline of which this much, 0..1, is in the segment; "" where that is all of it."""
    if share >= ALL:
        return ""
    if share < 0.005:
        return _("Nothing of this outline is in the segment: masking or another segment keeps it out.")
    text = _(
        "Only {percent:.0f} % of this outline is in the segment: the rest was erased, or masking or another "
        "segment keeps it out."
    )
    return text.format(percent=100 * share)
