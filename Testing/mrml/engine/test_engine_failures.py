"""What a model raises, and what stops the engine: whoever waits is told, and the next click works."""

from __future__ import annotations

import signal
import threading
import time

import pytest
from slow_model import AS_IT_IS, SIZE, SlowModel, at, picture

from SAMCALib.Engine import EngineWorker
from SAMCALib.Engine.EngineLogic import EngineLogic


class Unspeakable(Exception):
    """Its text raises, too."""

    def __str__(self):
        raise RuntimeError("no words")


RAISED = (
    SystemExit(1), KeyboardInterrupt(), GeneratorExit(), BaseException("all"), MemoryError(), Unspeakable(),
    RecursionError("maximum recursion depth exceeded"), AssertionError(), StopIteration(), OSError(5, "I/O"),
)  # fmt: skip


@pytest.fixture
def model():
    model = SlowModel()
    model.open.set()
    return model


@pytest.fixture
def engine(model):
    engine = EngineLogic()
    engine.setModel(model, "model")
    yield engine
    model.open.set()
    engine.stop()


class Asking(threading.Thread):
    """Somebody who waits for a mask."""

    def __init__(self, engine, key="a"):
        super().__init__(daemon=True)
        self.engine, self.key, self.answer = engine, key, None
        self.start()

    def run(self):
        try:
            self.answer = self.engine.segment(picture(self.key), at(5), AS_IT_IS)
        except RuntimeError as error:
            self.answer = error

    def hasEnded(self):
        self.join(30)
        return not self.is_alive()


def untilItWaits(engine):
    while not engine._queue.waiting:
        time.sleep(0.001)


def failing(monkeypatch, model, method, error):
    """The model raises this once, then works."""
    works = getattr(model, method)

    def fail(*given):
        monkeypatch.setattr(model, method, works)
        raise error

    monkeypatch.setattr(model, method, fail)


@pytest.mark.parametrize("method", ["embed", "predict"])
@pytest.mark.parametrize("error", RAISED, ids=lambda error: type(error).__name__)
def test_whatever_a_model_raises_is_the_answer_to_that_click_alone(engine, model, monkeypatch, method, error):
    failing(monkeypatch, model, method, error)
    asking = Asking(engine)
    assert asking.hasEnded()
    assert isinstance(asking.answer, RuntimeError)
    assert str(asking.answer).endswith(".")
    assert engine.status == str(asking.answer)
    assert engine.segment(picture("a"), at(5), AS_IT_IS).any()
    assert engine.status.startswith("Ready")


def test_a_failure_that_nobody_waits_for_ends_nothing(engine, model, monkeypatch):
    failing(monkeypatch, model, "embed", SystemExit())
    engine.encodeAhead("me", [picture("a"), picture("b")])
    assert engine.wait(30)
    assert engine.segment(picture("b"), at(5), AS_IT_IS).any()


def test_a_failure_of_one_editor_is_not_told_to_the_other(engine, model, monkeypatch):
    failing(monkeypatch, model, "embed", MemoryError())
    engine.decode("one", "lesion", picture("a"), at(5), AS_IT_IS)
    engine.decode("two", "lesion", picture("b"), at(5), AS_IT_IS)
    assert engine.wait(30)
    (one,), (two,) = engine.poll("one"), engine.poll("two")
    assert "Memory ran out" in one.error
    assert two.mask.any()


def test_a_model_that_recurses_for_ever_is_told(engine, model, monkeypatch):
    def recurse(*given):
        return recurse(*given)

    works = model.predict
    monkeypatch.setattr(model, "predict", recurse)
    with pytest.raises(RuntimeError, match="RecursionError"):
        engine.segment(picture("a"), at(5), AS_IT_IS)
    monkeypatch.setattr(model, "predict", works)
    assert engine.segment(picture("a"), at(5), AS_IT_IS).any()


def test_who_waits_for_a_mask_is_told_when_the_engine_stops(engine, model):
    model.open.clear()
    running = Asking(engine, "a")
    assert model.started.wait(30)
    waiting = Asking(engine, "b")
    untilItWaits(engine)
    threading.Timer(0.05, model.open.set).start()
    engine.stop()
    for asking in (running, waiting):
        assert asking.hasEnded()
        assert "ask again" in str(asking.answer)


def test_who_waits_for_a_mask_is_told_when_the_engine_stops_while_its_first_model_is_loaded():
    gate = threading.Event()
    engine = EngineLogic(lambda source, device: gate.wait(30) and None)
    engine.useModel("slow")
    asking = Asking(engine)
    untilItWaits(engine)
    engine.stop()
    assert asking.hasEnded()
    assert "ask again" in str(asking.answer)
    gate.set()


def test_an_engine_that_was_stopped_starts_again(engine, model):
    for _ in range(3):
        assert engine.segment(picture("a"), at(5), AS_IT_IS).any()
        engine.stop()
        with pytest.raises(RuntimeError, match="No model is loaded"):
            engine.segment(picture("a"), at(5), AS_IT_IS)
        engine.setModel(model, "model")


def test_a_model_may_stop_the_engine_itself(engine, model, monkeypatch):
    monkeypatch.setattr(model, "predict", lambda *given: engine.stop())
    asking = Asking(engine)
    assert asking.hasEnded()
    assert "ask again" in str(asking.answer)


def test_a_model_that_never_answers_is_left_alone_and_what_it_says_later_goes_nowhere(
    engine, model, monkeypatch
):
    monkeypatch.setattr(EngineWorker, "STOP_SECONDS", 0.05)
    model.open.clear()
    asking = Asking(engine)
    assert model.started.wait(30)
    before = threading.active_count()
    engine.stop()
    assert asking.hasEnded()
    other = SlowModel()
    other.open.set()
    engine.setModel(other, "other")
    assert engine.segment(picture("a", 50), at(5), AS_IT_IS).any()
    model.open.set()
    while threading.active_count() > before:
        time.sleep(0.001)
    assert other.embedded == [50]
    assert engine.cachedFrames == 1
    assert engine.segment(picture("a", 50), at(5), AS_IT_IS).any()
    assert other.embedded == [50]


def test_a_wait_that_is_interrupted_leaves_no_request_behind(engine, model):
    """Ctrl+C in a console."""
    model.open.clear()

    def interrupt():
        assert model.started.wait(30)
        signal.pthread_kill(threading.main_thread().ident, signal.SIGINT)

    def raised(*_):
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGINT, raised)
    threading.Thread(target=interrupt, daemon=True).start()
    try:
        with pytest.raises(KeyboardInterrupt):
            engine.segment(picture("a"), at(5), AS_IT_IS)
    finally:
        signal.signal(signal.SIGINT, before)
    model.open.set()
    assert engine.wait(30)
    assert engine._queue._results == engine._queue._wanted == {}
    assert engine.segment(picture("a"), at(5), AS_IT_IS).shape == (SIZE, SIZE)


def test_a_thread_that_cannot_be_started_leaves_nothing_waiting(engine, monkeypatch):
    def refuse(self):
        raise RuntimeError("can't start new thread")

    with monkeypatch.context() as patch:
        patch.setattr(threading.Thread, "start", refuse)
        with pytest.raises(RuntimeError, match="can't start"):
            engine.segment(picture("a"), at(5), AS_IT_IS)
        with pytest.raises(RuntimeError, match="can't start"):
            engine.useModel("new")
    assert not engine.isBusy
    assert engine.segment(picture("a"), at(5), AS_IT_IS).any()


def test_nothing_is_kept_of_who_has_gone(engine):
    for number in range(20):
        owner = ("editor", number)
        engine.decode(owner, "lesion", picture("a"), at(5), AS_IT_IS)
        engine.drop(owner, "hover")
        engine.encode(owner, picture("b"))
        engine.encodeAhead(owner, [picture("c")])
        assert engine.wait(30)
        engine.cancel(owner)
        engine.drop(owner, "hover")
    assert engine._queue._results == engine._queue._wanted == {}


def test_a_model_that_cannot_be_looked_into_leaves_the_one_before(engine, model):
    class Closed(SlowModel):
        def modules(self):
            raise RuntimeError("not now")

    with pytest.raises(RuntimeError, match="not now"):
        engine.setModel(Closed(), "closed")
    engine._load = lambda source, device: Closed()
    engine.useModel("closed")
    assert engine.wait(30)
    assert engine.status == "Not now."
    assert engine.modelName == "model"
    assert engine.segment(picture("a"), at(5), AS_IT_IS).any()
