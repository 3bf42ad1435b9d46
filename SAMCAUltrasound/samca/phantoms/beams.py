"""Where the samples of a scan lie in the body, and the way from beams to the pixels of the frame."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import ndimage

from .scene import View


@dataclass(frozen=True)
class Beams:
    """A scan's samples, a column a beam: x, z, depth below the probe, each (samples, beams) mm."""

    x: np.ndarray
    z: np.ndarray
    depth: np.ndarray
    step_z: float
    step_x: np.ndarray  # (samples, 1): beams of a fan part with depth

    def part(self, window: tuple[slice, slice]) -> Beams:
        """The samples in a window of rows and columns."""
        fields = (field[window] for field in (self.x, self.z, self.depth))
        return Beams(*fields, self.step_z, self.step_x[window[0]])


def beams_of(view: View) -> Beams:
    """Samples about one pixel apart."""
    samples = max(2, round(view.depth_mm / view.spacing_mm))
    depth = (np.arange(samples) + 0.5)[:, None] * view.depth_mm / samples
    if not view.radius_mm:
        count = max(2, round(view.width_mm / view.spacing_mm))
        x = ((np.arange(count) + 0.5) / count - 0.5) * view.width_mm
        x, depth = np.broadcast_arrays(x, depth)
        return Beams(x, depth, depth, view.depth_mm / samples, np.full((samples, 1), view.width_mm / count))
    middle_arc = 2 * view.half_angle * (view.radius_mm + 0.6 * view.depth_mm)
    count = max(2, round(middle_arc / view.spacing_mm))
    angle = ((np.arange(count) + 0.5) / count * 2 - 1) * view.half_angle
    radius = view.radius_mm + depth
    x, z = radius * np.sin(angle), radius * np.cos(angle) - view.radius_mm
    step_x = radius * 2 * view.half_angle / count
    return Beams(x, z, np.broadcast_to(depth, x.shape), view.depth_mm / samples, step_x)


def to_frame(view: View, scan: np.ndarray, order: int) -> np.ndarray:
    """Scan-convert (samples, beams) to (height, width), 0 outside; order 1 for grey, 0 for labels."""
    x = (np.arange(view.width)[None, :] - view.middle_x) * view.spacing_mm
    z = (np.arange(view.height)[:, None] + 0.5 - view.top) * view.spacing_mm
    if view.radius_mm:
        depth = np.hypot(x, z + view.radius_mm) - view.radius_mm
        across = np.arctan2(x, z + view.radius_mm) / view.half_angle
    else:
        across, depth = np.broadcast_arrays(x / (0.5 * view.width_mm), z)
    samples, count = scan.shape
    where = depth / view.depth_mm * samples - 0.5, (across + 1) * 0.5 * count - 0.5
    return ndimage.map_coordinates(scan, where, order=order, mode="constant", cval=0)
