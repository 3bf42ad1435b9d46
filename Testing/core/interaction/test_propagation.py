"""This frame and its neighbours: the order of frames, what is carried, and that it can be ended."""

from types import SimpleNamespace

import numpy as np
import pytest

from samca.interaction.propagation import Course, FrameMask, carried, order_of, segment_frames
from samca.prompts import Click, Prompts

HERE = Prompts((Click(20, 20),))


class Follower:
    """A model that finds the bright connected square under a positive click, 4 px a mask pixel."""

    def __init__(self, depth=1, tidy=False):
        self.config = SimpleNamespace(
            image_size=64, fit="squash", feedback="none", zoom=0.0, mirror=False, tidy=tidy, depth=depth
        )
        self.encoded = []

    def embed(self, pixels):
        self.encoded.append(1)
        return pixels[..., 0]

    def embed_frames(self, frames):
        self.encoded.append(len(frames))
        return [frame[..., 0] for frame in frames]

    def predict(self, features, prompts, previous):
        bright = features[::4, ::4] > 128
        hit = any(bright[int(c.y) // 4, int(c.x) // 4] for c in prompts.clicks if c.positive)
        return np.where(bright & hit, 5.0, -5.0).astype(np.float32), 0.9


def loop(count=7, step=3, gone=()):
    """A bright square that moves to the right; missing in some frames."""
    frames = np.zeros((count, 64, 64), np.uint8)
    for index in range(count):
        if index not in gone:
            frames[index, 12:32, 12 + step * index : 32 + step * index] = 255
    return list(frames)


def test_prompted_frames_come_first_then_the_others_outwards_from_the_nearest():
    assert order_of({2: HERE}, 0, 4) == [(2, None), (3, 2), (4, 3), (1, 2), (0, 1)]
    assert order_of({0: HERE, 5: HERE, 3: Prompts()}, 0, 6) == [
        (0, None), (5, None), (1, 0), (2, 1), (6, 5), (4, 5), (3, 4),
    ]  # fmt: skip
    assert order_of({0: HERE, 2: HERE}, 0, 2) == [(0, None), (2, None), (1, 0)]


@pytest.mark.parametrize("prompts", [{}, {3: Prompts()}, {9: HERE}, {0: HERE, 3: HERE}])
def test_prompts_that_lie_on_no_frame_of_the_range_are_refused(prompts):
    with pytest.raises(ValueError, match="expected at least one frame, all from 1 to 5"):
        order_of(prompts, 1, 5)


def test_the_object_is_followed_both_ways_where_a_still_click_would_lose_it():
    frames, model = loop(), Follower()
    found = {f.index: f for f in segment_frames(model, frames, {3: Prompts((Click(30, 20),))})}
    assert sorted(found) == list(range(7))
    for index, frame in enumerate(frames):
        wrong = found[index].mask ^ (frame > 128)
        assert wrong.mean() < 0.03
    assert not frames[0][20, 45]
    assert found[0].prompts.clicks[0].x < 30 < found[6].prompts.clicks[0].x


@pytest.mark.parametrize(("x", "y"), [(64, 5), (5, 70), (-1, 5), (5, -3)])
def test_negative_clicks_beside_the_image_do_not_go_along(x, y):
    mask = np.zeros((64, 64), bool)
    mask[20:40, 20:40] = True
    given = Prompts((Click(30, 30), Click(x, y, False), Click(5, 5, False)))
    assert [c for c in carried(FrameMask(0, given, mask, 0.9)).clicks if not c.positive] == [
        Click(5, 5, False)
    ]


def test_negative_clicks_go_along_until_the_mask_covers_them():
    mask = np.zeros((20, 20), bool)
    mask[5:16, 5:16] = True
    beside = Click(2, 2, False), Click(2, 4, False, ((2, 18), (18, 18)))
    covered = Click(6, 6, False), Click(2, 2, False, ((8, 8),))
    prompts = Prompts((Click(10, 10), *beside, *covered))
    assert carried(FrameMask(0, prompts, mask, 1.0)) == Prompts((Click(10, 10), *beside))


@pytest.mark.parametrize("tidy", [False, True])
def test_where_the_object_is_gone_nothing_is_carried_on(tidy):
    found = list(segment_frames(Follower(tidy=tidy), loop(gone=(3, 4)), {1: HERE}, 1, 5))
    assert [f.index for f in found] == [1, 2, 3, 4, 5]
    assert [bool(f.mask.any()) for f in found] == [True, True, False, False, False]
    assert not found[3].prompts


def test_it_goes_frame_by_frame_and_can_be_ended():
    model = Follower()
    steps = segment_frames(model, loop(), {0: HERE})
    assert next(steps).index == 0
    assert next(steps).index == 1
    steps.close()
    assert len(model.encoded) == 2


def test_a_model_of_several_frames_gets_the_neighbours_of_each():
    model = Follower(depth=3)
    list(segment_frames(model, loop(), {0: HERE}, 0, 2))
    assert model.encoded == [3, 3, 3]
    model = Follower(depth=9)
    list(segment_frames(model, loop(2), {0: HERE}))
    assert model.encoded == [2, 2]


def test_frames_of_different_size_and_a_wrong_range_are_refused():
    uneven = [*loop(2), np.zeros((64, 65), np.uint8)]
    with pytest.raises(ValueError, match="this loop has frames of 64 x 64 px and of 65 x 64 px"):
        next(segment_frames(Follower(), uneven, {0: HERE}))
    for first, last in ((0, 7), (-1, 3), (5, 4)):
        with pytest.raises(ValueError, match="expected a part of 0 to 6"):
            next(segment_frames(Follower(), loop(), {0: HERE}, first, last))


def ways(prompts, last, unsure=()):
    """(frame, what it was carried from) in the order of a course in which these steps are unsure."""
    course, taken = Course(prompts, 0, last, until_unsure=True), []
    while (step := course.next()) is not None:
        index, before = step
        source = None if before is None else before.index
        taken.append((index, source))
        iou = 0.1 if (index, source) in unsure else 0.9
        course.take(FrameMask(index, prompts.get(index, Prompts()), np.ones((4, 4), bool), iou))
    return taken


def test_sure_ways_are_those_of_the_nearest_prompted_frames():
    prompts = {1: HERE, 5: HERE}
    assert ways(prompts, 6) == order_of(prompts, 0, 6)


def test_a_way_ends_where_it_is_unsure():
    assert ways({0: HERE}, 5, unsure=[(2, 1)]) == [(0, None), (1, 0), (2, 1)]


def test_where_a_way_ended_the_object_is_met_from_the_other_side():
    taken = ways({0: HERE, 8: HERE}, 8, unsure=[(2, 1)])
    assert taken[:4] == [(0, None), (8, None), (1, 0), (2, 1)]
    assert taken[4:7] == [(7, 8), (6, 7), (5, 6)]
    assert taken[7:] == [(4, 5), (3, 4), (2, 3)]


def test_a_frame_that_is_unsure_from_both_sides_is_left():
    taken = ways({0: HERE, 4: HERE}, 4, unsure=[(2, 1), (2, 3)])
    assert taken == [(0, None), (4, None), (1, 0), (2, 1), (3, 4), (2, 3)]


@pytest.mark.parametrize(("area", "iou", "agreement", "sure"), [
    (100, 0.9, 0.9, True), (40, 0.9, 0.9, False), (230, 0.9, 0.9, False), (0, 0.9, 0.9, False),
    (100, 0.5, 0.9, False), (100, 0.9, 0.5, False), (100, 0.9, None, True),
])  # fmt: skip
def test_a_mask_is_sure_as_long_as_size_iou_and_looks_are_as_before(area, iou, agreement, sure):
    def found(index, area, *said):
        mask = np.zeros((20, 20), bool)
        mask.flat[:area] = True
        return FrameMask(index, HERE, mask, *said)

    course = Course({0: HERE}, 0, 1)
    course.next()
    assert course.take(found(0, 100, 0.9, 0.9)).is_sure
    course.next()
    assert course.take(found(1, area, iou, agreement)).is_sure == sure
