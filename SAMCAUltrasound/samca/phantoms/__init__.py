"""Simulated B-mode frames, cine loops and sweeps with known truth.

`describe` chooses a scene and returns it as frozen data, `render` turns a scene into a frame, `make` does
both; `describe_loop` and `make_loop` are for frames that belong together. Speckle is coherent scattering
summed inside a point spread function (Wagner et al. 1983, IEEE Trans. Sonics Ultrasonics 30:156), summed over
looks as spatial compounding does (Trahey et al. 1986, IEEE UFFC 33:257).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .choose import describe
from .loops import describe_loop
from .render import render

__all__ = ["Phantom", "describe", "describe_loop", "make", "make_loop", "render"]


@dataclass(frozen=True)
class Phantom:
    """A frame and its truth.

    image: (H, W) uint8 grey; labels: (H, W) uint8, 0 background, 1.. structures in the order of the scene;
    spacing_mm: (x, y) of a pixel.
    """

    image: np.ndarray
    labels: np.ndarray
    spacing_mm: tuple[float, float]


def make(
    rng: np.random.Generator,
    height: int = 384,
    width: int = 512,
    lesions: int | None = None,
    geometry: str | None = None,
) -> Phantom:
    """A random frame of (height, width) px, at least 64 each; equal generators give equal frames.

    lesions: number of labelled structures (lesions of a breast, or vessels and nerves of a limb), 0 to 8;
    None draws 0 to 3, mostly 1. geometry: "linear", "fan", or None to draw one. Raises ValueError for other
    values.
    """
    scene = describe(rng, height, width, lesions, geometry)
    image, labels = render(scene, rng)
    return Phantom(image, labels, (scene.view.spacing_mm, scene.view.spacing_mm))


def make_loop(
    rng: np.random.Generator,
    frames: int = 12,
    height: int = 384,
    width: int = 512,
    lesions: int | None = None,
    geometry: str | None = None,
    kind: str | None = None,
) -> tuple[Phantom, ...]:
    """Neighbouring frames of one scene that moves and deforms, each with its truth; the others as in `make`.

    kind: "cine" (the probe stays, tissue moves), "sweep" (the probe moves), or None to draw one. A label is
    one structure in all frames. Raises ValueError for other values.
    """
    scene, motions = describe_loop(rng, frames, height, width, lesions, geometry, kind)
    spacing = (scene.view.spacing_mm, scene.view.spacing_mm)
    return tuple(Phantom(*render(scene, rng, motion), spacing) for motion in motions)
