"""Which case comes first, and which is next."""

from __future__ import annotations

import pytest

from samca.worklist.entries import Entry
from samca.worklist.order import beside, counts, next_open, ordered

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
    assert beside(NAMES, "b", 1) == "c"
    assert beside(NAMES, "b", -1) == "a"
    assert beside(NAMES, "f", 1) is None
    assert beside(NAMES, None, 1) == "a"
    assert beside(NAMES, "gone", -1) == "f"
    assert beside([], None, 1) is None


def test_after_an_accepted_case_the_next_open_one_comes():
    assert next_open(NAMES, ENTRIES, "f") == "b", "by name round about, over what is accepted"
    listed = ordered(NAMES, ENTRIES, "unsure")
    assert next_open(listed, ENTRIES, "b", "unsure") == "d", "the least sure of all"
    assert next_open(listed, ENTRIES, "d", "unsure") == "f"
    done = {name: Entry(name, "accepted") for name in NAMES if name != "c"}
    assert next_open(NAMES, done, "c") is None


def test_cases_are_counted_by_state():
    assert counts(NAMES, ENTRIES) == {
        "untouched": 1, "suggested": 2, "outlined": 1, "accepted": 1, "unsure": 1,
    }  # fmt: skip
