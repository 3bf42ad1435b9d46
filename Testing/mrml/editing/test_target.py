"""A structure named in words: its box, the field in the effect, and what happens where there is none."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
import slicer
import volumes
from effect_editors import count, prompts, settled, status

import SAMCALib
from samca.prompts import Box
from SAMCALib.Editing import TargetLogic
from SAMCALib.Frames import SequenceLogic
from SAMCALib.Texts import Refusal


class Detector:
    """Finds `box`, whatever it is asked for; an exception is raised."""

    def __init__(self, box):
        self.box, self.asked = box, []

    def find(self, pixels, target, window=None):
        self.asked.append((pixels.shape, target, window))
        if isinstance(self.box, BaseException):
            raise self.box
        return self.box


@pytest.fixture
def open_with(open_editor, tmp_path, monkeypatch):
    """An editor with a detector that finds this box; (editor, detector)."""
    monkeypatch.setattr(TargetLogic, "find_spec", lambda name: name)
    (tmp_path / "config.json").write_text("{}")

    def make(box, volume=None):
        detector = Detector(box)
        editor = open_editor(volume, start=False)
        editor.effect.target = TargetLogic.TargetLogic(tmp_path, lambda folder: detector)
        editor.activate()
        settled(editor)
        return editor, detector

    return make


def search(editor, target):
    editor.targetLineEdit.enter(target)
    if editor.effect.target.isSearching:
        editor.effect.target._search[2].exception(timeout=30)
    return settled(editor)


def done(editor, turns=200):
    """Let the timer run until search and engine have ended."""
    for _ in range(turns):
        editor.tick()
        busy = editor.effect.target.isSearching or editor.effect.edit.sweep.isRunning
        if not (busy or editor.effect.edit.engine.isBusy):
            return settled(editor)
        time.sleep(0.01)
    raise AssertionError("it does not end")


def test_a_name_becomes_a_box_and_an_outline(open_with):
    editor, detector = open_with(Box(20, 15, 50, 45))
    search(editor, "  breast  lesion ")
    ((shape, target, _),) = detector.asked
    assert (len(shape), target) == (2, "breast lesion")
    assert prompts(editor).object.prompts.box == Box(20, 15, 50, 45)
    assert count(editor) > 0
    search(editor, "nerve")
    assert [target for _, target, _ in detector.asked] == ["breast lesion", "nerve"]


def test_where_nothing_is_found_a_click_is_asked_for(open_with):
    editor, _ = open_with(None)
    search(editor, "nerve")
    assert status(editor) == "No nerve was found on Scan, frame 1: click on it."
    assert count(editor) == 0


def test_the_timer_gives_the_search_time_and_a_second_one_waits(open_with, monkeypatch):
    editor, detector = open_with(Box(20, 15, 50, 45))
    from SAMCAUltrasoundLib.SegmentEditorEffect import YIELD_SECONDS  # needs the stand-ins of Qt

    go = threading.Event()
    monkeypatch.setattr(detector, "find", lambda *_, **__: go.wait(30) and detector.box)
    editor.targetLineEdit.enter("breast lesion")
    assert status(editor) == "Looking for breast lesion..."
    editor.targetLineEdit.enter("nerve")
    assert "Wait until the last search" in status(editor)
    start = time.perf_counter()
    editor.effect.tick()
    assert time.perf_counter() - start >= 0.9 * YIELD_SECONDS
    go.set()
    search(editor, "nerve")
    assert prompts(editor).object.prompts.box == detector.box


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (MemoryError(), "Memory ran out"),
        (SystemExit(2), "ended with SystemExit"),
        (RuntimeError("the folder has no tokenizer"), "The folder has no tokenizer."),
        (AssertionError(), "ended with AssertionError"),
    ],
    ids=repr,
)
def test_whatever_a_detector_raises_is_told_and_the_next_search_works(open_with, error, words):
    editor, detector = open_with(error)
    search(editor, "nerve")
    assert words in status(editor)
    detector.box = Box(20, 15, 50, 45)
    search(editor, "nerve")
    assert prompts(editor).object.prompts.box == detector.box


HANGS = """
import threading
from SAMCALib.Editing.SearchThread import SearchThread
begun = threading.Event()
SearchThread().submit(lambda: (begun.set(), threading.Event().wait()))
begun.wait()
"""


def test_the_application_ends_while_a_detector_hangs():
    environment = {**os.environ, "PYTHONPATH": str(Path(SAMCALib.__file__).parents[1])}
    subprocess.run([sys.executable, "-c", HANGS], env=environment, timeout=60, check=True)


# Another frame, all frames, cancel


def scan(count=4):
    return volumes.volume(volumes.speckle(count, 60, 80))


def scroll(editor, frames):
    """Move the view by this many frames of 1 mm, as the mouse wheel does."""
    editor.view.node.SetSliceOffset(editor.view.node.GetSliceOffset() + frames)
    editor.effect.processViewNodeEvents(editor.view.node, None, None)


def filled(editor):
    """Whether each frame has a voxel."""
    return editor.slicer.voxels().any((1, 2)).tolist()


@pytest.fixture
def held(open_with, monkeypatch):
    """`held(box)` -> an editor on a scan whose detector waits; `held.go` lets it answer."""
    go = threading.Event()

    def make(box):
        editor, detector = open_with(box, scan())
        monkeypatch.setattr(detector, "find", lambda *_, **__: go.wait(30) and detector.box)
        editor.targetLineEdit.enter("breast lesion")
        assert editor.cancelButton.visible
        return editor

    make.go = go
    yield make
    go.set()


def test_what_is_found_after_the_user_scrolled_away_is_outlined_where_it_was_looked_for(held):
    editor = held(Box(20, 15, 50, 45))
    asked = editor.effect.edit.frame
    scroll(editor, 1)
    settled(editor)
    assert editor.effect.edit.frame.index != asked.index
    held.go.set()
    done(editor)
    assert filled(editor) == [index == asked.index for index in range(4)]
    assert editor.effect.edit.frame.index != asked.index, "the view's frame is worked on"
    assert prompts(editor).objects == ()


def test_in_a_loop_that_shows_another_item_the_status_says_where_it_was_found(open_with, monkeypatch):
    browser, proxy = volumes.cine(4, (60, 80))
    go = threading.Event()
    editor, detector = open_with(Box(20, 15, 50, 45), proxy)
    monkeypatch.setattr(detector, "find", lambda *_, **__: go.wait(30) and detector.box)
    editor.targetLineEdit.enter("nerve")
    SequenceLogic.showItem(browser, "0.2")
    settled(editor)
    go.set()
    done(editor)
    assert "found on Cine, frame 0.0, which is not shown now" in status(editor)


def test_cancel_drops_the_search(held):
    editor = held(Box(20, 15, 50, 45))
    editor.cancelButton.click()
    assert status(editor) == "Cancelled."
    assert not editor.cancelButton.visible
    held.go.set()
    settled(editor)
    assert filled(editor) == [False] * 4


def test_the_thread_ends_with_the_effect(held):
    before = set(threading.enumerate())
    editor = held(Box(20, 15, 50, 45))
    (thread,) = [t for t in threading.enumerate() if t.name.startswith("SAMCA target") and t not in before]
    editor.deactivate()
    held.go.set()
    thread.join(30)
    assert not thread.is_alive()


def test_all_frames_are_searched_and_those_without_it_stay_empty_in_one_undo_step(open_with):
    editor, detector = open_with(Box(20, 15, 50, 45), scan())
    boxes = [detector.box, None, detector.box, detector.box]
    detector.find = lambda *given, **_: (detector.asked.append(given[1]), boxes.pop(0))[1]
    editor.targetLineEdit.text = "breast lesion"
    editor.suggestAllButton.click()
    assert status(editor) == "Suggesting on all frames: 0 of 4 done, found in 0."
    done(editor)
    assert detector.asked == ["breast lesion"] * 4
    assert filled(editor) == [True, False, True, True]
    assert status(editor) == "Found in 3 of 4 frames, the others stay empty."
    editor.slicer.logic.Undo()
    settled(editor)
    assert filled(editor) == [False] * 4


def test_all_frames_can_be_cancelled_and_another_search_waits(held):
    editor = held(None)
    editor.cancelButton.click()
    editor.suggestAllButton.click()
    editor.targetLineEdit.enter("nerve")
    assert "wait, or press Cancel" in status(editor)
    editor.cancelButton.click()
    assert status(editor) == "Cancelled after 0 of 4 frames."
    assert not editor.effect.target.isSearching


def test_a_volume_that_is_deleted_meanwhile_ends_the_search_of_all_frames(held):
    editor = held(Box(20, 15, 50, 45))
    editor.cancelButton.click()
    editor.suggestAllButton.click()
    slicer.mrmlScene.RemoveNode(editor.volume)
    held.go.set()
    done(editor)
    assert editor.effect.edit.sweep.message == ("Segment or volume is gone: stopped after 0 of 4 frames.")


def test_a_detector_that_fails_ends_the_search_of_all_frames_in_words(open_with):
    editor, _ = open_with(ValueError("the folder holds no Grounding DINO that can be read"), scan())
    editor.targetLineEdit.text = "nerve"
    editor.suggestAllButton.click()
    done(editor)
    assert status(editor) == "The folder holds no Grounding DINO that can be read."
    assert filled(editor) == [False] * 4


def test_all_frames_without_target_or_prediction_are_refused(open_with):
    editor, _ = open_with(None, scan())
    assert editor.suggestAllButton.visible
    assert not editor.suggestButton.visible
    editor.suggestAllButton.click()
    assert "makes no suggestions" in status(editor)


@pytest.mark.parametrize("target", ["", "  ", "."])
def test_an_empty_target_is_refused(open_with, target):
    editor, detector = open_with(Box(20, 15, 50, 45))
    search(editor, target)
    assert "Write what to look for" in status(editor)
    assert detector.asked == []


def test_what_fails_in_the_detector_is_told(open_with):
    editor, _ = open_with(ValueError("the folder holds no Grounding DINO that can be read"))
    search(editor, "nerve")
    assert "holds no Grounding DINO" in status(editor)
    assert count(editor) == 0


def test_without_the_detectors_files_the_status_says_where_they_belong(open_with, tmp_path):
    editor, _ = open_with(None)
    editor.effect.target = TargetLogic.TargetLogic(tmp_path / "nowhere")
    search(editor, "nerve")
    assert str(tmp_path / "nowhere") in status(editor)
    with pytest.raises(Refusal, match="or click"):
        editor.effect.target.look(editor.effect.edit.frame, "nerve")


@pytest.mark.parametrize("installed", [True, False])
def test_the_field_is_there_with_the_extra_only(open_editor, monkeypatch, installed):
    monkeypatch.setattr(TargetLogic, "find_spec", lambda name: name if installed else None)
    assert open_editor().targetLineEdit.visible == installed
