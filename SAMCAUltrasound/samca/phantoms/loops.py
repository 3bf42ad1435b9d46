"""Simulated cine loops and sweeps: one scene that moves and deforms from frame to frame, with known truth.

In a cine loop the probe stays: tissue swings and swells with one period, its speckle moves along with it, and
structures are squeezed. In a sweep the probe glides: each structure is an ellipsoid that is cut elsewhere in
every frame, the tissue drifts, and speckle is new, because each frame has scatterers of its own.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from .beams import Beams
from .choose import choose_seed, describe
from .fields import noise
from .scene import Scene, Structure, Text

KINDS = ("cine", "sweep")
MOST_FRAMES = 1000
FIELD_MM = 14.0, 10.0  # over which displacements are alike, across and down
FIXED_MM = 4.0  # tissue nearer to the probe hardly moves


@dataclass(frozen=True)
class Placement:
    """A structure in a frame: moved by (x, z) mm and stretched by factors along x and z about its middle."""

    x_mm: float
    z_mm: float
    along_x: float
    along_z: float

    def before(self, structure: Structure, beams: Beams) -> Beams:
        """Each sample where it was in the structure before that was moved and stretched."""
        x = structure.x_mm + (beams.x - structure.x_mm - self.x_mm) / self.along_x
        z = structure.z_mm + (beams.z - structure.z_mm - self.z_mm) / self.along_z
        return replace(beams, x=x, z=z)


@dataclass(frozen=True)
class Motion:
    """How far tissue has moved: `across_mm` and `down_mm` as a whole, and by `swell_mm` unevenly.

    field: seed of the uneven part. structures: of each what it does beside that. speckle: seed of the
    scatterers that move along, None for new ones.
    """

    across_mm: float
    down_mm: float
    swell_mm: float
    field: int
    structures: tuple[Placement, ...]
    speckle: int | None = None

    def displacement(self, beams: Beams) -> tuple[np.ndarray, np.ndarray]:
        """(samples, beams) mm across and down; 0 at the probe."""
        free = 1 - np.exp(-((beams.depth / FIXED_MM) ** 2))
        uneven = [self.swell_mm * noise(self.field + i, beams.x, beams.depth, *FIELD_MM) for i in range(2)]
        return free * (self.across_mm + uneven[0]), free * (self.down_mm + uneven[1])

    def moved(self, beams: Beams) -> Beams:
        """Each sample where its tissue was before it moved."""
        across, down = self.displacement(beams)
        return replace(beams, x=beams.x - across, z=beams.z - down, depth=beams.depth - down)

    def source(self, beams: Beams) -> tuple[np.ndarray, np.ndarray]:
        """(samples, beams) row and column of the sample that each sample's tissue was in before."""
        across, down = self.displacement(beams)
        rows, columns = np.indices(beams.x.shape)
        rows = rows - np.round(down / beams.step_z).astype(int)
        columns = columns - np.round(across / beams.step_x).astype(int)
        return rows.clip(0, rows.shape[0] - 1), columns.clip(0, columns.shape[1] - 1)


def describe_loop(
    rng: np.random.Generator,
    frames: int,
    height: int,
    width: int,
    lesions: int | None = None,
    geometry: str | None = None,
    kind: str | None = None,
) -> tuple[Scene, list[Motion]]:
    """Choose a loop: the scene, and its motion in each frame; arguments as in `samca.phantoms.make_loop`."""
    if not 1 <= frames <= MOST_FRAMES:
        raise ValueError(f"{frames} frames: expected 1 to {MOST_FRAMES}")
    if kind is not None and kind not in KINDS:
        raise ValueError(f"kind {kind!r} is not one of {', '.join(KINDS)}; None draws one")
    scene = describe(rng, height, width, lesions, geometry)
    scene = replace(scene, marks=tuple(mark for mark in scene.marks if isinstance(mark, Text)))
    kind = kind or str(rng.choice(KINDS))
    return scene, (_cine if kind == "cine" else _sweep)(rng, scene, frames)


def _cine(rng: np.random.Generator, scene: Scene, frames: int) -> list[Motion]:
    """Half a period to two; the whole way and the uneven part are up to 2.5 mm in a view of 40 mm."""
    size = scene.view.depth_mm / 40
    ways = size * rng.uniform((0.3, 0.3, 0.2), (2.5, 1.5, 0.8))
    phases = 2 * np.pi * rng.uniform(0.5, 2) * np.arange(frames) / frames
    lags, squeeze = rng.uniform(0, 2 * np.pi, 3), rng.uniform(0.03, 0.12)
    field, speckle = choose_seed(rng), choose_seed(rng)
    motions = []
    for phase in phases:
        waves = np.sin(phase + lags)
        squeezed = Placement(0.0, 0.0, 1 + squeeze * waves[2], 1 / (1 + squeeze * waves[2]))
        motions.append(Motion(*(ways * waves), field, (squeezed,) * len(scene.structures), speckle))
    return motions


def _sweep(rng: np.random.Generator, scene: Scene, frames: int) -> list[Motion]:
    """Each structure is an ellipsoid, cut where it is at least 0.4 of its size."""
    size = scene.view.depth_mm / 40
    ways = size * rng.uniform((-3, -0.8, 0.2), (3, 0.8, 1.0))
    middles = rng.uniform(-0.3, 0.3, len(scene.structures))
    slopes = size * rng.uniform((-1.2, -0.5), (1.2, 0.5), (len(scene.structures), 2))
    field = choose_seed(rng)
    motions = []
    for place in np.linspace(-1, 1, frames):
        parts = np.sqrt(1 - ((place - middles) / 1.42) ** 2)
        cuts = zip(slopes * place, parts, strict=True)
        placements = tuple(Placement(x, z, part, part) for (x, z), part in cuts)
        motions.append(Motion(*(ways * place), field, placements))
    return motions
