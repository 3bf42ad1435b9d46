"""Prompts and the masks they gave as JSON, as 3D Slicer keeps them in a tag of a segment.

What it looks like stands in SAMCALib's TagLogic, which reads it.
"""

from __future__ import annotations

import base64
import hashlib
import json
import zlib
from collections.abc import Mapping, Sequence
from itertools import chain
from typing import Any

import numpy as np

from .prompts import Click, Prompts

TAG = "SAMCA.prompts"
PLAIN, VERSION = 1, 2  # as readers from before know it; with strokes, lassos and other outlines


def text_of(frames: Mapping[str, Sequence[dict]]) -> str:
    """The tag of entries, each as of `entry`, by the key of their frame, "2:17" for slice 17."""
    return json.dumps({"version": version_of(frames), "frames": frames}, separators=(",", ":"))


def version_of(frames: Mapping[str, Any]) -> int:
    """The least version whose readers know all that entries by frame say; they may hold anything."""
    lists = (entries for entries in frames.values() if isinstance(entries, list | tuple))
    return VERSION if any(map(_is_new, chain.from_iterable(lists))) else PLAIN


def entry(
    prompts: Prompts, mask: np.ndarray, to_ras: np.ndarray, sha256: str, number: int = 0
) -> dict[str, Any]:
    """One object: what points at it, and the (H, W) bool mask that was made of it.

    to_ras: (3, 4) or (4, 4), from (x, y, frames beside this one, 1) to RAS mm. sha256: of the frame's pixels.
    number: of the object among those of the frame. The same gives the same.
    """
    made = {"sha256": sha256, "id": _id(prompts, sha256, number), **pointing(prompts)}
    if mask.any():
        made["mask"] = packed(mask)
        made["toRas"] = [round(float(number), 9) for number in np.asarray(to_ras)[:3].ravel()]
    return made


def pointing(prompts: Prompts) -> dict[str, Any]:
    """What an entry says of prompts, but for a mask among them."""
    said: dict[str, Any] = {"clicks": [_numbers(click) for click in prompts.clicks]}
    if prompts.box is not None:
        said["box"] = [prompts.box.x0, prompts.box.y0, prompts.box.x1, prompts.box.y1]
    if prompts.suggestion is not None:
        said["suggestion"] = prompts.suggestion
    if prompts.lasso:
        said["lasso"] = [[round(x, 3), round(y, 3)] for x, y in prompts.lasso]
    if prompts.alternative:
        said["alternative"] = prompts.alternative
    return said


def _numbers(click: Click) -> list:
    """A click or stroke as an entry has it."""
    (x, y), *path = ([round(x, 3), round(y, 3)] for x, y in click.places)
    return [x, y, int(click.positive), path] if path else [x, y, int(click.positive)]


def packed(mask: np.ndarray) -> dict[str, Any]:
    """(H, W) bool as JSON values: the bits of its bounding box."""
    rows, columns = np.flatnonzero(mask.any(1)), np.flatnonzero(mask.any(0))
    top, left = (int(rows[0]), int(columns[0])) if len(rows) else (0, 0)
    part = mask[top : rows[-1] + 1, left : columns[-1] + 1] if len(rows) else mask[:0, :0]
    return {"shape": list(mask.shape), "at": [top, left, *part.shape], "bits": bits_of(part)}


def bits_of(part: np.ndarray) -> str:
    """An (h, w) bool part of a mask as base64 of zlib of bits."""
    return base64.b64encode(zlib.compress(np.packbits(part).tobytes())).decode("ascii")


def _is_new(entry: Any) -> bool:
    if not isinstance(entry, dict):
        return False
    clicks = entry.get("clicks")
    strokes = [c for c in clicks if isinstance(c, list) and len(c) > 3] if isinstance(clicks, list) else []
    return bool(strokes) or "lasso" in entry or "alternative" in entry


def _id(prompts: Prompts, sha256: str, number: int) -> str:
    return hashlib.sha256(f"{sha256} {number} {prompts!r}".encode()).hexdigest()[:8]
