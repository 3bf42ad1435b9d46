"""Prompts of a segment as JSON in its tag: Slicer's undo and redo, `.seg.nrrd` and `.mrb` carry it.

    {"version": 1, "frames": {"2:17": [{"of": "Scan", "clicks": [[x, y, 1], ...], "box": [x0, y0, x1, y1],
     "suggestion": 0, "maskPrompt": MASK, "mask": MASK, "pending": true}, ...]}}

A frame is named by `Frame.key`, the volume that it is of by its name ("of" is missing in older tags: any);
clicks are in their order, in px, 1 for positive and 0 for negative; a suggestion is the number of its class;
what is not there is left out. MASK is
{"shape": [H, W], "at": [row, column, rows, columns], "bits": base64 of zlib of bits}.
"""

from __future__ import annotations

import base64
import binascii
import functools
import json
import logging
import zlib
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import vtk

from samca.prompts import Box, Click, Prompts

TAG = "SAMCA.prompts"
VERSION = 1

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class PromptObject:
    """One structure of a frame: what points at it, and the (H, W) bool mask that it has put into the segment.

    pending: the mask is still that of earlier prompts.
    """

    prompts: Prompts
    mask: np.ndarray | None = None
    pending: bool = False

    @property
    def startsSomewhere(self) -> bool:
        """Whether there is anything positive to start from; without, the object's mask is empty."""
        prompts = self.prompts
        positive = any(click.positive for click in prompts.clicks)
        others = (prompts.box, prompts.mask, prompts.suggestion)
        return positive or any(prompt is not None for prompt in others)

    def roleOf(self, index: int) -> str:
        """ "initial", "guidedPositive" or "guidedNegative" of click `index`."""
        initial = self.prompts.initial_and_guided()[0].clicks
        if initial and initial[0] is self.prompts.clicks[index] and initial[0].positive:
            return "initial"
        return "guidedPositive" if self.prompts.clicks[index].positive else "guidedNegative"


def tagText(segment) -> str:
    """The tag as stored, "" without."""
    value = vtk.mutable("")
    return str(value) if segment is not None and segment.GetTag(TAG, value) else ""


def objectsIn(
    segment, frameKey: str, shape: tuple[int, int], isOf: Callable[[str], bool] = bool
) -> tuple[PromptObject, ...]:
    """The objects of this frame of (H, W) px in the segment's tag; none where there are none to be read.

    isOf(volume name): whether the frame is of that volume; not asked about objects that name none.
    """
    try:
        entries = _frames(tagText(segment)).get(frameKey, [])
        return tuple(_object(entry, shape) for entry in entries if _isOf(entry, isOf))
    except (ValueError, KeyError, TypeError, IndexError, AttributeError, zlib.error, binascii.Error) as error:
        logger.warning("The tag %s of segment %s cannot be read: %s", TAG, segment.GetName(), error)
        return ()


def putObjects(
    segment,
    frameKey: str,
    objects: tuple[PromptObject, ...],
    volumeName: str = "",
    isOf: Callable[[str], bool] = bool,
) -> None:
    """Put the objects of this frame of this volume into the segment's tag; without any, it leaves the tag.

    What the frame has of other volumes stays.
    """
    try:
        frames = dict(_frames(tagText(segment)))
        others = [entry for entry in frames.pop(frameKey, []) if not _isOf(entry, isOf)]
    except (ValueError, KeyError, TypeError, AttributeError):
        frames, others = {}, []
    if entries := others + [_entry(thing, volumeName) for thing in objects]:
        frames[frameKey] = entries
    if frames:
        segment.SetTag(TAG, json.dumps({"version": VERSION, "frames": frames}, separators=(",", ":")))
    else:
        segment.RemoveTag(TAG)


def samePrompts(a: Prompts, b: Prompts) -> bool:
    """Whether both point at the same, their masks included."""
    masks = [None if prompts.mask is None else prompts.mask.tobytes() for prompts in (a, b)]
    return a == b and masks[0] == masks[1]


@functools.lru_cache(maxsize=4)  # a click reads the same tag many times, and a cine loop makes it long
def _frames(text: str) -> dict:
    """The frames of a tag, not to be changed."""
    if not text:
        return {}
    content = json.loads(text)
    if content["version"] != VERSION:
        raise ValueError(f"version {content['version']}, this program reads {VERSION}")
    return content["frames"]


def _isOf(entry: dict, isOf: Callable[[str], bool]) -> bool:
    return not entry.get("of") or isOf(entry["of"])


def _entry(thing: PromptObject, volumeName: str) -> dict:
    prompts = thing.prompts
    entry = {"of": volumeName} if volumeName else {}
    entry["clicks"] = [[round(c.x, 3), round(c.y, 3), int(c.positive)] for c in prompts.clicks]
    if prompts.box is not None:
        entry["box"] = [prompts.box.x0, prompts.box.y0, prompts.box.x1, prompts.box.y1]
    if prompts.suggestion is not None:
        entry["suggestion"] = prompts.suggestion
    if prompts.mask is not None:
        entry["maskPrompt"] = _packed(prompts.mask)
    if thing.mask is not None and thing.mask.any():
        entry["mask"] = _packed(thing.mask)
    if thing.pending:
        entry["pending"] = True
    return entry


def _object(entry: dict, shape: tuple[int, int]) -> PromptObject:
    clicks = tuple(Click(float(x), float(y), bool(positive)) for x, y, positive in entry["clicks"])
    box = Box(*entry["box"]) if "box" in entry else None
    masks = [_unpacked(entry[name], shape) if name in entry else None for name in ("maskPrompt", "mask")]
    suggestion = int(entry["suggestion"]) if "suggestion" in entry else None
    prompts = Prompts(clicks, box, masks[0], suggestion)
    return PromptObject(prompts, masks[1], entry.get("pending", False))


def _packed(mask: np.ndarray) -> dict:
    rows, columns = np.flatnonzero(mask.any(1)), np.flatnonzero(mask.any(0))
    top, left = (int(rows[0]), int(columns[0])) if len(rows) else (0, 0)
    part = mask[top : rows[-1] + 1, left : columns[-1] + 1] if len(rows) else mask[:0, :0]
    bits = base64.b64encode(zlib.compress(np.packbits(part).tobytes())).decode("ascii")
    return {"shape": list(mask.shape), "at": [top, left, *part.shape], "bits": bits}


def _unpacked(packed: dict, shape: tuple[int, int]) -> np.ndarray:
    if packed["shape"] != list(shape):
        raise ValueError(f"mask of shape {packed['shape']}, the frame has {list(shape)}")
    top, left, height, width = packed["at"]
    bits = np.frombuffer(zlib.decompress(base64.b64decode(packed["bits"])), np.uint8)
    mask = np.zeros(shape, bool)
    mask[top : top + height, left : left + width] = (
        np.unpackbits(bits, count=height * width).reshape(height, width).astype(bool)
    )
    return mask
