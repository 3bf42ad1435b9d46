"""The worker: order, outdated requests, cache, cancelling, failures, and what is left when it stops."""

from __future__ import annotations

import threading

import numpy as np
import pytest
from slow_model import AS_IT_IS, SIZE, SlowModel, at, picture

from samca.interaction.session import Session
from samca.prompts import Click, Prompts
from SAMCALib.Engine.EmbeddingCache import EmbeddingCache
from SAMCALib.Engine.EngineLogic import EngineLogic, Picture, sharedEngine
from SAMCALib.Segments.MaskLogic import finished


@pytest.fixture
def slow():
    return SlowModel()


@pytest.fixture
def engine(slow):
    engine = EngineLogic()
    engine.setModel(slow, "slow")
    yield engine
    slow.open.set()
    engine.stop()


def places(result):
    return [tuple(place) for place in np.argwhere(result.mask)]


def test_an_answer_comes_to_its_owner_only(engine, slow):
    slow.open.set()
    engine.decode("one", "lesion", picture("a"), at(5), AS_IT_IS)
    assert engine.wait(10)
    assert engine.poll("other") == []
    (result,) = engine.poll("one")
    assert (result.subject, result.prompts, places(result)) == ("lesion", at(5), [(32, 5)])
    assert engine.poll("one") == []


def test_a_frame_is_encoded_once(engine, slow):
    slow.open.set()
    for x in (5, 9):
        engine.segment(picture("a"), at(x), AS_IT_IS)
    assert slow.embedded == [100]


def test_a_picture_that_passes_by_is_looked_at_once_and_nothing_of_it_is_kept(engine, slow):
    slow.open.set()
    slow.config.mirror, slow.config.zoom = True, 2.0
    slow.embed_each = slow.predict_each = None  # what a second look would ask for
    for _ in range(2):
        engine.glance("me", "lesion", picture("a"), at(5), AS_IT_IS, at(5))
        assert engine.wait(10)
        (result,) = engine.poll("me")
        assert (places(result), result.agreement, result.error) == ([(32, 5)], None, "")
    assert slow.embedded == [100, 100]
    assert engine.cachedFrames == 0


def test_a_newer_request_replaces_the_waiting_one_and_the_running_one_is_answered(engine, slow, monkeypatch):
    asked, predict = [], slow.predict
    monkeypatch.setattr(slow, "predict", lambda *given: asked.append(given[1].clicks[0].x) or predict(*given))
    engine.decode("me", "lesion", picture("a"), at(1), AS_IT_IS)
    assert slow.started.wait(10)
    for x in (2, 3, 4):
        engine.decode("me", "lesion", picture("a"), at(x), AS_IT_IS)
    slow.open.set()
    assert engine.wait(10)
    assert asked == [1, 4]
    assert [result.prompts for result in engine.poll("me")] == [at(4)]  # the last one of a subject
    assert slow.embedded == [100]  # the newer click went on with the same encoding


def test_who_asks_faster_than_answers_come_sees_them_all_the_same(engine, slow, monkeypatch):
    begun, go, predict = threading.Semaphore(0), threading.Semaphore(0), slow.predict
    monkeypatch.setattr(slow, "predict", lambda *given: (begun.release(), go.acquire(), predict(*given))[2])
    slow.open.set()
    seen = []
    engine.decode("me", "lesion", picture("a"), at(1), AS_IT_IS)
    for x in (3, 5, 7):
        assert begun.acquire(timeout=10)
        engine.decode("me", "lesion", picture("a"), at(x - 1), AS_IT_IS)
        engine.decode("me", "lesion", picture("a"), at(x), AS_IT_IS)  # a newer one while one runs
        go.release()
        assert engine.waitForResult("me", 10)
        seen += [result.prompts for result in engine.poll("me")]
    go.release()
    assert engine.wait(10)
    assert seen == [at(1), at(3), at(5)]
    assert [result.prompts for result in engine.poll("me")] == [at(7)]


def test_a_request_about_another_picture_ends_the_running_one(engine, slow):
    engine.decode("me", "lesion", picture("a", 1), at(1), AS_IT_IS)
    assert slow.started.wait(10)
    engine.decode("me", "lesion", picture("b", 2), at(2), AS_IT_IS)
    slow.open.set()
    assert engine.wait(10)
    assert [result.prompts for result in engine.poll("me")] == [at(2)]
    assert slow.finished == [2]


def test_an_answer_is_waited_for_no_longer_than_asked_and_no_longer_than_it_takes(engine, slow):
    assert not engine.waitForResult("me", 10)  # nothing is asked for
    engine.decode("me", "lesion", picture("a"), at(1), AS_IT_IS)
    assert not engine.waitForResult("me", 0.01)
    slow.open.set()
    engine.encodeAhead("me", [picture(key) for key in range(3)])
    assert engine.waitForResult("me", 10)
    assert [result.prompts for result in engine.poll("me")] == [at(1)]


def test_an_answer_that_nobody_fetched_is_replaced_too(engine, slow):
    slow.open.set()
    engine.decode("me", "lesion", picture("a"), at(1), AS_IT_IS)
    assert engine.wait(10)
    engine.decode("me", "lesion", picture("a"), at(2), AS_IT_IS)
    assert engine.wait(10)
    assert [result.prompts for result in engine.poll("me")] == [at(2)]


def test_other_subjects_are_not_replaced(engine, slow):
    engine.decode("me", "lesion", picture("a"), at(1), AS_IT_IS)
    engine.decode("me", "nerve", picture("b", 50), at(2), AS_IT_IS)
    slow.open.set()
    assert engine.wait(10)
    assert {result.subject for result in engine.poll("me")} == {"lesion", "nerve"}


def test_moving_on_ends_an_encoding_nobody_waits_for(engine, slow):
    engine.encode("me", picture("a", 1))
    assert slow.started.wait(10)
    engine.encode("me", picture("b", 2))
    engine.encode("me", picture("c", 3))
    slow.open.set()
    assert engine.wait(10)
    assert slow.embedded == [1, 3]
    assert slow.finished == [3]


def test_neighbours_are_encoded_after_clicks_and_give_way_to_them(engine, slow):
    engine.encodeAhead("me", [picture("a", 1), picture("b", 2)])
    assert slow.started.wait(10)
    engine.decode("me", "lesion", picture("c", 3), at(1), AS_IT_IS)
    slow.open.set()
    assert engine.wait(10)
    assert slow.finished[0] == 3
    assert sorted(slow.finished) == [1, 2, 3]


def test_a_click_on_the_neighbour_being_encoded_uses_that_encoding(engine, slow):
    engine.encodeAhead("me", [picture("a", 1)])
    assert slow.started.wait(10)
    engine.decode("me", "lesion", picture("a", 1), at(1), AS_IT_IS)
    slow.open.set()
    assert engine.wait(10)
    assert slow.embedded == [1]
    assert len(engine.poll("me")) == 1


def test_a_new_list_of_neighbours_replaces_the_old_one(engine, slow):
    engine.encode("me", picture("a", 1))
    assert slow.started.wait(10)
    engine.encodeAhead("me", [picture("b", 2), picture("c", 3)])
    engine.encodeAhead("me", [picture("c", 3), picture("d", 4)])
    slow.open.set()
    assert engine.wait(10)
    assert slow.finished == [1, 3, 4]


def test_cancel_drops_what_waits_and_what_runs_but_not_of_others(engine, slow):
    engine.decode("me", "lesion", picture("a", 1), at(1), AS_IT_IS)
    assert slow.started.wait(10)
    engine.decode("me", "nerve", picture("a", 1), at(2), AS_IT_IS)
    engine.decode("other", "lesion", picture("b", 2), at(3), AS_IT_IS)
    engine.cancel("me")
    slow.open.set()
    assert engine.wait(10)
    assert engine.poll("me") == []
    assert [result.prompts for result in engine.poll("other")] == [at(3)]
    assert slow.finished == [2]


def test_the_cache_is_bounded_in_bytes():
    cache = EmbeddingCache(1000)
    for key in range(5):
        cache.put(key, (np.zeros(100, np.float32), (np.zeros(0),)))  # 400 bytes
    assert [key in cache for key in range(5)] == [False, False, False, True, True]
    assert cache.bytes == 800
    cache.get(3)
    cache.put(5, np.zeros(50))  # 400 bytes
    assert [key in cache for key in (3, 4, 5)] == [True, False, True]
    cache.put(6, np.zeros(10_000))
    assert len(cache) == 1
    assert cache.bytes == 80_000  # the frame that is looked at stays, whatever its size
    cache.clear()
    assert cache.bytes == len(cache) == 0


def test_the_engine_keeps_to_its_bound(slow):
    session = Session(slow)
    slow.open.set()
    session.set_image(picture(0).pixels)
    session.click(1, 32)
    engine = EngineLogic(cacheBytes=2 * session.nbytes + 100)
    engine.setModel(slow, "slow")
    for key in range(5):
        engine.segment(picture(key), at(1), AS_IT_IS)
        assert engine.cachedBytes <= engine._cache.limit
    assert engine.cachedFrames == 2
    engine.stop()
    assert engine.cachedBytes == 0


def test_another_model_encodes_anew(engine, slow):
    slow.open.set()
    engine.segment(picture("a"), at(1), AS_IT_IS)
    other = SlowModel()
    other.open.set()
    engine.setModel(other, "other")
    engine.segment(picture("a"), at(1), AS_IT_IS)
    assert other.embedded == [100]
    assert slow.hooks == []


@pytest.mark.parametrize(
    ("pixels", "words"),
    [(np.full((8, 8), np.nan, np.float32), "without one finite value"), (np.zeros((8, 8, 2)), "got shape")],
)
def test_a_frame_that_cannot_be_seen_is_answered_in_words(engine, slow, pixels, words):
    slow.open.set()
    engine.decode("me", "lesion", Picture(("bad",), pixels), at(1, 1), AS_IT_IS)
    assert engine.wait(10)
    (result,) = engine.poll("me")
    assert result.mask is None
    assert words in result.error
    assert words in engine.status
    with pytest.raises(RuntimeError, match=words):
        engine.segment(Picture(("bad",), pixels), at(1, 1), AS_IT_IS)
    assert engine.segment(picture("a"), at(1), AS_IT_IS).any()
    assert engine.status.startswith("Ready")


@pytest.mark.parametrize(
    "pixels",
    [
        np.full((8, 8), 3, np.int8),
        np.linspace(-1e4, 1e4, 64 * 64).reshape(64, 64).astype(np.int16),
        np.where(np.eye(64) > 0, np.inf, 1.0),
        np.where(np.eye(64) > 0, np.nan, 1.0).astype(np.float32),
        np.zeros((64, 64, 4), np.uint8),
        np.zeros((8192, 16), np.uint16),
    ],
    ids=["tiny constant", "signed 16-bit", "infinite", "NaN", "RGBA", "huge"],
)
def test_odd_frames_are_encoded(engine, slow, pixels):
    slow.open.set()
    mask = engine.segment(Picture(("odd",), pixels), at(1, 1), AS_IT_IS)
    assert mask.shape == pixels.shape[:2]


def test_without_a_model_the_answer_says_so():
    engine = EngineLogic()
    with pytest.raises(RuntimeError, match="No model is loaded"):
        engine.segment(picture("a"), at(1), AS_IT_IS)
    engine.stop()


def test_the_status_tells_what_goes_on(engine, slow):
    assert engine.status == "Ready: slow on CPU."
    engine.decode("me", "lesion", picture("a"), at(1), AS_IT_IS)
    assert slow.started.wait(10)
    assert engine.status == "Encoding frame a on CPU."
    assert engine.isBusy
    slow.open.set()
    assert engine.wait(10)
    assert "last encoding" in engine.status
    assert "last click" in engine.status
    assert not engine.isBusy


def test_a_click_that_takes_long_is_told_as_while_a_window_is_encoded(engine, slow, monkeypatch):
    slow.open.set()
    engine.segment(picture("a"), at(1), AS_IT_IS)
    begun, go, predict = threading.Event(), threading.Event(), slow.predict
    monkeypatch.setattr(slow, "predict", lambda *given: (begun.set(), go.wait(30), predict(*given))[2])
    engine.decode("me", "lesion", picture("a"), at(2), AS_IT_IS)
    assert begun.wait(10)
    assert engine.status == "Segmenting frame a on CPU."
    go.set()
    assert engine.wait(10)
    assert engine.status.startswith("Ready")


def test_one_thread_is_started_by_the_first_request_and_ended_by_stop(slow):
    before = threading.active_count()
    slow.open.set()
    engine = EngineLogic()
    engine.setModel(slow, "slow")
    assert threading.active_count() == before
    for key in range(3):
        engine.segment(picture(key), at(1), AS_IT_IS)
        assert threading.active_count() == before + 1
    engine.stop()
    assert threading.active_count() == before
    engine.setModel(slow, "slow")
    assert engine.segment(picture("a"), at(1), AS_IT_IS).any()
    engine.stop()
    assert threading.active_count() == before


def test_stopping_during_an_encoding_waits_for_nothing_else(engine, slow):
    engine.decode("me", "lesion", picture("a", 1), at(1), AS_IT_IS)
    assert slow.started.wait(10)
    engine.encodeAhead("me", [picture(key) for key in range(5)])
    slow.open.set()
    engine.stop()
    assert slow.embedded == [1]
    assert engine.poll("me") == []


def test_stopping_ends_the_encoding_itself(engine, slow):
    engine.decode("me", "lesion", picture("a", 1), at(1), AS_IT_IS)
    assert slow.started.wait(10)
    threading.Timer(0.05, slow.open.set).start()
    engine.stop()
    assert slow.embedded == [1]
    assert slow.finished == []


def test_all_editors_share_one_engine():
    assert sharedEngine() is sharedEngine()


def test_a_real_model_gives_what_a_session_gives():
    pytest.importorskip("torch", reason="torch is not installed")
    import torch

    from samca.config import with_settings
    from samca.methods import METHODS
    from samca.network.model import build

    encoder = {"channels": [8, 8, 8], "width": 16, "depth": 2, "heads": 2, "out_channels": 32}
    tiny = {"backbone": {"name": "sam_vit_small", **encoder}, "image_size": SIZE}
    torch.manual_seed(0)
    model = build(with_settings(METHODS["samca"], "model", tiny))
    pixels = np.random.default_rng(0).integers(0, 255, (50, 70), np.uint8)
    session = Session(model)
    session.set_image(pixels)
    prompts = Prompts((Click(20, 30), Click(50, 10, False)))
    engine = EngineLogic()
    engine.setModel(model, "tiny")
    mask = engine.segment(Picture(("a",), pixels), prompts, AS_IT_IS)
    np.testing.assert_array_equal(mask, finished(session.predict(prompts).logits, prompts, AS_IT_IS, (1, 1)))
    assert engine.cachedBytes == session.nbytes
    engine.encode("me", Picture(("b",), pixels))
    engine.cancel("me")
    assert engine.wait(30)
    engine.stop()
    assert not any(module._forward_pre_hooks for module in model.modules())
