"""Several editors, scenes that close, and that nothing of the effect is left behind."""

from __future__ import annotations

import gc
import threading

import pytest
import slicer
import vtk
from effect_editors import at, click, count, prompts, settled, status


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
    assert not editor.effect.timer.timer.isRunning
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


def test_every_tick_gives_the_engine_pythons_lock_for_a_moment(open_editor, engine, monkeypatch):
    """Slicer's main thread holds it in its event loop: the worker computes only while it is waited for."""
    editor, waits = open_editor(), []
    monkeypatch.setattr(engine, "waitForResult", lambda owner, seconds: waits.append(seconds))
    for _ in range(3):
        editor.effect.wake()
        editor.tick()
    assert len(waits) == 3
    assert all(0.005 < seconds < 0.03 for seconds in waits), "longer, and the application would stutter"


def test_a_second_editor_does_not_load_the_model_again_while_it_is_loaded(open_editor, engine, disc_model):
    loads, loading, gate = [], threading.Event(), threading.Event()

    def load(source, device):
        loads.append(source)
        loading.set()
        assert gate.wait(30)
        return disc_model

    engine._load = load
    one, two = open_editor(start=False), open_editor(start=False)
    for editor in (one, two):
        editor.effect.options.model = "mine.safetensors"
        editor.activate()
        editor.tick()
    assert loading.wait(30)
    gate.set()
    for editor in (one, two):
        settled(editor)
    assert loads == ["mine.safetensors"]
    click(two, 40, 30)
    assert count(two) > 0


@pytest.mark.parametrize("left", [None, vtk.vtkImageData()])
def test_a_volume_that_loses_its_voxels_is_told_of_and_worked_in_again_once_it_has_some(open_editor, left):
    editor = click(open_editor(), 30, 30)
    volume, place = editor.slicer.volume, at(editor, 40, 30)
    image = volume.GetImageData()
    volume.SetAndObserveImageData(left)
    settled(editor)
    assert "Scan has no voxels" in status(editor)
    editor.view.click(place)
    settled(editor)
    assert "Scan has no voxels" in status(editor)
    volume.SetAndObserveImageData(image)
    editor.view.click(place)
    settled(editor)
    assert len(prompts(editor).objects[0].prompts.clicks) == 2
