"""Strokes, lassos and other outlines among clicks, undo and redo: prompts, points and voxels stay in step."""

from __future__ import annotations

import numpy as np
import pytest
import volumes
from any_order import AnyOrder

STEPS, UNITS = 12, (0.2, 0.4, 0.5, 0.6, 0.8)


class Drawing(AnyOrder):
    """Two editors on a volume, and what is drawn in them."""

    SHAPE = (3, 24, 30)

    def make(self):
        self.make_editors(volumes.volume(volumes.speckle(*self.SHAPE)))

    def stroke(self, n, places, positive):
        self.do(n, lambda edit, frame: edit.stroke(frame, [self.at(n, *p) for p in places], positive))

    def lasso(self, n, places):
        self.do(n, lambda edit, frame: edit.lasso(frame, [self.at(n, *p) for p in places]))

    def another(self, n):
        self.do(n, lambda edit, frame: edit.another(frame))


def step(state, rng):
    """Something that a user may do."""
    n, count = int(rng.integers(2)), int(rng.integers(1, 5))
    places = [tuple(rng.choice(UNITS, 2)) for _ in range(count)]
    actions = (
        lambda: state.stroke(n, places, bool(rng.integers(2))),
        lambda: state.lasso(n, places),
        lambda: state.another(n),
        lambda: state.click(n, *places[0], bool(rng.integers(4)), "nothing"),
        lambda: state.move(n, 0, 0, *places[0], True, "nothing"),
        lambda: state.remove(n, 0, 0, "nothing"),
        lambda: state.points(n, "lasso", *places[0], str(rng.choice(("move", "remove")))),
        lambda: state.new_object(n, *places[0], "nothing"),
        lambda: state.undo(n, count),
        lambda: state.redo(n, count),
    )
    actions[rng.integers(len(actions))]()


@pytest.mark.parametrize("seed", range(30))
def test_whatever_is_drawn_between_other_edits_is_what_the_segment_holds(application, seed):
    state, rng = Drawing(), np.random.default_rng(seed)
    try:
        for _ in range(STEPS):
            step(state, rng)
            state.check()
            if rng.integers(2):
                state.settle()
        state.settle()
    finally:
        state.teardown()
