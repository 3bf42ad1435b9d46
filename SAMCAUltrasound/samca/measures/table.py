"""Measurements as a table: a row for each segment, frame and part, and one for each volume."""

from __future__ import annotations

from .measure import Measurements

COLUMNS = (  # names as of `Measurements`; lengths in the unit, areas in its square, volumes in its cube
    "unit",
    "pixels",
    "volume",
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
WORDS = ("unit", "shape", "cut_by", "notes")
HEADING = ("segment", "frame", "part", *COLUMNS)
ALL = "all"

Cell = str | int | float | None
Row = list[Cell]


def values_of(measured: Measurements) -> dict[str, Cell]:
    """By name of COLUMNS; None where there is none."""
    values = {name: getattr(measured, name, None) for name in COLUMNS}
    for name in ("long_axis", "short_axis"):
        values[name] = values[name] and values[name].length
    values["ellipse_circumference"] = measured.ellipse and measured.ellipse.circumference
    return values | {name: " ".join(values[name]) for name in ("cut_by", "notes")}


def rows_of(segment: str, frame: str, measured: Measurements) -> list[Row]:
    """Of the whole object, and of each part where there are several."""
    parts = [(ALL, measured), *((str(n), part) for n, part in enumerate(measured.parts, 1))]
    return [[segment, frame, part, *values_of(each).values()] for part, each in parts]


def volume_row(segment: str, frame: str, volume: float, pixels: int, unit: str) -> Row:
    """Of all frames together; frame: ALL, or which of several volumes it is."""
    values = {"unit": unit, "pixels": pixels, "volume": volume}
    return [segment, frame, ALL, *(values.get(name, "" if name in WORDS else None) for name in COLUMNS)]
