"""Words that follow from geometry alone, as TI-RADS and BI-RADS have them: a line to copy, no category.

Taller than wide (TI-RADS): depth above width. Orientation (BI-RADS): parallel to the skin where the object is
wider than tall and not round, else not parallel. Shape: see `shape.py`.
"""

from __future__ import annotations

from .measure import Measurements


def sentence_of(measured: Measurements, third: float | None = None) -> str:
    """One line of text about an object, "" for an empty one. third: its diameter across, or None."""
    if measured.long_axis is None:
        return ""
    diameters = [measured.long_axis.length, measured.short_axis.length, *([third] if third else [])]
    unit, ratio = measured.unit, measured.depth_to_width
    digits = ".1f" if unit == "mm" else ".0f"
    height = "taller than wide" if ratio > 1 else "not taller than wide"
    orientation = "parallel" if ratio < 1 and measured.shape != "round" else "not parallel"
    words = [
        f"{' x '.join(f'{each:{digits}}' for each in diameters)} {unit}",
        f"depth {measured.depth:{digits}} {unit}, width {measured.width:{digits}} {unit}",
        f"{height} ({ratio:.2f})",
        f"orientation {orientation} to the skin",
        f"in {measured.count} parts" if measured.parts else f"shape {measured.shape}",
        *(["cut by the image's edge"] if measured.cut_by else []),
    ]
    return f"Computed from the outline, no category: {'; '.join(words)}."


def sizes_of(measured: Measurements) -> str:
    """The sizes that `sentence_of` leaves out, as far as there are any, "" for an empty object."""
    if measured.long_axis is None:
        return ""
    unit, inside, ring = measured.unit, measured.mean_inside, measured.mean_ring
    words = [
        f"Area {rounded(measured.area)} {unit}\u00b2",
        f"perimeter {rounded(measured.perimeter)} {unit}",
        f"circularity {measured.circularity:.2f}",
        f"skin distance {rounded(measured.skin_distance)} {unit}",
        *([] if inside is None else [f"brightness {rounded(inside)} inside"]),
        *([] if ring is None else [f"{rounded(ring)} in a ring around"]),
    ]
    return f"{', '.join(words)}."


def rounded(value: float) -> str:
    """With four digits, or all before the point where there are more."""
    return f"{value:.4g}" if abs(value) < 1000 else f"{value:.0f}"
