"""Undo in a loop: one step for all items that an action has changed, kept when Slicer has dropped it.

Slicer's history reaches the item that is shown, and is emptied when another one is shown. So every step
leaves a mark, in a tag of the segment, in each item that it changes and in the one that is shown when it
begins. Slicer's own Undo takes the mark back, Redo brings it: `follow` sees that, and does the same to the
other items of the step, some at each call. What Slicer has dropped, `takeBack` undoes. In a volume Slicer's
history is enough.
"""

from __future__ import annotations

import contextlib
import math
import time
import uuid
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field

import slicer

from ..Engine.SceneWatch import SceneWatch
from ..Frames import ItemLogic, SequenceLogic
from ..Frames.FrameLogic import Frame
from ..Segments import ItemState
from ..Segments.ItemState import State
from ..Texts import Refusal, _, counted

MOST_BYTES = 64 * 2**20  # of all steps of an editor; the oldest ones go first
SLICE_SECONDS = 0.03  # of the processor, for the items of a step at a time; the next tick goes on
PROMPTS, MARK = SequenceLogic.PROMPTS, SequenceLogic.STEP
TAGS = (PROMPTS, MARK, SequenceLogic.OPTIONS, "Segmentation.Status")


@dataclass
class Step:
    """One action on one segment. items: by item the states before and after it. isDone: it is not undone."""

    segmentationId: str
    segmentId: str
    id: str = field(default_factory=lambda: uuid.uuid4().hex[:12])
    items: dict[str, tuple[State, State]] = field(default_factory=dict)
    isDone: bool = True
    bytes: int = 0  # about how much memory it takes

    def put(self, item: str, before: State, after: State) -> None:
        """Remember these states of an item, in place of earlier ones."""
        old = self.items.get(item, ())
        self.bytes += sum(map(ItemState.bytesOf, (before, after))) - sum(map(ItemState.bytesOf, old))
        self.items[item] = before, after


class StepLogic:
    """The steps of one editor. host: as of EditLogic, whose edits go through `begin` and `changing`."""

    def __init__(self, host):
        self.host = host
        self._steps: list[Step] = []
        self._left: deque[tuple[Step, str]] = deque()  # items that are to follow what was undone or redone
        self._seen: dict = {}  # (segmentation id, item) that was shown when `follow` looked last -> its marks
        self._scene = SceneWatch(self._forgetNode)

    def parameterSetNode(self):
        """The vtkMRMLSegmentEditorNode."""
        return self.host.parameterSetNode()

    def begin(self, segmentationNode, segmentId: str) -> None:
        """What is changed from now on, until the next call, is one step; in Slicer's history, too."""
        self.follow()
        self.finish()
        self.host.saveStateForUndo()
        browser = SequenceLogic.browserOf(segmentationNode)
        self._steps = [step for step in self._steps if step.isDone and _node(step) is not None]
        if browser is None:
            return
        step = Step(segmentationNode.GetID(), segmentId)
        self._steps.append(step)
        self._scene.start()
        with self._remembering(step, segmentationNode, ItemLogic.shownItem(browser)):
            pass

    @contextlib.contextmanager
    def changing(self, segmentationNode, frame: Frame) -> Iterator:
        """A segmentation is changed in the frame's item meanwhile, by this host, as part of the last step."""
        step = self._steps[-1] if self._steps and frame.item else None
        if step is None or not step.isDone or _node(step) is not segmentationNode:
            yield self.host
            return
        with self._remembering(step, segmentationNode, frame.item):
            yield self.host

    def follow(self) -> bool:
        """See what Slicer's Undo or Redo did to the shown item, and do it to the others; whether they did."""
        shown, hasChanged = self._shown(), bool(self._left)
        for place in (*self._seen, shown) if shown else ():
            if place == shown and place not in self._seen:  # what is left would be taken for a redo there
                self.finish()
            if self._seen.get(place) != (marks := self._marksIn(*place)):
                hasChanged |= self._followIn(*place)
                self._seen[place] = marks
        self._seen = {shown: self._seen[shown]} if shown else {}
        self.finish(SLICE_SECONDS)
        return hasChanged

    def finish(self, seconds: float = math.inf) -> None:
        """Let the items that are left follow, for about so long."""
        until = time.thread_time() + seconds
        while self._left:
            self._go(*self._left.popleft())
            if time.thread_time() >= until:
                break

    @property
    def isGoingOn(self) -> bool:
        """Whether items are left that are to follow an undo or redo."""
        return bool(self._left)

    @property
    def canTakeBack(self) -> bool:
        """Whether there is a step of the segmentation in the editor that is done."""
        shown = self._shown()
        return shown is not None and any(s.isDone and s.segmentationId == shown[0] for s in self._steps)

    def takeBack(self) -> str:
        """Undo the last step that is done, in all its items, and say so; Refusal if there is none."""
        self.follow()
        self.finish()
        shown = self._shown()
        for step in reversed(self._steps) if shown else ():
            if step.isDone and step.segmentationId == shown[0]:
                step.isDone = False
                if items := [item for item in step.items if _fits(step, item)]:
                    self._left += [(step, item) for item in sorted(items, key=lambda item: item != shown[1])]
                    self.finish(SLICE_SECONDS)
                    one, several = _("Taken back on frame {item}."), _("Taken back on {count} frames.")
                    return counted(len(items), one.format(item=items[0]), several)
        raise Refusal(_("There is nothing to take back."))

    # Below: how it is done

    def _shown(self) -> tuple[str, str] | None:
        """(segmentation id, shown item) of the editor, None unless the segmentation has items."""
        editor = self.host.parameterSetNode()
        return SequenceLogic.placeShown(editor and editor.GetSegmentationNode())

    @contextlib.contextmanager
    def _remembering(self, step: Step, segmentationNode, item: str) -> Iterator[None]:
        own = SequenceLogic.ownNode(segmentationNode, item)
        before = step.items[item][0] if item in step.items else ItemState.stateOf(own, TAGS)
        with SequenceLogic.recordingImagesOnly(segmentationNode):
            try:
                yield
            finally:
                if segment := own.GetSegmentation().GetSegment(step.segmentId):
                    segment.SetTag(MARK, step.id)
                step.put(item, before, ItemState.stateOf(own, TAGS))
                self._look(step.segmentationId, item)
                self._forget()

    def _forget(self) -> None:
        """Keep to the bound; the last step always stays."""
        sizes = [step.bytes for step in self._steps]
        while sum(sizes) > MOST_BYTES and len(sizes) > 1:
            self._steps.pop(0)
            sizes.pop(0)

    def _forgetNode(self, id: str) -> None:
        """A node has left the scene: nothing of a segmentation that is gone can be taken back."""
        self._steps = [step for step in self._steps if step.segmentationId != id]

    def _look(self, segmentationId: str, item: str) -> None:
        """Marks that are set here are none of Slicer's doing."""
        if (place := (segmentationId, item)) in self._seen:
            self._seen[place] = self._marksIn(*place)

    def _marksIn(self, segmentationId: str, item: str) -> dict[str, str]:
        """The marks of all segments in an item; none where it is gone."""
        segmentation = SequenceLogic.segmentationAt(segmentationId, item)
        ids = segmentation.GetSegmentIDs() if segmentation else ()
        return {each: ItemState.tagOf(segmentation.GetSegment(each), MARK) for each in ids}

    def _followIn(self, segmentationId: str, item: str) -> bool:
        """What the marks in an item say of the steps: undone ones, the last one first, then those redone."""
        marks = self._marksIn(segmentationId, item)
        lines = {each: set(self._from(mark, each, item)) for each, mark in marks.items()}
        steps = [s for s in self._steps if s.segmentationId == segmentationId and item in s.items]
        steps = [step for step in steps if step.segmentId in marks]
        redone = [step for step in steps if not step.isDone and step.id in lines[step.segmentId]]
        gone = [step for step in reversed(steps) if step.isDone and step.id not in lines[step.segmentId]]
        undone = [s for s in gone if marks[s.segmentId] in self._from(s.id, s.segmentId, item)]
        for step in undone + redone:
            step.isDone = not step.isDone
            self._left += [(step, other) for other in step.items if other != item]
        return bool(undone + redone)

    def _from(self, mark: str, segmentId: str, item: str) -> list[str]:
        """A mark of a segment in an item, and all that were there before it, as far as is known."""
        marks, known = [mark], {step.id: step for step in self._steps}
        while (step := known.pop(marks[-1], None)) is not None and item in step.items:
            before = step.items[item][0].get(segmentId)
            if before is None:
                break
            marks.append(before.tags[MARK])
        return marks

    def _go(self, step: Step, item: str) -> None:
        """Make an item as the step left or found it, unless something came after it there."""
        if not _fits(step, item):
            return
        node = _node(step)
        ItemState.go(SequenceLogic.ownNode(node, item), *_way(step, item))
        SequenceLogic.toBeSaved(node)
        self._look(step.segmentationId, item)


def begin(host, segmentationNode, segmentId: str) -> None:
    """A new step, in Slicer's history and, where the host is StepLogic, in all items."""
    if isinstance(host, StepLogic):
        host.begin(segmentationNode, segmentId)
    else:
        host.saveStateForUndo()


def changing(host, segmentationNode, frame: Frame):
    """A context in which the frame's item is changed; it yields the host to do it with."""
    if isinstance(host, StepLogic):
        return host.changing(segmentationNode, frame)
    return contextlib.nullcontext(host)


def _node(step: Step):
    return slicer.mrmlScene.GetNodeByID(step.segmentationId)


def _way(step: Step, item: str) -> tuple[State, State]:
    """The states that an item goes from and to."""
    before, after = step.items[item]
    return (before, after) if step.isDone else (after, before)


def _fits(step: Step, item: str) -> bool:
    """Whether an item is as the step expects it."""
    segmentation = SequenceLogic.segmentationAt(step.segmentationId, item)
    segment = segmentation and segmentation.GetSegment(step.segmentId)
    there = _way(step, item)[0].get(step.segmentId)
    isThere = segment is not None and there is not None
    return isThere and ItemState.tagOf(segment, PROMPTS) == there.tags[PROMPTS]
