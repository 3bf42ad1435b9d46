"""What a model loses when frames or clicks are not as it knows them: each disturbance by itself, seeded."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import numpy as np

from ..images.disturbances import colour_doppler, contrast, gain, half_resolution, speckle
from ..images.frames import as_rgb
from ..interaction.session import Session
from ..prompts import Click, Prompts
from .evaluate import generator_for

Change = Callable[[np.ndarray, np.random.Generator], np.ndarray]


CHANGES: dict[str, Change] = {
    "gain": gain,
    "contrast": contrast,
    "speckle": speckle,
    "half resolution": half_resolution,
    "colour Doppler": colour_doppler,
}


@dataclass(frozen=True)
class Changed:
    """A case whose frame is changed, or turned together with its truth; else as the case it stands for."""

    case: Any
    change: Change | None = None
    turns: int = 0  # by 90 degrees

    def __getattr__(self, name: str):
        return getattr(self.case, name)

    def pixels(self) -> np.ndarray:
        """(H, W, 3) uint8."""
        pixels = as_rgb(self.case.pixels())
        if self.change:
            pixels = self.change(pixels, _generator(self.case.id))
        return np.rot90(pixels.round().clip(0, 255).astype(np.uint8), self.turns)

    def targets(self) -> list[np.ndarray]:
        """List of (H, W) bool."""
        return [np.rot90(target, self.turns) for target in self.case.targets()]


class Unsteady:
    """A model whose user misses by up to `reach` model px: it sees each click moved, always alike."""

    def __init__(self, model, reach: float = 10.0):
        self.model, self.config, self.reach = model, model.config, reach

    def embed(self, pixels: np.ndarray) -> Any:
        """As the model."""
        return self.model.embed(pixels)

    def predict(self, features: Any, prompts: Prompts, previous: np.ndarray | None):
        """As the model, for the moved clicks."""
        clicks = tuple(map(self._moved, prompts.clicks))
        return self.model.predict(features, replace(prompts, clicks=clicks), previous)

    def embed_each(self, pictures: Sequence[np.ndarray]) -> Any:
        """As the model."""
        return self.model.embed_each(pictures)

    def predict_each(self, features: Any, prompts: Sequence[Prompts], previous: np.ndarray | None):
        """As the model, for the moved clicks; in the mirror the same hand misses by as much."""
        given, mirrored = prompts
        moved = tuple(map(self._moved, given.clicks))
        places = zip(mirrored.clicks, given.clicks, moved, strict=True)
        seen = tuple(_shifted(each, click.x - there.x, there.y - each.y) for each, click, there in places)
        both = replace(given, clicks=moved), replace(mirrored, clicks=seen)
        return self.model.predict_each(features, both, previous)

    def _moved(self, click: Click) -> Click:
        rng = _generator(f"{click.x:.3f} {click.y:.3f}")
        distance, angle = self.reach * np.sqrt(rng.random()), 2 * np.pi * rng.random()
        last = self.config.image_size - 1
        x, y = click.x + distance * np.cos(angle), click.y + distance * np.sin(angle)
        return _shifted(click, float(np.clip(x, 0, last)) - click.x, float(np.clip(y, 0, last)) - click.y)


def _shifted(click: Click, x: float, y: float) -> Click:
    return click.through(lambda at_x, at_y: (at_x + x, at_y + y))


def disturbances() -> dict[str, tuple[Callable, Callable]]:
    """name -> (what to make of the model, what to make of a case); the first one changes nothing."""
    same = lambda thing: thing  # noqa: E731
    table = {"none": (same, same), "clicks moved by up to 10 px": (Unsteady, same)}
    table |= {name: (same, partial(Changed, change=change)) for name, change in CHANGES.items()}
    return table | {"turned by 90 degrees": (same, partial(Changed, turns=1))}


def _generator(text: str) -> np.random.Generator:
    digest = hashlib.sha256(text.encode()).digest()
    return np.random.default_rng(int.from_bytes(digest[:8], "big"))


def empty_areas(model, cases, seeds: int) -> list[float]:
    """Share of the frame, 0..1, that one click anywhere draws on frames that do not have the structure."""
    areas = []
    for case in cases:
        session = Session(model)
        pixels = case.pixels()
        session.set_image(pixels)
        for seed in range(seeds):
            y, x = generator_for(case.id, 0, seed).integers(pixels.shape[:2])
            areas.append(float(session.predict(Prompts((Click(float(x), float(y)),))).mask.mean()))
    return areas
