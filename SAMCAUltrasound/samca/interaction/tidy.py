"""What a mask loses and gains in the end: clicks are answered, parts that nobody pointed at go, and holes."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ..prompts import Box, Click, Prompts
from .heed import heeded

SURE, LARGE = 0.92, 0.5  # mean probability, and area beside what is clicked, of a part that needs no click
MIDDLE = 0.35  # of half the width that a part has there: as deep in it a click outside takes it away
EIGHT = ((1, 1, 1),) * 3  # neighbours of a pixel that are one with it

Places = tuple[np.ndarray, np.ndarray]  # rows and columns of pixels


def mask_of(logits: np.ndarray, prompts: Prompts, parts: bool = True, holes: bool = True) -> np.ndarray:
    """(H, W) logits of these prompts, positive inside -> (H, W) bool, with every click answered, tidied."""
    answered = heeded(logits, prompts.clicks) > 0
    return tidied(answered, prompts, parts, holes, logits)


def tidied(
    mask: np.ndarray,
    prompts: Prompts,
    parts: bool = True,
    holes: bool = True,
    logits: np.ndarray | None = None,
) -> np.ndarray:
    """(H, W) bool mask of these prompts -> the same, tidied.

    parts: keep those that hold a positive click, or the largest if none does. What the model found by
    itself, or was given as a mask alone, may have several, which all stay. holes: fill those that hold no
    negative click. logits: what the model itself said, where clicks were answered in the mask; a part that
    holds no click but by that answer does not push out the largest, and where somebody points a large one
    that the model is sure of stays, as the second of two bands, unless it lies outside of what is drawn
    around or a click in its middle takes it away.
    """
    if not mask.any():
        return mask
    rows, columns = around(mask)  # most of an image is empty
    part, whole = mask[rows, columns], np.zeros_like(mask)
    inside, outside = (_places(prompts.clicks, positive, rows, columns) for positive in (True, False))
    if parts and prompts.suggestion is None and (prompts.clicks or prompts.box or prompts.mask is None):
        said = None if logits is None else logits[rows, columns]
        kept = _pointed_at(part, part if said is None else said > 0, inside)
        if said is not None and (prompts.clicks or prompts.drawn_around):
            others = part & ~kept & _within(prompts.drawn_around, part.shape, rows.start, columns.start)
            kept = kept | _sure(others, kept, said, outside)
        part = kept
    whole[rows, columns] = _filled(part, outside) if holes else part
    return whole


def around(mask: np.ndarray, margin: int = 0) -> tuple[slice, slice]:
    """Rows and columns of a non-empty mask and a margin, as far as the image goes."""
    places = (np.flatnonzero(mask.any(1)), np.flatnonzero(mask.any(0)))
    return tuple(slice(max(int(p[0]) - margin, 0), int(p[-1]) + margin + 1) for p in places)


def _places(clicks: Sequence[Click], positive: bool, rows: slice, columns: slice) -> Places:
    """Row and column, within these, of the pixels of all clicks and strokes of a kind that lie there."""
    inside = [
        (y - rows.start, x - columns.start)
        for y, x in (pixel for click in clicks if click.positive == positive for pixel in click.pixels)
        if rows.start <= y < rows.stop and columns.start <= x < columns.stop
    ]
    return tuple(np.reshape(inside, (-1, 2)).astype(int).T)


def _pointed_at(mask: np.ndarray, said: np.ndarray, places: Places) -> np.ndarray:
    """The 8-connected parts that hold one of these pixels, and the largest if none of these was said."""
    from scipy import ndimage  # here and below: not while Slicer starts

    labels, count = ndimage.label(mask, EIGHT)
    if count < 2:
        return mask
    kept = np.zeros(count + 1, bool)
    kept[labels[places]] = True
    if not (said[places] & mask[places]).any():
        kept[1 + int(np.argmax(np.bincount(labels.ravel())[1:]))] = True
    kept[0] = False
    return kept[labels]


def _within(box: Box | None, shape: tuple[int, int], y0: int, x0: int) -> np.ndarray:
    """(H, W) bool: what of an image, of which this is the part that begins at (x0, y0), lies in a box."""
    if box is None:
        return np.ones(shape, bool)
    ys, xs = np.arange(y0, y0 + shape[0]), np.arange(x0, x0 + shape[1])
    return ((box.y0 <= ys) & (ys <= box.y1))[:, None] & ((box.x0 <= xs) & (xs <= box.x1))


def _sure(mask: np.ndarray, clicked: np.ndarray, logits: np.ndarray, outside: Places) -> np.ndarray:
    """The parts of a mask that the model is sure of, that are large beside what is clicked, (H, W) bool, and
    that none of these pixels takes away."""
    from scipy import ndimage

    if not mask.any():  # as most often
        return mask
    labels, _count = ndimage.label(mask, EIGHT)
    areas = np.bincount(labels.ravel())
    probability = np.bincount(labels.ravel(), 1 / (1 + np.exp(-logits.ravel()))) / np.maximum(areas, 1)
    kept = (probability >= SURE) & (areas >= LARGE * clicked.sum())
    kept[labels[_taken_away(logits > 0, clicked, outside)]] = kept[0] = False
    return kept[labels]


def _taken_away(said: np.ndarray, clicked: np.ndarray, outside: Places) -> np.ndarray:
    """(H, W) bool: of what the model said, all parts with one of these pixels in their middle, or with one
    that cuts off what was one with what is clicked. Nearer to its edge a click mends a part."""
    from scipy import ndimage

    if not len(outside[0]):
        return np.zeros_like(said)
    labels, count = ndimage.label(said, EIGHT)
    gone = np.zeros(count + 1, bool)
    gone[np.intersect1d(labels[outside], labels[clicked])] = True
    gone[0] = False
    depth = ndimage.distance_transform_edt(np.pad(said, 1))[1:-1, 1:-1]
    reaches = ndimage.maximum(depth, labels, np.arange(count + 1)).astype(int)
    for row, column in zip(*outside, strict=True):
        if (part := labels[row, column]) and not gone[part]:
            reach = reaches[part]
            window = np.s_[max(row - reach, 0) : row + reach + 1, max(column - reach, 0) : column + reach + 1]
            widest = depth[window][labels[window] == part].max()
            gone[part] = depth[row, column] >= MIDDLE * widest
    return gone[labels]


def _filled(mask: np.ndarray, places: Places) -> np.ndarray:
    """With the background that does not reach the border, unless it holds one of these pixels."""
    from scipy import ndimage

    labels, count = ndimage.label(~np.pad(mask, 1))  # ten times as fast as binary_fill_holes
    inside = np.ones(count + 1, bool)
    inside[labels[0, 0]] = inside[labels[1:-1, 1:-1][places]] = False
    inside[0] = True  # the mask itself
    return inside[labels][1:-1, 1:-1]
