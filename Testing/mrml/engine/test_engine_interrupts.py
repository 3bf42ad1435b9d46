"""A model that has no layers to look between, as on ONNX Runtime, is told to end what nobody waits for."""

from __future__ import annotations

import threading

import pytest
from disc_model import DiscModel
from slow_model import AS_IT_IS, at, picture

from samca.runtime.graph_model import Interrupted

PATIENCE = 30  # s


class LongModel(DiscModel):
    """Encodes a picture whose first pixel is `endless` until it is interrupted, others at once."""

    endless = 200

    def __init__(self):
        super().__init__()
        self.started, self._end, self.interrupted = threading.Event(), threading.Event(), 0

    def embed(self, pixels):
        if pixels[0, 0, 0] == self.endless:
            self.started.set()
            assert self._end.wait(PATIENCE)
            raise Interrupted("the encoding was interrupted")
        return super().embed(pixels)

    def interrupt(self):
        self.interrupted += 1
        self._end.set()


@pytest.fixture
def disc_model():
    """What the engine has."""
    return LongModel()


@pytest.fixture
def model(disc_model):
    return disc_model


@pytest.fixture
def encoding(engine, model):
    """What is encoded without end, for the owner "me"."""
    engine.decode("me", "lesion", picture("long", model.endless), at(5), AS_IT_IS)
    assert model.started.wait(PATIENCE)


def test_a_request_about_another_picture_ends_the_encoding(encoding, engine):
    engine.decode("me", "lesion", picture("other", 3), at(7), AS_IT_IS)
    assert engine.wait(PATIENCE)
    (result,) = engine.poll("me")
    assert (result.prompts, result.error) == (at(7), "")
    assert result.mask.any()


def test_it_ends_where_its_owner_leaves(encoding, engine):
    engine.cancel("me")
    assert engine.wait(PATIENCE)
    assert engine.poll("me") == []


def test_stopping_the_engine_ends_it(encoding, engine, model):
    engine.stop()
    assert model.interrupted
    assert not engine.isBusy


def test_another_click_on_the_same_picture_lets_it_go_on(encoding, engine, model):
    engine.decode("me", "lesion", picture("long", model.endless), at(7), AS_IT_IS)
    engine.encodeAhead("me", [picture("next", 4)])
    assert not model.interrupted
