"""All sizes of one object in one frame."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from scipy import ndimage

from .axes import Axis, axes_of, hull_of
from .brightness import brightness_of
from .ellipse import Ellipse, ellipse_of
from .outline import crossed, length_of
from .shape import shape_of

MOST = 50  # parts that are measured each
BESIDE = "The object lies beside the image on this screen: lengths are in px, not in mm."
Corners = tuple[int, int, int, int]
EDGES = ("top", "bottom", "left", "right")


@dataclass(frozen=True)
class Measurements:
    """Sizes of the parts of an object together; lengths in `unit`, areas in its square.

    None stands for what there is not: everything but pixels and area of an empty object, brightness
    without an image, an ellipse that does not fit.
    """

    unit: str  # "mm" where the size of a pixel is known, else "px"
    spacing_mm: tuple[float, float] | None  # (row, column) of a pixel
    pixels: int
    area: float  # of whole pixels
    long_axis: Axis | None = None  # of the convex hull
    short_axis: Axis | None = None  # the longest perpendicular to that
    perimeter: float | None = None  # outer outlines of all parts
    depth: float | None = None  # extent from top to bottom, whole pixels
    width: float | None = None  # extent from left to right
    circularity: float | None = None  # 4 pi area / perimeter^2, at most 1
    skin_distance: float | None = None  # from the picture's top edge to the object's
    mean_inside: float | None = None  # brightness, in the image's own numbers
    mean_ring: float | None = None  # in a ring around it, a tenth of the long axis wide
    shape: str = ""  # oval, round or irregular, see `shape.py`; of several parts none
    ellipse: Ellipse | None = None  # fitted to the outline; its circumference is that of a head
    cut_by: tuple[str, ...] = ()  # edges of the picture that it touches, of EDGES
    count: int = 1  # of parts
    parts: tuple[Measurements, ...] = ()  # the largest first, up to MOST, where there are several
    notes: tuple[str, ...] = ()  # sentences about what to heed

    @property
    def depth_to_width(self) -> float | None:
        """Above 1: taller than wide."""
        return None if self.depth is None else self.depth / self.width


def measure(
    mask: np.ndarray,
    spacing_mm: Sequence[float] | None,
    pixels: np.ndarray | None = None,
    lean: float = 0.0,
    window: Corners | None = None,
) -> Measurements:
    """Measure one frame's object.

    mask: (H, W) bool. spacing_mm: (row, column) mm of a pixel; None, or anything but two positive finite
    numbers, means that it is not known: then all is in px and a note says so. pixels: (H, W) or (H, W, C)
    image, for brightness, the mean of its colours. lean: cosine of the angle between the image's columns
    and rows in space, 0 for a right one, where a transform has sheared it. window: (x0, y0, x1, y1) px, ends
    excluded, of the picture on a screen that has more on it, as a banner or a spectrum, where the spacing
    does not hold; None: all of the image.

    A pixel is a square: area, depth and width count whole ones. The outline for axes runs through the
    middles of pixels' edges, half way between centres in and out, so one pixel is 1 px long and wide, and
    a row of n pixels n px. ValueError for a mask or an image of another shape or kind.
    """
    mask = np.asarray(mask)
    if mask.ndim != 2 or mask.dtype != bool:
        raise ValueError(
            f"expected a mask (H, W) of bool, got {mask.dtype} of shape {mask.shape}: use mask > 0"
        )
    if pixels is not None and np.shape(pixels)[:2] != mask.shape:
        raise ValueError(
            f"the image is {np.shape(pixels)[:2]} and the mask {mask.shape}: give both of one frame"
        )
    if not abs(lean) < 1:
        raise ValueError(f"lean {lean}: expected the cosine of an angle, between -1 and 1")
    spacing, note = known_spacing(spacing_mm)
    labels, count = ndimage.label(mask, np.ones((3, 3)))  # pixels that meet at a corner are of one part
    if not count:
        note = "The object is empty: there is nothing to measure."
        return Measurements("mm" if spacing else "px", spacing, 0, 0.0, count=0, notes=(note,))
    window = window or (0, 0, *mask.shape[::-1])
    if not mask[window[1] : window[3], window[0] : window[2]].any():
        spacing, note = None, BESIDE
    row, column = spacing or (1.0, 1.0)
    steps = np.array([[column, 0.0], [row * lean, row * math.sqrt(1 - lean**2)]])
    if count == 1:
        return _labelled(_measured(mask, steps, window, pixels), spacing, note)
    largest = np.argsort(-np.bincount(labels.ravel())[1:], kind="stable")[:MOST] + 1
    parts = [_measured(labels == number, steps, window, pixels) for number in largest]
    return _labelled(_measured(mask, steps, window, pixels, count, tuple(parts)), spacing, note)


def known_spacing(spacing_mm: Sequence[float] | None) -> tuple[tuple[float, float] | None, str]:
    """((row, column) mm or None, what to say about it): only two positive finite numbers are a spacing."""
    if spacing_mm is None:
        return None, "The size of a pixel is not known: lengths are in px, not in mm."
    try:
        row, column = map(float, spacing_mm)
    except (TypeError, ValueError):
        row = column = math.nan
    if 0 < row < math.inf and 0 < column < math.inf:
        return (row, column), ""
    given = " x ".join(map(str, spacing_mm)) if isinstance(spacing_mm, Sequence) else str(spacing_mm)
    return (
        None,
        f"A pixel of {given} mm cannot be, expected two positive numbers: lengths are in px, not in mm.",
    )


def _labelled(measured: Measurements, spacing: tuple[float, float] | None, note: str) -> Measurements:
    """The same in mm if there is a spacing, its parts as well, with the note before the others."""
    parts = tuple(_labelled(part, spacing, note) for part in measured.parts)
    notes = (note, *measured.notes) if note else measured.notes
    return replace(measured, unit="mm" if spacing else "px", spacing_mm=spacing, parts=parts, notes=notes)


def _measured(mask, steps, window: Corners, pixels, count: int = 1, parts: tuple[Measurements, ...] = ()):
    column, row = map(float, np.hypot(*steps.T))
    rows, columns = np.flatnonzero(mask.any(1)), np.flatnonzero(mask.any(0))
    top, left = max(rows[0] - 1, 0), max(columns[0] - 1, 0)  # most of an image is empty
    near = mask[top : rows[-1] + 2, left : columns[-1] + 2]
    filled = ndimage.binary_fill_holes(near)
    hull = np.add(hull_of(near), (left, top))
    long, short = axes_of(hull, steps)
    perimeter = length_of(filled, hull, steps) if count == 1 else _perimeter(filled, steps, count, parts)
    pixel_count, cut_by = int(np.count_nonzero(near)), _edges(rows, columns, window)
    area = pixel_count * float(steps[0, 0] * steps[1, 1])
    inside, ring = brightness_of(mask, pixels, (column, row), long.length / 10)
    return Measurements(
        unit="px",
        spacing_mm=None,
        pixels=pixel_count,
        area=area,
        long_axis=long,
        short_axis=short,
        perimeter=perimeter,
        depth=float((rows[-1] + 1 - rows[0]) * row),
        width=float((columns[-1] + 1 - columns[0]) * column),
        circularity=min(4 * math.pi * area / perimeter**2, 1.0),
        skin_distance=float(max(rows[0] - window[1], 0) * row),
        mean_inside=inside,
        mean_ring=ring,
        shape="" if parts else shape_of(near, steps),
        ellipse=ellipse_of(filled, steps, (left, top)),
        cut_by=cut_by,
        count=count,
        parts=parts,
        notes=tuple(filter(None, (_about_parts(count, len(parts)), _about_edges(cut_by)))),
    )


def _edges(rows: np.ndarray, columns: np.ndarray, window: Corners) -> tuple[str, ...]:
    """The edges of the picture that what lies in these rows and columns touches, or lies beyond."""
    x0, y0, x1, y1 = window
    met = rows[0] <= y0, rows[-1] >= y1 - 1, columns[0] <= x0, columns[-1] >= x1 - 1
    return tuple(name for name, is_met in zip(EDGES, met, strict=True) if is_met)


def _perimeter(mask: np.ndarray, steps: np.ndarray, count: int, parts: Sequence[Measurements]) -> float:
    """Of all parts: of each, as far as each is measured."""
    return sum(part.perimeter for part in parts) if count == len(parts) else crossed(mask, steps)


def _about_parts(count: int, told: int) -> str:
    if count == 1:
        return ""
    of_each = "" if count == told else f" The {told} largest are told one by one."
    return f"The object is in {count} parts: these are the sizes of all together.{of_each}"


def _about_edges(cut_by: tuple[str, ...]) -> str:
    if not cut_by:
        return ""
    return f"The image's edge cuts the object ({', '.join(cut_by)}): it may be larger than that."
