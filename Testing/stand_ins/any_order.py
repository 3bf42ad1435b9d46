"""Everything that can be done in two editors on one segmentation, as rules that hypothesis puts in any order.

What has to hold after each of them is in `check`, and when all is at rest in `settle`.
"""

from __future__ import annotations

import logging

import numpy as np
import slicer
import slicer.util
import slicer_scene
from disc_model import GatedModel
from edit_ledger import Ledger, WatchedHost, entries, plane, prompts_in, unpacked
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from suggesting_model import FindingModel

from samca.interaction.session import Session
from samca.prompts.geometry import Geometry
from SAMCALib.Editing.EditLogic import EditLogic
from SAMCALib.Engine.EngineLogic import EngineLogic
from SAMCALib.Frames import FrameLogic
from SAMCALib.Prompts.PromptPoints import ROLES
from SAMCALib.Prompts.TagLogic import PromptObject
from SAMCALib.Segments.MaskLogic import MaskOptions, finished
from SAMCALib.Segments.SegmentLogic import EditorHost, replaceObject
from SAMCALib.Texts import Refusal

OPTIONS = (
    MaskOptions(largestComponent=False, fillHoles=False),
    MaskOptions(largestComponent=True, fillHoles=True, smoothingMm=0.8),
)
SEGMENTS = ("Lesion", "Nerve")
SECONDS = 30

unit = st.sampled_from((0.5, 0.4, 0.6, 0.2, 0.8))
which = st.integers(0, 1)
small = st.integers(0, 3)
time = st.sampled_from(("nothing", "think", "tick", "settle", "settle"))
CHANGES = ("move", "remove", "add")


class Errors(logging.Handler):
    """All that was logged as an error."""

    def __init__(self):
        super().__init__(logging.ERROR)
        self.texts = []

    def emit(self, record):
        self.texts.append(self.format(record))


class AnyOrder(RuleBasedStateMachine):
    """SHAPE: (K, J, I) of all images; `make` makes self.volumes, self.editors and self.segmentation."""

    SHAPE: tuple[int, int, int]

    def __init__(self):
        super().__init__()
        slicer.mrmlScene.Clear(0)
        self.errors, self.model, self.engine = Errors(), FindingModel(), EngineLogic()
        logging.getLogger("SAMCALib").addHandler(self.errors)
        self.gate = GatedModel(self.model)
        self.engine.setModel(self.gate, "discs")
        self.make()
        self.ledger = Ledger(self.segmentations, self.SHAPE)
        self._modify, ledger = EditorHost.modifySegmentByLabelmap, self.ledger
        self.isPainting = False
        EditorHost.modifySegmentByLabelmap = lambda *given: self.modified(*given)
        self.edits = []
        for editor in self.editors:
            editor.logic.SetMaximumNumberOfUndoStates(1000)
            host = WatchedHost(editor.logic, ledger, lambda: self.item)
            self.edits.append(EditLogic(host, self.engine))
        self.places = [(2, self.SHAPE[0] // 2)] * 2  # (axis, index) of each editor's view
        for number, edit in enumerate(self.edits):
            edit.maskOptions = OPTIONS[0]
            edit.activate()
            self.look(number)

    def make(self):
        raise NotImplementedError

    def make_editors(self, volume):
        """Two on one segmentation."""
        self.editors = [slicer_scene.Editor(volume, SEGMENTS) for _ in range(2)]
        slicer.mrmlScene.RemoveNode(self.editors[1].segmentation)
        self.show(self.editors[0].segmentation)

    def show(self, segmentation):
        self.segmentation = segmentation
        for editor in self.editors:
            editor.segmentation = segmentation
            editor.node.SetAndObserveSegmentationNode(segmentation)
            editor.node.SetSelectedSegmentID(SEGMENTS[0])

    def teardown(self):
        self.gate.gate.set()
        for edit in self.edits:
            edit.deactivate()
        self.engine.stop()
        EditorHost.modifySegmentByLabelmap = self._modify
        logging.getLogger("SAMCALib").removeHandler(self.errors)
        slicer.mrmlScene.Clear(0)

    def modified(self, host, node, name, image, mode, bypass=False):
        """What goes into a segment, in whatever item; the ledger hears of it."""
        if not self.isPainting and mode == host.editorLogic.ModificationModeAdd:
            self.ledger.add(node.GetSegmentation(), name, image)
        self._modify(host, node, name, image, mode, bypass)

    # What there is

    item = ""  # that is shown

    def segmentations(self):
        """By item."""
        return {"": self.segmentation.GetSegmentation()}

    def frame(self, number):
        axis, index = self.places[number]
        return FrameLogic.frameOf(self.editors[number].node.GetSourceVolumeNode(), index, axis)

    def look(self, number):
        """What the effect does when its view has changed."""
        try:
            frame = self.frame(number)
        except Refusal:
            frame = None
        self.edits[number].setFrame(frame)

    def do(self, number, action, then="nothing"):
        """An action on the frame that an editor shows; it may be refused. then: what time brings after it."""
        try:
            action(self.edits[number], self.frame(number))
        except Refusal:
            return
        self.check()
        if then == "tick":
            self.tick(number)
        elif then != "nothing":
            getattr(self, then)()

    def has(self, number):
        """How many clicks each object of its frame has."""
        return [len(thing.prompts.clicks) for thing in self.edits[number].prompts.objects]

    def at(self, number, x, y):
        height, width = FrameLogic.shape(self.frame(number))
        return x * (width - 1), y * (height - 1)

    def there(self, name):
        return self.segmentation.GetSegmentation().GetSegment(name or "") is not None

    @initialize(painted=st.booleans(), outlined=st.booleans())
    def begin(self, painted, outlined):
        """Something is there from before."""
        if painted:
            self.paint(0, 0.2, 0.2, 0.6, 0.8, False)
        if outlined:
            self.click(1, 0.5, 0.5, True, "settle")

    # Pointing

    @rule(n=which, x=unit, y=unit, positive=st.booleans(), then=time)
    def click(self, n, x, y, positive, then):
        positive = positive or not self.has(n)
        self.do(n, lambda edit, frame: edit.click(frame, *self.at(n, x, y), positive), then)

    @rule(n=which, thing=small, click=small, x=unit, y=unit, finished=st.booleans(), then=time)
    @precondition(lambda self: self.has(0) or self.has(1))
    def move(self, n, thing, click, x, y, finished, then):
        if any(clicks := self.has(n)):
            thing %= len(clicks)
            click %= max(clicks[thing], 1)
            self.do(n, lambda edit, frame: edit.moveClick(thing, click, *self.at(n, x, y), finished), then)

    @rule(n=which, thing=small, click=small, then=time)
    @precondition(lambda self: self.has(0) or self.has(1))
    def remove(self, n, thing, click, then):
        if any(clicks := self.has(n)):
            thing %= len(clicks)
            click %= max(clicks[thing], 1)
            self.do(n, lambda edit, frame: edit.removeClick(thing, click), then)

    @rule(n=which, role=st.sampled_from(tuple(ROLES)), x=unit, y=unit, what=st.sampled_from(CHANGES))
    def points(self, n, role, x, y, what):
        """The user moves, deletes or places a point; the next tick notices."""
        if self.edits[n].frame is None:
            return
        node = self.edits[n].points.nodes[role]
        ras = FrameLogic.xyToRas(self.frame(n), *self.at(n, x, y))
        if what == "add":
            node.AddControlPointWorld(*ras)
        elif node.GetNumberOfControlPoints() and what == "remove":
            node.RemoveNthControlPoint(0)
        elif node.GetNumberOfControlPoints():
            node.SetNthControlPointPositionWorld(0, *ras)

    @rule(n=which, x=unit, y=unit, to_x=unit, to_y=unit, then=time)
    def box(self, n, x, y, to_x, to_y, then):
        self.do(n, lambda edit, frame: edit.box(frame, *self.at(n, x, y), *self.at(n, to_x, to_y)), then)

    @rule(n=which, then=time)
    @precondition(lambda self: any(self.ledger.voxels(place).any() for place in self.ledger.places()))
    def use_mask(self, n, then):
        self.do(n, lambda edit, frame: edit.useMask(frame), then)

    @rule(n=which, kind=which, then=time)
    def suggest(self, n, kind, then):
        self.do(n, lambda edit, frame: edit.suggest(frame, kind), then)

    @rule(n=which, kind=which, then=time)
    def suggest_all(self, n, kind, then):
        self.do(n, lambda edit, frame: edit.suggestAll(frame, kind), then)

    @rule(n=which, count=st.integers(1, 3), then=time)
    @precondition(lambda self: self.has(0) or self.has(1))
    def neighbours(self, n, count, then):
        self.do(n, lambda edit, frame: edit.segmentNeighbours(frame, count), then)

    @rule(n=which, images=st.integers(0, 2), ends=st.booleans(), then=time)
    @precondition(lambda self: self.has(0) or self.has(1))
    def follow(self, n, images, ends, then):
        """The outline goes with so many images; it may be left to follow the next ones."""
        self.do(n, lambda edit, frame: edit.follow(frame))
        for _ in range(images):
            self.new_image(n)
            self.tick(n)
            self.think()
            self.tick(n)
        if ends and self.edits[n].isFollowing:
            self.edits[n].endFollow()
            self.check()
        self.do(n, lambda edit, frame: None, then)

    @rule(n=which)
    def new_image(self, n):
        """Another image in place of the one that is shown."""
        volume = self.editors[n].node.GetSourceVolumeNode()
        if volume is not None and volume.GetImageData() is not None:
            slicer.util.arrayFromVolume(volume)[:] += 1
            slicer.util.arrayFromVolumeModified(volume)

    @rule(n=which, x=unit, y=unit, then=time)
    def new_object(self, n, x, y, then):
        self.do(n, lambda edit, frame: edit.newObject(frame))
        self.do(n, lambda edit, frame: edit.click(frame, *self.at(n, x, y)), then)

    @rule(n=which, x=unit, y=unit, then=time)
    def take_fiducials(self, n, x, y, then):
        def take(edit, frame):
            edit.takeFiducials(frame, [FrameLogic.xyToRas(frame, *self.at(n, x, y))])

        self.do(n, take, then)

    @rule(n=which, then=time)
    @precondition(lambda self: self.has(0) or self.has(1))
    def clear(self, n, then):
        self.do(n, lambda edit, frame: edit.clear(frame), then)

    @rule(n=which, x=unit, y=unit)
    def hover(self, n, x, y):
        self.do(n, lambda edit, frame: edit.hover(frame, *self.at(n, x, y)))

    @rule(n=which, option=which, then=time)
    def options(self, n, option, then):
        self.do(n, lambda edit, frame: edit.useOptions(OPTIONS[option]), then)

    @rule(n=which)
    def cancel(self, n):
        self.edits[n].cancel()

    # By hand

    @rule(n=which, x=unit, y=unit, to_x=unit, to_y=unit, erase=st.sampled_from((False, False, True)))
    def paint(self, n, x, y, to_x, to_y, erase):
        try:
            frame, corners = self.frame(n), (self.at(n, x, y), self.at(n, to_x, to_y))
        except Refusal:
            return
        name, host = self.editors[n].node.GetSelectedSegmentID(), self.edits[n].host
        if not self.there(name):
            return
        (left, right), (top, bottom) = (sorted(map(round, each)) for each in zip(*corners, strict=True))
        mask, whole = np.zeros(FrameLogic.shape(frame), bool), np.zeros(self.SHAPE, bool)
        mask[top : bottom + 1, left : right + 1] = True
        plane(whole, frame.key)[...] = mask
        host.saveStateForUndo()
        present = self.ledger.voxels((self.item, name))
        self.isPainting = True
        replaceObject(host, self.segmentation, name, frame, *((mask, None) if erase else (None, mask)))
        self.isPainting = False
        self.ledger.change((self.item, name), whole, erase, present)

    @rule(n=which, count=st.integers(1, 4))
    def undo(self, n, count):
        """So many steps without a tick between."""
        for _ in range(count):
            self.edits[n].host.history.undo()

    @rule(n=which, count=st.integers(1, 4))
    def redo(self, n, count):
        for _ in range(count):
            self.edits[n].host.history.redo()

    # Changes of what is shown

    @rule(n=which, segment=which)
    def go_to_segment(self, n, segment):
        self.editors[n].node.SetSelectedSegmentID(SEGMENTS[segment])

    @rule(n=which)
    def leave_and_come_back(self, n):
        self.edits[n].deactivate()
        self.edits[n].activate()
        self.look(n)

    @rule(n=which, segment=which)
    def delete_segment(self, n, segment):
        if self.there(SEGMENTS[segment]):
            self.edits[n].host.saveStateForUndo()
            self.segmentation.GetSegmentation().RemoveSegment(SEGMENTS[segment])
            self.ledger.forget((self.item, SEGMENTS[segment]))

    @rule(segment=which)
    def make_segment(self, segment):
        if not self.there(SEGMENTS[segment]):
            self.segmentation.GetSegmentation().AddEmptySegment(SEGMENTS[segment], SEGMENTS[segment])

    # Time

    @rule(n=which)
    def tick(self, n):
        self.edits[n].poll()
        self.check()

    @rule()
    def think(self):
        """The model answers; nobody has looked yet."""
        self.gate.gate.set()
        assert self.engine.wait(SECONDS)
        self.gate.close()

    @rule()
    def settle(self):
        """All answers are taken."""
        for _ in range(200):
            self.think()
            moved = [edit.poll() for edit in self.edits]
            self.check()
            sweeps = [edit.sweep.isRunning and not edit.isFollowing for edit in self.edits]
            isRunning = self.engine.isBusy or any(sweeps)
            if not any(moved) and not isRunning:
                break
        else:
            raise AssertionError("it does not come to rest")
        for place in self.ledger.places():
            for key, entry in entries(self.ledger.segment(place)):
                if not entry.get("pending"):
                    self.is_given(key, entry)
        for edit in self.edits:
            count = sum(node.GetNumberOfControlPoints() for node in edit.points.nodes.values())
            given = [thing.prompts for thing in edit.prompts.objects]
            handles = (3 * (each.box is not None) + bool(each.lasso) for each in given)
            assert count == sum(len(each.clicks) for each in given) + sum(handles)

    def is_given(self, key, entry):
        """The object's mask is what its prompts give, with one of the options, less what was erased of it."""
        nothing = np.zeros(plane(np.zeros(self.SHAPE, bool), key).shape, bool)
        mask, erased = (unpacked(entry[name]) if name in entry else nothing for name in ("mask", "erased"))
        assert any((mask == given & ~erased).all() for given in self.predictions(entry, nothing.shape))

    def predictions(self, entry, shape):
        thing = PromptObject(prompts_in(entry))
        if not thing.startsSomewhere:
            yield np.zeros(shape, bool)
            return
        session = Session(self.model)
        session.use_embedding((), Geometry(*shape, self.model.config.image_size))
        logits = session.predict(thing.prompts).logits
        for options in OPTIONS:
            yield finished(logits, thing.prompts, options, (1.0, 1.0))

    @invariant()
    def check(self):
        assert not self.errors.texts, self.errors.texts[0]
        self.ledger.settle()
        for place in self.ledger.places():
            if not self.ledger.isRight(place) and not self.mayBeAsOnce(place):
                np.testing.assert_array_equal(self.ledger.voxels(place), self.ledger.expected(place))

    def mayBeAsOnce(self, place):
        """Whether a segment that is not as it has to be may have gone back to an earlier state, and has."""
        return False
