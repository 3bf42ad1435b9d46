"""What the engine and an editor keep of volumes that have left the scene: nothing."""

from __future__ import annotations

import gc
import threading
import weakref

import pytest
import slicer
import volumes
from slicer_scene import Editor

from SAMCALib.BenchmarkLogic import _ownScene
from SAMCALib.Editing.EditLogic import EditLogic
from SAMCALib.Editing.EditQueue import pictureOf
from SAMCALib.Engine.EngineLogic import EngineLogic
from SAMCALib.Frames import FrameLogic
from SAMCALib.SegmentationLogic import SegmentationLogic
from SAMCALib.Segments.SegmentLogic import EditorHost


def speckled(name="Scan"):
    return volumes.volume(volumes.speckle(3, 60, 80), name=name)


def worked(edit, settle, frame):
    """A frame looked at, its neighbours encoded ahead, and clicked."""
    edit.setFrame(frame)
    edit.click(frame, 30, 20)
    settle(edit)


def test_scenes_that_are_closed_leave_no_embedding_whoever_worked_in_them(scene, editing, engine, settle):
    for cycle in range(50):
        editor = Editor(speckled())
        edit = editing(editor)
        worked(edit, settle, FrameLogic.frameOf(editor.volume, 1))
        assert engine.cachedFrames == 3, "the neighbours too"
        if cycle % 2:
            edit.deactivate()
        scene.Clear(0)
        assert (engine.cachedFrames, engine.cachedBytes) == (0, 0)
        edit.deactivate()
    assert engine._queue._wanted == engine._queue._results == {}


def test_the_console_leaves_nothing_either(scene, engine):
    for _cycle in range(3):
        frame = FrameLogic.frameOf(speckled(), 1)
        SegmentationLogic(engine).segment(frame.volume, [FrameLogic.xyToRas(frame, 30, 20)])
        assert engine.cachedFrames == 1
        scene.Clear(0)
        assert engine.cachedFrames == 0


def test_a_volume_that_is_removed_takes_only_its_own_embeddings(scene, editing, engine, settle):
    one, two = (Editor(speckled(name)) for name in ("One", "Two"))
    for editor in (one, two):
        worked(editing(editor), settle, FrameLogic.frameOf(editor.volume, 1))
    assert engine.cachedFrames == 6
    scene.RemoveNode(one.volume)
    assert engine.cachedFrames == 3
    scene.RemoveNode(two.segmentation)
    assert engine.cachedFrames == 3, "the volume is still there"


def test_a_loop_takes_the_embeddings_of_all_its_items(scene, editing, engine, settle):
    browser, volume = volumes.cine(4, (60, 80))
    worked(editing(Editor(volume)), settle, FrameLogic.frameOf(volume, 0))
    assert engine.cachedFrames > 1
    scene.RemoveNode(browser.GetMasterSequenceNode())
    scene.RemoveNode(browser)
    scene.RemoveNode(volume)
    assert engine.cachedFrames == 0


class Gate:
    """Holds up an encoding of the toy model until it is opened."""

    def __init__(self, model, monkeypatch):
        self.begun, self.opened = threading.Event(), threading.Event()
        monkeypatch.setattr(model, "embed", self._held(model.embed))

    def _held(self, embed):
        def held(pixels):
            self.begun.set()
            assert self.opened.wait(30)
            return embed(pixels)

        return held


@pytest.mark.parametrize("closes", [True, False], ids=["closed", "removed"])
def test_an_encoding_that_ends_after_its_volume_is_not_kept(scene, engine, disc_model, monkeypatch, closes):
    gate, volume = Gate(disc_model, monkeypatch), speckled()
    engine.encode("me", pictureOf(FrameLogic.frameOf(volume, 0)))
    engine.encodeAhead("me", [pictureOf(FrameLogic.frameOf(volume, 1))])
    assert gate.begun.wait(30)
    scene.Clear(0) if closes else scene.RemoveNode(volume)
    assert not engine.isBusy, "nobody waits for any of it"
    gate.opened.set()
    again = speckled()
    engine.encode("me", pictureOf(FrameLogic.frameOf(again, 0)))
    assert engine.wait(30)
    assert engine.cachedFrames == 1


def test_who_waits_for_a_mask_of_a_removed_volume_is_told(scene, engine, disc_model, monkeypatch):
    gate, volume, said = Gate(disc_model, monkeypatch), speckled(), []
    picture = pictureOf(FrameLogic.frameOf(volume, 0))

    def ask():
        try:
            engine.segment(picture, None, None)
        except RuntimeError as error:
            said.append(str(error))

    asking = threading.Thread(target=ask, daemon=True)
    asking.start()
    assert gate.begun.wait(30)
    scene.RemoveNode(volume)
    asking.join(30)
    assert said == ["The volume was removed before there was an answer."]
    gate.opened.set()


def test_an_engine_looks_at_the_scene_from_its_first_picture_until_it_is_stopped(scene, disc_model):
    removed = slicer.vtkMRMLScene.NodeRemovedEvent
    before = scene.HasObserver(removed)
    engine = EngineLogic()
    engine.setModel(disc_model, "discs")
    assert scene.HasObserver(removed) == before
    for _ in range(3):
        engine.encode("me", pictureOf(FrameLogic.frameOf(speckled(), 0)))
        assert engine.wait(30)
    assert scene.HasObserver(removed)
    engine.stop()
    assert scene.HasObserver(removed) == before


def test_an_engine_follows_into_another_scene(scene, engine):
    engine.encode("me", pictureOf(FrameLogic.frameOf(speckled(), 0)))
    with _ownScene():
        volume = speckled()
        engine.encode("me", pictureOf(FrameLogic.frameOf(volume, 0)))
        assert engine.wait(30)
        slicer.mrmlScene.RemoveNode(volume)
        assert volume.GetID() not in {entry[2] for entry in engine._cache._entries.values()}


def test_a_run_through_a_volume_that_is_removed_ends(scene, editing, engine, disc_model, settle, monkeypatch):
    editor = Editor(speckled())
    edit = editing(editor)
    worked(edit, settle, FrameLogic.frameOf(editor.volume, 1))
    engine.setModel(disc_model, "has encoded nothing")
    gate = Gate(disc_model, monkeypatch)
    edit.segmentNeighbours(edit.frame, 1)
    assert gate.begun.wait(30)
    scene.RemoveNode(editor.volume)
    edit.poll()
    assert not edit.sweep.isRunning
    assert "was removed" in edit.status
    gate.opened.set()
    editor.node.SetAndObserveSourceVolumeNode(again := speckled())
    edit.click(FrameLogic.frameOf(again, 1), 30, 20)
    settle(edit)
    assert not edit.prompts.object.pending


def test_an_editor_that_is_left_is_kept_by_nobody(scene, engine, settle):
    """Neither by the engine, which goes on for others, nor by what looks at the scene for it."""
    editor = Editor(volumes.cine(3, (60, 80))[1])
    edit = EditLogic(EditorHost(editor.logic), engine)
    worked(edit, settle, FrameLogic.frameOf(editor.volume, 0))
    assert edit.steps.canTakeBack
    gone = weakref.ref(edit), weakref.ref(edit.steps)
    edit.deactivate()
    del edit
    gc.collect()
    assert [reference() for reference in gone] == [None, None]
    scene.RemoveNode(editor.segmentation)


def test_steps_that_were_kept_for_undo_go_with_their_segmentation(scene, engine, settle):
    host = EditorHost(None)
    edit = EditLogic(host, engine)
    for _cycle in range(3):
        editor = Editor(volumes.cine(3, (60, 80))[1])
        host.__init__(editor.logic)
        edit.activate()
        worked(edit, settle, FrameLogic.frameOf(editor.volume, 0))
        assert edit.steps.canTakeBack
        edit.deactivate()
        assert edit.steps.canTakeBack, "another effect may be chosen in between"
        scene.Clear(0)
        host.__init__(slicer.vtkSlicerSegmentEditorLogic())
        assert edit.steps._steps == []


def test_an_effect_that_lives_on_keeps_no_node_of_closed_scenes(scene, engine, settle):
    def held():
        """Nodes that are in no scene any more."""
        gc.collect()
        nodes = [thing for thing in gc.get_objects() if issubclass(type(thing), slicer.vtkMRMLNode)]
        return sorted(node.GetName() or node.GetClassName() for node in nodes if node.GetScene() is None)

    before = held()
    hosts = EditorHost(None)
    edit = EditLogic(hosts, engine)
    edit.activate()
    for _cycle in range(4):
        editor = Editor(speckled())
        hosts.__init__(editor.logic)
        worked(edit, settle, FrameLogic.frameOf(editor.volume, 1))
        edit.segmentNeighbours(edit.frame, 1)
        for _ in range(6):
            settle(edit)
        scene.Clear(0)
        edit.poll()
        hosts.__init__(None)
        del editor
        assert held() == before
    edit.deactivate()
