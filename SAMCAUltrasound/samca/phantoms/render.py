"""From a scene to a frame: scatterers, point spread function, loss, log compression, scan conversion."""

from __future__ import annotations

import numpy as np
from scipy import ndimage

from .beams import Beams, beams_of, to_frame
from .fields import noise, wave
from .loops import Motion
from .marks import burn
from .scene import Machine, Scene
from .structures import add_structure
from .tissue import Tissue, tissue_of

BLENDS = 3  # lateral widths between which the point spread function is interpolated over depth

ROUGHNESS = 0.4  # share of a sheet's level that scatters diffusely, so that sheets carry some speckle

SHADOW_EDGE_MM = 0.8  # half width over which compounding softens the edge of a shadow

UNEVEN_DB = 2.5  # what remains of gain that does not fit the tissue


def render(
    scene: Scene, rng: np.random.Generator, motion: Motion | None = None
) -> tuple[np.ndarray, np.ndarray]:
    """Frame and labels, each (H, W) uint8; `rng` draws speckle and electronic noise.

    With a motion the tissue and all in it has moved, and its speckle too if the motion says so.
    """
    beams = beams_of(scene.view)
    origin = motion.moved(beams) if motion else beams
    tissue = tissue_of(scene, origin)
    labels = np.zeros(beams.x.shape, np.uint8)
    for number, structure in enumerate(scene.structures, start=1):
        around = motion.structures[number - 1].before(structure, origin) if motion else beams
        labels[add_structure(tissue, structure, around)] = number
    grey = compress(scene.machine, received(scene, tissue, beams, rng, motion))
    image = to_frame(scene.view, np.round(grey), order=1)
    return burn(np.round(image).astype(np.uint8), scene.marks), to_frame(scene.view, labels, order=0)


def received(
    scene: Scene, tissue: Tissue, beams: Beams, rng: np.random.Generator, motion: Motion | None = None
) -> np.ndarray:
    """Envelope in dB with white at 0, (samples, beams)."""
    machine = scene.machine
    carried = motion is not None and motion.speckle is not None
    source = motion.source(beams) if carried else (slice(None), slice(None))
    drawn = np.random.default_rng(motion.speckle) if carried else rng
    amplitude = (10 ** ((tissue.echo + ROUGHNESS * tissue.specular) / 20)).astype(np.float32)
    power = np.zeros_like(amplitude)
    for _ in range(machine.looks):
        scatterers = drawn.standard_normal((2, *amplitude.shape), np.float32)
        scatterers = scatterers[(slice(None), *source)] * amplitude
        power += (spread(machine, beams, scatterers) ** 2).sum(0) / machine.looks
    mirrors = amplitude * (10 ** ((1 - ROUGHNESS) * tissue.specular / 20) - 1)
    power = (power + spread(machine, beams, mirrors, normalised=False) ** 2).astype(float)
    smooth_px = machine.smooth_mm / beams.step_z
    level = 10 * np.log10(ndimage.gaussian_filter(power, smooth_px, truncate=3) + 1e-12) + attenuation(
        scene, tissue, beams
    )
    below_white = 1 - (machine.bright / 255) ** (1 / machine.gamma)
    level -= np.percentile(level, 90) + machine.dynamic_range_db * below_white
    floor = spread(machine, beams, rng.standard_normal((2, *amplitude.shape), np.float32))
    floor = ndimage.gaussian_filter((floor**2).sum(0) / 2, smooth_px, truncate=3)
    return 10 * np.log10(10 ** (level / 10) + 10 ** (machine.noise_db / 10) * floor)


def spread(machine: Machine, beams: Beams, scatterers: np.ndarray, normalised: bool = True) -> np.ndarray:
    """Convolve (..., samples, beams) with a Gaussian point spread function that widens laterally with depth.

    normalised keeps the power of white noise, otherwise the sum of the kernel is 1.
    """
    axial = max(machine.axial_mm / beams.step_z, 0.5)
    field = ndimage.gaussian_filter1d(scatterers, axial, axis=-2, mode="reflect", truncate=3)
    relative = np.linspace(0, BLENDS - 1, field.shape[-2])[:, None]
    result = np.zeros_like(field)
    for index in range(BLENDS):
        weight = np.clip(1 - np.abs(relative - index), 0, None)
        rows = np.flatnonzero(weight[:, 0])
        part = slice(rows[0], rows[-1] + 1)
        width_mm = machine.lateral_mm * (1 + (machine.lateral_growth - 1) * index / (BLENDS - 1))
        lateral = max(width_mm / float(beams.step_x[part].mean()), 0.7)
        gain = (4 * np.pi * axial * lateral) ** 0.5 if normalised else 1.0
        smooth = ndimage.gaussian_filter1d(field[..., part, :], lateral, axis=-1, mode="reflect", truncate=3)
        result[..., part, :] += gain * weight[part] * smooth
    return result


def attenuation(scene: Scene, tissue: Tissue, beams: Beams) -> np.ndarray:
    """Loss in dB (at most 0 but for enhancement) that gain has not made up for, (samples, beams)."""
    crossed = np.cumsum(tissue.absorption, axis=0) * beams.step_z
    crossed = ndimage.gaussian_filter1d(crossed, SHADOW_EDGE_MM / float(beams.step_x.mean()), axis=1)
    relative = beams.depth / scene.view.depth_mm
    along_probe = np.arange(relative.shape[1]) * float(beams.step_x.mean())
    streaks = np.clip(wave(scene.seed + 1, along_probe, 4.0), 0, 1.6) ** 2 * np.clip(relative * 2, 0, 1)
    uneven = noise(scene.seed + 2, beams.x, beams.depth, 14.0, 9.0)
    lost = crossed + scene.machine.slope_db * relative + scene.machine.streaks_db * streaks
    return UNEVEN_DB * uneven - lost


def compress(machine: Machine, level: np.ndarray) -> np.ndarray:
    """Grey 0..255 of a level in dB with white at 0: log compression, grey map, edge enhancement."""
    grey = np.clip(1 + level / machine.dynamic_range_db, 0, 1.1) ** machine.gamma
    if machine.sharpen:
        grey = grey + machine.sharpen * (grey - ndimage.gaussian_filter(grey, 1.5))
    return 255 * np.clip(grey, 0, 1)
