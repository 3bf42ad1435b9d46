"""Lesions, vessels and nerves: their exact region, and what they do to the tissue around and below."""

from __future__ import annotations

import numpy as np

from .beams import Beams
from .fields import noise
from .scene import Structure
from .tissue import Tissue

SHOWS_THROUGH = 0.3  # share of the tissue's own pattern that is seen inside a structure
FASCICLE_DB = 9


def border_distance(structure: Structure, beams: Beams) -> np.ndarray:
    """(samples, beams) approximate distance in mm to the border, negative inside."""
    x, z = beams.x - structure.x_mm, beams.z - structure.z_mm
    if structure.warp_mm:
        scale = 0.45 * min(structure.a_mm, structure.b_mm) + 0.3
        x = x + structure.warp_mm * noise(structure.seed, beams.x, beams.z, scale, scale)
        z = z + structure.warp_mm * noise(structure.seed + 1, beams.x, beams.z, scale, scale)
    cosine, sine = np.cos(structure.tilt), np.sin(structure.tilt)
    u, v = (x * cosine + z * sine) / structure.a_mm, (z * cosine - x * sine) / structure.b_mm
    return (np.hypot(u, v) - outline(structure, np.arctan2(v, u))) * (structure.a_mm * structure.b_mm) ** 0.5


def outline(structure: Structure, angle: np.ndarray) -> np.ndarray:
    """Radius of the border relative to the ellipse, at any angles in rad."""
    radius = np.ones_like(angle)
    for order, amplitude, phase in structure.lobes:
        radius += amplitude * np.cos(order * angle + phase)
    for direction, width, length in structure.spikes:
        away = np.abs((angle - direction + np.pi) % (2 * np.pi) - np.pi)
        radius += length * np.clip(1 - away / width, 0, None) ** 1.5
    return radius


def add_structure(tissue: Tissue, structure: Structure, beams: Beams) -> np.ndarray:
    """Put the structure into the tissue and return its region, (samples, beams) bool."""
    region = np.zeros(beams.x.shape, bool)
    window = window_around(structure, beams)
    region[window] = blend(tissue.part(window), structure, beams.part(window))
    return region


def window_around(structure: Structure, beams: Beams) -> tuple[slice, slice]:
    """Rows and columns that hold all that the structure changes, but for its shadow."""
    reach = 1.8 * max(structure.a_mm, structure.b_mm) + 5
    near = (np.abs(beams.x - structure.x_mm) < reach) & (np.abs(beams.z - structure.z_mm) < reach)
    rows, columns = np.flatnonzero(near.any(1)), np.flatnonzero(near.any(0))
    return slice(rows[0], rows[-1] + 1), slice(columns[0], columns[-1] + 1)


def blend(tissue: Tissue, structure: Structure, beams: Beams) -> np.ndarray:
    """Change the tissue of a window in place and return the structure's region in it."""
    distance = border_distance(structure, beams)
    around = (distance > 0) & (distance < 3)
    outside_echo = float(tissue.echo[around].mean()) if around.any() else 0.0
    lost = structure.border_mm * noise(structure.seed + 3, beams.x, beams.z, 1.2, 0.8)
    inside = 0.5 - 0.5 * np.tanh((distance + 0.6 * lost) / structure.border_mm)
    pattern = SHOWS_THROUGH * (tissue.echo - outside_echo)
    tissue.echo += inside * (outside_echo + interior(structure, beams) + pattern - tissue.echo)
    tissue.specular *= 1 - inside
    tissue.absorption += inside * structure.absorption_db_per_mm
    add_seams(tissue, structure, beams, distance)
    return distance < 0


def interior(structure: Structure, beams: Beams) -> np.ndarray:
    """(samples, beams) dB relative to the tissue around: contrast, grain, dark fascicles, bright flecks."""
    scale = 0.25 * min(structure.a_mm, structure.b_mm) + 0.25
    grain = noise(structure.seed + 2, beams.x, beams.z, scale, scale)
    echo = structure.contrast_db + structure.grain_db * grain
    x, z = beams.x - structure.x_mm, beams.z - structure.z_mm
    for across, down, radius in structure.fascicles:
        echo -= FASCICLE_DB * np.clip(1.6 - 1.6 * ((x - across) ** 2 + (z - down) ** 2) / radius**2, 0, 1)
    for across, down, level in structure.flecks:
        echo += level * np.exp(-((x - across) ** 2) / 0.09 - (z - down) ** 2 / 0.03)
    return echo


def add_seams(tissue: Tissue, structure: Structure, beams: Beams, distance: np.ndarray):
    """The capsule (brightest where it faces the beam), the broad bright seam, shadows below the edges."""
    x, z = beams.x - structure.x_mm, beams.z - structure.z_mm
    facing = z**2 / (x**2 + z**2 + 1e-9)
    rim = np.exp(-(((distance - 0.1) / 0.2) ** 2)) * (0.3 + 0.7 * facing)
    np.maximum(tissue.specular, structure.rim_db * rim, out=tissue.specular)
    tissue.echo += structure.halo_db * np.exp(-np.clip(distance - 0.3, 0, None) / 1.2) * (distance > 0)
    edge = np.exp(-((distance / 0.3) ** 2)) * (1 - facing) ** 2
    tissue.absorption += structure.edge_shadow_db * edge
