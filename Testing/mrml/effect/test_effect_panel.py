"""The effect's buttons, options, keys, models and texts."""

from __future__ import annotations

import numpy as np
import pytest
import slicer
import slicer_application
from effect_editors import MISSING, at, click, count, prompts, settled, status


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


def test_help_names_the_three_roles_in_five_lines(open_editor):
    lines = open_editor().effect.helpText().removeprefix("<html>").removesuffix("</html>").split("<br>")
    assert len(lines) == 6
    for words in ("initial", "Ctrl+click", "added", "taken away"):
        assert any(words in line for line in lines)


def test_name_is_for_finding_and_title_for_reading(prototype):
    assert (prototype.name, prototype.title) == ("SAMCA", "SAMCA")
    assert prototype.perSegment
    assert slicer_application.registered == [prototype]


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


def test_cancel_stops_what_is_computed(open_editor):
    editor = open_editor()
    editor.view.click(at(editor, 40, 30))
    editor.cancelButton.click()
    settled(editor)
    assert count(editor) == 0
