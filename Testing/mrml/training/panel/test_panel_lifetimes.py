"""The training panel. A panel that is let go of leaves nothing behind."""

from __future__ import annotations

import gc
import weakref

import slicer
from recorded_run import UI, PlayedLogic


def watched():
    scene = slicer.mrmlScene
    events = ("StartCloseEvent", "EndCloseEvent", "NodeAddedEvent", "NodeRemovedEvent", "StartImportEvent")
    return [event for event in events if scene.HasObserver(getattr(scene, event))]


def nodes():
    scene = slicer.mrmlScene
    return sorted(scene.GetNthNode(i).GetID() for i in range(scene.GetNumberOfNodes()))


def test_a_panel_that_is_reloaded_leaves_nothing_behind(qt, scene, recording, tmp_path, layout):
    from SAMCATrainingLib.TrainingWidget import TrainingWidget

    layout.SetViewArrangement(layout.SlicerLayoutFourUpView)
    first = TrainingWidget(str(UI), PlayedLogic(tmp_path, recording))
    first.enter()
    first.cleanup()  # view nodes of the layout are Slicer's
    before = nodes(), watched()
    shown = TrainingWidget(str(UI), PlayedLogic(tmp_path, recording))
    shown.enter()
    shown.logic.start({"out": str(tmp_path / "user" / "Runs" / "a"), "name": "a"})
    shown.run.enter()
    shown.run.ui.curvesButton.click()
    shown.logic.playback.play("epoch")
    shown.timer.fire()
    timers = [shown.timer, shown.data.slices.timer]
    shown.cleanup()
    shown.logic.playback.end()
    assert not any(timer.isRunning or timer.isConnected for timer in timers)
    views = {node for node in nodes() if "SAMCA" in node or "Red" in node}
    assert (sorted(set(nodes()) - views), watched()) == (sorted(set(before[0]) - views), before[1])
    assert layout.GetViewArrangement() == layout.SlicerLayoutFourUpView
    gone = weakref.ref(shown)
    del shown, timers
    gc.collect()
    assert gone() is None
