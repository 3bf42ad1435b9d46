"""A model that takes long, or never comes: the editor goes on with the one before, and Cancel ends it."""

from __future__ import annotations

import threading
import time

import pytest
from disc_model import DiscModel
from effect_editors import READY, click, count, settled, status

PATIENCE = 30


@pytest.fixture
def loading(engine):
    """The engine's `load`: what is asked for waits for `gate`; a fault of `fails` is raised."""

    class Loading:
        def __init__(self):
            self.begun, self.gate, self.fails = threading.Semaphore(0), threading.Event(), None

        def __call__(self, source, device):
            self.begun.release()
            assert self.gate.wait(PATIENCE)
            if self.fails:
                raise self.fails
            return DiscModel(radius=2.0)

        def choose(self, editor, source):
            """The user chooses a model, and its file is being read."""
            editor.effect.options.model = source
            assert self.begun.acquire(timeout=PATIENCE)

    engine._load = loading = Loading()
    yield loading
    loading.gate.set()


def ticked(editor, count=10):
    """Some ticks of the timer, each as short as they have to be."""
    for _ in range(count):
        start = time.perf_counter()
        editor.tick()
        assert time.perf_counter() - start < 0.5, "the application would stand still"
    return editor


def answered(editor):
    """Ticks until the last click is answered; a model may be being read all the while."""
    give_up = time.monotonic() + PATIENCE
    while editor.effect.edit.prompts.object.pending or not editor.effect.edit.prompts.objects:
        assert time.monotonic() < give_up
        editor.tick()
    return editor


def test_clicks_are_answered_by_the_model_before_while_another_one_is_read(open_editor, engine, loading):
    editor = open_editor()
    loading.choose(editor, "large.pth")
    editor.view.click(editor.view.pixelOf(editor.view.rasOf((250, 200))))
    answered(editor)
    before = count(editor)
    assert before > 0
    assert "Loading the model large" in status(ticked(editor))
    assert editor.cancelButton.visible
    loading.gate.set()
    settled(editor)
    assert engine.modelName == "large.pth"
    editor.clearButton.click()
    assert 0 < count(click(editor, 40, 30)) < before, "its discs are smaller"


def test_cancel_keeps_the_model_before_in_use_and_in_the_list(open_editor, engine, loading):
    editor = open_editor()
    loading.choose(editor, "large.pth")
    editor.cancelButton.click()
    ticked(editor)
    assert editor.effect.options.model == "discs"
    assert editor.modelComboBox.items[editor.modelComboBox.currentIndex] == "discs"
    assert not editor.cancelButton.visible
    loading.gate.set()
    settled(editor)
    assert engine.modelName == "discs"
    assert count(click(editor, 40, 30)) > 0


def test_cancel_in_one_editor_is_known_in_the_other(open_editor, engine, loading):
    one, two = open_editor(), open_editor()
    loading.choose(one, "large.pth")
    ticked(two)
    two.cancelButton.click()
    for editor in (one, two):
        ticked(editor)
        assert editor.effect.options.model == "discs"
        assert "Loading" not in status(editor)


def test_without_a_model_before_a_click_asks_for_it_again(open_editor, engine, loading):
    engine.setModel(None, "")
    editor = open_editor(start=False, setup=READY)
    editor.effect.options.model = "first.pth"
    editor.activate()
    assert loading.begun.acquire(timeout=PATIENCE)
    ticked(editor)
    editor.cancelButton.click()
    ticked(editor)
    assert "Loading" not in status(editor)
    loading.gate.set()
    assert count(click(settled(editor), 40, 30)) > 0
    assert engine.modelName == "first.pth"


def test_the_editor_may_be_left_while_a_model_is_read(open_editor, engine, loading):
    editor = open_editor()
    loading.choose(editor, "large.pth")
    editor.deactivate()
    loading.gate.set()
    assert engine.wait(PATIENCE)
    assert engine.modelName == "large.pth", "what the user chose"
    editor.activate()
    assert count(click(settled(editor), 40, 30)) > 0


def test_a_model_that_cannot_be_read_is_told_and_the_one_before_goes_on(open_editor, engine, loading):
    editor = open_editor()
    loading.fails = SystemExit("no licence")
    loading.choose(editor, "odd.pth")
    loading.gate.set()
    settled(editor)
    assert "ended with SystemExit" in status(editor)
    assert editor.effect.options.model == "discs"
    assert count(click(editor, 40, 30)) > 0


@pytest.mark.parametrize(
    "error", [SystemExit(), MemoryError(), RecursionError(), KeyboardInterrupt()], ids=repr
)
def test_a_click_that_fails_once_is_done_with_the_next_one(open_editor, disc_model, monkeypatch, error):
    editor, embed = open_editor(), disc_model.embed

    def fail(pixels):
        monkeypatch.setattr(disc_model, "embed", embed)
        raise error

    engine = editor.effect.edit.engine
    engine.setModel(disc_model, "discs")  # has encoded nothing yet
    monkeypatch.setattr(disc_model, "embed", fail)
    click(editor, 40, 30)
    click(editor, 45, 30)
    assert count(editor) > 0
    assert not editor.effect.edit.prompts.object.pending


def test_a_tick_is_short_while_the_model_is_stuck(open_editor, disc_model, monkeypatch):
    gate, begun = threading.Event(), threading.Event()
    editor = open_editor()

    def stuck(*given):
        begun.set()
        gate.wait(PATIENCE)
        raise RuntimeError("late")

    monkeypatch.setattr(disc_model, "predict", stuck)
    editor.view.click(editor.view.pixelOf(editor.view.rasOf((250, 200))))
    assert begun.wait(PATIENCE)
    ticked(editor)
    start = time.perf_counter()
    editor.cancelButton.click()
    editor.deactivate()
    assert time.perf_counter() - start < 0.5
    gate.set()


def test_an_instance_that_is_freed_while_it_is_active_leaves_the_engine_alone(
    open_editor, engine, disc_model
):
    editor = open_editor()
    editor.view.click(editor.view.pixelOf(editor.view.rasOf((250, 200))))
    editor.effect.cleanup()
    assert engine.wait(PATIENCE)
    assert engine._queue._results == engine._queue._wanted == {}
    editor.isActive = False
