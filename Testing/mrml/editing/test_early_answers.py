"""Answers that come before the last one: of the frame without its window, of a point on its way."""

from __future__ import annotations

import threading

import numpy as np
import pytest
import slicer
import volumes
from edit_views import segment
from slicer_scene import Editor

from samca.interaction.session import Session
from SAMCALib.Editing import EditQueue
from SAMCALib.Frames import FrameLogic
from SAMCALib.Prompts import TagLogic
from SAMCALib.Prompts.PromptPoints import PromptPoints
from SAMCALib.Segments.MaskLogic import MaskOptions
from SAMCALib.Texts import Refusal

AS_IT_IS = MaskOptions(largestComponent=False, fillHoles=False)


class Closer:
    """The toy model, which zooms; a window is encoded once `gate` is open, all is decoded while `free`."""

    def __init__(self, model):
        self.model, self.config = model, model.config
        self.config.zoom, self.model.radius = 1.6, 5.0
        self.gate, self.free, self.begun = (
            threading.Event(),
            threading.Semaphore(10**6),
            threading.Semaphore(0),
        )

    def embed(self, pixels):
        if self.model.embedded:
            assert self.gate.wait(30)
        return self.model.embed(pixels)

    def predict(self, features, prompts, previous):
        self.begun.release()
        assert self.free.acquire(timeout=30)
        return self.model.predict(features, prompts, previous)


@pytest.fixture
def closer(disc_model, engine, request):
    model = Closer(disc_model)
    engine.setModel(model, "closer")
    yield model
    model.gate.set()
    model.free.release(100)


@pytest.fixture
def edit(editing, editor, closer):
    edit = editing(editor)
    edit.maskOptions, edit.encodeAhead = AS_IT_IS, False
    return edit


@pytest.fixture
def tags(editor):
    """Every text that the segment's tag had, in their order."""
    thing, texts = editor.segmentation.GetSegmentation().GetSegment("Lesion"), []

    def note(*_):
        if (text := TagLogic.tagText(thing)) and (not texts or texts[-1] != text):
            texts.append(text)

    observation = thing.AddObserver("ModifiedEvent", note)
    yield texts
    thing.RemoveObserver(observation)


def expected(model, frame, prompts, closer):
    session = Session(model)
    session.set_image(FrameLogic.pixels(frame))
    return session.predict(prompts, closer).logits > 0


def clicked(edit, frame, x=40, y=30):
    """A click whose first answer is shown and whose window waits."""
    edit.click(frame, x, y)
    assert edit.answer(30)
    return edit.prompts.object


def finish(edit, closer):
    closer.gate.set()
    while edit.prompts.object.pending:
        assert edit.answer(30)


def test_the_whole_frames_outline_is_seen_first_and_both_are_one_step(editor, edit, frame, closer, tags):
    thing = clicked(edit, frame)
    first = segment(editor, frame)
    assert thing.pending
    assert len(tags) == 1
    assert first.any()
    finish(edit, closer)
    last = segment(editor, frame)
    assert np.array_equal(first, expected(closer.model, frame, thing.prompts, closer=False))
    assert np.array_equal(last, expected(closer.model, frame, thing.prompts, closer=True))
    assert not np.array_equal(first, last)
    assert len(tags) == 2  # what was clicked, and its outline
    editor.logic.Undo()
    edit.poll()
    assert not segment(editor, frame).any()
    assert not editor.logic.CanUndo()
    editor.logic.Redo()
    edit.poll()
    assert np.array_equal(segment(editor, frame), last)


def test_where_a_change_of_the_voxels_takes_long_there_is_only_the_last_outline(
    editor, edit, frame, closer, monkeypatch
):
    monkeypatch.setattr(EditQueue, "SLOW_SECONDS", 0.0)
    edit.click(frame, 40, 30)
    assert not edit.engine.waitForResult(edit, 0.2)
    finish(edit, closer)
    assert segment(editor, frame).any()


def painted(editor, frame):
    """Something that the user has painted by hand, where discs will be."""
    from SAMCALib.Segments.SegmentLogic import EditorHost, replaceObject

    mask = np.zeros(FrameLogic.shape(frame), bool)
    mask[28:60, 44:70] = True
    replaceObject(EditorHost(editor.logic), editor.segmentation, "Lesion", frame, None, mask)
    return mask


def test_what_was_painted_by_hand_under_an_early_outline_stays(editor, edit, frame, closer):
    mask = painted(editor, frame)
    thing = clicked(edit, frame)
    finish(edit, closer)
    there = mask | expected(closer.model, frame, thing.prompts, closer=True)
    assert np.array_equal(segment(editor, frame), there)
    edit.removeClick(0, 0)
    assert np.array_equal(segment(editor, frame), mask)


def test_undo_takes_an_early_outline_away_and_redo_brings_the_last(editor, edit, frame, closer):
    mask = painted(editor, frame)
    thing = clicked(edit, frame)
    editor.logic.Undo()
    edit.poll()
    assert np.array_equal(segment(editor, frame), mask)
    editor.logic.Redo()
    edit.poll()
    finish(edit, closer)
    there = mask | expected(closer.model, frame, thing.prompts, closer=True)
    assert np.array_equal(segment(editor, frame), there)


def test_the_same_click_again_after_undo_is_as_the_first_time(editor, edit, frame, closer):
    thing = clicked(edit, frame)
    editor.logic.Undo()
    edit.poll()
    edit.click(frame, 40, 30)
    finish(edit, closer)
    assert np.array_equal(segment(editor, frame), expected(closer.model, frame, thing.prompts, closer=True))


def test_a_further_click_again_after_undo_is_as_the_first_time(editor, edit, frame, closer):
    clicked(edit, frame)
    finish(edit, closer)
    first = segment(editor, frame)
    closer.gate.clear()
    edit.click(frame, 14, 52)  # too far away for the window
    assert edit.answer(30)
    editor.logic.Undo()
    edit.poll()
    assert np.array_equal(segment(editor, frame), first)
    edit.click(frame, 14, 52)
    thing = edit.prompts.object
    finish(edit, closer)
    assert np.array_equal(segment(editor, frame), expected(closer.model, frame, thing.prompts, closer=True))


@pytest.mark.parametrize("end", ["cancel", "deactivate"])
def test_an_early_outline_that_is_the_last_to_come_is_the_objects_own(editor, edit, frame, closer, end):
    clicked(edit, frame)
    first = segment(editor, frame)
    getattr(edit, end)()
    assert np.array_equal(segment(editor, frame), first)
    closer.gate.set()
    edit.activate()
    edit.setFrame(frame)
    edit.poll()
    finish(edit, closer)
    edit.removeClick(0, 0)
    assert not segment(editor, frame).any()


def test_a_window_that_fails_leaves_the_early_outline_and_says_so(editor, edit, frame, closer, monkeypatch):
    clicked(edit, frame)
    first = segment(editor, frame)

    def fail(*_):
        raise MemoryError

    monkeypatch.setattr(closer.model, "embed", fail)
    closer.gate.set()
    while "Memory ran out" not in edit.status:
        assert edit.answer(30)
    assert np.array_equal(segment(editor, frame), first)
    edit.removeClick(0, 0)
    assert not segment(editor, frame).any()


def test_an_outline_that_cannot_be_drawn_is_refused_once_and_the_next_click_works(
    editor, edit, frame, closer, monkeypatch
):
    from SAMCALib.Segments import SegmentLogic

    def refuse(*_):
        raise Refusal("Not here.")

    with monkeypatch.context() as patch:
        patch.setattr(SegmentLogic, "replaceObject", refuse)
        edit.click(frame, 40, 30)
        closer.gate.set()
        while edit.engine.isBusy or edit.engine.waitForResult(edit, 0):
            edit.answer(0.05)
        assert "Not here." in edit.status
    edit.click(frame, 42, 30)
    finish(edit, closer)
    assert segment(editor, frame)[30, 42]


def test_the_outline_follows_a_point_that_moves_faster_than_answers_come(
    editor, edit, frame, closer, monkeypatch
):
    closer.config.zoom = 0.0
    edit.click(frame, 20, 20)
    finish(edit, closer)
    closer.free, closer.begun, middles = threading.Semaphore(0), threading.Semaphore(0), []
    monkeypatch.setattr(PromptPoints, "isHeld", True)  # by the mouse
    for x in range(24, 60, 6):
        edit.moveClick(0, 0, x - 3, 20, finished=False)
        assert closer.begun.acquire(timeout=30)
        edit.moveClick(0, 0, x, 20, finished=False)  # a newer place before the answer for the one before
        closer.free.release()  # as many answers as there are ticks
        assert edit.answer(30)
        middles.append(np.nonzero(segment(editor, frame))[1].mean())
        assert edit.prompts.object.pending
    assert middles == sorted(middles)
    assert len(set(middles)) == len(middles)
    edit.moveClick(0, 0, 60, 20)
    monkeypatch.setattr(PromptPoints, "isHeld", False)
    closer.free.release(100)
    finish(edit, closer)
    assert np.nonzero(segment(editor, frame))[1].mean() == pytest.approx(60, abs=0.7)
    editor.logic.Undo()
    edit.poll()
    assert np.nonzero(segment(editor, frame))[1].mean() == pytest.approx(20, abs=0.7)


def test_the_preview_follows_a_mouse_that_moves_faster_than_answers_come(edit, frame, closer):
    closer.config.zoom = 0.0
    edit.setFrame(frame)
    closer.free, middles = threading.Semaphore(0), []
    for x in range(20, 60, 8):
        edit.hover(frame, x - 4, 20)
        edit.hover(frame, x, 20)
        closer.free.release()
        assert edit.answer(30)
        middles.append(np.nonzero(edit.preview[1])[1].mean())
    assert middles == sorted(set(middles))


def test_in_a_loop_an_early_outline_stays_in_its_item(scene, editing, closer):
    browser, proxy = volumes.cine(3, (60, 80))
    editor = Editor(proxy)
    edit, frame = editing(editor), FrameLogic.frameOf(proxy, 0)
    edit.maskOptions, edit.encodeAhead = AS_IT_IS, False
    thing = clicked(edit, frame)
    first = segment(editor, frame)
    browser.SetSelectedItemNumber(1)
    slicer.modules.sequences.logic().UpdateProxyNodesFromSequences(browser)
    edit.poll()
    assert np.array_equal(segment(editor, frame), first)
    assert not segment(editor, FrameLogic.frameOf(proxy, 0)).any()
    browser.SetSelectedItemNumber(0)
    slicer.modules.sequences.logic().UpdateProxyNodesFromSequences(browser)
    edit.poll()
    finish(edit, closer)
    assert np.array_equal(segment(editor, frame), expected(closer.model, frame, thing.prompts, closer=True))


def test_what_is_cleared_takes_an_early_outline_that_redo_brought_with_it(editor, edit, frame, closer):
    mask = painted(editor, frame)
    clicked(edit, frame)
    for step in (editor.logic.Undo, editor.logic.Redo):
        step()
        edit.poll()
    edit.clear(frame)
    assert np.array_equal(segment(editor, frame), mask)


def test_after_the_last_answer_of_the_frame_in_sight_the_next_window_is_encoded_ahead(
    edit, closer, frame, settle, monkeypatch
):
    asked = []
    monkeypatch.setattr(edit.engine, "encodeCloser", lambda owner, picture, prompts: asked.append(prompts))
    closer.gate.set()
    edit.setFrame(frame)
    edit.hover(frame, 20, 20)
    settle(edit)
    assert asked == [], "a preview is no click"
    edit.click(frame, 40, 30)
    settle(edit)
    assert [len(prompts.clicks) for prompts in asked] == [1]
    edit.click(frame, 44, 30)
    settle(edit)
    assert [len(prompts.clicks) for prompts in asked] == [1, 2]
