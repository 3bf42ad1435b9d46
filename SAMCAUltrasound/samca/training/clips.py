"""Short loops with the truth of every frame to train a memory on: filmed ones, and single images that move.

An image is pulled along smooth fields that swing, drifts, and grows or shrinks; its speckle decorrelates and
its gain changes; a shadow may pass over it. Its object may leave the frame and return, or the plane leaves
it: then another image is seen for a while. The course of a clip is chosen first (`Course`), then drawn with
torch. Loops for evaluation are made by other code, see phantoms/moving.py.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from functools import lru_cache
from typing import NamedTuple

import numpy as np
import torch
from torch.nn import functional as F

from ..datasets import Case, loops_of
from ..images.contrast import as_rgb
from ..prompts.geometry import resample

CACHED = 256  # images that are kept decoded
LEAST = 60  # px: smaller objects are not trained on
CLOSE = 0.5  # of the clips show a window around the object, others whole frames
SIDES = (1.6, 3.5)  # of such a window, in sides of the object
QUICK = 0.3  # of the clips skip up to QUICKEST frames, others up to SLOWEST
SLOWEST, QUICKEST = 3, 12
TRIES = 1000  # draws that may find no object, before there is said to be none
MOVES = {"leaves": 0.2, "fades": 0.15, "shadow": 0.15}  # how often each of these happens in a clip


class Clip(NamedTuple):
    """frames (L, S, S) float32 0..255, masks (L, S, S) float32 0..1: how far each pixel is of the object."""

    frames: torch.Tensor
    masks: torch.Tensor


class Course(NamedTuple):
    """What a clip of L frames does, in parts of its side: numbers of each frame, and two fields.

    fields (2, 2, n, n): their control points, x and y; swings (L, 2): of the fields; way (L, 2): x, y of the
    whole; zoom, growth, gain (L,): factors of the whole, of the object, of the brightness; fading (L,): share
    of another image; shadow (L,): its middle, or None.
    """

    fields: np.ndarray
    swings: np.ndarray
    way: np.ndarray
    zoom: np.ndarray
    growth: np.ndarray
    gain: np.ndarray
    fading: np.ndarray
    shadow: np.ndarray | None


class Clips:
    """Draws clips of `length` frames, (side, side) px each, of the loops and images of these cases.

    Sources are drawn as often as the roots of their sizes say. ValueError without a case that has a truth.
    """

    def __init__(self, cases: Sequence[Case], length: int, side: int):
        self.length, self.side = length, side
        self._cases = [case for case in cases if case.has_truth]
        if not self._cases:
            raise ValueError(f"none of {len(cases)} images has a truth: give folders with images and masks")
        self._loops = [loop for loop in loops_of(self._cases) if len(loop) >= length]
        filmed = {index for loop in self._loops for index in loop}
        self._stills = [index for index in range(len(self._cases)) if index not in filmed]
        self._all = [*self._loops, *((index,) for index in self._stills)]
        sizes = Counter(self._cases[which[0]].source for which in self._all)
        weights = np.array([sizes[self._cases[which[0]].source] ** -0.5 for which in self._all])
        self._shares = weights / weights.sum()
        self._image = lru_cache(CACHED)(self._read)

    def draw(self, rng: np.random.Generator) -> Clip:
        """One clip, with the object in its first frame; ValueError where no object is large enough."""
        for _try in range(TRIES):
            which = self._all[rng.choice(len(self._all), p=self._shares)]
            clip = self._filmed(which, rng) if len(which) > 1 else self._moved(which[0], rng)
            if clip is not None:
                return clip
        raise ValueError(
            f"no object of {LEAST} px or more in {TRIES} draws from {len(self._cases)} images: give larger "
            "images"
        )

    def _read(self, index: int) -> tuple[torch.Tensor, list[np.ndarray]]:
        case = self._cases[index]
        grey = as_rgb(case.pixels()).mean(axis=2, dtype=np.float32)
        targets = [target for target in case.targets() if target.sum() >= LEAST]
        return torch.from_numpy(grey), targets

    def _moved(self, index: int, rng: np.random.Generator) -> Clip | None:
        image, targets = self._image(index)
        if not targets:
            return None
        target = targets[rng.integers(len(targets))]
        other = self._image(self._stills[rng.integers(len(self._stills))])[0]
        box = _window(target, rng)
        course = chosen(self.length, _place(target, box), rng)
        return drawn(image, torch.from_numpy(target), other, box, course, self.side, rng)

    def _filmed(self, loop: tuple[int, ...], rng: np.random.Generator) -> Clip | None:
        """Frames of a loop as they are, whole, one way or the other; None without an object in the first."""
        first = rng.integers(len(loop) - self.length + 1)
        cases = [self._cases[i] for i in loop[first : first + self.length]][:: rng.choice([1, -1])]
        structures = cases[0].structures()
        if not structures:
            return None
        value = list(structures)[rng.integers(len(structures))]
        frames = [as_rgb(case.pixels()).mean(axis=2) for case in cases]
        masks = [case.structures().get(value, np.zeros(frames[0].shape)) for case in cases]
        pair = (np.stack([resample(each, self.side, self.side) for each in them]) for them in (frames, masks))
        return Clip(*map(torch.from_numpy, pair))


def chosen(length: int, place: np.ndarray, rng: np.random.Generator) -> Course:
    """A course by chance, of an object at `place` (x, y), parts of the frame's sides."""
    quickest = QUICKEST if rng.random() < QUICK else SLOWEST
    time = np.concatenate([[0], np.cumsum(rng.integers(1, quickest + 1, length - 1))])
    done = time / time[-1]
    phase = rng.uniform(0, 2 * np.pi) + rng.uniform(0.05, 0.5) * time
    swings = rng.uniform(0.003, 0.03) * np.stack([np.sin(phase), np.cos(phase)], 1)
    way = rng.uniform(-0.012, 0.012, 2) * time.clip(max=12)[:, None]
    if rng.random() < MOVES["leaves"]:
        way = way + _away(place, rng) * np.sin(np.pi * rng.uniform(0.6, 1) * done)[:, None] ** 2
    growth = 1 + rng.uniform(-0.4, 0.3) * np.sin(np.pi * rng.uniform(0.3, 1) * done) ** 2
    fading = np.zeros(length)
    if rng.random() < MOVES["fades"]:
        fading = (2.2 * np.sin(np.pi * done) ** 2 * rng.uniform(0.7, 1) - 0.4).clip(0, 1)
    shadow = rng.permutation([-0.2, 1.2]) @ np.stack([1 - done, done])
    return Course(
        rng.standard_normal((2, 2, *[rng.integers(3, 7)] * 2)),
        swings - swings[0],
        way,
        1 + rng.uniform(-0.02, 0.02) * time.clip(max=12),
        growth,
        1 + rng.uniform(-0.02, 0.02) * time.clip(max=12),
        fading,
        shadow if rng.random() < MOVES["shadow"] else None,
    )


def drawn(
    image: torch.Tensor,
    target: torch.Tensor,
    other: torch.Tensor,
    box: tuple[float, ...],
    course: Course,
    side: int,
    rng: np.random.Generator,
) -> Clip:
    """The clip of a course: what a (H, W) image and its (H, W) target show in `box`, x0, y0, x1, y1 in px.

    Beyond the image there is black. other: (h, w), what is seen while the object fades.
    """
    x0, y0, x1, y1 = box
    places = (torch.arange(side) + 0.5) / side
    grid = torch.stack(torch.meshgrid(places, places, indexing="xy"), -1)  # (S, S, 2), parts of the box
    fields = F.interpolate(
        torch.from_numpy(course.fields).float(), size=(side, side), mode="bicubic", align_corners=True
    ).permute(0, 2, 3, 1)
    whole = torch.stack([image, target.float()])[None]
    behind = F.interpolate(other[None, None], size=(side, side), mode="bilinear")[0, 0]
    middle, radius = _round(target, box)
    speckle, frames, masks = _noise(side, rng), [], []
    for t in range(len(course.gain)):
        moved = (grid - 0.5) / float(course.zoom[t]) + 0.5 - torch.from_numpy(course.way[t]).float()
        near = torch.exp(-((moved - middle) ** 2).sum(-1, keepdim=True) / (2 * radius**2))
        moved = moved + (1 / float(course.growth[t]) - 1) * near * (moved - middle)
        moved = moved + sum(float(s) * field for s, field in zip(course.swings[t], fields, strict=True))
        px = moved * torch.tensor([x1 - x0, y1 - y0]) + torch.tensor([x0, y0])
        unit = (px + 0.5) / torch.tensor(image.shape[::-1]) * 2 - 1
        seen, mask = F.grid_sample(whole, unit[None].float(), align_corners=False)[0]
        share = float(course.fading[t])
        speckle = 0.9 * speckle + 0.436 * _noise(side, rng)
        seen = (share * behind + (1 - share) * seen) * (1 + 0.12 * speckle) * float(course.gain[t])
        if course.shadow is not None:
            seen = seen * (1 - 0.88 * torch.exp(-(((places - float(course.shadow[t])) / 0.09) ** 4)))
        frames.append(seen.clamp(0, 255))
        masks.append(mask * (share < 0.5))
    return Clip(torch.stack(frames), torch.stack(masks))


def _noise(side: int, rng: np.random.Generator) -> torch.Tensor:
    drawn = torch.from_numpy(rng.standard_normal((1, 1, side, side), np.float32))
    return F.avg_pool2d(drawn, 3, 1, 1)[0, 0] * 3


def _window(target: np.ndarray, rng: np.random.Generator) -> tuple[float, ...]:
    """The whole frame, or a part of its proportions around the object."""
    height, width = target.shape
    if rng.random() >= CLOSE:
        return 0.0, 0.0, float(width), float(height)
    rows, columns = np.nonzero(target)
    share = max(np.ptp(rows) / height, np.ptp(columns) / width, 0.08) * rng.uniform(*SIDES)
    x, y = (
        (each.min() + each.max()) / 2 + share * side * rng.uniform(-0.15, 0.15)
        for each, side in ((columns, width), (rows, height))
    )
    x_reach, y_reach = share * width / 2, share * height / 2
    return x - x_reach, y - y_reach, x + x_reach, y + y_reach


def _place(target: np.ndarray, box: tuple[float, ...]) -> np.ndarray:
    """(left, top, right, bottom) of the object in parts of a box."""
    rows, columns = np.nonzero(target)
    x0, y0, x1, y1 = box
    corners = np.array([columns.min(), rows.min(), columns.max() + 1, rows.max() + 1])
    return (corners - [x0, y0, x0, y0]) / [x1 - x0, y1 - y0, x1 - x0, y1 - y0]


def _round(target: torch.Tensor, box: tuple[float, ...]) -> tuple[torch.Tensor, float]:
    """The middle (x, y) of the object in parts of a box, and about its radius."""
    x0, y0, x1, y1 = box
    rows, columns = torch.nonzero(target, as_tuple=True)
    middle = torch.stack([columns.float().mean(), rows.float().mean()])
    sides = torch.tensor([x1 - x0, y1 - y0])
    radius = 1.5 * (len(rows) / torch.pi) ** 0.5 / float(sides.mean())
    return (middle - torch.tensor([x0, y0])) / sides, radius


def _away(place: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """The (x, y) way that takes an object at (left, top, right, bottom) out of the frame, to any side."""
    left, top, right, bottom = place
    out = [(-right, 0.0), (1 - left, 0.0), (0.0, -bottom), (0.0, 1 - top)][rng.integers(4)]
    return 1.1 * np.array(out)
