"""A box stays in view as long as it is a prompt, and is held by its handles."""

from __future__ import annotations

import pytest
from effect_editors import at, click, count, prompts, settled


def boxed(editor):
    """An editor with a box from (20, 15) to (50, 40) px."""
    editor.view.drag(at(editor, 20, 15), at(editor, 35, 25), at(editor, 50, 40))
    return settled(editor)


def box_of(editor):
    box = prompts(editor).objects[0].prompts.box
    return box.x0, box.y0, box.x1, box.y1


def test_a_box_stays_in_view_with_its_handles(open_editor):
    editor = boxed(open_editor())
    (actor,) = editor.host.actors
    (left, top), (right, bottom) = at(editor, 20, 15), at(editor, 50, 40)
    assert actor.GetMapper().GetInput().GetBounds()[:4] == pytest.approx((left, right, bottom, top), abs=2)
    handles = editor.effect.edit.points.nodes["box"]
    assert handles.GetNumberOfControlPoints() == 3
    places = [handles.GetNthControlPointPositionWorld(number) for number in range(3)]
    for place, xy in zip(places, ((20, 15), (50, 40), (35, 15)), strict=True):
        assert editor.view.pixelOf(place) == pytest.approx(at(editor, *xy), abs=2)
    editor.logic.Undo()
    settled(editor)
    assert editor.host.actors == []
    assert handles.GetNumberOfControlPoints() == 0


def test_a_corner_of_a_box_is_dragged_and_the_outline_follows_in_one_step(open_editor):
    editor = boxed(open_editor())
    before, seen = count(editor), []

    def look():
        settled(editor)
        seen.append(count(editor))

    editor.view.drag(at(editor, 50, 40), at(editor, 45, 35), at(editor, 35, 28), between=look)
    settled(editor)
    assert before > seen[0] > seen[1]
    assert box_of(editor) == pytest.approx((20, 15, 35, 28), abs=0.7)
    editor.logic.Undo()
    settled(editor)
    assert box_of(editor) == pytest.approx((20, 15, 50, 40), abs=0.5)


def dragged(editor, *places):
    """The left button drags over these places in px of the frame, and the timer runs."""
    editor.view.drag(*(at(editor, *place) for place in places), between=lambda: settled(editor))
    return settled(editor)


def test_a_box_is_moved_by_its_upper_edge_and_stays_on_the_image(open_editor):
    editor = dragged(boxed(open_editor()), (35, 15), (40, 18), (42, 20))
    assert box_of(editor) == pytest.approx((27, 20, 57, 45), abs=0.7)
    dragged(editor, (42, 20), (60, 20), (79, 20))
    assert box_of(editor) == pytest.approx((49, 20, 79, 45), abs=0.7)


def test_a_corner_that_is_dragged_over_the_other_stops_there(open_editor):
    editor = dragged(boxed(open_editor()), (20, 15), (40, 30), (70, 55))
    assert box_of(editor) == pytest.approx((49, 39, 50, 40), abs=0.7)


def test_no_handle_is_in_the_way_of_a_click_into_the_middle(open_editor):
    editor = click(boxed(open_editor()), 35, 27)
    assert len(prompts(editor).objects[0].prompts.clicks) == 1


@pytest.mark.parametrize("handle", [0, 1, 2])
def test_a_box_goes_with_any_of_its_handles(open_editor, handle):
    editor = click(boxed(open_editor()), 35, 27)
    editor.effect.edit.points.nodes["box"].RemoveNthControlPoint(handle)
    settled(editor)
    assert prompts(editor).objects[0].prompts.box is None
    assert len(prompts(editor).objects[0].prompts.clicks) == 1
    assert editor.host.actors == []
    assert editor.effect.edit.points.nodes["box"].GetNumberOfControlPoints() == 0
    editor.logic.Undo()
    settled(editor)
    assert prompts(editor).objects[0].prompts.box is not None


def test_an_object_of_a_box_alone_goes_with_it(open_editor):
    editor = boxed(open_editor())
    editor.effect.edit.points.nodes["box"].RemoveAllControlPoints()
    settled(editor)
    assert prompts(editor).objects == ()
    assert count(editor) == 0
