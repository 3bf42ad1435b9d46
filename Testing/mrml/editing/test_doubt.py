"""How sure the model is of an outline: in the status line, and marked in the view if that is wanted."""

from __future__ import annotations

import numpy as np
import pytest
import slicer
import slicer.util
import volumes
from effect_editors import at, click, count, prompts, settled, status
from vtk.util import numpy_support

from samca.interaction.session import Session
from samca.prompts import Click, Prompts
from SAMCALib.Editing.DoubtLogic import UNSURE
from SAMCALib.Engine.EngineLogic import Picture
from SAMCALib.Frames import FrameLogic
from SAMCALib.Segments.MaskLogic import MaskOptions

ADDS = "Click adds, Ctrl+click takes away."
SURE, NOT_SURE = "The model is sure of this outline.", "The model is not sure of this outline: look again"


@pytest.fixture
def twofold(disc_model):
    """The model of the engine, looking at mirror images too, in which it leans the other way."""
    disc_model.config.mirror, disc_model.lean = True, 2.0
    return disc_model


def marked(editor):
    """Area in view px of what is marked, by its rectangles."""
    (actor,) = editor.host.actors
    shape = actor.GetMapper().GetInput()
    corners = numpy_support.vtk_to_numpy(shape.GetPoints().GetData()).reshape(-1, 4, 3)
    return float(np.abs(np.prod(corners[:, 2, :2] - corners[:, 0, :2], axis=1)).sum())


def test_a_model_that_says_the_same_in_the_mirror_is_sure(open_editor, twofold):
    twofold.lean = 0.0
    editor = click(open_editor(), 40, 30)
    assert status(editor).endswith(SURE)
    assert editor.host.actors == []


def test_a_model_that_differs_in_the_mirror_asks_to_look_again(open_editor, twofold):
    editor = click(open_editor(), 40, 30)
    assert status(editor).endswith(f"{NOT_SURE} (U marks where).")
    assert count(editor) > 0


def test_a_model_that_looks_once_says_nothing_and_encodes_nothing_for_it(open_editor, disc_model):
    editor = open_editor()
    settled(editor)
    before = len(disc_model.embedded)
    click(editor, 40, 30)
    assert status(editor).startswith("Click")
    assert len(disc_model.embedded) == before


@pytest.mark.parametrize("mirrors", [True, False])
def test_what_is_not_sure_is_marked_while_that_is_wanted(open_editor, twofold, mirrors):
    twofold.config.mirror = mirrors
    editor = click(open_editor(), 40, 30)
    voxels = editor.slicer.voxels("Lesion").copy()
    assert editor.host.actors == []
    editor.unsureCheckBox.click()
    settled(editor)
    assert "look again where it is marked" in status(editor)
    doubt = editor.effect.doubt.marks[1]
    pixel = np.subtract(at(editor, 40, 40), at(editor, 0, 0)) / 40
    assert marked(editor) == pytest.approx(doubt.sum() * abs(np.prod(pixel)), rel=0.05)
    assert np.array_equal(editor.slicer.voxels("Lesion"), voxels)
    editor.unsureCheckBox.click()
    settled(editor)
    assert editor.host.actors == []
    assert status(editor).startswith(f"{ADDS}\n{NOT_SURE}" if mirrors else ADDS)


def test_marks_are_where_both_looks_differ(open_editor, twofold):
    editor = open_editor()
    editor.unsureCheckBox.click()
    click(editor, 40, 30)
    session = Session(twofold)
    session.set_image(FrameLogic.pixels(editor.effect.edit.frame))
    session.start([prompts(editor).objects[0].prompts])
    expected = session.uncertainty() > UNSURE
    assert expected.any()
    assert np.array_equal(editor.effect.doubt.marks[1], expected)


def test_a_newer_click_takes_the_old_words_away_and_gets_its_own(open_editor, twofold):
    editor = click(open_editor(), 40, 30)
    twofold.lean = 0.0
    editor.view.click(at(editor, 50, 30))
    editor.effect.showStatus()
    editor.effect.doubt.follow()
    assert not editor.effect.doubt.text
    settled(editor)
    assert status(editor).endswith(SURE)


def test_undo_asks_about_the_outline_that_is_back(open_editor, twofold):
    editor = click(open_editor(), 40, 30)
    twofold.lean = 0.0
    click(editor, 50, 30)
    assert status(editor).endswith(SURE)
    twofold.lean = 2.0
    editor.logic.Undo()
    settled(editor)
    assert NOT_SURE in status(editor)


def test_words_and_marks_belong_to_their_frame(open_editor, twofold):
    editor = open_editor(volumes.volume(volumes.speckle(5, 60, 80)))
    editor.unsureCheckBox.click()
    editor.view.send("MouseMoveEvent", (250, 200))
    click(editor, 40, 30)
    assert len(editor.host.actors) == 1
    offset = editor.view.node.GetSliceOffset()
    editor.view.node.SetSliceOffset(offset + 1)
    settled(editor)
    assert editor.host.actors == []
    assert status(editor).startswith("Click")
    editor.view.node.SetSliceOffset(offset)
    settled(editor)
    assert len(editor.host.actors) == 1
    assert NOT_SURE in status(editor)


def test_clearing_and_leaving_take_everything_away(open_editor, twofold):
    editor = open_editor()
    editor.unsureCheckBox.click()
    click(editor, 40, 30)
    editor.clearButton.click()
    settled(editor)
    assert editor.host.actors == []
    assert status(editor).startswith("Click")
    click(editor, 40, 30)
    assert len(editor.host.actors) == 1
    editor.deactivate()
    assert editor.host.actors == []
    assert not editor.effect.doubt.isWaiting


def test_the_key_marks_and_stops_marking(open_editor, twofold):
    editor = click(open_editor(), 40, 30)
    for expected in (1, 0):
        slicer.util.mainWindow().press("U")
        settled(editor)
        assert len(editor.host.actors) == expected
        assert editor.unsureCheckBox.checked == bool(expected)


def test_an_examination_waits_for_clicks_and_keeps_its_embedding_apart(engine, disc_model):
    picture = Picture(("a",), np.zeros((64, 64), np.uint8))
    there = Prompts((Click(30.0, 30.0),))
    for _ in range(2):
        engine.examine("me", "doubt", picture, there, MaskOptions())
        engine.decode("me", "lesion", picture, there, MaskOptions())
        assert engine.wait(10)
        results = {result.subject: result for result in engine.poll("me")}
        assert results["doubt"].agreement == pytest.approx(1, abs=0.01)
        assert results["doubt"].uncertainty.shape == (64, 64)
        assert results["lesion"].agreement is None
    assert len(disc_model.embedded) == 1 + 2  # the picture; the picture and its mirror image
    assert engine.cachedFrames == 2


def test_an_examination_that_fails_is_answered_and_leaves_the_outline(open_editor, twofold, monkeypatch):
    def failing(features, prompts, previous):
        raise RuntimeError("the second look failed")

    twofold.config.mirror = False
    monkeypatch.setattr(twofold, "predict_each", failing)
    editor = open_editor()
    editor.unsureCheckBox.click()
    click(editor, 40, 30)
    assert not editor.effect.doubt.isWaiting
    assert editor.effect.doubt.marks is None
    assert "second look failed" in status(editor)
    assert count(editor) > 0


def test_an_area_covers_the_pixels_of_its_mask_and_no_others(qt):
    from SAMCAUltrasoundLib.SliceArea import area

    mask = np.zeros((6, 9), bool)
    mask[1, 2:5] = mask[3, 0] = mask[3, 7:] = mask[5] = True
    shape = area(mask)
    assert shape.GetNumberOfCells() == 4  # one for each run
    corners = numpy_support.vtk_to_numpy(shape.GetPoints().GetData()).reshape(-1, 4, 3)
    covered = np.zeros_like(mask)
    for x, y, _ in (corners[:, [0, 2]] + 0.5).reshape(-1, 2, 3).astype(int)[:, 0]:
        covered[y, x] = True
    widths = corners[:, 1, 0] - corners[:, 0, 0]
    assert widths.sum() == mask.sum()
    assert (covered <= mask).all()
    assert area(np.zeros((3, 3), bool)).GetNumberOfCells() == 0
