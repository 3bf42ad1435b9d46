"""Another outline: what a click may mean, one after the other, by key or button, each a step of undo."""

from __future__ import annotations

import json

import pytest
import slicer
import slicer.util
import volumes
from effect_editors import click, count, prompts, settled, status

from SAMCALib.Prompts import TagLogic


def tab(editor):
    """The key in the slice view, which has the focus."""
    editor.widgets[0].sliceView().press("Tab")
    return settled(editor)


def test_tab_shows_one_after_the_other_the_surest_first_and_says_which(open_editor):
    editor = click(open_editor(), 40, 30)
    areas, says = [count(editor)], []
    for _ in range(3):
        tab(editor)
        areas.append(count(editor))
        says.append(status(editor).split("\n")[1])
    answer, surest, second, again = areas
    assert second < answer < surest
    assert again == answer
    assert says == [
        f"Outline {number} of 3: Tab shows the next one, a click goes on from this." for number in (2, 3, 1)
    ]


def test_each_is_one_step(open_editor):
    editor = click(open_editor(), 40, 30)
    areas = [count(editor), count(tab(editor)), count(tab(editor))]
    for before in reversed(areas[:-1]):
        editor.logic.Undo()
        settled(editor)
        assert count(editor) == before
    assert prompts(editor).objects[0].prompts.alternative == 0
    editor.logic.Redo()
    settled(editor)
    assert count(editor) == areas[1]


def test_what_was_chosen_stays_with_the_object_and_the_next_click_goes_on_from_it(open_editor):
    editor = tab(click(open_editor(volumes.volume(volumes.speckle(2, 60, 80))), 40, 30))
    chosen = prompts(editor)
    offset = editor.view.logic.GetSliceOffset()
    for place in (offset + 1, offset):
        editor.view.logic.SetSliceOffset(place)
        settled(editor)
    assert prompts(editor) == chosen
    assert "Outline 2 of 3" in status(editor)
    click(editor, 60, 30)
    given = prompts(editor).objects[0].prompts
    assert (given.alternative, len(given.clicks)) == (1, 2)
    assert "Outline" not in status(editor)
    segment = editor.slicer.segmentation.GetSegmentation().GetSegment("Lesion")
    assert json.loads(TagLogic.tagText(segment))["version"] == 2


def test_the_button_does_the_same_and_is_grey_where_nothing_is_ambiguous(open_editor):
    editor = open_editor()
    assert editor.anotherButton.toolTip.startswith("Click on an object first")
    click(editor, 40, 30)
    before = count(editor)
    editor.anotherButton.click()
    settled(editor)
    assert count(editor) > before
    click(editor, 60, 30)
    assert not editor.anotherButton.enabled
    assert (
        editor.anotherButton.toolTip
        == "Other outlines are what one click may mean: here more was pointed at."
    )
    before = count(editor)
    tab(editor)
    assert count(editor) == before
    assert status(editor).startswith("Other outlines are what one click may mean")


def test_a_model_that_has_one_outline_says_so(open_editor, disc_model):
    editor = click(open_editor(), 40, 30)
    disc_model.others = (disc_model.radius,) * 3
    tab(editor)
    assert "The model sees no other outline for this click." in status(editor)


def test_a_model_that_knows_one_outline_has_a_grey_button(open_editor, disc_model):
    disc_model.gives_alternatives = False
    editor = click(open_editor(), 40, 30)
    assert editor.anotherButton.toolTip == "This model gives one outline for a click."


def test_the_first_click_takes_what_it_meant_along(open_editor):
    editor = click(tab(click(open_editor(), 40, 30)), 60, 30)
    editor.effect.edit.points.nodes["initial"].RemoveNthControlPoint(0)
    settled(editor)
    given = prompts(editor).objects[0].prompts
    assert (len(given.clicks), given.alternative) == (1, 0)


def test_tabs_that_are_faster_than_the_engine_are_all_counted(open_editor):
    editor = click(open_editor(), 40, 30)
    before = count(editor)
    for _ in range(3):
        editor.widgets[0].sliceView().press("Tab")
    settled(editor)
    assert prompts(editor).objects[0].prompts.alternative == 3
    assert count(editor) == before


def test_the_key_lives_in_the_slice_views_and_nowhere_else(open_editor):
    """In the panel it goes from field to field, in the Python console it completes what is written."""
    editor = open_editor()
    assert "Tab" not in slicer.util.mainWindow().keys()  # noqa: SIM118
    view = editor.widgets[0].sliceView()
    assert view.keys() == ["Tab"]
    editor.effect.layoutChanged()
    assert view.keys() == ["Tab"]
    editor.deactivate()
    assert view.keys() == []


@pytest.mark.parametrize("key", ["J", "Ctrl+Shift+O"])
def test_another_key_for_it_works_in_the_whole_window(open_editor, key):
    slicer.app.userSettings().setValue("SAMCA/Keys/another", key)
    editor = click(open_editor(), 40, 30)
    before = count(editor)
    assert editor.widgets[0].sliceView().keys() == []
    slicer.util.mainWindow().press(key)
    settled(editor)
    assert count(editor) > before
    assert f"{key} shows the next one" in status(editor)
