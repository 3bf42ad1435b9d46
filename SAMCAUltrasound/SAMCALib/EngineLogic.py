"""The model in use, one worker thread for all torch work, and the embeddings it made, bounded in bytes.

Nothing here knows MRML or Qt: requests carry copies of pixels, results wait until `poll` fetches them.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from samca.prompts import Prompts

from .MaskLogic import MaskOptions


@dataclass(frozen=True)
class Picture:
    """A frame's pixels for the worker; key tells it from every other, see FrameLogic.cacheKey."""

    key: tuple
    pixels: np.ndarray = field(repr=False, compare=False)
    window: tuple[float, float] | None = None
    spacing: tuple[float, float] = (1.0, 1.0)
    name: str = ""  # for the status line


@dataclass(frozen=True)
class Result:
    """The (H, W) bool mask for these prompts, or the sentence that says why there is none."""

    subject: Any
    prompts: Prompts | None
    mask: np.ndarray | None
    iou: float = 0.0
    error: str = ""


class EngineLogic:
    """Requests go in by `decode`, `encode`, `encodeAhead`; results come out by `poll`. A newer request of the same
    subject replaces an older one, whose result is dropped. Owners (effect instances) do not see each other's."""

    def __init__(self, load=None, cacheBytes: int = 512 * 2**20):
        """load(source, device) -> model; samca.load by default. The thread starts with the first request."""

    def useModel(self, source: str, device: str = "auto") -> None:
        """Load a model in the worker; while that goes on, and if it fails, the one before stays in use."""

    def setModel(self, model, name: str) -> None:
        """Take a model that is already there (console, tests)."""

    def decode(self, owner, subject, picture: Picture, prompts: Prompts, options: MaskOptions) -> None:
        """Ask for the mask that these prompts give, encoding the picture first where needed."""

    def encode(self, owner, picture: Picture) -> None:
        """Encode what will probably be clicked on next; no result."""

    def encodeAhead(self, owner, pictures: list[Picture]) -> None:
        """Encode these while there is nothing else to do, in place of an earlier list."""

    def poll(self, owner) -> list[Result]:
        """What has become ready for this owner since the last call; outdated results are not among it."""

    def cancel(self, owner) -> None:
        """Drop the owner's requests and results, the running one too."""

    def segment(self, picture: Picture, prompts: Prompts, options: MaskOptions) -> np.ndarray:
        """The (H, W) bool mask, waited for; RuntimeError with the engine's sentence if it fails."""

    @property
    def isBusy(self) -> bool:
        """Whether a request waits or runs."""

    @property
    def status(self) -> str:
        """One sentence: what it is doing, on which device, how long the last encoding and click took."""

    def stop(self) -> None:
        """End the thread, forget model and embeddings; a later request starts again."""


def sharedEngine() -> EngineLogic:
    """The one engine of the application: all editors share model and embeddings."""
