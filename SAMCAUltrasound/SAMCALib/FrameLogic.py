"""Which frame of a volume a slice view shows; its pixels as an array, and RAS positions as pixels of it and back.

A frame is a slice across one of the volume's own axes; of a Sequence's proxy volume, in one item of the Sequence. Its
picture lies as a standard slice view shows it (x to the patient's left or back, y to the back or down), whatever
order the voxels are stored in. Positions are in world RAS mm, under all linear transforms. (x, y) are pixels, x to
the right, y down, pixel centres at whole numbers, as in `samca.prompts`.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Frame:
    """One slice of a volume node: IJK axis 0, 1 or 2 across it, its index along that axis, and the Sequence item.

    item: the index value of the Sequence item for a Sequence's proxy volume, "" for any other volume.
    """

    volumeId: str
    axis: int
    index: int
    item: str = ""

    @property
    def key(self) -> str:
        """What the frame is called in the segment's tag, for instance "2:17" or "2:0:3.5" in item 3.5."""


def frameShownIn(sliceNode, volumeNode) -> Frame:
    """The frame in this slice view; Refusal (a sentence) without volume, off its axes, or beside its frames."""


def frameAt(volumeNode, ras, axis: int = 2) -> Frame:
    """The frame across `axis` that holds this world RAS position; Refusal if there is none."""


def turnToFrame(sliceNode, volumeNode) -> None:
    """Rotate the view to the volume's nearest axes and snap it to the nearest frame."""


def current(frame: Frame) -> Frame:
    """The same slice in the item that the Sequence browser shows now."""


def neighbours(frame: Frame) -> list[Frame]:
    """The frames before and after, along the axis, or along the Sequence where the axis has one frame."""


def pixels(frame: Frame) -> np.ndarray:
    """(H, W) or (H, W, 3 or 4) copy of the frame's voxels, dtype as stored."""


def window(frame: Frame) -> tuple[float, float] | None:
    """(low, high) of the display's window and level; None for 8-bit and colour frames, which need none."""


def shape(frame: Frame) -> tuple[int, int]:
    """(H, W) in px."""


def spacing(frame: Frame) -> tuple[float, float]:
    """(x, y) mm of a pixel, before the volume's transform."""


def rasToXy(frame: Frame, ras) -> tuple[float, float]:
    """World RAS mm -> (x, y) px, projected on the frame along its axis; may lie outside the picture."""


def xyToRas(frame: Frame, x: float, y: float) -> np.ndarray:
    """(x, y) px -> (3,) world RAS mm in the middle of the frame."""


def contains(frame: Frame, x: float, y: float) -> bool:
    """Whether (x, y) px lies on the picture."""


def cacheKey(frame: Frame) -> tuple:
    """Equal as long as volume, voxels, frame and window are."""
