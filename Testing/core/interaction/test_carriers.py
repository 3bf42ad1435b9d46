"""Carriers: what is remembered, what is read, when an object is given up and taken up again."""

from functools import partial
from types import SimpleNamespace

import numpy as np
import pytest

from samca.interaction.carriers import CARRIERS, carrier_for
from samca.interaction.carriers.frame_mask import FrameMask
from samca.interaction.carriers.recall import LAST, POINTED_AT, Recall
from samca.interaction.propagation import carry, segment_frames, session_on
from samca.interaction.views import View
from samca.prompts import Click, Prompts

SIDE = 64
HERE = Prompts((Click(20, 20),))


class Rememberer:
    """A model whose memory knows the brightness of the object, and finds all that is as bright."""

    remembers, mask_side = True, 16

    def __init__(self, mirror=False):
        self.config = SimpleNamespace(
            image_size=SIDE, fit="squash", feedback="none", zoom=0.0, mirror=mirror, tidy=True, depth=1
        )
        self.read = []

    def embed(self, pixels):
        return pixels[::4, ::4, 0][None]

    def embed_each(self, pictures):
        return np.stack([picture[::4, ::4, 0] for picture in pictures])

    def predict(self, features, prompts, previous):
        return self._like(features, self._clicked(features, prompts))[0], 0.9

    def predict_each(self, features, prompts, previous):
        return self._like(features, self._clicked(features, prompts[0])), [0.9] * len(features)

    def remember(self, features, masks):
        assert masks.shape == features.shape
        assert 0 <= masks.min() <= masks.max() <= 1
        return SimpleNamespace(brightness=features[masks > 0.5].mean(), nbytes=100)

    def recall(self, features, bank, kinds):
        self.read.append(list(kinds))
        logits = self._like(features, np.mean([each.brightness for each in bank]))
        return logits, [0.9 if (look > 0).any() else 0.05 for look in logits]

    def _clicked(self, features, prompts):
        return features[0, int(prompts.clicks[0].y) // 4, int(prompts.clicks[0].x) // 4]

    def _like(self, features, brightness):
        return np.where(np.abs(features - brightness) < 20, 5.0, -5.0).astype(np.float32)


def loop(count=9, step=3, gone=()):
    """A grey square that moves to the right beside a brighter one; missing in some frames."""
    frames = np.zeros((count, SIDE, SIDE), np.uint8)
    frames[:, 48:60, 4:60] = 250
    for index in range(count):
        if index not in gone:
            frames[index, 12:32, 12 + step * index : 32 + step * index] = 120
    return list(frames)


def by_index(found):
    return {each.index: each for each in found}


@pytest.mark.parametrize("mirror", [False, True])
def test_what_was_pointed_at_is_followed_by_memory(mirror):
    found = by_index(segment_frames(Rememberer(mirror), loop(), {4: Prompts((Click(35, 20),))}))
    assert sorted(found) == list(range(9))
    for index, frame in enumerate(loop()):
        assert (found[index].mask ^ (frame == 120)).mean() < 0.03
        assert found[index].is_sure
    assert (found[4].agreement is not None) == mirror


def test_an_object_that_leaves_is_gone_unsure_and_taken_up_when_it_returns():
    found = by_index(segment_frames(Rememberer(), loop(gone=(3, 4, 5)), {0: HERE}))
    assert [found[i].is_sure for i in range(9)] == [True] * 3 + [False] * 3 + [True] * 3
    assert not any(found[i].mask.any() or found[i].prompts for i in (3, 4, 5))
    assert found[6].mask.any()


def test_it_goes_on_after_unsure_frames_where_the_last_mask_would_end():
    frames, model = loop(gone=(3, 4)), Rememberer()
    for name, last in (("memory", 8), ("mask", 3)):
        carrier = carrier_for(model, name)
        found = carry(partial(session_on, model, frames), {0: HERE}, 0, 8, carrier, until_unsure=True)
        assert max(by_index(found)) == last


def test_between_two_prompted_frames_both_are_read():
    model = Rememberer()
    given = {0: HERE, 8: Prompts((Click(45, 20),))}
    list(segment_frames(model, loop(), given))
    assert all(kinds[:2] == [0, 0] for kinds in model.read)
    assert [len(kinds) for kinds in model.read[:4]] == [2, 3, 4, 4]


def test_only_what_is_nearer_than_what_was_pointed_at_is_read_besides():
    model = Rememberer()
    list(segment_frames(model, loop(), {4: Prompts((Click(35, 20),))}))
    assert model.read == [[0], [0, 1], [0, 1, 1], [0, 1, 1]] * 2


def test_what_is_kept_is_bounded():
    model, frames = Rememberer(), loop(40, step=0)
    session, carrier = session_on(model, frames, 0), carrier_for(model)
    mask = frames[0] == 120
    for index in range(40):
        carrier.take(session, FrameMask(index, HERE, mask, 0.9), prompted=index % 2 == 0)
    assert carrier.nbytes == 100 * (POINTED_AT + LAST)
    carrier.take(session, FrameMask(41, HERE, mask, 0.1, is_sure=False), prompted=False)
    assert carrier.nbytes == 100 * (POINTED_AT + LAST)


def test_of_more_prompted_frames_than_are_kept_none_is_far_from_one_that_is():
    model, prompted = Rememberer(), range(0, 3 * (POINTED_AT + 8), 3)
    frames, mask = loop(max(prompted) + 2, step=0), loop(1)[0] == 120
    carrier = carrier_for(model)
    for index in prompted:
        carrier.take(session_on(model, frames, index), FrameMask(index, HERE, mask, 0.9), prompted=True)
    kept = [index for index in prompted if index in carrier._kept]
    assert len(kept) == POINTED_AT
    assert max(min(abs(index - each) for each in kept) for index in prompted) == 3


def test_the_frame_that_was_prompted_last_is_never_the_one_that_is_forgotten():
    frames, mask, carrier = loop(80, step=0), loop(1)[0] == 120, carrier_for(model := Rememberer())
    for index in [*range(0, 5 * POINTED_AT, 5), 77]:
        carrier.take(session_on(model, frames, index), FrameMask(index, HERE, mask, 0.9), prompted=True)
    assert 77 in carrier._kept
    assert 75 not in carrier._kept


def test_two_looks_that_disagree_are_not_sure():
    carrier, mask = carrier_for(Rememberer()), np.ones((4, 4), bool)
    sure = FrameMask(1, HERE, mask, 0.9, 0.95)
    assert carrier.is_sure(sure, sure, sure)
    assert not carrier.is_sure(sure._replace(agreement=0.5), sure, sure)
    assert not carrier.is_sure(sure._replace(iou=0.3), sure, sure)
    assert not carrier.is_sure(sure._replace(mask=~mask), sure, sure)


def test_a_deformation_pulls_the_mask_along():
    frames = [np.roll(smooth(), 2 * i, axis=1) for i in range(5)]
    found = by_index(
        segment_frames(Rememberer(), frames, {0: Prompts((Click(24, 30),))}, carrier="deformation")
    )
    first = found[0].mask
    assert first.any()
    for index in range(5):
        moved = np.roll(first, 2 * index, axis=1)
        assert 2 * (found[index].mask & moved).sum() / (found[index].mask.sum() + moved.sum()) > 0.9
        assert found[index].is_sure


def smooth():
    """A bright spot with a soft rim beside others."""
    rows, columns = np.indices((SIDE, SIDE))
    spots = (30, 24, 11, 200), (10, 54, 6, 60), (54, 44, 6, 80)
    light = sum(h * np.exp(-((rows - y) ** 2 + (columns - x) ** 2) / (2 * r**2)) for y, x, r, h in spots)
    return light.clip(max=110).astype(np.uint8)


@pytest.mark.parametrize("name", CARRIERS)
def test_each_carrier_says_nothing_where_nothing_was(name, sam2_folder):
    model, named = Rememberer(), f"sam2:{sam2_folder}" if name == "sam2" else name
    carrier, session = carrier_for(model, named), session_on(model, loop(), 0)
    nothing = FrameMask(0, HERE, np.zeros((SIDE, SIDE), bool), 0.0)
    known = FrameMask(0, HERE, loop()[0] == 120, 0.9)
    carrier.take(session, known if name == "memory" else nothing, prompted=True)
    empty = session_on(model, loop(2, gone=(1,)), 1)
    assert not carrier.carry(empty, 1, nothing).mask.any()


def test_a_small_object_is_recalled_in_windows_of_one_size_that_go_along():
    model, frames = Rememberer(), loop(5, step=4)
    model.config.zoom = 1.6
    small = [np.where(np.indices(frame.shape)[0] < 24, frame, 0) for frame in frames]
    windows, remember = [], View.remember

    def watched(view, mask, window=None):
        windows.extend(filter(None, [window]))
        return remember(view, mask, window)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(View, "remember", watched)
        found = by_index(segment_frames(model, small, {0: Prompts((Click(20, 18),))}))
    for index, frame in enumerate(small):
        assert (found[index].mask ^ (frame == 120)).mean() < 0.03
    assert len({(w.x1 - w.x0, w.y1 - w.y0) for w in windows}) == 1
    assert windows[0].x0 < windows[-1].x0


def test_where_nobody_looks_closer_the_whole_frame_is_recalled():
    model, frames = Rememberer(), loop(2)
    model.config.zoom = 1.6
    session, carrier = session_on(model, frames, 0), Recall(model, closer=False)
    carrier.take(session, FrameMask(0, HERE, frames[0] == 120, 0.9), prompted=True)
    said = carrier.said(session_on(model, frames, 1), 1)
    assert (said.mask ^ (frames[1] == 120)).mean() < 0.03
