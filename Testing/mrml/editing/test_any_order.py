"""Whatever is done, in whatever order: nothing raises, and the segments hold what they have to hold.

    SAMCA_ANY_ORDER=500x30 pytest Testing/mrml/editing/test_any_order.py

tries 500 sequences of 30 actions in volumes and as many in a loop, other ones each time; without it a few,
always the same.
"""

from __future__ import annotations

import os

import pytest
import slicer
import volumes
from any_order import AnyOrder, unit, which
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import initialize, rule, run_state_machine_as_test

from SAMCALib.Frames import SequenceLogic
from SAMCALib.Texts import Refusal


class InVolumes(AnyOrder):
    """Two volumes of one grid, all three axes."""

    SHAPE = (5, 20, 24)

    def make(self):
        self.volumes = [self.a_volume(number) for number in range(2)]
        self.make_editors(self.volumes[0])

    def a_volume(self, number):
        return volumes.volume(volumes.speckle(*self.SHAPE) // (number + 1), name=f"Scan {number}")

    @initialize()
    def begin_across(self):
        """The second editor looks across the first one's frame."""
        self.go_to_frame(1, 0, 0.5)

    @rule(n=which, axis=st.integers(0, 2), place=unit)
    def go_to_frame(self, n, axis, place):
        self.places[n] = axis, round(place * (self.SHAPE[2 - axis] - 1))
        self.look(n)

    @rule(n=which, volume=which)
    def go_to_volume(self, n, volume):
        self.editors[n].node.SetAndObserveSourceVolumeNode(self.volumes[volume])
        self.look(n)

    @rule(volume=which)
    def load_volume_anew(self, volume):
        """It leaves the scene, and comes back as another node."""
        old = self.volumes[volume]
        editing = [editor for editor in self.editors if editor.node.GetSourceVolumeNode() is old]
        slicer.mrmlScene.RemoveNode(old)
        for edit in self.edits:
            edit.poll()
        self.volumes[volume] = self.a_volume(volume)
        for editor in editing:
            editor.node.SetAndObserveSourceVolumeNode(self.volumes[volume])
            self.look(self.editors.index(editor))

    @rule()
    def save_and_load(self):
        """To a file, and from it into another node, of which Slicer remembers no steps."""
        storage = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLSegmentationStorageNode")
        storage.SetFileName(os.path.join(self.folder, "any.seg.nrrd"))
        if self.ledger.places() and storage.WriteData(self.segmentation):
            loaded = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLSegmentationNode", "Loaded")
            assert storage.ReadData(loaded)
            slicer.mrmlScene.RemoveNode(self.segmentation)
            self.show(loaded)
            for edit in self.edits:
                edit.host.history.forget()


class InALoop(AnyOrder):
    """A Sequence of three images; each item has a segmentation of its own."""

    SHAPE = (1, 20, 24)

    def make(self):
        self.browser, proxy = volumes.cine(3, self.SHAPE[1:])
        self.make_editors(proxy)
        SequenceLogic.synchronise(self.segmentation, proxy)
        self.isGoingBack = False

    @property
    def item(self):
        return SequenceLogic.itemOf(self.segmentation)

    def segmentations(self):
        nodes = {
            item: SequenceLogic.ownNode(self.segmentation, item)
            for item in SequenceLogic.itemsOf(self.browser)
        }
        return {item: node.GetSegmentation() for item, node in nodes.items() if node is not None}

    @rule(item=st.integers(0, 2))
    def go_to_item(self, item):
        items = SequenceLogic.itemsOf(self.browser)
        if items[item % len(items)] != self.item:
            SequenceLogic.showItem(self.browser, items[item % len(items)])
            for edit in self.edits:
                edit.host.history.forget()

    @rule(n=which)
    def take_back(self, n):
        """What Slicer has forgotten of the steps."""
        self.isGoingBack = True
        self.ledger.known.append(self.ledger.state())
        try:
            self.edits[n].steps.takeBack()
        except Refusal:
            return

    @rule(n=which, count=st.integers(1, 4))
    def undo(self, n, count):
        self.isGoingBack = True
        super().undo(n, count)

    @rule(n=which, count=st.integers(1, 4))
    def redo(self, n, count):
        self.isGoingBack = True
        super().redo(n, count)

    @rule()
    def settle(self):
        super().settle()
        self.isGoingBack = False

    def mayBeAsOnce(self, place):
        """Steps reach over items: the others follow with a tick."""
        return self.isGoingBack and self.ledger.recall(place)


@pytest.mark.parametrize("kind", [InVolumes, InALoop])
def test_anything_in_any_order(application, tmp_path, kind):
    examples, _x, steps = os.environ.get("SAMCA_ANY_ORDER", "").partition("x")
    kind.folder = str(tmp_path)
    run_state_machine_as_test(
        kind,
        settings=settings(
            max_examples=int(examples or 15),
            stateful_step_count=int(steps or 20),
            derandomize=not examples,
            deadline=None,
            database=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
