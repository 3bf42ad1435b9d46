"""A structure named in words: its box, the field in the effect, and what happens where there is none."""

from __future__ import annotations

import threading
import time

import pytest
from effect_editors import count, prompts, settled, status

from samca.prompts import Box
from SAMCALib import TargetLogic
from SAMCALib.Texts import Refusal


class Detector:
    """Finds `box`, whatever it is asked for; an exception is raised."""

    def __init__(self, box):
        self.box, self.asked = box, []

    def find(self, pixels, target, window=None):
        self.asked.append((pixels.shape, target, window))
        if isinstance(self.box, Exception):
            raise self.box
        return self.box


@pytest.fixture
def open_with(open_editor, tmp_path, monkeypatch):
    """An editor with a detector that finds this box; (editor, detector)."""
    monkeypatch.setattr(TargetLogic, "find_spec", lambda name: name)
    (tmp_path / "config.json").write_text("{}")

    def make(box):
        detector = Detector(box)
        editor = open_editor(start=False)
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
    assert status(editor) == "No nerve was found on this frame: click on it."
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
