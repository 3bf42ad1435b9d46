"""What bad input gets, in the effect itself: work or a sentence in the status line, never a changed scene."""

from __future__ import annotations

import functools
import json
import os

import numpy as np
import pytest
import slicer
import slicer_application
import slicer_scene
import volumes
import vtk
from effect_editors import at, click, count, settled, status

from SAMCALib.Frames import FrameLogic
from SAMCALib.Models.InstallLogic import InstallLogic

INSTALLED = {"torch": "2.9.0", "safetensors": "0.5.0", "segment-anything": "1.0"}


def untouched(editor):
    """Nothing segmented, nothing to undo, no prompts in the tag."""
    segment = editor.slicer.segmentation.GetSegmentation().GetSegment("Lesion")
    tag = vtk.mutable("")
    return count(editor) == 0 and not editor.logic.CanUndo() and not segment.GetTag("SAMCA.prompts", tag)


# Clicks that cannot be taken


@pytest.mark.parametrize("place", [(-4, 30), (85, 30), (40, -3), (40, 64)])
def test_a_click_beside_the_image(open_editor, place):
    editor = click(open_editor(), *place)
    assert "outside the image" in status(editor)
    assert untouched(editor)


def test_a_click_before_or_after_all_frames(open_editor):
    editor = open_editor(volumes.volume(volumes.speckle(5, 60, 80)))
    place = at(editor, 40, 30)
    editor.view.node.SetSliceOffset(editor.view.node.GetSliceOffset() + 50)
    editor.view.click(place)
    settled(editor)
    assert "beside the frames" in status(editor)
    assert untouched(editor)


def test_a_click_in_a_view_that_cuts_the_frames(open_editor):
    editor = open_editor(volumes.volume(volumes.speckle(5, 60, 80)))
    place, matrix = at(editor, 40, 30), editor.view.node.GetSliceToRAS()
    turn = vtk.vtkTransform()
    turn.RotateX(40)
    vtk.vtkMatrix4x4.Multiply4x4(matrix, turn.GetMatrix(), matrix)
    editor.view.node.UpdateMatrices()
    editor.view.click(place)
    settled(editor)
    assert "rotated off the axes" in status(editor)
    assert editor.turnButton.visible
    assert untouched(editor)


@pytest.mark.parametrize("event", ["LeftButtonPressEvent", "LeftButtonDoubleClickEvent"])
def test_a_click_in_a_3d_view(open_editor, event):
    editor = open_editor()
    widget = slicer_application.ViewWidget(editor.view, "qMRMLThreeDWidget")
    code = getattr(vtk.vtkCommand, event)
    assert editor.effect.processInteractionEvents(editor.view.interactor, code, widget) is False
    assert "slice views only" in status(editor)
    assert untouched(editor)


# What is missing


def test_no_source_volume(open_editor):
    editor = open_editor()
    place = at(editor, 40, 30)
    editor.node.SetAndObserveSourceVolumeNode(None)
    editor.effect.sourceVolumeNodeChanged()
    editor.view.click(place)
    settled(editor)
    assert "no source volume" in status(editor)
    assert untouched(editor)


def test_no_segmentation(open_editor):
    editor = open_editor()
    place = at(editor, 40, 30)
    editor.node.SetAndObserveSegmentationNode(None)
    editor.view.click(place)
    settled(editor)
    assert "no segmentation" in status(editor)
    assert untouched(editor)


def test_no_segment_gets_one_and_undo_leaves_it_empty(open_editor):
    volume = volumes.volume(volumes.speckle(1, 60, 80))
    editor = open_editor(volume, editor=slicer_scene.Editor(volume, segments=()))
    click(editor, 40, 30)
    segment = editor.node.GetSelectedSegmentID()
    assert count(editor, segment) > 0
    editor.logic.Undo()
    settled(editor)
    assert not editor.effect.edit.prompts.objects


# What lies flat


FLAT = np.diag([1.0, 0.0, 1.0, 1.0])


def under(node, matrix):
    node.SetAndObserveTransformNodeID(volumes.transform(matrix).GetID())


# what is done to an editor, and how it is mended
WITHOUT_EXTENT = {
    "no spacing": (lambda e: e.volume.SetSpacing(1, 1, 0), lambda e: e.volume.SetSpacing(1, 1, 1)),
    "spacing that is no number": (
        lambda e: e.volume.SetSpacing(np.nan, 1, 1),
        lambda e: e.volume.SetSpacing(1, 1, 1),
    ),
    "two directions alike": (
        lambda e: e.volume.SetIJKToRASDirections(1, 0, 0, 1, 0, 0, 0, 0, 1),
        lambda e: e.volume.SetIJKToRASDirections(-1, 0, 0, 0, -1, 0, 0, 0, 1),
    ),
    "a flat transform": (
        lambda e: under(e.volume, FLAT),
        lambda e: e.volume.SetAndObserveTransformNodeID(None),
    ),
    "a flat transform of the segmentation": (
        lambda e: under(e.slicer.segmentation, FLAT),
        lambda e: e.slicer.segmentation.SetAndObserveTransformNodeID(None),
    ),
}


@pytest.mark.parametrize("case", WITHOUT_EXTENT)
def test_what_has_no_extent_in_a_direction_is_said_at_every_click(open_editor, case):
    editor = open_editor(volumes.volume(volumes.speckle(3, 60, 80)))
    click(editor, 20, 30)
    before = count(editor)
    places = [at(editor, x, 30) for x in (40, 60)]
    breaks, mends = WITHOUT_EXTENT[case]
    breaks(editor)
    for place in places:
        editor.effect.view.isOld = True
        settled(editor)
        editor.view.click(place)
        settled(editor)
        assert "has no extent in a direction" in status(editor)
    mends(editor)
    settled(editor)
    assert count(editor) == before
    editor.view.click(places[1])
    settled(editor)
    assert count(editor) > before
    assert status(editor).startswith("Click")


# What nobody expected


@pytest.mark.parametrize("part", ["view.frame", "edit.points.changes", "edit.engine.poll", "shapes.show"])
def test_whatever_fails_at_every_tick_is_said_and_the_next_click_works(open_editor, monkeypatch, part):
    editor = click(open_editor(), 20, 30)
    before, places = count(editor), [at(editor, 60, y) for y in (20, 40)]
    *way, name = part.split(".")
    owner = functools.reduce(getattr, way, editor.effect)

    def fail(*_):
        raise KeyError("lost")

    with monkeypatch.context() as patch:
        patch.setattr(owner, name, fail)
        editor.effect.view.isOld = True
        editor.view.click(places[0])
        settled(editor)
        assert "Something went wrong (KeyError: 'lost')" in status(editor)
    editor.effect.view.isOld = True
    settled(editor)
    editor.view.click(places[1])
    settled(editor)
    assert count(editor) > before
    assert status(editor).startswith("Click")


@pytest.mark.parametrize("button", ["newObject", "useMask", "clear", "takePoints"])
def test_buttons_without_a_volume_say_so(open_editor, button):
    editor = open_editor()
    editor.node.SetAndObserveSourceVolumeNode(None)
    editor.effect.sourceVolumeNodeChanged()
    editor.pointsSelector.setCurrentNode(slicer.mrmlScene.AddNewNodeByClass("vtkMRMLMarkupsFiducialNode"))
    settled(editor)
    assert "no source volume" in status(editor)
    assert "no source volume" in getattr(editor, f"{button}Button").toolTip
    assert not getattr(editor, f"{button}Button").enabled
    editor.effect.panel.actions[button]()  # by its key
    assert "no source volume" in status(editor)
    assert untouched(editor)


# Frames of every kind


def with_values(value, dtype=np.float32):
    pixels = volumes.speckle(1, 60, 80).astype(dtype)
    pixels[0, ::2] = value
    return pixels


FRAMES = {
    "some NaN": with_values(np.nan),
    "infinite": with_values(np.inf),
    "minus infinite": with_values(-np.inf),
    "constant": np.full((1, 60, 80), 7, np.uint8),
    "black": np.zeros((1, 60, 80), np.uint8),
    "16 bit": volumes.speckle(1, 60, 80, dtype=np.uint16, high=65535),
    "signed": (volumes.speckle(1, 60, 80).astype(np.int16) - 128),
    "float": volumes.speckle(1, 60, 80).astype(np.float64) / 255,
    "RGB": volumes.speckle(1, 60, 80, 3),
    "RGBA": volumes.speckle(1, 60, 80, 4),
    "huge": volumes.speckle(1, 60, 8192),
    "tiny": volumes.speckle(1, 8, 8),
}


@pytest.mark.parametrize("kind", FRAMES)
def test_every_kind_of_frame_is_segmented(open_editor, kind):
    editor = open_editor(volumes.volume(FRAMES[kind]))
    height, width = FrameLogic.shape(editor.effect.edit.frame)
    click(editor, width // 2, height // 2)
    assert count(editor) > 0
    assert status(editor).startswith("Click")


def test_a_frame_of_nothing_but_nan_is_refused(open_editor):
    editor = click(open_editor(volumes.volume(np.full((1, 60, 80), np.nan, np.float32))), 40, 30)
    assert "without one finite value" in status(editor)
    assert count(editor) == 0


# Files that are no models


class Dangerous:
    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return os.system, (f"touch {self.path}",)


def truncated(folder):
    import torch

    path = folder / "sam.pth"
    torch.save({"weight": torch.zeros(1000)}, path)
    path.write_bytes(path.read_bytes()[:2000])
    return path


def noise(folder):
    path = folder / "noise.pth"
    path.write_bytes(bytes(range(200)))
    return path


def with_code(folder):
    import torch

    path = folder / "evil.pth"
    torch.save({"model": Dangerous(folder / "trace")}, path)
    return path


def other_weights(folder):
    """Weights, but not those of a Segment Anything model: names and sizes do not fit."""
    import torch

    path = folder / "resnet.pth"
    torch.save({"conv1.weight": torch.zeros(8, 3, 7, 7)}, path)
    return path


def without_its_base(folder):
    """An adapter of a base that is not there."""
    from safetensors.torch import save_file

    from samca.config import ModelConfig, to_json

    path = folder / "orphan.safetensors"
    metadata = {"kind": "adapter", "format": "1", "config": json.dumps(to_json(ModelConfig()))}
    save_file({}, path, metadata | {"provenance": "{}", "base": "lost.safetensors", "base_sha256": "0" * 64})
    return path


def gone(folder):
    return folder / "gone.safetensors"


@pytest.mark.parametrize("make", [truncated, noise, with_code, other_weights, without_its_base, gone])
def test_a_file_that_is_no_model_is_named_and_the_one_before_stays(open_editor, engine, tmp_path, make):
    editor, path = click(open_editor(), 20, 30), make(tmp_path)
    before = count(editor)
    editor.effect.options.model = str(path)
    settled(editor)
    assert path.name.lower() in status(editor).lower()
    assert status(editor).endswith(".")
    assert "Error" not in status(editor)
    assert engine.modelName == editor.effect.options.model == "discs"
    assert not (tmp_path / "trace").exists()
    click(editor, 60, 30)
    assert count(editor) > before


# What is not installed


@pytest.mark.parametrize(
    ("installed", "words"),
    [
        ({}, "Missing: onnxruntime>=1.23"),
        ({"onnxruntime": "1.10.0"}, "Missing: onnxruntime>=1.23"),
        (INSTALLED | {"torch": "2.0.1"}, "Missing: onnxruntime>=1.23"),
        (INSTALLED | {"safetensors": None}, "Missing: safetensors"),
    ],
)
def test_what_is_not_installed_is_named_and_what_still_works(open_editor, engine, installed, words):
    engine.setModel(None, "")
    editor = open_editor()
    place = at(editor, 40, 30)
    editor.effect.installation = InstallLogic(versionOf=installed.get)
    editor.deactivate()
    editor.activate()
    editor.view.click(place)
    settled(editor)
    assert words in status(editor)
    assert "outlines and saved points are shown" in status(editor)
    assert editor.setupButton.visible
    assert untouched(editor)
