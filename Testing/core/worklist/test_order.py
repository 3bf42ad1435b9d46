"""Which case comes first, and which is next."""

from __future__ import annotations

import pytest

from samca.worklist.entries import Entry
from samca.worklist.order import counts, onward, ordered, still_open

NAMES = ["a", "b", "c", "d", "e", "f"]
ENTRIES = {
    "a": Entry("a", "accepted", iou=0.1),
    "b": Entry("b", "suggested", agreement=0.9, iou=0.8),
    "c": Entry("c", "unsure", iou=0.2),
    "d": Entry("d", "suggested", agreement=0.3, iou=0.95),
    "f": Entry("f", "outlined", iou=0.5),
}


def test_the_least_sure_come_first_and_what_is_decided_last():
    assert ordered(NAMES, ENTRIES, "unsure") == ["d", "f", "b", "e", "c", "a"]
    assert ordered(NAMES, ENTRIES) == NAMES
    with pytest.raises(ValueError, match="is none of name, unsure"):
        ordered(NAMES, ENTRIES, "size")


def test_next_and_previous_go_along_the_list_and_end_there():
    assert onward(NAMES, "d", 1) == ["e", "f"]
    assert onward(NAMES, "c", -1) == ["b", "a"]
    assert onward(NAMES, "f", 1) == []
    assert onward(NAMES, None, 1) == NAMES
    assert onward(NAMES, "gone", -1) == NAMES[::-1]
    assert onward([], None, 1) == []


def test_after_an_accepted_case_the_next_open_one_comes():
    assert still_open(NAMES, ENTRIES, "d") == ["e", "f", "b", "c"], "by name round about"
    listed = ordered(NAMES, ENTRIES, "unsure")
    assert still_open(listed, ENTRIES, "b", "unsure") == ["d", "f", "e", "c"], "the least sure of all"
    done = {name: Entry(name, "accepted") for name in NAMES if name != "c"}
    assert still_open(NAMES, done, "c") == []


def test_cases_are_counted_by_state():
    assert counts(NAMES, ENTRIES) == {
        "untouched": 1, "suggested": 2, "outlined": 1, "accepted": 1, "unsure": 1,
    }  # fmt: skip
