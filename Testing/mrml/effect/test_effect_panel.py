"""The effect's buttons, options, keys, models and texts."""

from __future__ import annotations

import re
import sys

import numpy as np
import pytest
import slicer
import slicer.util
import slicer_application
import volumes
from effect_editors import MISSING, at, click, count, prompts, settled, status
from model_files import graph

from SAMCALib import KeyTable
from SAMCALib.Models import ExtraPackage
from SAMCALib.Models.ModelLogic import ModelLogic


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
    assert status(editor) == f"No click is answered yet: press Set up.\n{MISSING.text}"
    assert editor.setupButton.visible
    editor.setupButton.click()
    assert qt.opened == ["SAMCAUltrasound"]
    assert count(editor) == 0


def test_help_is_a_summary_and_a_table_of_all_keys(open_editor):
    own = {*KeyTable.keys().values(), *KeyTable.FIXED}
    summary, table = open_editor().effect.helpText().split("<br>", 1)
    assert re.sub("<style>.*</style>|<[^>]*>", "", summary) == "Outline by a few clicks."
    assert len(re.findall("<td", table)) == 2 * len(re.findall("<tr>", table))
    cells = re.findall("<td><b>(.*?)</b>", table)
    keys = {key for cell in cells for key in re.split(r",\s*", cell.replace("<br>", " "))}
    assert keys - own == {"Click", "Ctrl+click", "Drag", "Ctrl+drag", "Delete", "Z", "Ctrl+Z", "Y"}
    assert own <= keys


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
    editor = open_editor(volumes.volume(volumes.speckle(2, 60, 80)))
    editor.view.send("MouseMoveEvent", (250, 200))
    settled(editor)
    assert not editor.useMaskButton.enabled
    assert "segment is empty" in editor.useMaskButton.toolTip
    painted, here = np.zeros((2, 60, 80), np.uint8), editor.effect.edit.frame.index
    painted[1 - here, 20:35, 30:50] = 1
    paint(editor, painted)
    editor.useMaskButton.click()
    assert "empty on this frame" in status(editor)
    painted[here] = painted[1 - here]
    paint(editor, painted)
    editor.useMaskButton.click()
    settled(editor)
    assert prompts(editor).objects[0].prompts.mask.sum() == painted[0].sum()


def paint(editor, voxels):
    slicer.util.updateSegmentBinaryLabelmapFromArray(
        voxels, editor.slicer.segmentation, "Lesion", editor.volume
    )
    editor.effect._isStatusOld = True
    editor.effect.wake()
    settled(editor)


def test_an_existing_list_of_points_is_taken_as_prompts(open_editor):
    editor = open_editor()
    assert not editor.takePointsButton.enabled
    assert "Choose a list" in editor.takePointsButton.toolTip
    fiducials = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLMarkupsFiducialNode")
    fiducials.AddControlPointWorld(editor.view.rasOf(at(editor, 25, 25)))
    editor.pointsSelector.setCurrentNode(fiducials)
    editor.takePointsButton.click()
    settled(editor)
    assert count(editor) > 0
    assert "Start an object" in editor.takePointsButton.toolTip


def test_what_cannot_work_is_grey_and_says_why(open_editor):
    editor = open_editor()
    for name in ("newObject", "clear"):
        assert "no object on this frame" in editor.effect.panel._button(name).toolTip
        assert not editor.effect.panel._button(name).enabled
    assert editor.neighboursButton.toolTip == "This image has one frame only."
    click(editor, 40, 30)
    assert editor.newObjectButton.enabled
    assert editor.clearButton.enabled
    assert editor.clearButton.toolTip.endswith("Key: C")
    editor.newObjectButton.click()
    assert not editor.newObjectButton.enabled
    assert "starts another object already" in editor.newObjectButton.toolTip


def test_the_status_says_what_to_do_next(open_editor):
    editor = open_editor()
    assert status(editor) == "Click inside a structure."
    click(editor, 40, 30)
    assert status(editor) == "Click adds, Ctrl+click takes away."
    slicer.util.mainWindow().press("N")
    assert status(editor) == "The next click starts another object."
    assert editor.statusLabel.toolTip.startswith("discs on CPU; last encoding ")


@pytest.mark.parametrize("name", ["torch", "ONNX Runtime"])
def test_what_the_model_runs_on_is_read_without_pointing_at_anything(open_editor, disc_model, name):
    editor = open_editor()
    disc_model.engine = name
    editor.effect.edit.engine.setModel(disc_model, "discs")
    editor.effect.showStatus()
    assert editor.engineLabel.text == f"Runs on CPU by {name}."
    assert editor.engineLabel.visible
    editor.effect.edit.engine.setModel(None, "")
    editor.effect.showStatus()
    assert not editor.engineLabel.visible, "there is none"


@pytest.mark.parametrize("agrees", [True, False])
def test_an_exported_model_that_lacks_its_engine_is_used_once_that_is_installed(
    open_editor, qt, tmp_path, monkeypatch, agrees
):
    path, installed = graph(tmp_path / "given.onnx", name="Thyroid"), []
    editor = open_editor()
    before, asked = editor.effect.options.model, []
    monkeypatch.setattr(editor.effect, "models", ModelLogic(tmp_path / "models"))
    monkeypatch.setattr(editor.effect.edit.engine, "useModel", asked.append)
    monkeypatch.setattr(ExtraPackage, "_isMet", lambda line, versionOf: line in installed)
    monkeypatch.setattr(ExtraPackage, "pipInstall", lambda words, options: installed.extend(words))
    monkeypatch.delitem(sys.modules, "onnxruntime", raising=False)
    monkeypatch.setattr(qt.QFileDialog, "getOpenFileName", lambda *words: str(path))
    monkeypatch.setattr(slicer.util, "confirmOkCancelDisplay", lambda text, title="", **options: agrees)
    editor.modelFileButton.click()
    assert bool(installed) is agrees
    assert editor.effect.options.model == (str(path) if agrees else before)
    assert (str(path) in asked) is agrees
    assert ("needs the package onnxruntime" in status(editor)) is not agrees


def test_a_refusal_gives_way_after_a_while(open_editor):
    editor, now = open_editor(), [0.0]
    editor.effect.status._clock = lambda: now[0]
    click(editor, 40, 30, control=1)
    assert "without Ctrl" in status(editor)
    now[0] = 7.0
    editor.tick()
    assert "without Ctrl" in status(editor), "there is time to read it"
    now[0] = 9.0
    editor.tick()
    assert status(editor) == "Click inside a structure."
    click(editor, 40, 30, control=1)
    assert "without Ctrl" in status(editor), "it is said again"


def test_what_an_edit_had_to_say_gives_way_too(open_editor):
    editor, now = click(open_editor(), 40, 30), [0.0]
    editor.effect.status._clock = lambda: now[0]
    editor.view.click(at(editor, 50, 30))
    editor.cancelButton.click()
    assert status(editor).startswith("Cancelled.")
    now[0] = 9.0
    editor.tick()
    assert "Cancelled" not in status(editor)


def test_what_was_said_of_an_edit_goes_with_the_next_one_and_not_again_later(open_editor):
    editor, now = click(open_editor(), 40, 30), [0.0]
    editor.effect.status._clock = lambda: now[0]
    editor.view.click(at(editor, 50, 30))
    editor.cancelButton.click()
    assert status(editor).startswith("Cancelled.")
    click(editor, 45, 30)
    assert "Cancelled" not in status(editor)
    now[0] = 5.0
    editor.tick()
    assert "Cancelled" not in status(editor)


def test_what_a_model_cannot_do_is_not_there(open_editor, disc_model):
    editor = open_editor()
    editor.effect.panel.showTarget(False)  # nothing can be named in words either
    settled(editor)
    editor.effect.showStatus()
    assert not editor.suggestButton.visible
    assert not editor.suggestAllButton.visible
    disc_model.suggests = ("lesion",)
    editor.effect._isStatusOld = True
    editor.effect.wake()
    editor.tick()
    assert editor.suggestButton.visible
    assert editor.suggestAllButton.visible
    assert not editor.classComboBox.visible
    assert status(editor) == "Click inside a structure, or press S."


def test_cancel_stops_what_is_computed(gated, open_editor):
    gated.gate.set()
    editor = open_editor()
    gated.close()
    editor.view.click(at(editor, 40, 30))
    editor.cancelButton.click()
    gated.gate.set()
    settled(editor)
    assert count(editor) == 0


def test_the_shipped_model_has_its_name_even_if_its_file_is_gone(open_editor):
    editor = open_editor()
    editor.effect.options.model = "shipped"
    editor.effect.panel.showModels([])
    assert editor.modelComboBox.items == ["SAMCA small"]
