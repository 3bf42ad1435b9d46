"""Voronoi: clicks spread evenly over what a mask found, missed and added (ClickSAM, stage 2).

A region's clicks are the centres of a centroidal Voronoi tessellation (Du et al. 1999), found by Lloyd's
iterations: each is the centre of mass of the pixels that are nearer to it than to the others.
"""

from __future__ import annotations

import numpy as np
from scipy.ndimage import find_objects, label

from ..prompts import Click, Prompts
from . import center_of_mass
from .regions import check, click_at, missed, spurious

GRID = 256  # side in px of the square image that sizes of components are counted in
MOST_IN_COMPONENT = 5
MOST_OF_A_KIND = 10  # of found, missed and spurious regions each
SMALL_SHARE = 0.05  # of what was found: a smaller mistake gets no click
ITERATIONS = 50
SEEDINGS = 3  # the most even tessellation of these is taken
SAMPLE = 1000  # about how many pixels of a region are iterated over


def place(truth: np.ndarray, predictions: np.ndarray | None, k: int, rng: np.random.Generator) -> Prompts:
    """Positive clicks on what was found and missed, negative ones on what was added, whatever k is.

    The number of clicks of an 8-connected component goes by its size, see `clicks_for`; the largest come
    first, and the first that would make more than ten of its kind ends that kind. Without any click on a
    mistake (nothing wrong, or only specks), or where none would say where the object is, the centres of mass
    are clicked: alone, or before the others. rng is not used: equal masks get equal clicks.
    """
    check(truth, predictions, k=k)
    prediction = np.zeros_like(truth) if predictions is None else predictions
    found = truth & prediction
    least = SMALL_SHARE * _on_grid(found.sum(), truth)
    mend = _clicks(missed(truth, prediction), least, truth)
    remove = _clicks(spurious(truth, prediction), least, truth)
    if not mend and not remove:
        return center_of_mass.place(truth, predictions, k, rng)
    positive = _clicks(found, None, truth) + mend
    if not positive and truth.any():
        positive = center_of_mass.place(truth, predictions, k, rng).clicks
    return Prompts((*positive, *remove))


def clicks_for(size: float, least: float | None = None) -> int:
    """How many clicks a component gets: 1 from 1,000 px of a 256 x 256 image, 2 from 3,163, 3 from 10,000 ...

    At most 5; of a smaller one 1 if it has at least `least` px, else none.
    """
    by_size = int(1 + 2 * (np.log10(size) - 3))
    return min(MOST_IN_COMPONENT, max(by_size, int(least is not None and size >= least)))


def spread(region: np.ndarray, k: int) -> np.ndarray:
    """(at most k, 2) int pixels (row, column) of an (H, W) bool region, spread evenly over it.

    Each is the pixel nearest to the centre of mass of its cell; they differ. A region of fewer than k pixels
    gets all of them.
    """
    from scipy.cluster.vq import vq  # here and below: other simulators do without, which Slicer waits for

    pixels = np.argwhere(region)
    k = min(k, len(pixels))
    sample = pixels[:: max(1, len(pixels) // SAMPLE)].astype(float)
    rng = np.random.default_rng(0)
    trials = [_tessellate(sample, k, rng) for _ in range(SEEDINGS if k > 1 else 1)]
    centres = min(trials, key=lambda centres: (vq(sample, centres)[1] ** 2).sum())
    cells, _ = vq(pixels.astype(float), centres)
    return np.array([_nearest(pixels[cells == cell], centres[cell]) for cell in np.unique(cells)])


def _tessellate(pixels: np.ndarray, k: int, rng: np.random.Generator) -> np.ndarray:
    """Centres (k, 2) of the cells of pixels (n, 2), by Lloyd's iterations."""
    from scipy.cluster.vq import kmeans2

    centres = _seeds(pixels, k, rng)
    for _ in range(ITERATIONS):
        before = centres
        centres, _ = kmeans2(pixels, before, iter=1, minit="matrix", check_finite=False)
        if np.allclose(before, centres, atol=0.1):
            break
    return centres


def _seeds(pixels: np.ndarray, k: int, rng: np.random.Generator) -> np.ndarray:
    """k pixels far from each other: each is drawn by its squared distance to those before (k-means++)."""
    seeds = pixels[[rng.integers(len(pixels))]]
    while len(seeds) < k:
        distances = ((pixels[:, None] - seeds) ** 2).sum(2).min(1)
        seeds = np.vstack([seeds, pixels[rng.choice(len(pixels), p=distances / distances.sum())]])
    return seeds


def _nearest(pixels: np.ndarray, centre: np.ndarray) -> np.ndarray:
    return pixels[((pixels - centre) ** 2).sum(1).argmin()]


def _clicks(region: np.ndarray, least: float | None, truth: np.ndarray) -> tuple[Click, ...]:
    """The clicks of one kind of region, the largest component first."""
    components, _ = label(region, np.ones((3, 3)))
    boxes, sizes = find_objects(components), np.bincount(components.ravel())[1:]
    clicks: tuple[Click, ...] = ()
    for number in np.argsort(-sizes, kind="stable"):
        count = clicks_for(_on_grid(sizes[number], truth), least)
        if not count or len(clicks) + count > MOST_OF_A_KIND:
            break
        box = boxes[number]
        rows, columns = (spread(components[box] == number + 1, count) + [side.start for side in box]).T
        clicks += tuple(click_at(i, truth) for i in rows * truth.shape[1] + columns)
    return clicks


def _on_grid(pixels: int, truth: np.ndarray) -> float:
    """A number of pixels of the truth's image as one of a 256 x 256 image."""
    return float(pixels) * GRID**2 / truth.size
