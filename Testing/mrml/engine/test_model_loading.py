"""A model that is loaded beside the one in use: who answers meanwhile, and what its end or failure leaves."""

from __future__ import annotations

import threading

import pytest
from slow_model import AS_IT_IS, SlowModel, at, picture

from SAMCALib.Engine import ModelLoader
from SAMCALib.Engine.EngineLogic import EngineLogic


class Loads:
    """`load` of an engine: each source waits for its gate, then gives its model, or raises what it is."""

    def __init__(self, **models):
        self.models, self.begun = models, []
        self.gates = {name: threading.Event() for name in models}
        self.changed = threading.Condition()

    def __call__(self, source, device):
        with self.changed:
            self.begun.append(source)
            self.changed.notify_all()
        assert self.gates[source].wait(30)
        if isinstance(self.models[source], BaseException):
            raise self.models[source]
        return self.models[source]

    def open(self, *names):
        for name in names or self.gates:
            self.gates[name].set()

    def waitFor(self, *names):
        """Until these are being loaded."""
        with self.changed:
            assert self.changed.wait_for(lambda: set(names) <= set(self.begun), 30)


def opened():
    model = SlowModel()
    model.open.set()
    return model


@pytest.fixture
def old():
    return opened()


@pytest.fixture
def loads(old):
    loads = Loads(new=opened(), other=opened(), bad=ValueError("bad.pth is damaged: copy it again"))
    yield loads
    loads.open()


@pytest.fixture
def engine(loads, old):
    engine = EngineLogic(loads)
    engine.setModel(old, "old")
    yield engine
    loads.open()
    engine.stop()


@pytest.fixture
def empty(loads):
    """An engine that has no model yet."""
    engine = EngineLogic(loads)
    yield engine
    loads.open()
    engine.stop()


def click(engine, key="a"):
    return engine.segment(picture(key), at(5), AS_IT_IS)


def test_clicks_wait_for_the_first_model(empty, loads):
    assert (empty.hasModel, empty.status) == (False, "No model is loaded.")
    empty.useModel("new", "cpu")
    assert (empty.hasModel, empty.status) == (True, "Loading the model new.")
    empty.decode("me", "lesion", picture("a"), at(5), AS_IT_IS)
    loads.waitFor("new")
    assert not empty.wait(0.05)
    assert empty.poll("me") == []
    loads.open("new")
    assert empty.wait(30)
    assert empty.poll("me")[0].mask.any()
    assert empty.modelName == "new"


def test_a_path_is_told_by_its_name(old):
    engine = EngineLogic(lambda source, device: old)
    engine.useModel("/a/long/way/mine.safetensors", "cpu")
    assert click(engine).any()
    assert engine.status.startswith("Ready: mine on CPU")
    engine.stop()


def test_the_model_before_answers_while_another_one_is_loaded(engine, loads, old):
    engine.useModel("new")
    loads.waitFor("new")
    assert click(engine).any()
    assert (old.embedded, loads.models["new"].embedded) == ([100], [])
    assert engine.status == "Loading the model new; until then old answers."
    assert engine.isBusy
    loads.open("new")
    assert engine.wait(30)
    assert engine.modelName == "new"
    assert click(engine).any()
    assert loads.models["new"].embedded == [100], "what the one before encoded is of no use to it"
    assert engine.cachedFrames == 1
    assert old.hooks == []


def test_a_click_that_the_one_before_answers_last_leaves_nothing_in_the_cache_of_the_next(engine, loads, old):
    old.open.clear()
    engine.decode("me", "lesion", picture("a"), at(5), AS_IT_IS)
    assert old.started.wait(30)
    engine.useModel("new")
    loads.open("new")
    engine.waitForModel()
    assert engine.modelName == "new"
    old.open.set()
    assert engine.wait(30)
    assert len(engine.poll("me")) == 1
    assert engine.cachedFrames == 0


def test_a_loading_that_is_cancelled_changes_nothing_whenever_it_ends(engine, loads):
    engine.useModel("new")
    loads.waitFor("new")
    engine.cancelLoading()
    assert not engine.isBusy
    assert engine.status == "Ready: old on CPU."
    loads.open("new")
    engine.useModel("other")
    loads.open("other")
    assert engine.wait(30)
    assert engine.modelName == "other"


def test_clicks_that_wait_for_a_model_are_told_when_its_loading_is_cancelled(empty, loads):
    empty.useModel("new")
    loads.waitFor("new")
    threading.Timer(0.05, empty.cancelLoading).start()
    with pytest.raises(RuntimeError, match="No model is loaded: choose one"):
        click(empty)


def test_a_file_that_never_ends_does_not_stop_the_next_one_from_being_read(engine, loads):
    for source in ("new", "other"):
        engine.useModel(source)
        loads.waitFor(source)
    loads.open("other")
    assert engine.wait(30), "new is still being read"
    assert engine.modelName == "other"
    loads.open("new")
    click(engine)
    assert engine.modelName == "other"


def test_many_files_are_not_read_at_once(engine, loads, monkeypatch):
    """Whoever turns the wheel over the list of models does not fill the memory with them."""
    monkeypatch.setattr(ModelLoader, "PATIENCE", 60)
    loads.models |= {f"m{i}": opened() for i in range(6)}
    loads.gates |= {f"m{i}": threading.Event() for i in range(6)}
    for source in ("m0", "m1"):
        engine.useModel(source)
        loads.waitFor(source)
    for i in range(2, 6):
        engine.useModel(f"m{i}")
    assert len(loads.begun) == ModelLoader.PLACES
    loads.open()
    assert engine.wait(30)
    assert engine.modelName == "m5"
    assert loads.begun[ModelLoader.PLACES :] == ["m5"], "those nobody wants any more are not read at all"


def test_files_that_never_end_keep_a_further_one_waiting_for_a_while_only(engine, loads, monkeypatch):
    monkeypatch.setattr(ModelLoader, "PATIENCE", 0.05)
    monkeypatch.setattr(engine._loader, "_places", threading.Semaphore(1))
    engine.useModel("new")
    loads.waitFor("new")
    loads.open("other")
    engine.useModel("other")
    assert engine.wait(30)
    assert engine.modelName == "other"


def test_a_model_is_not_loaded_twice_at_a_time(engine, loads):
    for _ in range(3):
        engine.useModel("new")
    loads.open()
    assert engine.wait(30)
    assert loads.begun == ["new"]


def test_the_same_file_for_another_device_is_another_model(engine, loads):
    engine.useModel("new", "cpu")
    loads.waitFor("new")
    engine.useModel("new", "cuda")
    loads.open()
    assert engine.wait(30)
    assert loads.begun == ["new", "new"]


def test_a_model_that_is_given_outright_takes_the_place_of_one_that_is_loaded(engine, loads):
    engine.useModel("new")
    loads.waitFor("new")
    engine.setModel(opened(), "given")
    loads.open()
    engine.useModel("bad")
    assert engine.wait(30)
    assert engine.modelName == "given"


def test_stop_waits_for_no_loading_and_takes_nothing_of_it(engine, loads):
    engine.useModel("new")
    loads.waitFor("new")
    engine.stop()
    assert not engine.hasModel
    loads.open("new")
    engine.useModel("other")
    loads.open("other")
    assert engine.wait(30)
    assert engine.modelName == "other"


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (ValueError("bad.pth is damaged: copy it again"), "Bad.pth is damaged: copy it again."),
        (FileNotFoundError(2, "No such file", "gone.pth"), "gone.pth"),
        (
            ModuleNotFoundError("No module named 'torch'", name="torch"),
            "torch is not installed: press Install",
        ),
        (MemoryError(), "Memory ran out"),
        (RecursionError("maximum recursion depth exceeded"), "RecursionError"),
        (SystemExit(3), "ended with SystemExit"),
        (KeyboardInterrupt(), "ended with KeyboardInterrupt"),
        (GeneratorExit(), "ended with GeneratorExit"),
        (AssertionError(), "ended with AssertionError"),
    ],
    ids=lambda value: type(value).__name__,
)
def test_whatever_a_loading_raises_the_one_before_stays_and_it_is_told(engine, loads, error, words):
    loads.models["bad"] = error
    loads.open()
    engine.useModel("bad")
    assert engine.wait(30)
    assert words in engine.status
    assert engine.modelName == "old"
    assert click(engine).any()
    engine.useModel("new")
    assert engine.wait(30)
    assert engine.modelName == "new"
    assert engine.status.startswith("Ready")


def test_without_a_model_before_clicks_are_told_why_there_is_none(empty, loads):
    loads.open()
    empty.useModel("bad")
    with pytest.raises(RuntimeError, match="damaged: copy it again"):
        click(empty)
    empty.useModel("new")
    assert click(empty).any()


def test_a_thing_that_cannot_be_used_as_a_model_leaves_the_one_before(engine, loads, monkeypatch):
    from SAMCALib.Engine import TorchLogic

    def unknown(model):
        raise RuntimeError("the device is gone")

    monkeypatch.setattr(TorchLogic, "deviceName", unknown)
    loads.open()
    engine.useModel("new")
    assert engine.wait(30)
    assert engine.status == "The device is gone."
    assert engine.modelName == "old"
    assert click(engine).any()


def test_a_file_that_is_deleted_before_it_is_read_is_named(old, tmp_path):
    pytest.importorskip("torch", reason="torch is not installed")
    engine = EngineLogic()
    engine.setModel(old, "old")
    path = tmp_path / "nerve.safetensors"
    path.write_bytes(b"x")
    path.unlink()
    engine.useModel(str(path), "cpu")
    assert engine.wait(120)
    assert "nerve.safetensors" in engine.status
    assert click(engine).any()
    engine.stop()
