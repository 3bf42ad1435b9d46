"""A frame's session is kept beside its embedding: a click costs one decoding; a window answers later."""

from __future__ import annotations

import threading

import numpy as np
import pytest
from slow_model import AS_IT_IS, picture

from samca.prompts import Click, Prompts
from SAMCALib.Engine.EngineLogic import EngineLogic

CLICKS = tuple(Click(x, 32.0) for x in (30.0, 33.0, 27.0, 31.0, 34.0))


class Zooming:
    """Marks a disc of 4 px around each click; counts what it decodes; the second picture that it encodes, a
    window, waits for `gate`, between two layers as in a torch model."""

    def __init__(self, disc_model):
        self.model, self.config = disc_model, disc_model.config
        self.config.zoom, self.config.feedback = 1.6, "last"
        self.model.radius = 4.0
        self.image_encoder, self.hooks, self.decoded = self, [], []
        self.atWindow, self.gate = threading.Event(), threading.Event()
        self.gate.set()

    def modules(self):
        return [self]

    def register_forward_pre_hook(self, hook):
        self.hooks.append(hook)
        return self

    def remove(self):
        self.hooks.clear()

    def embed(self, pixels):
        if self.model.embedded:
            self.atWindow.set()
            assert self.gate.wait(30)
        for hook in self.hooks:
            hook(self, ())
        return self.model.embed(pixels)

    def predict(self, features, prompts, previous):
        self.decoded.append(len(prompts.clicks))
        return self.model.predict(features, prompts, previous)


@pytest.fixture
def zooming(disc_model):
    return Zooming(disc_model)


@pytest.fixture
def engine(zooming):
    engine = EngineLogic()
    engine.setModel(zooming, "zooming")
    yield engine
    zooming.gate.set()
    engine.stop()


def ask(engine, count, **how):
    engine.decode("me", "lesion", picture("a"), Prompts(CLICKS[:count]), AS_IT_IS, **how)


def answered(engine, count, **how):
    ask(engine, count, **how)
    assert engine.wait(30)
    (result,) = engine.poll("me")
    return result


def test_a_click_is_decoded_in_the_frame_and_in_its_window_and_nothing_else_is(engine, zooming):
    answered(engine, 1)
    assert zooming.decoded == [1, 1]
    for count in range(2, len(CLICKS) + 1):
        del zooming.decoded[:]
        answered(engine, count)
        assert zooming.decoded == [count, count]
    assert len(zooming.model.embedded) == 2


def test_another_click_that_was_asked_before_costs_nothing(engine, zooming):
    masks = [answered(engine, count).mask for count in (1, 2)]
    del zooming.decoded[:]
    assert np.array_equal(answered(engine, 1).mask, masks[0])
    assert zooming.decoded == []


def test_the_same_answers_come_from_a_kept_session_and_a_new_one(engine, zooming):
    for count in range(1, len(CLICKS) + 1):
        kept = answered(engine, count).mask
    engine.setModel(zooming, "again")
    assert engine.cachedFrames == 0
    assert np.array_equal(answered(engine, len(CLICKS)).mask, kept)


def test_the_whole_frames_answer_is_there_while_the_window_is_encoded(engine, zooming):
    zooming.gate.clear()
    ask(engine, 1, early=True)
    assert engine.waitForResult("me", 30)
    (first,) = engine.poll("me")
    assert (first.isLast, first.mask.any(), len(zooming.model.embedded)) == (False, True, 1)
    assert not engine.waitForResult("me", 0.01)
    zooming.gate.set()
    assert engine.wait(30)
    (last,) = engine.poll("me")
    assert (last.isLast, last.prompts) == (True, first.prompts)
    assert last.mask.sum() < first.mask.sum()


def test_where_the_window_is_there_already_or_nobody_asked_for_it_there_is_one_answer(engine, zooming):
    assert answered(engine, 1).isLast
    ask(engine, 2, early=True)
    assert engine.waitForResult("me", 30)
    assert [result.isLast for result in engine.poll("me")] == [True]
    assert engine.wait(30)
    assert engine.poll("me") == []


def test_a_newer_request_does_not_wait_for_the_window_of_one_that_has_an_answer(engine, zooming):
    zooming.gate.clear()
    ask(engine, 1, early=True)
    assert zooming.atWindow.wait(30)
    ask(engine, 2, early=True)
    zooming.gate.set()
    assert engine.wait(30)
    (last,) = engine.poll("me")
    assert (last.isLast, len(last.prompts.clicks)) == (True, 2)
    assert len(zooming.model.embedded) == 2  # the frame, and one window


def test_an_examination_takes_what_the_click_has_decoded(engine, zooming):
    zooming.config.mirror = True
    zooming.embed_each = lambda pictures: tuple(map(zooming.embed, pictures))
    zooming.predict_each = lambda *given: zooming.decoded.append(2) or zooming.model.predict_each(*given)
    answered(engine, 1)
    del zooming.decoded[:]
    engine.examine("me", "doubt", picture("a"), Prompts(CLICKS[:1]), AS_IT_IS)
    assert engine.wait(30)
    (result,) = engine.poll("me")
    assert result.agreement > 0.8
    assert zooming.decoded == []


def soften(zooming):
    """Its discs have a rim of six px on each side of which it is not sure."""

    def predict(features, prompts, previous):
        zooming.decoded.append(len(prompts.clicks))
        y, x = np.mgrid[:64, :64]
        distance = np.min([np.hypot(x - click.x, y - click.y) for click in prompts.clicks], axis=0)
        return (0.5 * (4 - distance)).astype(np.float32), 0.9

    zooming.predict = predict
    return zooming


def closer(engine, count):
    engine.encodeCloser("me", picture("a"), Prompts(CLICKS[:count]))


def test_a_window_for_what_may_belong_to_the_object_is_encoded_ahead_and_changes_no_answer(engine, zooming):
    soften(zooming)
    before = answered(engine, 1).mask
    assert len(zooming.model.embedded) == 2
    closer(engine, 1)
    assert engine.wait(30)
    assert len(zooming.model.embedded) == 3
    assert np.array_equal(answered(engine, 1).mask, before)
    closer(engine, 1)
    assert engine.wait(30)
    assert len(zooming.model.embedded) == 3, "once"


def test_what_is_encoded_ahead_makes_room_for_a_click_and_goes_on_afterwards(engine, zooming):
    soften(zooming)
    answered(engine, 1)
    zooming.gate.clear()
    zooming.atWindow.clear()
    closer(engine, 1)
    assert zooming.atWindow.wait(30)
    ask(engine, 2)
    zooming.gate.set()
    assert engine.waitForResult("me", 30)
    (result,) = engine.poll("me")
    assert len(result.prompts.clicks) == 2
    assert engine.wait(30)
    assert len(zooming.model.embedded) == 3


def test_a_cancelled_editor_has_nothing_encoded_ahead(engine, zooming):
    soften(zooming)
    answered(engine, 1)
    zooming.gate.clear()
    zooming.atWindow.clear()
    closer(engine, 1)
    assert zooming.atWindow.wait(30)
    engine.cancel("me")
    zooming.gate.set()
    assert engine.wait(30)
    assert len(zooming.model.embedded) == 2


def test_a_model_that_does_not_zoom_is_asked_for_nothing(engine, zooming):
    zooming.config.zoom = 0.0
    answered(engine, 1)
    closer(engine, 1)
    assert not engine.isBusy
