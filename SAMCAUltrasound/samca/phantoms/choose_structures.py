"""Chance: the lesions of a breast and the vessels and nerves of a limb."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from .scene import Structure, View

ATTEMPTS = 200
SMALLEST = 0.02  # smallest semi-axis as a share of the frame's shorter side


def choose_structures(
    rng: np.random.Generator, view: View, visible_mm: float, count: int, breast: bool
) -> tuple[Structure, ...]:
    """`count` structures that do not overlap and lie inside the view, not deeper than about `visible_mm`."""
    structures: list[Structure] = []
    for attempt in range(ATTEMPTS * count):
        if len(structures) == count:
            break
        shrink = 0.98**attempt
        new = choose_structure(rng, view, visible_mm, breast, shrink)
        if all(apart(new, old) for old in structures):
            structures.append(new)
    return tuple(structures)


def apart(one: Structure, other: Structure) -> bool:
    gap = np.hypot(one.x_mm - other.x_mm, one.z_mm - other.z_mm)
    return gap > 1.25 * (max(one.a_mm, one.b_mm) + max(other.a_mm, other.b_mm))


def choose_structure(
    rng: np.random.Generator, view: View, visible_mm: float, breast: bool, shrink: float
) -> Structure:
    """A structure of a drawn kind, its size multiplied by `shrink`."""
    chances = BREAST if breast else LIMB
    kind = str(rng.choice(list(chances), p=list(chances.values())))
    look = KINDS[kind](rng)
    low, high = look.pop("size_mm")
    aspect = look.pop("aspect")
    room = min(0.5 * visible_mm, 0.36 * view.width_mm)
    mean = np.exp(rng.uniform(np.log(low), np.log(high))) * shrink
    smallest = SMALLEST * min(view.height, view.width) * view.spacing_mm
    a, b = np.clip((mean / aspect**0.5, mean * aspect**0.5), smallest, room)
    x, z = choose_place(rng, view, visible_mm, max(a, b))
    look["warp_mm"] *= float(min(a, b))
    look["absorption_db_per_mm"] = look.pop("shadow_db") / (2 * float(b))
    return Structure(kind, int(rng.integers(2**31)), x, z, float(a), float(b), **look)


def choose_place(
    rng: np.random.Generator, view: View, visible_mm: float, reach_mm: float
) -> tuple[float, float]:
    """(x, z) mm of a centre about `reach_mm` away from the view's borders and from `visible_mm` of depth."""
    highest = min(reach_mm + 1.5, 0.55 * visible_mm)
    depth = rng.uniform(highest, max(visible_mm - reach_mm, highest + 0.1 * visible_mm))
    if not view.radius_mm:
        free = max(0.46 * view.width_mm - reach_mm, 0.02 * view.width_mm)
        return float(rng.uniform(-free, free)), float(depth)
    radius = view.radius_mm + depth
    angle = rng.uniform(-1, 1) * max(0.9 * view.half_angle - reach_mm / radius, 0.02)
    return float(radius * np.sin(angle)), float(radius * np.cos(angle) - view.radius_mm)


def lobes(rng: np.random.Generator, strength: float) -> tuple[tuple[float, float, float], ...]:
    """Lobes of order 2 to 7 whose amplitude falls with order."""
    return tuple((k, rng.normal() * strength / k, rng.uniform(0, 2 * np.pi)) for k in range(2, 8))


def flecks(rng: np.random.Generator, most: int, reach: float) -> tuple[tuple[float, float, float], ...]:
    """Up to `most` microcalcifications within `reach` mm of the centre."""
    return tuple((*rng.normal(0, reach, 2), rng.uniform(10, 25)) for _ in range(rng.integers(0, most + 1)))


def benign(rng: np.random.Generator) -> dict:
    """Fibroadenoma: smooth, oval, wider than tall, hypoechoic; at times isoechoic with a capsule."""
    faint = rng.random() < 0.2
    return dict(
        size_mm=(3, 12), aspect=rng.uniform(0.35, 0.8), tilt=rng.normal(0, 0.15),
        lobes=lobes(rng, 0.12), spikes=(), warp_mm=rng.uniform(0, 0.12),
        contrast_db=rng.uniform(-4, -1) if faint else rng.uniform(-15, -6), grain_db=rng.uniform(0.5, 2.5),
        border_mm=rng.uniform(0.12, 0.6), rim_db=rng.uniform(9, 15) if faint else rng.uniform(0, 10),
        halo_db=rng.uniform(0, 2),
        shadow_db=rng.uniform(-6, 2), edge_shadow_db=rng.uniform(0, 3),
    )  # fmt: skip


def hyperechoic(rng: np.random.Generator) -> dict:
    """Lipoma or focal fibrosis."""
    return benign(rng) | dict(contrast_db=rng.uniform(5, 11), rim_db=rng.uniform(0, 8), halo_db=0.0)


def cyst(rng: np.random.Generator) -> dict:
    """Anechoic, sharp, with enhancement behind it and edge shadows."""
    return benign(rng) | dict(
        size_mm=(2, 11), aspect=rng.uniform(0.5, 1), contrast_db=rng.uniform(-45, -22),
        grain_db=rng.uniform(0, 3), border_mm=rng.uniform(0.08, 0.2), rim_db=rng.uniform(4, 14),
        shadow_db=rng.uniform(-12, -4),
    )  # fmt: skip


def malignant(rng: np.random.Generator) -> dict:
    """Irregular, often spiculated and taller than wide, fuzzy, mostly with a shadow and an echogenic seam."""
    count = int(rng.integers(6, 22)) if rng.random() < 0.6 else 0
    spikes = rng.uniform((0, 0.08, 0.05), (2 * np.pi, 0.25, 0.35), (count, 3))
    return dict(
        size_mm=(3.5, 12), aspect=rng.uniform(0.5, 1.3), tilt=rng.normal(0, 0.4),
        lobes=lobes(rng, 0.22), spikes=tuple(map(tuple, spikes.tolist())), warp_mm=rng.uniform(0.1, 0.35),
        contrast_db=rng.uniform(-18, -8), grain_db=rng.uniform(2, 5), border_mm=rng.uniform(0.4, 1.8),
        rim_db=0.0, halo_db=rng.uniform(0, 5),
        shadow_db=rng.uniform(4, 22) if rng.random() < 0.7 else rng.uniform(-5, 3),
        flecks=flecks(rng, 12, 2.0) if rng.random() < 0.3 else (),
    )  # fmt: skip


def vessel(rng: np.random.Generator) -> dict:
    """Artery or compressed vein: nearly anechoic, bright wall where it faces the beam."""
    return dict(
        size_mm=(1.6, 6), aspect=rng.uniform(0.4, 1.05), tilt=rng.normal(0, 0.3),
        lobes=lobes(rng, 0.06), spikes=(), warp_mm=rng.uniform(0, 0.08), contrast_db=rng.uniform(-32, -10),
        grain_db=rng.uniform(0.5, 3), border_mm=rng.uniform(0.08, 0.25), rim_db=rng.uniform(4, 20),
        halo_db=rng.uniform(0, 4), shadow_db=rng.uniform(-7, 0), edge_shadow_db=rng.uniform(0, 3),
    )  # fmt: skip


def honeycomb(rng: np.random.Generator) -> dict:
    """Peripheral nerve: bright epineurium and interfascicular tissue around dark fascicles."""
    look = vessel(rng) | dict(
        size_mm=(1.8, 5.5), aspect=rng.uniform(0.35, 0.9), lobes=lobes(rng, 0.15),
        contrast_db=rng.uniform(1, 7), rim_db=rng.uniform(3, 12), shadow_db=0.0, edge_shadow_db=0.0,
        halo_db=rng.uniform(1, 5),
    )  # fmt: skip
    return look | dict(fascicles=packed_fascicles(rng))


def root(rng: np.random.Generator) -> dict:
    """Nerve root or single fascicle: round, hypoechoic, with a bright rim."""
    return vessel(rng) | dict(
        size_mm=(1.4, 4), aspect=rng.uniform(0.6, 1), contrast_db=rng.uniform(-14, -6),
        rim_db=rng.uniform(6, 15), shadow_db=0.0, edge_shadow_db=0.0, halo_db=rng.uniform(2, 6),
    )  # fmt: skip


def packed_fascicles(rng: np.random.Generator) -> tuple[tuple[float, float, float], ...]:
    """Discs on a jittered hexagonal lattice that covers the largest nerve; (x, z, radius) mm."""
    step = rng.uniform(0.6, 1.2)
    return tuple(
        (
            step * (column + 0.5 * (row % 2) + rng.normal(0, 0.2)),
            step * (0.87 * row + rng.normal(0, 0.2)),
            step * rng.uniform(0.2, 0.5),
        )
        for row in range(-5, 6)
        for column in range(-7, 8)
    )


KINDS: dict[str, Callable[[np.random.Generator], dict]] = {
    "benign": benign,
    "hyperechoic": hyperechoic,
    "cyst": cyst,
    "malignant": malignant,
    "vessel": vessel,
    "nerve": honeycomb,
    "root": root,
}
BREAST = {"benign": 0.42, "hyperechoic": 0.05, "cyst": 0.15, "malignant": 0.38}
LIMB = {"vessel": 0.45, "nerve": 0.3, "root": 0.25}
