"""What the engine is asked, and what it answers."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass, field

import numpy as np

from samca.images.regions import Region
from samca.prompts import Prompts

from ..Segments.MaskLogic import MaskOptions
from .Trail import Step

DECODE, ENCODE, EXAMINE, CLOSER, AHEAD = range(5)  # what goes first
ANSWERED = DECODE, EXAMINE  # what somebody waits for a result of


@dataclass(frozen=True)
class Picture:
    """A frame's pixels for the worker; key tells it from every other, see FrameLogic.cacheKey."""

    key: Hashable
    pixels: np.ndarray = field(repr=False, compare=False)  # (H, W), (H, W, 3) or (H, W, 4)
    window: tuple[float, float] | None = None
    spacing: tuple[float, float] = (1.0, 1.0)  # (x, y) mm
    name: str = ""  # for the status line
    frames: tuple[np.ndarray, ...] = field(default=(), repr=False, compare=False)  # encoded together
    place: int = 0  # of the picture among them
    regions: tuple[Region, ...] = ()  # pictures side by side, each to be seen by itself
    volumeId: str = ""  # the node whose removal makes it useless, "" for pixels that belong to none


@dataclass(frozen=True)
class Result:
    """The (H, W) bool mask for these prompts, or the sentence that says why there is none.

    agreement: how far two looks agree, 0..1, None of one look; of an examination there is also the (H, W)
    float32 uncertainty, 0..0.5; see samca.interaction.looks. isLast: a better one for the same prompts is
    not on its way. outline: which of how many outlines that a click may mean, from 0; (0, 1) unless another
    one was asked for. isRecalled: the model's memory of a loop said so, not the prompts.
    """

    subject: Hashable
    prompts: Prompts | None
    mask: np.ndarray | None
    iou: float = 0.0
    error: str = ""
    agreement: float | None = None
    uncertainty: np.ndarray | None = None
    isLast: bool = True
    outline: tuple[int, int] = (0, 1)
    isRecalled: bool = False


@dataclass(frozen=True, eq=False)
class Request:
    """What somebody wants; a newer one of the same owner and subject replaces it while it waits.

    early: where a window has to be encoded, what the whole frame says is told first. passing: what somebody
    gave on a picture that will be gone when there is an answer, so that it is looked at once only, and
    nothing of it is kept; None of one that stays. step: on the trail of an object that is carried.
    """

    kind: int
    owner: Hashable
    subject: Hashable
    number: int
    picture: Picture
    prompts: Prompts | None = None
    options: MaskOptions | None = None
    early: bool = False
    passing: Prompts | None = None
    step: Step | None = None


@dataclass(frozen=True)
class Ahead:
    """The subject of encoding ahead."""

    key: Hashable
