"""Whatever the engine is asked, in any order, while models fail and are exchanged: the next click works."""

from __future__ import annotations

import threading

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from slow_model import AS_IT_IS, SlowModel, at, picture

from SAMCALib.Engine import EngineWorker
from SAMCALib.Engine.EngineLogic import EngineLogic

ERRORS = (None, ValueError("no"), SystemExit(1), MemoryError(), KeyboardInterrupt(), RecursionError())
OWNERS, KEYS = ("one", "two"), ("a", "b", "c")


class MoodyModel(SlowModel):
    """Raises the next of `moods` at each call; a pause between is a chance for other threads."""

    def __init__(self, moods):
        super().__init__()
        self.open.set()
        self.moods = list(moods)

    def embed(self, pixels):
        self._raise()
        return super().embed(pixels)

    def predict(self, *given):
        self._raise()
        return super().predict(*given)

    def _raise(self):
        threading.Event().wait(0.0005)
        error = self.moods.pop() if self.moods else None
        if error is not None:
            raise error


moods = st.lists(st.sampled_from(ERRORS), max_size=4)
owners, keys = st.sampled_from(OWNERS), st.sampled_from(KEYS)
actions = st.lists(
    st.one_of(
        st.tuples(st.just("decode"), owners, keys),
        st.tuples(st.just("examine"), owners, keys),
        st.tuples(st.just("encode"), owners, keys),
        st.tuples(st.just("ahead"), owners, st.lists(keys, max_size=3)),
        st.tuples(st.just("cancel"), owners),
        st.tuples(st.just("poll"), owners),
        st.tuples(st.just("forget"), keys),
        st.tuples(st.just("load"), st.sampled_from(("x", "y", "bad"))),
        st.tuples(st.just("cancelLoading")),
        st.tuples(st.just("set"), moods),
        st.tuples(st.just("stop")),
        st.tuples(st.just("wait")),
    ),
    max_size=25,
)


def framed(key):
    return picture(key, volumeId=key)


def do(engine, action, *words):
    """One action of whoever works with the engine; what does not return fails by the time limit of `wait`."""
    calls = {
        "decode": lambda owner, key: engine.decode(owner, "lesion", framed(key), at(5), AS_IT_IS),
        "examine": lambda owner, key: engine.examine(owner, "doubt", framed(key), at(5), AS_IT_IS),
        "encode": lambda owner, key: engine.encode(owner, framed(key)),
        "ahead": lambda owner, keys: engine.encodeAhead(owner, [framed(key) for key in keys]),
        "cancel": engine.cancel,
        "poll": engine.poll,
        "forget": engine.forget,
        "load": engine.useModel,
        "cancelLoading": engine.cancelLoading,
        "set": lambda moods: engine.setModel(MoodyModel(moods), "set"),
        "stop": engine.stop,
        "wait": lambda: engine.wait(0.002),
    }
    calls[action](*words)
    assert engine.status.endswith(".")


def load(source, device):
    threading.Event().wait(0.001)
    if source == "bad":
        raise SystemExit("bad")
    return MoodyModel([None, ValueError(source)])


def check(steps):
    engine = EngineLogic(load)
    try:
        for step in steps:
            do(engine, *step)
        assert engine.wait(30), "somebody waits for ever"
        for owner in OWNERS:
            assert all(result.error or result.mask is not None for result in engine.poll(owner))
        assert engine._queue._wanted == engine._queue._results == {}
        engine.setModel(MoodyModel([]), "last")
        assert engine.segment(framed("a"), at(5), AS_IT_IS).any()
        assert engine.cachedFrames == 1
        engine.forget("a")
        assert engine.cachedFrames == engine.cachedBytes == 0
    finally:
        engine.stop()


WITHOUT_A_CLOCK = {"deadline": None, "suppress_health_check": list(HealthCheck)}


@settings(max_examples=40, **WITHOUT_A_CLOCK)
@given(actions)
def test_in_any_order_the_next_click_works(scene_less, steps):
    check(steps)


@pytest.mark.slow
@settings(max_examples=3000, **WITHOUT_A_CLOCK)
@given(actions)
def test_in_many_orders_the_next_click_works(scene_less, steps):
    check(steps)


@pytest.fixture(scope="module")
def scene_less():
    """Pictures here name volumes that are in no scene: nobody has to look at one."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("SAMCALib.Engine.SceneWatch.SceneWatch.start", lambda self: None)
        patch.setattr(EngineWorker, "STOP_SECONDS", 30.0)
        yield
