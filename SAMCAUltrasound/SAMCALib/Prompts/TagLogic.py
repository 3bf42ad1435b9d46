"""Prompts of a segment as JSON in its tag: Slicer's undo and redo, `.seg.nrrd` and `.mrb` carry it.

    {"version": 2, "frames": {"2:17": [{"node": "5e0c1f7a", "sha256": "0b77...", "id": "1c62f09e",
     "clicks": [[x, y, 1], ...], "lasso": [[x, y], ...], "box": [x0, y0, x1, y1], "suggestion": 0,
     "alternative": 1, "maskPrompt": MASK, "mask": MASK, "under": MASK, "erased": MASK, "share": 0.5,
     "toRas": [12 numbers], "pending": true, "carried": true}, ...]}}

A frame is named by `Frame.key`, the image that it is of as in `Origin`; clicks are in their order, in px, 1
for positive and 0 for negative, and of a stroke then a list of the corners [x, y] at which it goes on; a
suggestion is the number of its class, an alternative the one of the outlines that a click may mean; what is
not there is left out. Without stroke, lasso and alternative the version is 1. MASK is as `PackedMask` has it.
toRas are three rows of the matrix from (x, y, frames beside this one, 1) to RAS mm of the segmentation, as it
was when the mask was put there.

A tag may come from anywhere with a file. What of it cannot be read, damaged or of a newer version, is never
written over: `dropUnreadable` takes it away, when the user wants that.
"""

from __future__ import annotations

import functools
import logging
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
import vtk

from samca import typed_json
from samca.prompts import Box, Click, Prompts
from samca.prompts.tag import VERSION, pointing, text_of
from samca.typed_json import Value

from ..Frames import SequenceLogic, TransformLogic
from ..Texts import Refusal, _
from .PackedMask import bitsOf, packed, unpacked, unpackedPart

TAG = SequenceLogic.PROMPTS
MOST_OBJECTS, MOST_CLICKS, MOST_CLASSES = 1000, 1000, 10_000  # of a frame, of an object, of a model
MASKS = "maskPrompt", "mask", "under", "erased"
FLAGS = "pending", "carried"
MOST_CORNERS = 10_000  # of a stroke or lasso
MOST_OUTLINES = 11  # that can be gone on to before it is the first one again
MOST_PIXELS = 2**29  # of all masks of a frame
FARTHEST = 1e6  # px from the first pixel, or mm from the origin

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Origin:
    """The image that prompts were made on; "" where the tag does not say.

    node: what its node is called in the segmentation's references. sha256: of the frame's pixels. name: that
    of the volume, in older tags, which say nothing else.
    """

    node: str = ""
    sha256: str = ""
    name: str = ""


IsOf = Callable[[Origin], bool]  # whether a frame is of that image; not asked about prompts that name none


@dataclass(frozen=True)
class PromptObject:
    """One structure of a frame: what points at it, and the (H, W) bool mask that it has put into the segment.

    pending: the mask is still that of earlier prompts. id: what it is called for as long as it lasts. under:
    (H, W) bool, what was painted there before it came. erased: (H, W) bool, what was taken out of it since by
    hand or another segment, and stays out. toRas: (4, 4) (x, y, frames beside its own, 1) -> RAS mm of the
    segmentation, where the mask was put. share: how much of what the model drew was let in, 0..1. carried:
    it came from another frame, and nobody has pointed at it here since.
    """

    prompts: Prompts
    mask: np.ndarray | None = None
    pending: bool = False
    id: str = field(default="", compare=False)
    under: np.ndarray | None = field(default=None, compare=False)
    toRas: np.ndarray | None = field(default=None, compare=False)
    erased: np.ndarray | None = field(default=None, compare=False)
    share: float = field(default=1.0, compare=False)
    carried: bool = field(default=False, compare=False)

    @property
    def startsSomewhere(self) -> bool:
        """Whether there is anything positive to start from; without, the object's mask is empty."""
        prompts = self.prompts
        positive = any(click.positive for click in prompts.clicks)
        others = (prompts.box, prompts.mask, prompts.suggestion)
        return positive or bool(prompts.lasso) or any(prompt is not None for prompt in others)

    def roleOf(self, index: int) -> str:
        """ "initial", "guidedPositive" or "guidedNegative" of click `index`."""
        initial = self.prompts.initial_and_guided()[0].clicks
        if initial and initial[0] is self.prompts.clicks[index] and initial[0].positive:
            return "initial"
        return "guidedPositive" if self.prompts.clicks[index].positive else "guidedNegative"


def tagText(segment, tag: str = TAG) -> str:
    """The tag as stored, "" without."""
    value = vtk.mutable("")
    return str(value) if segment is not None and segment.GetTag(tag, value) else ""


def isPending(segment) -> bool:
    """Whether the mask of an object in the tag is still that of earlier prompts."""
    entries = (e for frame in _tag(tagText(segment)).frames.values() for e in _listed(frame.plain))
    return any(isinstance(entry, dict) and entry.get("pending") is True for entry in entries)


def objectsIn(segment, frameKey: str, shape: tuple[int, int], isOf: IsOf = bool) -> tuple[PromptObject, ...]:
    """The objects of this frame of (H, W) px in the segment's tag; none where one of them cannot be read."""
    if problemIn(segment, frameKey, shape, isOf):
        return ()
    entries = _entriesOf(tagText(segment), frameKey, shape)
    return tuple(entry.thing for entry in entries if entry.belongs(isOf))


def objectsElsewhere(
    segment, frameKey: str, shape: tuple[int, int], isOf: IsOf = bool
) -> tuple[PromptObject, ...]:
    """The objects in the segment's tag that are not of this frame of (H, W) px, if they say where they lie.

    They have mask, under and toRas only, cut to the part of their frame that the mask fills. What cannot be
    read is left out. isOf: as of objectsIn.
    """
    text = tagText(segment)
    others = [each.stored for each in _entriesOf(text, frameKey, shape) if not each.belongs(isOf)]
    for key, frame in _tag(text).frames.items():
        if key != frameKey and isinstance(frame.plain, list):
            others += frame.plain
    things = (_footprint(Value(entry, TAG)) for entry in others)
    return tuple(thing for thing in things if thing is not None)


def problemIn(segment, frameKey: str, shape: tuple[int, int], isOf: IsOf = bool) -> str:
    """Why the objects of this frame cannot be read, as a sentence with a way on; "" if they can."""
    tag = _tag(tagText(segment))
    if tag.isNewer:
        text = _("A newer SAMCA has stored the points of {segment}: update it, or drop them by Start anew.")
    elif tag.isDamaged or any(
        entry.thing is None and entry.belongs(isOf) for entry in _entriesOf(tagText(segment), frameKey, shape)
    ):
        text = _("The points stored with {segment} are damaged here: drop them by Start anew.")
    else:
        return ""
    return text.format(segment=segment.GetName())


def putObjects(
    segment,
    frameKey: str,
    shape: tuple[int, int],
    objects: tuple[PromptObject, ...],
    origin: Origin = Origin(),
    isOf: IsOf = bool,
) -> None:
    """Put the objects of this frame of this image into the segment's tag; without any, it leaves the tag.

    What the frame has of other images stays. Refusal, and nothing changes, if what is there cannot be read.
    """
    if says := problemIn(segment, frameKey, shape, isOf):
        raise Refusal(says)
    entries = _entriesOf(tagText(segment), frameKey, shape)
    others = [entry.stored for entry in entries if not entry.belongs(isOf)]
    _put(segment, frameKey, others + [_entry(thing, origin) for thing in objects])


def takeFromUnder(segment, cover: Callable[[tuple[int, int], np.ndarray], np.ndarray]) -> None:
    """Take out of the `under` of every object in the tag what cover(shape, toRas) says, (h, w) bool."""
    frames = {key: frame.plain for key, frame in _tag(tagText(segment)).frames.items()}
    for key, entries in frames.items():
        if isinstance(entries, list) and any("under" in Value(entry, TAG) for entry in entries):
            _put(segment, key, [_lessUnder(Value(entry, TAG), cover) for entry in entries])


def takeAlong(segment, name: str, frameKey: str) -> None:
    """An object of this id that the tag has in another frame is one of this frame from now on, of whatever
    image it was; else nothing happens."""
    frames = {key: _listed(frame.plain) for key, frame in _tag(tagText(segment)).frames.items()}
    has = {key: [e for e in entries if _isCalled(e, name)] for key, entries in frames.items()}
    for key in (key for key in has if has[key] and not has.get(frameKey)):
        taken = [{k: value for k, value in e.items() if k not in ("node", "sha256", "of")} for e in has[key]]
        _put(segment, frameKey, frames.get(frameKey, []) + taken)
        _put(segment, key, [entry for entry in frames[key] if entry not in has[key]])
        return


def dropUnreadable(segment, frameKey: str, shape: tuple[int, int], isOf: IsOf = bool) -> None:
    """Take away what of this frame of this image cannot be read; the whole tag, if that cannot."""
    entries = _entriesOf(tagText(segment), frameKey, shape)
    kept = [entry.stored for entry in entries if entry.thing is not None or not entry.belongs(isOf)]
    _put(segment, frameKey, kept)


def samePrompts(a: Prompts, b: Prompts) -> bool:
    """Whether both point at the same, their masks included."""
    masks = [None if prompts.mask is None else prompts.mask.tobytes() for prompts in (a, b)]
    return a == b and masks[0] == masks[1]


@dataclass(frozen=True)
class _Tag:
    """What a tag holds by frame, not to be changed; nothing if it cannot be read."""

    frames: dict[str, Value] = field(default_factory=dict)
    isNewer: bool = False
    isDamaged: bool = False


@dataclass(frozen=True)
class _Entry:
    """One object as it is stored, its image, and what it is; None: damaged."""

    stored: object
    of: Origin = Origin()
    thing: PromptObject | None = None

    def belongs(self, isOf: IsOf) -> bool:
        """Whether it is of the image that is asked about, or of any."""
        return self.of == Origin() or isOf(self.of)


@functools.lru_cache(maxsize=4)  # a click reads the same tag many times, and a cine loop makes it long
def _tag(text: str) -> _Tag:
    if not text:
        return _Tag()
    try:
        content = typed_json.parse(text, TAG)
        if content["version"].whole(1) > VERSION:
            return _Tag(isNewer=True)
        return _Tag(content["frames"].fields())
    except ValueError as error:
        logger.warning("%s", error)
        return _Tag(isDamaged=True)


@functools.lru_cache(maxsize=2)
def _entriesOf(text: str, frameKey: str, shape: tuple[int, int]) -> tuple[_Entry, ...]:
    """The entries of a frame in their order."""
    frame = _tag(text).frames.get(frameKey, Value([], TAG))
    try:
        values = frame.items(at_most=MOST_OBJECTS)
        masks = sum(name in value for value in values for name in MASKS)
        if masks * shape[0] * shape[1] > MOST_PIXELS:
            raise frame.wrong(f"masks of up to {MOST_PIXELS} px")
    except ValueError as error:
        logger.warning("%s", error)
        return (_Entry(frame.plain),)
    return tuple(_readEntry(value, shape, f"#{number}") for number, value in enumerate(values))


def _listed(plain: object) -> list:
    return plain if isinstance(plain, list) else []


def _isCalled(entry: object, name: str) -> bool:
    return isinstance(entry, dict) and entry.get("id") == name


def _readEntry(value: Value, shape: tuple[int, int], name: str) -> _Entry:
    of = Origin()
    try:
        of = Origin(*(value.get(name, "").text() for name in ("node", "sha256", "of")))
        return _Entry(value.plain, of, _object(value, shape, name))
    except ValueError as error:
        logger.warning("%s", error)
        return _Entry(value.plain, of)


def _put(segment, frameKey: str, entries: list) -> None:
    frames = {key: frame.plain for key, frame in _tag(tagText(segment)).frames.items() if key != frameKey}
    if entries:
        frames[frameKey] = entries
    if not frames:
        segment.RemoveTag(TAG)
        return
    text = text_of(frames)
    if len(text) > typed_json.LARGEST:  # it could not be read again
        text = _("{segment} has no place for more points: go on in another segment.")
        raise Refusal(text.format(segment=segment.GetName()))
    segment.SetTag(TAG, text)


def _entry(thing: PromptObject, origin: Origin) -> dict:
    prompts = thing.prompts
    entry = {"node": origin.node, "sha256": origin.sha256} if origin.node else {}
    if thing.id:
        entry["id"] = thing.id
    entry |= pointing(prompts)
    if prompts.mask is not None:
        entry["maskPrompt"] = packed(prompts.mask)
    if thing.mask is not None and thing.mask.any():
        entry["mask"] = packed(thing.mask)
        if thing.under is not None and thing.under.any():
            entry["under"] = packed(thing.under)
        if thing.toRas is not None:
            entry["toRas"] = [round(float(number), 9) for number in thing.toRas[:3].ravel()]
    if thing.erased is not None and thing.erased.any():
        entry["erased"] = packed(thing.erased)
    if thing.share < 1:
        entry["share"] = thing.share
    entry |= {name: True for name in FLAGS if getattr(thing, name)}
    return entry


def _object(entry: Value, shape: tuple[int, int], name: str) -> PromptObject:
    """name: the id of an object from before they had one."""
    clicks = tuple(_click(click) for click in entry["clicks"].items(at_most=MOST_CLICKS))
    box = Box(*(_place(corner) for corner in entry["box"].items(4, 4))) if "box" in entry else None
    prompt, mask, under, erased = (unpacked(entry[k], shape) if k in entry else None for k in MASKS)
    suggestion = entry["suggestion"].whole(0, MOST_CLASSES) if "suggestion" in entry else None
    lasso, alternative = _corners(entry.get("lasso", [])), entry.get("alternative", 0).whole(0, MOST_OUTLINES)
    toRas = _matrix(entry["toRas"]) if "toRas" in entry else None
    share = entry.get("share", 1.0).number(0, 1)
    pending, isCarried = (entry.get(flag, False).flag() for flag in FLAGS)
    name = entry.get("id", name).text()
    prompts = Prompts(clicks, box, prompt, suggestion, lasso=lasso, alternative=alternative)
    return PromptObject(prompts, mask, pending, name, under, toRas, erased, share, isCarried)


def _footprint(entry: Value) -> PromptObject | None:
    """What an object has put into the segment, without its empty surroundings; None if it does not say."""
    try:
        if "mask" not in entry or "toRas" not in entry:
            return None
        (top, left), mask = unpackedPart(entry["mask"], MOST_PIXELS)
        under = None
        if "under" in entry:
            (row, column), part = unpackedPart(entry["under"], MOST_PIXELS)
            under = np.zeros_like(mask)
            under[row - top : row - top + part.shape[0], column - left : column - left + part.shape[1]] = part
        return PromptObject(Prompts(), mask, under=under, toRas=_matrix(entry["toRas"], top, left))
    except ValueError as error:
        logger.warning("%s", error)
        return None


def _lessUnder(entry: Value, cover: Callable[[tuple[int, int], np.ndarray], np.ndarray]) -> object:
    """The entry as it is stored, less what is covered of its `under`."""
    try:
        if "under" not in entry or "toRas" not in entry:
            return entry.plain
        at, part = unpackedPart(entry["under"], MOST_PIXELS)
        less = part & ~cover(part.shape, _matrix(entry["toRas"], *at))
    except ValueError as error:
        logger.warning("%s", error)
        return entry.plain
    return entry.plain | {"under": entry.plain["under"] | {"bits": bitsOf(less)}}


def _matrix(value: Value, top: int = 0, left: int = 0) -> np.ndarray:
    """(4, 4) toRas of the part of a frame that begins in this row and column."""
    numbers = [number.number(-FARTHEST, FARTHEST) for number in value.items(12, 12)]
    matrix = np.vstack([np.reshape(numbers, (3, 4)), [0.0, 0.0, 0.0, 1.0]])
    TransformLogic.inverse(matrix, value.where)
    matrix[:, 3] += left * matrix[:, 0] + top * matrix[:, 1]
    return matrix


def _click(value: Value) -> Click:
    x, y, positive, *path = value.items(3, 4)
    corners = _corners(path[0]) if path else ()
    return Click(_place(x), _place(y), bool(positive.whole(0, 1)), corners)


def _corners(value: Value) -> tuple[tuple[float, float], ...]:
    corners = value.items(at_most=MOST_CORNERS)
    return tuple(tuple(map(_place, corner.items(2, 2))) for corner in corners)


def _place(value: Value) -> float:
    return value.number(-FARTHEST, FARTHEST)
