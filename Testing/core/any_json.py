"""Hypothesis strategies: any JSON value, texts that are JSON or not, and a right value gone wrong."""

from __future__ import annotations

import copy
import json

from hypothesis import strategies as st

SCALARS = (
    st.none()
    | st.booleans()
    | st.integers(-(2**70), 2**70)
    | st.floats()
    | st.sampled_from([1e308, -1e308, float("inf"), 10**400, "\ud800", "../outside", "/", "\0", "NaN"])
    | st.text(max_size=12)
)
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
)
DEEP = st.sampled_from(["[" * 100_000, '{"a":' * 5000 + "1" + "}" * 5000, "[" * 500 + "]" * 500])
TEXTS = VALUES.map(json.dumps) | DEEP | st.text(max_size=40)


@st.composite
def damaged(draw, right):
    """A JSON text of this right value, in which one value at any depth is another, missing or doubled."""
    value = copy.deepcopy(right)
    places = [place for place in _places(value) if place]
    if not places or draw(st.integers(0, 3)) == 0:
        return draw(TEXTS)
    *path, last = draw(st.sampled_from(places))
    holder = value
    for step in path:
        holder = holder[step]
    if draw(st.integers(0, 4)) == 0:
        del holder[last]
    else:
        holder[last] = draw(VALUES)
    return json.dumps(value)


def _places(value, path=()):
    """The ways to all values in this one."""
    yield path
    steps = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for step, inner in steps:
        yield from _places(inner, (*path, step))
