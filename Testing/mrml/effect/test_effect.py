"""The effect in a host that behaves as Slicer's: the mouse and the views in, points and voxels out."""

from __future__ import annotations

import numpy as np
import pytest
import slicer
import slicer_application
import slicer_scene
import volumes
import vtk
from effect_editors import at, click, count, prompts, settled, status

from SAMCALib.Prompts.PromptPoints import ROLES


def test_a_click_outlines_ctrl_click_takes_away_and_undo_brings_back_both_mask_and_points(open_editor):
    editor = open_editor()
    click(editor, 40, 30)
    first = count(editor)
    assert first > 50
    assert editor.slicer.voxels()[0, 30, 40]
    click(editor, 44, 30, control=1)
    assert 0 < count(editor) < first
    assert [c.positive for c in prompts(editor).objects[0].prompts.clicks] == [True, False]
    editor.logic.Undo()
    settled(editor)
    assert count(editor) == first
    assert len(prompts(editor).objects[0].prompts.clicks) == 1
    points = editor.effect.edit.points.nodes
    assert [points[role].GetNumberOfControlPoints() for role in points] == [1, 0, 0, 0, 0]


def test_the_point_lies_where_the_mouse_was(open_editor):
    editor = click(open_editor(), 20, 45)
    (first,) = prompts(editor).objects[0].prompts.clicks
    assert (first.x, first.y) == pytest.approx((20, 45), abs=0.3)


def test_the_first_click_with_ctrl_is_refused_in_words_and_changes_nothing(open_editor):
    editor = click(open_editor(), 40, 30, control=1)
    assert "without Ctrl" in status(editor)
    assert count(editor) == 0
    assert not editor.logic.CanUndo()


def test_press_drag_release_on_free_image_draws_a_box(open_editor):
    editor = open_editor()
    seen = []
    editor.view.drag(
        at(editor, 20, 15),
        at(editor, 35, 25),
        at(editor, 50, 40),
        between=lambda: seen.append(len(editor.host.actors)),
    )
    settled(editor)
    assert seen == [1, 1]
    box = prompts(editor).objects[0].prompts.box
    assert (box.x0, box.y0, box.x1, box.y1) == pytest.approx((20, 15, 50, 40), abs=0.5)
    assert count(editor) > 500


def test_a_shaking_hand_still_clicks(open_editor):
    editor = open_editor()
    x, y = at(editor, 40, 30)
    editor.view.drag((x, y), (x + 2, y - 2))
    settled(editor)
    assert prompts(editor).objects[0].prompts.box is None
    assert count(editor) > 0


def test_a_hand_shakes_over_as_many_millimetres_of_a_fine_screen(open_editor):
    editor = open_editor()
    editor.view.window.SetDPI(144)  # what Slicer says at 200 %
    x, y = at(editor, 40, 30)
    editor.view.drag((x, y), (x + 8, y - 8))
    settled(editor)
    assert prompts(editor).objects[0].prompts.box is None
    assert len(prompts(editor).objects[0].prompts.clicks) == 1


def double_click(editor, place):
    """As Qt sends it: the second press is an event of its own."""
    editor.view.click(place)
    editor.view.send("LeftButtonDoubleClickEvent", place)
    editor.view.send("LeftButtonReleaseEvent", place)
    return settled(editor)


def test_a_double_click_adds_one_point_and_the_view_gets_nothing_of_it(open_editor):
    editor = open_editor()
    answers, process = [], editor.effect.processInteractionEvents

    def record(interactor, event, widget):
        if interactor.GetEventPosition() == place and event != vtk.vtkCommand.MouseMoveEvent:
            answers.append(process(interactor, event, widget))
            return answers[-1]
        return process(interactor, event, widget)

    editor.effect.processInteractionEvents, place = record, at(editor, 40, 30)
    double_click(editor, place)
    assert len(prompts(editor).objects[0].prompts.clicks) == 1
    assert answers == [False, True, True, True, True], "the view is entered; else Slicer would maximise it"


def test_a_double_click_with_the_first_press_on_a_point_stays_slicers(open_editor):
    editor = click(open_editor(), 40, 30)
    double_click(editor, at(editor, 40, 30))
    assert len(prompts(editor).objects[0].prompts.clicks) == 1


def test_a_box_can_be_dragged_right_after_a_click(open_editor):
    editor = open_editor()
    editor.view.click(at(editor, 20, 15))
    editor.view.send("LeftButtonDoubleClickEvent", at(editor, 20, 15))
    editor.view.send("MouseMoveEvent", at(editor, 50, 40))
    editor.view.send("LeftButtonReleaseEvent", at(editor, 50, 40))
    settled(editor)
    assert prompts(editor).objects[0].prompts.box is not None


def test_a_click_is_answered_before_the_timer_ticks(open_editor, engine):
    editor = open_editor()
    editor.view.click(at(editor, 40, 30))
    while engine.isBusy or engine.waitForResult(editor.effect.edit, 0):  # on a slow machine
        editor.effect.edit.answer()
    assert count(editor) > 50


def test_a_point_is_dragged_by_markups_and_the_outline_follows_live(open_editor):
    editor = click(open_editor(), 30, 30)
    before, during = count(editor), []

    def look():
        settled(editor)
        during.append(editor.slicer.voxels()[0, 30].nonzero()[0].mean())

    editor.view.drag(at(editor, 30, 30), at(editor, 40, 30), at(editor, 50, 30), between=look)
    settled(editor)
    assert during[0] > 35
    assert during[1] > during[0]
    (moved,) = prompts(editor).objects[0].prompts.clicks
    assert moved.x == pytest.approx(50, abs=0.7)
    assert count(editor) == pytest.approx(before, rel=0.1)
    assert prompts(editor).objects[0].prompts.box is None
    editor.logic.Undo()
    settled(editor)
    assert prompts(editor).objects[0].prompts.clicks[0].x == pytest.approx(30, abs=0.3)


def test_the_menu_of_a_point_offers_to_delete_it(open_editor):
    click(open_editor(), 30, 30)
    menus = slicer_application.PluginHandler.menus
    assert set(menus) == {name for name, _glyph, _colour in ROLES.values()}
    assert set(map(tuple, menus.values())) == {("DeletePointAction",)}


def test_a_deleted_point_is_taken_out_and_the_mask_computed_again(open_editor):
    editor = click(click(open_editor(), 30, 30), 50, 30)
    both = count(editor)
    editor.effect.edit.points.nodes["guidedPositive"].RemoveNthControlPoint(0)
    settled(editor)
    assert len(prompts(editor).objects[0].prompts.clicks) == 1
    assert 0 < count(editor) < both


def test_the_right_button_the_wheel_and_keys_stay_slicers(open_editor):
    editor = open_editor()
    for event in ("RightButtonPressEvent", "RightButtonReleaseEvent", "KeyPressEvent", "EnterEvent"):
        answer = editor.effect.processInteractionEvents(
            editor.view.interactor, getattr(vtk.vtkCommand, event), editor.widgets[0]
        )
        assert answer is False


@pytest.mark.parametrize("key", ["SetShiftKey", "SetAltKey"])
def test_shift_and_alt_drags_stay_slicers(open_editor, key):
    editor = open_editor()
    getattr(editor.view.interactor, key)(1)
    answer = editor.effect.processInteractionEvents(
        editor.view.interactor, vtk.vtkCommand.LeftButtonPressEvent, editor.widgets[0]
    )
    assert answer is False


def test_points_of_the_users_own_lists_are_dragged_and_not_clicked_through(open_editor):
    editor = open_editor()
    own = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLMarkupsFiducialNode")
    own.CreateDefaultDisplayNodes()
    own.AddControlPointWorld(editor.view.rasOf(at(editor, 30, 30)))
    settled(editor)
    editor.view.drag(at(editor, 30, 30), at(editor, 40, 30))
    settled(editor)
    assert own.GetNthControlPointPositionWorld(0) == pytest.approx(
        editor.view.rasOf(at(editor, 40, 30)), abs=0.5
    )
    assert count(editor) == 0


def test_window_and_level_stay_slicers(open_editor):
    editor = open_editor()
    interaction = slicer.mrmlScene.GetSingletonNode("Singleton", "vtkMRMLInteractionNode")
    interaction.SetCurrentInteractionMode(interaction.AdjustWindowLevel)
    answer = editor.effect.processInteractionEvents(
        editor.view.interactor, vtk.vtkCommand.LeftButtonPressEvent, editor.widgets[0]
    )
    interaction.SetCurrentInteractionMode(interaction.ViewTransform)
    assert answer is False


def test_points_that_are_placed_with_the_toolbar_stay_slicers(open_editor):
    editor = open_editor()
    fiducials = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLMarkupsFiducialNode")
    editor.view.place(fiducials)
    editor.view.click(at(editor, 30, 30))
    settled(editor)
    assert fiducials.GetNumberOfDefinedControlPoints() == 1
    assert count(editor) == 0
    editor.effect.interactionNodeModified(None)  # the default would close the effect
    assert editor.isActive


def test_a_click_in_a_3d_view_is_not_taken_and_the_status_says_why(open_editor):
    editor = open_editor()
    widget = slicer_application.ViewWidget(editor.view, "qMRMLThreeDWidget")
    answer = editor.effect.processInteractionEvents(
        editor.view.interactor, vtk.vtkCommand.LeftButtonPressEvent, widget
    )
    assert answer is False
    assert "slice views only" in status(editor)


def test_a_click_beside_the_image_is_not_taken_and_the_status_says_why(open_editor):
    editor = open_editor()
    editor.view.click(at(editor, -4, 30))
    settled(editor)
    assert "outside the image" in status(editor)
    assert count(editor) == 0


def test_the_preview_is_off_until_it_is_asked_for_and_leaves_with_the_mouse(open_editor):
    editor = open_editor()
    assert not editor.hoverCheckBox.checked
    editor.view.send("MouseMoveEvent", at(editor, 40, 30))
    settled(editor)
    assert editor.host.actors == []
    editor.hoverCheckBox.click()
    editor.view.send("MouseMoveEvent", at(editor, 42, 30))
    settled(editor)
    assert len(editor.host.actors) == 1
    assert count(editor) == 0
    lines = editor.host.actors[0].GetMapper().GetInput()
    centre = np.reshape(lines.GetBounds(), (3, 2)).mean(1)[:2]
    assert centre == pytest.approx(at(editor, 42, 30), abs=4)
    editor.view.send("LeaveEvent", (0, 0))
    settled(editor)
    assert editor.host.actors == []


def test_the_preview_has_the_colour_of_an_initial_point(open_editor):
    editor = open_editor()
    red, green, blue = np.moveaxis(editor.view.picture(), 2, 0)
    assert not ((red > 230) & (green > 190) & (blue < 60)).any()
    editor.hoverCheckBox.click()
    editor.view.send("MouseMoveEvent", at(editor, 42, 30))
    settled(editor)
    red, green, blue = np.moveaxis(editor.view.picture(), 2, 0)
    yellow = np.argwhere((red > 230) & (green > 190) & (blue < 60))
    assert len(yellow) > 50
    assert yellow.mean(0)[::-1] == pytest.approx(at(editor, 42, 30), abs=4)


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (lambda editor: editor.node.SetAndObserveSegmentationNode(None), "no segmentation"),
        (lambda editor: editor.node.SetAndObserveSourceVolumeNode(None), "volume"),
    ],
)
def test_what_is_missing_is_named(open_editor, spoil, words):
    editor = open_editor()
    place = at(editor, 40, 30)
    spoil(editor)
    editor.effect.sourceVolumeNodeChanged()
    editor.view.click(place)
    settled(editor)
    assert words in status(editor)


def test_the_first_click_makes_a_segment_where_there_is_none(open_editor):
    volume = volumes.volume(volumes.speckle(1, 60, 80))
    editor = click(open_editor(volume, editor=slicer_scene.Editor(volume, segments=())), 40, 30)
    (segment,) = editor.slicer.segmentation.GetSegmentation().GetSegmentIDs()
    assert editor.node.GetSelectedSegmentID() == segment
    assert count(editor, segment) > 0


def test_a_hidden_segment_that_the_user_wants_left_alone_is_left_alone(open_editor):
    editor = open_editor()
    editor.confirms = 0
    click(editor, 40, 30)
    assert count(editor) == 0


def test_a_rotated_view_gets_a_message_and_a_button_that_turns_it(open_editor):
    editor = open_editor()
    assert not editor.turnButton.visible
    turn = vtk.vtkTransform()
    turn.RotateX(40)
    matrix = vtk.vtkMatrix4x4()
    vtk.vtkMatrix4x4.Multiply4x4(editor.view.node.GetSliceToRAS(), turn.GetMatrix(), matrix)
    editor.view.send("MouseMoveEvent", (250, 200))
    editor.view.node.GetSliceToRAS().DeepCopy(matrix)
    editor.view.node.UpdateMatrices()
    settled(editor)
    assert "rotated" in status(editor)
    assert editor.turnButton.visible
    editor.turnButton.click()
    settled(editor)
    assert not editor.turnButton.visible
    click(editor, 40, 30)
    assert count(editor) > 0


def test_scrolling_keeps_each_frames_points_and_shows_them_again(open_editor):
    editor = open_editor(volumes.volume(volumes.speckle(5, 60, 80)))
    editor.view.send("MouseMoveEvent", (250, 200))
    click(editor, 40, 30)
    first, offset = editor.effect.edit.frame, editor.view.node.GetSliceOffset()
    editor.view.node.SetSliceOffset(offset + 1)
    settled(editor)
    assert editor.effect.edit.frame.index == first.index + 1
    shown = editor.effect.edit.points.nodes["initial"]
    assert shown.GetNumberOfControlPoints() == 0
    editor.view.node.SetSliceOffset(offset)
    settled(editor)
    assert editor.effect.edit.frame == first
    assert shown.GetNumberOfControlPoints() == 1


def test_points_of_the_three_roles_are_large_and_tell_each_other_apart_in_grey_too(open_editor):
    editor = open_editor()
    editor.view.window.SetSize(800, 640)
    before = editor.view.picture()
    for x, y, control in ((20, 15, 0), (40, 30, 0), (60, 45, 1)):
        click(editor, x, y, control)
    editor.slicer.segmentation.GetDisplayNode().SetVisibility(False)
    grey = np.abs(editor.view.picture() - before).max(2) > 40
    seen = []
    for x, y in ((20, 15), (40, 30), (60, 45)):
        column, row = at(editor, x, y)
        spot = grey[row - 20 : row + 21, column - 20 : column + 21]
        rows, columns = spot.any(1).nonzero()[0], spot.any(0).nonzero()[0]
        height, width = np.ptp(rows) + 1, np.ptp(columns) + 1
        assert min(height, width) >= 12
        seen.append(spot.sum() / (height * width))
    assert len({round(8 * part) for part in seen}) == 3, "how much of its square each shape fills"


def test_our_points_leave_the_lists_of_nodes_that_looked_at_them_when_they_came(open_editor, scene):
    editor, listed, shown = open_editor(), [], {}

    def look(node):  # as a selector of nodes does: when one comes, and when its name has changed
        if shown.get(node.GetID()) != node.GetName():
            shown[node.GetID()] = node.GetName()
            listed[:] = [each for each in listed if each is not node]
            if not node.GetHideFromEditors():
                listed.append(node)

    def added(_scene, _event, node):
        if node.IsA("vtkMRMLMarkupsNode"):
            look(node)
            node.AddObserver("ModifiedEvent", lambda *_: look(node))

    added.CallDataType = vtk.VTK_OBJECT
    scene.AddObserver(scene.NodeAddedEvent, added)
    click(editor, 30, 30)
    assert len(shown) == len(ROLES)
    assert listed == []
