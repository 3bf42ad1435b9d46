"""Chance: which view, anatomy, structures, machine and marks a simulated frame gets.

Ranges are set by eye and by grey and speckle statistics beside breast and regional-anaesthesia frames.
"""

from __future__ import annotations

import numpy as np

from .choose_structures import choose_structures
from .scene import Calliper, Layer, Machine, Scene, Text, View

SMALLEST_SIDE = 64
MOST_LESIONS = 8
GEOMETRIES = ("linear", "fan")
WORDS = ("RT", "LT", "RT UIQ", "LT UOQ", "RT10:00", "LT 2:00", "LT AXILLA", "LOGIQ", "RT 9:00 1CM")


def describe(
    rng: np.random.Generator,
    height: int = 384,
    width: int = 512,
    lesions: int | None = None,
    geometry: str | None = None,
) -> Scene:
    """Choose a scene for a frame of (height, width) px; arguments as in `samca.phantoms.make`."""
    check(height, width, lesions, geometry)
    breast = rng.random() < 0.6
    if geometry is None:
        geometry = "fan" if rng.random() < 0.12 else "linear"
    if lesions is None:
        lesions = int(rng.choice(4, p=(0.08, 0.7, 0.15, 0.07) if breast else (0.05, 0.4, 0.35, 0.2)))
    view = choose_fan(rng, height, width) if geometry == "fan" else choose_linear(rng, height, width, breast)
    layers = choose_breast(rng, view.depth_mm) if breast else choose_limb(rng, view.depth_mm)
    structures = choose_structures(rng, view, visible_mm(layers, view), lesions, breast)
    return Scene(
        view=view,
        seed=choose_seed(rng),
        tilt=rng.normal(0, 0.1),
        warp_mm=rng.uniform(0.2, 1.4),
        layers=layers,
        structures=structures,
        machine=choose_machine(rng, view, breast),
        marks=choose_marks(rng, view, structures, breast),
    )


def check(height: int, width: int, lesions: int | None, geometry: str | None):
    """Raise ValueError for what `make` does not take."""
    if min(height, width) < SMALLEST_SIDE:
        raise ValueError(f"frame of {height} x {width} px: sides must be at least {SMALLEST_SIDE} px")
    if lesions is not None and not 0 <= lesions <= MOST_LESIONS:
        raise ValueError(f"{lesions} lesions: expected 0 to {MOST_LESIONS}, or None to draw the number")
    if geometry is not None and geometry not in GEOMETRIES:
        raise ValueError(f"geometry {geometry!r} is not one of {', '.join(GEOMETRIES)}; None draws one")


def visible_mm(layers: tuple[Layer, ...], view: View) -> float:
    """Depth above which structures can be seen: that of what absorbs the beam, at most 0.75 of the view."""
    deep = min((layer.top_mm for layer in layers if layer.absorption_db_per_mm), default=view.depth_mm)
    return max(0.35 * view.depth_mm, min(deep, 0.75 * view.depth_mm))


def choose_seed(rng: np.random.Generator) -> int:
    return int(rng.integers(2**31))


def choose_linear(rng: np.random.Generator, height: int, width: int, breast: bool) -> View:
    """A linear probe; the limb scanner leaves black margins, breast frames are mostly cropped."""
    margins = rng.random() < (0.05 if breast else 0.75)
    shrink = rng.uniform(0.03, 0.3, 2) * (rng.random(2) < 0.7) if margins else np.zeros(2)
    columns, rows = width * (1 - shrink[0]), height * (1 - shrink[1])
    spacing = (rng.uniform(32, 52) if breast else rng.uniform(26, 40)) / columns
    top = (height - rows) * rng.uniform(0, 0.6) * (rng.random() < 0.6)
    middle = width / 2 + (width - columns) * rng.uniform(-0.3, 0.3) - 0.5
    return View(height, width, top, middle, rows * spacing, columns * spacing, spacing)


def choose_fan(rng: np.random.Generator, height: int, width: int) -> View:
    """A curved probe, or a linear one that steers its outer beams: a fan of large radius."""
    depth = rng.uniform(35, 75)
    radius = np.exp(rng.uniform(np.log(15), np.log(150)))
    half_angle = float(np.clip(rng.uniform(18, 32) / radius, 0.2, 0.7))
    rise = radius * (1 - np.cos(half_angle))  # the face's ends lie above its middle
    across = 2 * (radius + depth) * np.sin(half_angle)
    spacing = max((depth + rise) / height, across / width) * rng.uniform(1, 1.12)
    top = (height - depth / spacing) * rng.uniform(0, 0.4)
    face = 2 * radius * half_angle
    return View(height, width, top, width / 2 - 0.5, depth, face, spacing, radius, half_angle)


def choose_layer(rng: np.random.Generator, top: float, **ranges: tuple[float, float] | float) -> Layer:
    """A layer whose values are drawn uniformly from the given ranges."""
    drawn = {name: rng.uniform(*value) for name, value in ranges.items() if isinstance(value, tuple)}
    return Layer(seed=choose_seed(rng), top_mm=top, **(ranges | drawn))


def choose_skin(rng: np.random.Generator) -> Layer:
    return choose_layer(
        rng, -1.0, wave_mm=0.0, echo_db=(-4, 4), grain_db=1.0, grain_x_mm=8.0, grain_z_mm=0.5, streaks_db=0.0,
        septa_db=(6, 16), septa_x_mm=40.0, septa_z_mm=0.5, septa_density=1.0, fascia_db=0.0,
    )  # fmt: skip


def choose_fat(rng: np.random.Generator, top: float) -> Layer:
    return choose_layer(
        rng, top, wave_mm=(0.0, 0.2), echo_db=(-9, -4), grain_db=(1.5, 4), grain_x_mm=(3, 6),
        grain_z_mm=(1, 2), streaks_db=(0, 8),
        septa_db=(14, 30), septa_x_mm=(4, 10), septa_z_mm=(1.2, 3), septa_density=(0.4, 1),
        fascia_db=(10, 22),
    )  # fmt: skip


def choose_gland(rng: np.random.Generator, top: float) -> Layer:
    return choose_layer(
        rng, top, wave_mm=(0.3, 1.5), echo_db=(-3, 3), grain_db=(3, 7), grain_x_mm=(2.5, 7),
        grain_z_mm=(0.9, 2.2), streaks_db=(2, 12),
        septa_db=(6, 18), septa_x_mm=(3, 8), septa_z_mm=(0.8, 2), septa_density=(0.6, 1.6),
        fascia_db=(5, 16),
    )  # fmt: skip


def choose_muscle(rng: np.random.Generator, top: float) -> Layer:
    return choose_layer(
        rng, top, wave_mm=(0.2, 1.2), echo_db=(-12, -5), grain_db=(2.5, 6), grain_x_mm=(4, 10),
        grain_z_mm=(0.6, 1.5), streaks_db=(2, 15),
        septa_db=(12, 28), septa_x_mm=(5, 14), septa_z_mm=(0.8, 2.5), septa_density=(0.6, 1.7),
        fascia_db=(16, 34),
    )  # fmt: skip


def choose_deep(rng: np.random.Generator, top: float) -> Layer:
    """Lung or bone: a bright face, and little below it."""
    return choose_layer(
        rng, top, wave_mm=(0.3, 2), echo_db=(-14, -8), grain_db=(2, 4), grain_x_mm=(6, 12),
        grain_z_mm=(1, 3), streaks_db=(0, 6), septa_db=(0, 14), septa_x_mm=14.0, septa_z_mm=4.0,
        septa_density=0.5, fascia_db=(12, 28), absorption_db_per_mm=(0.3, 3),
    )  # fmt: skip


def choose_breast(rng: np.random.Generator, depth_mm: float) -> tuple[Layer, ...]:
    """Skin, fat, fibroglandular tissue, retromammary fat, pectoral muscle and, mostly, the ribs' level."""
    skin = rng.uniform(0.8, 2)
    thickness = rng.uniform((0.06, 0.15, 0.02, 0.12), (0.25, 0.45, 0.1, 0.3))
    gland, back, muscle, deep = np.cumsum(thickness) * depth_mm
    layers = [choose_skin(rng), choose_fat(rng, skin), choose_gland(rng, skin + gland)]
    layers += [choose_fat(rng, skin + back), choose_muscle(rng, skin + muscle)]
    return (*layers, choose_deep(rng, skin + deep)) if rng.random() < 0.6 else tuple(layers)


def choose_limb(rng: np.random.Generator, depth_mm: float) -> tuple[Layer, ...]:
    """Skin, fat, two to four muscles or sheets of connective tissue and, mostly, bone."""
    top = rng.uniform(0.6, 2)
    layers = [choose_skin(rng), choose_fat(rng, top)]
    top += depth_mm * rng.uniform(0.04, 0.22)
    for _ in range(rng.integers(1, 5)):
        layers.append(choose_muscle(rng, top) if rng.random() < 0.75 else choose_gland(rng, top))
        top += depth_mm * rng.uniform(0.1, 0.35)
    return (*layers, choose_deep(rng, top)) if rng.random() < 0.7 else tuple(layers)


def choose_machine(rng: np.random.Generator, view: View, breast: bool) -> Machine:
    """A scanner; a shallow view is taken at a higher frequency, so resolution goes with its depth."""
    size = view.depth_mm / 38
    dynamic_range = rng.uniform(52, 78)
    return Machine(
        axial_mm=size * rng.uniform(0.05, 0.11),
        lateral_mm=size * rng.uniform(0.1, 0.2),
        lateral_growth=rng.uniform(1.3, 2.2),
        looks=int(rng.integers(1, 4)),
        dynamic_range_db=dynamic_range,
        bright=float(np.clip(rng.normal(157, 22) if breast else rng.normal(105, 25), 60, 235)),
        slope_db=rng.uniform(10, 34) + (0 if breast else 4),
        noise_db=-dynamic_range * rng.uniform(0.85, 1.3),
        gamma=rng.uniform(1.1, 1.9),
        streaks_db=rng.uniform(1, 6) * (rng.random() < 0.5),
        smooth_mm=size * rng.uniform(0.03, 0.1),
        sharpen=rng.uniform(0.2, 0.9) * (rng.random() < 0.5),
    )


def choose_marks(rng: np.random.Generator, view: View, structures: tuple, breast: bool) -> tuple:
    """Callipers on the first lesion of some breast frames, letters at the edge of some frames."""
    marks = []
    if breast and structures and rng.random() < 0.15:
        lesion = structures[0]
        x, y = view.middle_x + lesion.x_mm / view.spacing_mm, view.top + lesion.z_mm / view.spacing_mm
        angle, reach = rng.normal(0, 0.3), np.array((lesion.a_mm, lesion.b_mm)) / view.spacing_mm
        for turn, length in ((angle, reach[0]), (angle + np.pi / 2, reach[1])):
            across, down = length * np.cos(turn), length * np.sin(turn)
            marks.append(Calliper(x - across, y - down, x + across, y + down))
    if rng.random() < 0.15:
        words = str(rng.choice(WORDS))
        x, y = int(view.width * rng.uniform(0, 0.6)), int(view.height * rng.choice((0.01, 0.88)))
        marks.append(Text(x, y, 1 + view.width // 400, words))
    return tuple(marks)
