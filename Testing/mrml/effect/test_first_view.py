"""The view that is worked in before the mouse was in any: one that is shown, in the plane of the frames."""

from __future__ import annotations

import pytest
import slicer
import volumes
from effect_editors import at, click, settled, status
from slicer_application import ViewWidget


@pytest.fixture
def volume(scene):
    return volumes.volume(volumes.speckle(5, 60, 80))


def shown(editor):
    """How many points there are in the view."""
    return sum(node.GetNumberOfControlPoints() for node in editor.effect.edit.points.nodes.values())


def test_a_view_that_the_layout_does_not_show_is_not_worked_in(open_editor, volume, disc_model):
    editor = open_editor(volume)
    names = slicer.app.layoutManager().sliceViewNames()
    assert slicer.app.layoutManager().sliceWidget(names[0]) is not editor.widgets[0]
    assert editor.effect.view.widget is editor.widgets[0]
    assert (editor.effect.edit.frame.axis, editor.effect.edit.frame.index) == (2, 2)
    assert len(disc_model.embedded) == 3  # that frame and its neighbours


def test_of_all_views_the_one_in_the_plane_of_the_frames_is_first(open_editor, view, volume):
    sagittal = ViewWidget(view(volume, "Sagittal"))
    slicer.app.layoutManager().add(sagittal)
    editor = open_editor(volume)
    assert editor.effect.edit.frame.axis == 2
    editor.effect.view.look(sagittal)
    editor.effect.wake()
    settled(editor)
    assert editor.effect.edit.frame.axis == 0  # the mouse decides
    sagittal.view.node.SetMappedInLayout(0)
    editor.effect.sourceVolumeNodeChanged()
    settled(editor)
    assert editor.effect.edit.frame.axis == 2  # unless its view is hidden


@pytest.mark.parametrize("axis", [0, 1, 2])
def test_the_plane_of_a_single_frame_is_first_whatever_axis_it_lies_across(open_editor, view, scene, axis):
    shape = [60, 70, 80]
    shape[2 - axis] = 1
    volume = volumes.volume(volumes.speckle(*shape), "identity")
    for orientation in ("Axial", "Sagittal"):
        slicer.app.layoutManager().add(ViewWidget(view(volume, orientation)))
    assert open_editor(volume, "Coronal").effect.edit.frame.axis == axis


def test_points_are_there_again_without_the_mouse_once_the_effect_is_chosen_anew(open_editor, volume):
    editor = click(open_editor(volume), 40, 30)
    frame = editor.effect.edit.frame
    editor.deactivate()
    editor.activate()
    settled(editor)
    assert (editor.effect.edit.frame, shown(editor)) == (frame, 1)


def test_a_view_that_changes_before_the_mouse_is_in_it_is_looked_at_anew(open_editor, view, volume):
    editor = open_editor(volume, "Sagittal")  # the only one that is shown, as while a scene is loaded
    assert editor.effect.edit.frame.axis == 0
    editor.view.node.SetOrientation("Axial")
    editor.view.logic.FitSliceToBackground()
    settled(editor)
    assert editor.effect.edit.frame.axis == 2
    place = at(editor, 40, 30)
    editor.view.click(place)
    settled(editor)
    assert shown(editor) == 1


def test_where_no_view_is_shown_the_status_says_what_to_do(open_editor, volume):
    editor = open_editor(volume, start=False)
    editor.view.node.SetMappedInLayout(0)
    editor.activate()
    settled(editor)
    assert editor.effect.edit.frame is None
    assert "Move the mouse into a slice view" in status(editor)
