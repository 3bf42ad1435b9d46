"""Ways to carry an object through a loop: each is told of frames that are known, and asked for the mask of a
new one."""

from __future__ import annotations

from typing import Protocol

from ...config import choose
from ..session import Session
from .deformation import Deformation
from .frame_mask import FrameMask
from .last_mask import LastMask
from .recall import Recall
from .sam2 import Sam2


class Carrier(Protocol):
    """What `propagation.carry` asks of a way to carry an object through one loop; built with the model.

    goes_on: whether it finds an object again after frames in which it is not sure of it.
    """

    goes_on: bool

    def take(self, session: Session, found: FrameMask, prompted: bool) -> None:
        """Know of a frame from now on, with its session: one that the user pointed in, or was carried to."""

    def carry(self, session: Session, index: int, before: FrameMask) -> FrameMask:
        """The object in frame `index`, which has this session; before: what is beside it on the way."""

    def is_sure(self, found: FrameMask, before: FrameMask, pointed_at: FrameMask) -> bool:
        """Whether what was carried to is the object; pointed_at: the prompted frame that it came from."""


CARRIERS = {"mask": LastMask, "deformation": Deformation, "memory": Recall, "sam2": Sam2}


def carrier_for(model, name: str = "") -> Carrier:
    """The carrier of this name for one loop, "sam2:FOLDER" with the weights in a folder; without a name the
    model's memory, or if it has none its last mask. ValueError as of `check`, and for "memory" of a model
    that has none; errors as of `Sam2`."""
    name = name or ("memory" if getattr(model, "remembers", False) else "mask")
    check(name)
    kind, _, weights = name.partition(":")
    return CARRIERS[kind](model, *filter(None, [weights]))


def check(name: str) -> None:
    """ValueError for a name that no carrier has, for sam2 without weights and for others with some."""
    kind, _, weights = name.partition(":")
    reads = choose("carrier", CARRIERS, kind) is Sam2
    if reads and not weights:
        raise ValueError(f"carrier {name} has no weights: name their folder, as in sam2:FOLDER")
    if weights and not reads:
        raise ValueError(f"carrier {name}: {kind} reads no weights, leave {weights} out")
