"""The effect itself, in a host that behaves as Slicer's: mouse and widgets in, points and voxels out."""

from __future__ import annotations

import gc
import sys
import threading
import types

import numpy as np
import pytest
import slicer
import slicer_application as application_stand_in
import slicer_scene
import volumes
import vtk

from SAMCALib import PromptLogic
from SAMCALib.InstallLogic import State, Status

WINDOW = object()
READY = Status(State.READY, "ready")
MISSING = Status(State.TORCH_MISSING, "torch is not installed. Press Install.")


@pytest.fixture
def qt(application, scene, monkeypatch, tmp_path):
    """The stand-in for Qt and the application."""
    qt, app = application_stand_in.install(monkeypatch, WINDOW)
    app.slicerUserSettingsFilePath = str(tmp_path / "Slicer.ini")
    return qt


@pytest.fixture
def prototype(qt, engine, monkeypatch):
    """The registered effect, of which every editor gets a clone; the application's engine is the test's."""
    monkeypatch.setattr("SAMCALib.EngineLogic._shared", [engine])
    import SAMCAUltrasoundLib
    from SAMCAUltrasoundLib import SegmentEditorEffect as module

    host = application_stand_in.EffectHost()
    host.setPythonSource(SAMCAUltrasoundLib.__file__.replace("__init__", "SegmentEditorEffect"))
    host.self().register()
    assert isinstance(host.self(), module)
    return host


@pytest.fixture
def open_editor(prototype, engine, view):
    """`open_editor(volume)` -> an EffectEditor with the effect active on one view; all are closed after."""
    opened = []

    def make(volume=None, orientation="Axial", setup=READY, editor=None, start=True):
        volume = volumes.volume(volumes.speckle(1, 60, 80)) if volume is None else volume
        slicer_editor = editor or slicer_scene.Editor(volume)
        shown = view(volume, orientation)
        made = application_stand_in.EffectEditor(prototype, slicer_editor, shown)
        made.effect.installation = types.SimpleNamespace(status=lambda: setup)
        made.effect.options.model = engine.modelName
        made.slicer, made.view, made.volume = slicer_editor, shown, volume
        if start:
            made.activate()
            settled(made)
        opened.append(made)
        return made

    yield make
    for editor in opened:
        if editor.isActive:
            editor.deactivate()
        editor.effect.cleanup()


def settled(editor):
    """Let the timer run until the engine has answered."""
    for _ in range(3):
        editor.tick()
        assert editor.effect.edit.engine.wait(30)
    editor.tick()
    return editor


def at(editor, x, y, frame=None):
    """Window pixel of an image pixel."""
    from SAMCALib import FrameLogic

    return editor.view.pixelOf(FrameLogic.xyToRas(frame or editor.effect.edit.frame, x, y))


def click(editor, x, y, control=0):
    editor.view.click(at(editor, x, y), control)
    return settled(editor)


def prompts(editor, segment="Lesion"):
    return PromptLogic.framePrompts(editor.slicer.segmentation, segment, editor.effect.edit.frame)


def count(editor, segment="Lesion"):
    return int(editor.slicer.voxels(segment).sum())


def status(editor):
    return editor.statusLabel.text


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
    assert [points[role].GetNumberOfControlPoints() for role in points] == [1, 0, 0]


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
    assert editor.host.actors == []
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


def test_two_quick_clicks_are_two_clicks(open_editor):
    editor = open_editor()
    place = at(editor, 40, 30)
    editor.view.click(place)
    editor.view.send("LeftButtonDoubleClickEvent", place)
    editor.view.send("LeftButtonReleaseEvent", place)
    settled(editor)
    assert len(prompts(editor).objects[0].prompts.clicks) == 2


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


def test_the_timer_lets_the_engine_compute_where_the_main_thread_never_rests(open_editor):
    """Slicer's main thread holds Python's lock in its event loop: only what waits gives it away."""
    editor = open_editor()
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1000)
    try:
        editor.view.click(at(editor, 40, 30))
        for _ in range(100):
            editor.tick()
    finally:
        sys.setswitchinterval(interval)
    assert count(editor) > 0


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
    widget = application_stand_in.ViewWidget(editor.view, "qMRMLThreeDWidget")
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


def test_new_object_starts_a_second_structure_in_the_same_segment(open_editor):
    editor = click(open_editor(), 20, 30)
    one = count(editor)
    editor.newObjectButton.click()
    click(editor, 60, 30)
    assert len(prompts(editor).objects) == 2
    assert count(editor) == pytest.approx(2 * one, rel=0.1)


def test_clear_forgets_the_frames_prompts_in_one_undo_step(open_editor):
    editor = click(open_editor(), 40, 30)
    editor.clearButton.click()
    settled(editor)
    assert prompts(editor).objects == ()
    editor.logic.Undo()
    settled(editor)
    assert len(prompts(editor).objects) == 1
    assert count(editor) > 0


def test_use_mask_takes_what_is_painted_and_says_when_there_is_nothing(open_editor):
    editor = open_editor()
    editor.useMaskButton.click()
    assert "empty on this frame" in status(editor)
    painted = np.zeros((1, 60, 80), np.uint8)
    painted[0, 20:35, 30:50] = 1
    slicer.util.updateSegmentBinaryLabelmapFromArray(
        painted, editor.slicer.segmentation, "Lesion", editor.volume
    )
    editor.useMaskButton.click()
    settled(editor)
    assert prompts(editor).objects[0].prompts.mask.sum() == painted.sum()


def test_an_existing_list_of_points_is_taken_as_prompts(open_editor):
    editor = open_editor()
    editor.takePointsButton.click()
    assert "Choose a list" in status(editor)
    fiducials = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLMarkupsFiducialNode")
    fiducials.AddControlPointWorld(editor.view.rasOf(at(editor, 25, 25)))
    editor.pointsSelector.setCurrentNode(fiducials)
    editor.takePointsButton.click()
    settled(editor)
    assert count(editor) > 0


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


def test_options_live_on_the_editor_node_as_text_with_six_digits(open_editor):
    editor = open_editor()
    editor.smoothingSpinBox.value = 1 / 3
    editor.fillHolesCheckBox.click()
    assert editor.node.GetAttribute("SAMCA.SmoothingMm") == "0.333333"
    assert editor.node.GetAttribute("SAMCA.FillHoles") == "0"
    assert editor.effect.edit.maskOptions.smoothingMm == pytest.approx(1 / 3, abs=1e-6)
    assert not editor.effect.edit.maskOptions.fillHoles
    editor.host.setParameter("LargestComponent", 0)  # by a script
    assert not editor.largestComponentCheckBox.checked
    assert editor.host.errors == []


def test_a_node_of_an_older_version_without_an_option_gets_its_default(open_editor):
    editor = open_editor()
    editor.node.RemoveAttribute("SAMCA.EncodeAhead")
    assert editor.effect.options.encodeAhead is True
    assert editor.host.errors == []


def test_a_model_is_chosen_by_its_list_and_a_bad_one_leaves_the_one_before(
    open_editor, engine, disc_model, tmp_path
):
    from model_files import adapter

    editor = open_editor(start=False)
    good, bad = (adapter(tmp_path / f"{name}.safetensors", name=name) for name in ("good", "bad"))

    def load(source, device):
        if "bad" in source:
            raise ValueError(f"{source} is damaged or no checkpoint: download or copy it again")
        return disc_model

    engine._load = load
    for path in (good, bad):
        editor.effect.models.add(path)
    editor.activate()
    editor.modelComboBox.choose(editor.modelComboBox.items.index("good"))
    settled(editor)
    assert engine.modelName == str(good)
    editor.modelComboBox.choose(editor.modelComboBox.items.index("bad"))
    settled(editor)
    assert engine.modelName == str(good)
    assert "damaged" in status(editor)
    assert editor.effect.options.model == str(good)
    assert editor.modelComboBox.items[editor.modelComboBox.currentIndex] == "good"
    click(editor, 40, 30)
    assert count(editor) > 0


def test_without_torch_nothing_is_loaded_and_the_status_says_what_to_do(open_editor, engine, qt):
    engine.setModel(None, "")
    engine._load = lambda source, device: pytest.fail("nothing is loaded before it is installed")
    editor = open_editor(setup=MISSING)
    editor.view.click(editor.view.pixelOf(editor.view.rasOf((250, 200))))
    settled(editor)
    assert status(editor) == MISSING.text
    assert editor.setupButton.visible
    editor.setupButton.click()
    assert qt.opened == ["SAMCAUltrasound"]
    assert count(editor) == 0


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


def test_keys_are_there_while_the_effect_is_active_and_do_what_the_buttons_do(open_editor):
    editor = click(open_editor(), 20, 30)
    keys = {shortcut.name: shortcut for shortcut in application_stand_in.Shortcut.alive}
    assert sorted(keys) == ["C", "H", "M", "N"]
    keys["N"].emit("activated()")
    click(editor, 60, 30)
    assert len(prompts(editor).objects) == 2
    keys["H"].emit("activated()")
    assert editor.hoverCheckBox.checked
    editor.deactivate()
    assert application_stand_in.Shortcut.alive == []


def test_two_editors_share_the_engine_and_keep_apart(open_editor):
    one, two = open_editor(), open_editor()
    assert one.effect is not two.effect
    click(one, 20, 30)
    click(two, 60, 30)
    assert len(prompts(one).objects) == len(prompts(two).objects) == 1
    assert one.slicer.voxels()[0, 30, 20]
    assert not one.slicer.voxels()[0, 30, 60]
    assert two.slicer.voxels()[0, 30, 60]
    one.deactivate()
    click(two, 40, 45)
    assert len(prompts(two).objects[0].prompts.clicks) == 2


def test_nothing_is_left_behind(open_editor, engine):
    editor = open_editor(start=False)
    threads, nodes = threading.active_count(), slicer.mrmlScene.GetNumberOfNodes()
    for _ in range(3):
        editor.activate()
        click(settled(editor), 40, 30)
        editor.view.send("LeftButtonPressEvent", at(editor, 10, 10))
        editor.view.send("MouseMoveEvent", at(editor, 30, 30))
        editor.deactivate()
    assert slicer.mrmlScene.GetNumberOfNodes() == nodes
    assert threading.active_count() <= threads + 1
    assert editor.host.actors == []
    assert not editor.effect.timer.isRunning
    panel = editor.effect.panel
    editor.effect.cleanup()
    assert not any(widget.isConnected for widget in vars(panel.ui).values())


def test_scene_closed_or_volume_deleted_while_encoding_breaks_nothing(open_editor, engine):
    editor = open_editor()
    editor.view.click(at(editor, 40, 30))
    slicer.mrmlScene.RemoveNode(editor.volume)
    editor.effect.sourceVolumeNodeChanged()
    settled(editor)
    assert editor.effect.edit.frame is None
    editor.deactivate()
    slicer.mrmlScene.Clear(0)
    gc.collect()
    assert editor.effect.edit.poll() in (True, False)


def test_the_timer_outlives_the_editor_node(open_editor):
    editor = open_editor()
    node, editor.node = editor.node, None
    editor.tick()
    editor.node = node


def test_cancel_stops_what_is_computed(open_editor):
    editor = open_editor()
    editor.view.click(at(editor, 40, 30))
    editor.cancelButton.click()
    settled(editor)
    assert count(editor) == 0


def test_help_names_the_three_roles_in_five_lines(open_editor):
    lines = open_editor().effect.helpText().removeprefix("<html>").removesuffix("</html>").split("<br>")
    assert len(lines) == 6
    for words in ("initial", "Ctrl+click", "added", "taken away"):
        assert any(words in line for line in lines)


def test_name_is_for_finding_and_title_for_reading(prototype):
    assert (prototype.name, prototype.title) == ("SAMCA", "SAMCA")
    assert prototype.perSegment
    assert application_stand_in.registered == [prototype]
