"""Tags from anywhere: read in bounds, and never written over unless the user wants that."""

from __future__ import annotations

import base64
import json
import time
import tracemalloc
import zlib

import numpy as np
import pytest
import slicer
from hypothesis import given, settings
from hypothesis import strategies as st

from any_json import TEXTS, damaged
from samca.prompts import Box, Click, Prompts
from samca.prompts.tag import VERSION
from SAMCALib.Prompts import TagLogic
from SAMCALib.Prompts.PackedMask import packed
from SAMCALib.Prompts.TagLogic import PromptObject
from SAMCALib.Texts import Refusal

SHAPE = (6, 9)
MASK = np.add.outer(range(6), range(9)) % 4 < 2
ENTRY = {
    "of": "Scan",
    "clicks": [[1.5, 2, 1], [3, 4, 0], [5, 1, 1, [[6, 1], [7, 2.5]]]],
    "lasso": [[1, 1], [7, 1], [4, 5]],
    "alternative": 2,
    "box": [0, 1, 5, 5],
    "suggestion": 0,
    "pending": True,
}
ENTRY |= {"mask": packed(MASK), "maskPrompt": packed(~MASK)}
RIGHT = {"version": 2, "frames": {"2:4": [ENTRY, {"clicks": [[4, 4, 1]]}], "2:5": [{"clicks": [[1, 1, 1]]}]}}
NEW = (PromptObject(Prompts((Click(2, 2),), Box(0, 0, 3, 3)), MASK),)


def segment_with(text):
    segment = slicer.vtkSegment()
    segment.SetName("Lesion")
    if text:
        segment.SetTag(TagLogic.TAG, text)
    return segment


def tag_with(**changes):
    """The tag of one object with these changes; None takes a key away."""
    entry = {key: value for key, value in {**ENTRY, **changes}.items() if value is not None}
    return json.dumps({"version": 1, "frames": {"2:4": [entry]}})


def bits(content):
    return base64.b64encode(zlib.compress(content)).decode()


def zipped(part, **changes):
    return {**packed(part), **changes}


def test_the_right_tag_is_read():
    segment = segment_with(json.dumps(RIGHT))
    first, second = TagLogic.objectsIn(segment, "2:4", SHAPE)
    np.testing.assert_array_equal(first.mask, MASK)
    np.testing.assert_array_equal(first.prompts.mask, ~MASK)
    assert first.prompts.box == Box(0, 1, 5, 5)
    assert first.prompts.clicks[2] == Click(5, 1, True, ((6, 1), (7, 2.5)))
    assert (first.prompts.lasso, first.prompts.alternative) == (((1, 1), (7, 1), (4, 5)), 2)
    assert second.prompts.clicks == (Click(4, 4),)
    assert TagLogic.problemIn(segment, "2:4", SHAPE) == ""


DAMAGED = {
    "cut off": "{",
    "a list": "[]",
    "deep": "[" * 100_000,
    "no version": '{"frames": {}}',
    "version in words": '{"version": "1", "frames": {}}',
    "frames as list": '{"version": 1, "frames": []}',
    "frame as number": '{"version": 1, "frames": {"2:4": 7}}',
    "object as null": '{"version": 1, "frames": {"2:4": [null]}}',
    "click of five": tag_with(clicks=[[1, 2, 1, [], 0]]),
    "path that is a number": tag_with(clicks=[[1, 2, 1, 3]]),
    "path of lone numbers": tag_with(clicks=[[1, 2, 1, [3, 4]]]),
    "path to nowhere": tag_with(clicks=[[1, 2, 1, [[3, 1e9]]]]),
    "endless path": tag_with(clicks=[[1, 2, 1, [[3, 4]] * 10_001]]),
    "too many objects": json.dumps({"version": 1, "frames": {"2:4": [{"clicks": []}] * 1001}}),
    "endless click": '{"version": 1, "frames": {"2:4": [{"clicks": [[Infinity, 0, 1]]}]}}',
    "click in words": tag_with(clicks=[["1", "2", 1]]),
    "click of two": tag_with(clicks=[[1, 2]]),
    "click beyond all": tag_with(clicks=[[1e9, 2, 1]]),
    "click of neither sign": tag_with(clicks=[[1, 2, 5]]),
    "no clicks": tag_with(clicks=None),
    "box turned round": tag_with(box=[5, 5, 1, 1]),
    "box of three": tag_with(box=[1, 2, 3]),
    "class below none": tag_with(suggestion=-1),
    "pending in words": tag_with(pending="yes"),
    "volume as list": tag_with(of=["Scan"]),
    "mask of another frame": tag_with(mask=packed(np.ones((7, 9), bool))),
    "mask of a huge frame": tag_with(mask=zipped(MASK, shape=[10**6, 10**6], at=[0, 0, 10**6, 10**6])),
    "mask beside the frame": tag_with(mask=zipped(MASK, at=[3, 3, 6, 9])),
    "mask before the frame": tag_with(mask=zipped(MASK, at=[-1, 0, 6, 9])),
    "mask of no zlib": tag_with(mask=zipped(MASK, bits=base64.b64encode(b"nothing").decode())),
    "mask of no base64": tag_with(mask=zipped(MASK, bits="!!")),
    "mask of too few bits": tag_with(mask=zipped(MASK, bits=bits(b"1"))),
    "mask of too many bits": tag_with(mask=zipped(MASK, bits=bits(bytes(8)))),
    "mask cut off": tag_with(mask=zipped(MASK, bits=base64.b64encode(zlib.compress(bytes(7))[:-4]).decode())),
}  # fmt: skip


@pytest.mark.parametrize("text", DAMAGED.values(), ids=DAMAGED)
def test_a_damaged_tag_is_told_and_stays_until_the_user_starts_anew(text):
    segment = segment_with(text)
    assert TagLogic.objectsIn(segment, "2:4", SHAPE) == ()
    with pytest.raises(Refusal, match=r"stored with Lesion are damaged here: drop them by Start anew"):
        TagLogic.putObjects(segment, "2:4", SHAPE, NEW)
    assert TagLogic.tagText(segment) == text
    TagLogic.dropUnreadable(segment, "2:4", SHAPE)
    TagLogic.putObjects(segment, "2:4", SHAPE, NEW)
    np.testing.assert_array_equal(TagLogic.objectsIn(segment, "2:4", SHAPE)[0].mask, MASK)


def test_a_tag_of_a_newer_version_says_so_and_stays():
    text = json.dumps({"version": VERSION + 1, "objects": [1, 2, 3]})
    segment = segment_with(text)
    with pytest.raises(Refusal, match="A newer SAMCA has stored the points of Lesion: update it"):
        TagLogic.putObjects(segment, "2:4", SHAPE, NEW)
    assert TagLogic.objectsIn(segment, "2:4", SHAPE) == ()
    assert TagLogic.tagText(segment) == text
    TagLogic.dropUnreadable(segment, "2:4", SHAPE)
    assert TagLogic.tagText(segment) == ""


def test_one_damaged_object_leaves_other_frames_and_volumes_as_they_are():
    frames = {**RIGHT["frames"], "2:4": [ENTRY, {"of": "Doppler", "clicks": 3}, {"clicks": [[4, 4, 1]]}]}
    segment = segment_with(json.dumps({"version": 1, "frames": frames}))
    of = {name: lambda origin, name=name: origin.name == name for name in ("Scan", "Doppler")}
    assert len(TagLogic.objectsIn(segment, "2:4", SHAPE, of["Scan"])) == 2
    assert TagLogic.objectsIn(segment, "2:4", SHAPE, of["Doppler"]) == ()
    TagLogic.putObjects(segment, "2:5", SHAPE, NEW)
    TagLogic.dropUnreadable(segment, "2:4", SHAPE, of["Scan"])
    stored = json.loads(TagLogic.tagText(segment))["frames"]
    assert stored["2:4"] == frames["2:4"]
    TagLogic.dropUnreadable(segment, "2:4", SHAPE, of["Doppler"])
    assert json.loads(TagLogic.tagText(segment))["frames"]["2:4"] == [ENTRY, {"clicks": [[4, 4, 1]]}]


def test_a_bomb_is_not_unpacked():
    bomb = base64.b64encode(zlib.compress(bytes(400_000_000), 9)).decode()
    segment = segment_with(tag_with(mask=zipped(MASK, bits=bomb)))
    tracemalloc.start()
    started = time.perf_counter()
    try:
        assert TagLogic.objectsIn(segment, "2:4", SHAPE) == ()
        assert time.perf_counter() - started < 1
        assert tracemalloc.get_traced_memory()[1] < 20_000_000
    finally:
        tracemalloc.stop()


def test_masks_that_would_fill_the_memory_are_damaged():
    shape, mask = (30_000, 30_000), {"shape": [30_000, 30_000], "at": [0, 0, 0, 0], "bits": bits(b"")}
    one = {"clicks": [[1, 1, 1]], "mask": mask}
    tag = json.dumps({"version": 1, "frames": {"2:4": [one] * 900}})
    assert "damaged" in TagLogic.problemIn(segment_with(tag), "2:4", shape)


def test_a_damaged_tag_is_looked_at_once(monkeypatch):
    looked = []
    parse = TagLogic.typed_json.parse
    monkeypatch.setattr(TagLogic.typed_json, "parse", lambda *given: looked.append(1) or parse(*given))
    segment = segment_with('{"version": 1, "frames": {"2:4": [' + "0," * 1000)
    for _ in range(50):
        TagLogic.objectsIn(segment, "2:4", SHAPE)
    assert len(looked) == 1


def test_a_tag_that_could_not_be_read_again_is_not_written(monkeypatch):
    segment = segment_with(json.dumps(RIGHT))
    monkeypatch.setattr(TagLogic.typed_json, "LARGEST", 100)
    with pytest.raises(Refusal, match="Lesion has no place for more points"):
        TagLogic.putObjects(segment, "2:4", SHAPE, NEW)
    assert json.loads(TagLogic.tagText(segment)) == RIGHT


@settings(max_examples=300)
@given(damaged(RIGHT) | TEXTS, st.sampled_from(["2:4", "2:5", ""]))
def test_whatever_a_tag_holds_it_is_read_or_kept(text, key):
    segment = segment_with(text.encode("utf-8", "replace").decode().replace("\0", ""))
    before = TagLogic.tagText(segment)
    objects = TagLogic.objectsIn(segment, key, SHAPE)
    if TagLogic.problemIn(segment, key, SHAPE):
        assert objects == ()
        with pytest.raises(Refusal, match="Start anew"):
            TagLogic.putObjects(segment, key, SHAPE, NEW)
        assert TagLogic.tagText(segment) == before
        TagLogic.dropUnreadable(segment, key, SHAPE)
    TagLogic.putObjects(segment, key, SHAPE, (*TagLogic.objectsIn(segment, key, SHAPE), *NEW))
    assert TagLogic.samePrompts(TagLogic.objectsIn(segment, key, SHAPE)[-1].prompts, NEW[0].prompts)
