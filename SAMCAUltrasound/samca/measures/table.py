"""Measurements as rows of a table; the names are those of `Measurements` and say what each is."""

from __future__ import annotations

from .measure import Measurements

COLUMNS = (
    "unit",
    "pixels",
    "area",
    "long_axis",
    "short_axis",
    "depth",
    "width",
    "depth_to_width",
    "perimeter",
    "circularity",
    "skin_distance",
    "mean_inside",
    "mean_ring",
    "ellipse_circumference",
    "shape",
    "cut_by",
    "notes",
)


def values_of(measured: Measurements) -> list[str | int | float | None]:
    """One for each of COLUMNS, None where there is none; lengths in the unit, areas in its square."""
    here = {name: getattr(measured, name, None) for name in COLUMNS}
    here |= {name: axis and axis.length for name, axis in _axes(measured)}
    here["ellipse_circumference"] = measured.ellipse and measured.ellipse.circumference
    here |= {name: " ".join(here[name]) for name in ("cut_by", "notes")}
    return list(here.values())


def _axes(measured: Measurements):
    return ("long_axis", measured.long_axis), ("short_axis", measured.short_axis)
