"""Layered tissue: echo level, specular sheets and absorption at every sample of a scan."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .beams import Beams
from .fields import noise, sheets, wave
from .scene import Layer, Scene

TRANSITION_MM = 0.12  # half width of the border between two layers
FASCIA_MM = 0.16
SEPTUM_MM = 0.11
PATCHY = 0.35  # dB per mm of absorption that goes with the grain, for irregular shadows


@dataclass
class Tissue:
    """(samples, beams) arrays: diffuse echo in dB, specular echo in dB above it, absorption in dB per mm."""

    echo: np.ndarray
    specular: np.ndarray
    absorption: np.ndarray

    def part(self, window: tuple[slice, slice]) -> Tissue:
        """A view of the samples in a window; what is changed in it is changed here."""
        return Tissue(self.echo[window], self.specular[window], self.absorption[window])


def tissue_of(scene: Scene, beams: Beams) -> Tissue:
    """The tissue without its structures."""
    depth = folded_depth(scene, beams)
    tops = [layer.top_mm + layer.wave_mm * wave(layer.seed, beams.x, 9.0) for layer in scene.layers]
    tissue = Tissue(*(np.zeros(beams.x.shape) for _ in range(3)))
    for layer, top, below in zip(scene.layers, tops, [*tops[1:], np.inf], strict=True):
        rows = np.flatnonzero(((depth > top - 1) & (depth < below + 1)).any(1))
        if len(rows):
            add_layer(tissue, layer, beams, depth, depth - top, slice(max(rows[0] - 2, 0), rows[-1] + 3))
    return tissue


def folded_depth(scene: Scene, beams: Beams) -> np.ndarray:
    """Depth in mm that tissue had before it was tilted and folded; the skin stays on the probe."""
    free = 1 - np.exp(-((beams.depth / 4) ** 2))
    folds = noise(scene.seed, beams.x, beams.depth, 9.0, 6.0)
    return beams.depth + free * (scene.tilt * beams.x + scene.warp_mm * folds)


def add_layer(tissue: Tissue, layer: Layer, beams: Beams, depth: np.ndarray, below: np.ndarray, rows: slice):
    """Lay one layer over what lies at and under its top; `below` is the distance to that top in mm."""
    x, depth, below = beams.x[rows], depth[rows], below[rows]
    step_x = float(beams.step_x[rows].mean())
    inside = 0.5 + 0.5 * np.tanh(below / TRANSITION_MM)
    coarse = noise(layer.seed + 1, x, depth, layer.grain_x_mm, layer.grain_z_mm)
    fine = noise(layer.seed + 2, x, depth, layer.grain_x_mm / 3, layer.grain_z_mm / 3)
    finest = noise(layer.seed + 6, x, depth, layer.grain_x_mm / 7, layer.grain_z_mm / 6)
    echo = layer.echo_db + layer.grain_db * (0.7 * coarse + 0.6 * fine + 0.3 * finest)
    course = noise(layer.seed + 3, x, depth, layer.septa_x_mm, layer.septa_z_mm)
    septa = sheets(np.sin(np.pi * layer.septa_density * course), beams.step_z, step_x, SEPTUM_MM)
    broken = np.clip(0.4 + 0.7 * noise(layer.seed + 4, x, depth, 2.2, 1.0), 0, 1.3)
    fascia = np.exp(-((below / FASCIA_MM) ** 2)) * np.clip(0.7 + 0.6 * wave(layer.seed + 5, x, 5.0), 0, 1.3)
    streaks = np.clip(0.5 * fine + finest - 0.7, 0, 1.8)
    levels = (layer.septa_db * septa * broken, layer.fascia_db * fascia, layer.streaks_db * streaks)
    specular = np.maximum.reduce(levels)
    absorption = layer.absorption_db_per_mm + PATCHY * coarse
    for whole, part in ((tissue.echo, echo), (tissue.absorption, absorption)):
        whole[rows] += inside * (part - whole[rows])
    tissue.specular[rows] = np.maximum(tissue.specular[rows] * (1 - inside), specular)
