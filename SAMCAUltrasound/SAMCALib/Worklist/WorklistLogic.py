"""One case after the other: shown, saved as it is left, accepted into a dataset.

Works with no window. What is shown next is in the scene before what was shown leaves it, and a case that
cannot be saved stays: nothing is lost by going on.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from samca.images import masks
from samca.worklist import order
from samca.worklist.entries import ACCEPTED, OUTLINED, UNSURE, UNTOUCHED, Entry

from ..Prompts import TagLogic
from ..Texts import Refusal, _
from . import OutlineFile
from .Opened import Opened

MOST_PASSED = 100  # unreadable cases in a row


class WorklistLogic:
    """training: gives what has `addCase`, `removeCases` and `datasets` of TrainingLogic, once it is needed.

    show(volume, segmentation): called when another case is shown, None for none. settle(): called before a
    case is left, to let what is being computed come to its end. said: a sentence about the last step.
    """

    def __init__(
        self,
        training: Callable = lambda: None,
        show: Callable = lambda volume, segmentation: None,
        settle: Callable = lambda: None,
    ):
        self._training, self._show, self._settle = training, show, settle
        self.cases = None
        self.current: Opened | None = None
        self.order, self.dataset, self.said = order.BY_NAME, None, ""
        self.segmentName = masks.SEGMENT
        self.run = None  # SuggestRun
        self._listed: tuple = (None, [])

    # The list

    def open(self, cases) -> None:
        """Work on these cases (FolderCases, SceneCases) from now on; none for None. Refusal as of `leave`."""
        self.close()
        self.cases, self.said = cases, ""

    def close(self) -> None:
        """Save what is shown, and let go of the cases; Refusal as of `leave`."""
        if self.cases is not None:
            self.leave()
            if self.run is not None:
                self.run.stop()
            self.cases.close()
        self.cases = self.run = None

    @property
    def listed(self) -> list[str]:
        """The names of all cases in their order."""
        if self.cases is None:
            return []
        key = self.cases, self.cases.version, self.order
        if self._listed[0] != key:
            self._listed = key, order.ordered(self.cases.names, self.cases.entries, self.order)
        return self._listed[1]

    @property
    def counts(self) -> dict[str, int]:
        """How many cases are in each state."""
        return order.counts(self.cases.names, self.cases.entries) if self.cases else order.counts([], {})

    @property
    def name(self) -> str | None:
        """The case that is shown."""
        return self.current.name if self.current else None

    def refresh(self) -> None:
        """Look anew which images there are."""
        self.cases.refresh()
        self.said = " ".join(self.cases.told)

    # From case to case

    def next(self) -> None:
        """Go to the next case in the list; Refusal at its end."""
        self._step(1)

    def previous(self) -> None:
        """Go to the one before; Refusal at the beginning."""
        self._step(-1)

    def accept(self) -> None:
        """The case is as it should be: into the dataset with it, and on to the next that is open."""
        self._decide(ACCEPTED)

    def markUnsure(self) -> None:
        """Whoever looks is not sure: somebody has to look again. On to the next that is open."""
        self._decide(UNSURE)

    def show(self, name: str) -> None:
        """Save what is shown and show this case instead; Refusal, and it stays, if either fails."""
        self.said = ""
        self._saveSettled()
        self._open(name)

    def leave(self) -> None:
        """Save what is shown and show nothing; Refusal, and it stays, if it cannot be saved."""
        self._saveSettled()
        if self.current is not None:
            before, self.current = self.current, None
            self._show(None, None)
            self.cases.shut(before)

    def keep(self) -> None:
        """Save what is shown if anything of it has changed; it stays. Refusal if it cannot be saved."""
        if self.current is None:
            return
        opened, now = self.current, self.cases.fingerprint(self.current)
        if now == opened.left:
            return
        isEmpty = OutlineFile.isEmpty(now)
        if opened.path is not None and (opened.content or not isEmpty):
            self.said = self.cases.store(opened) or self.said
        entry = self.cases.entryOf(opened.name)
        state = UNSURE if entry.state == UNSURE else UNTOUCHED if isEmpty else OUTLINED
        self._put(replace(entry, agreement=None, iou=None, model=""), state)  # it was said of another outline
        opened.left = now

    @property
    def isSettled(self) -> bool:
        """Whether no outline of what is shown is still being computed."""
        if self.current is None:
            return True
        segmentation = self.current.segmentation.GetSegmentation()
        return not any(TagLogic.isPending(segmentation.GetSegment(i)) for i in segmentation.GetSegmentIDs())

    # Below: how it is done

    def _saveSettled(self) -> None:
        if self.current is not None:
            self._settle()
            self.keep()

    def _step(self, step: int) -> None:
        self.said = ""
        names = order.onward(self.listed, self.name, step)
        if not names:
            text = _("This is the last case.") if step > 0 else _("This is the first case.")
            raise Refusal(text if self.listed else _("There are no cases: choose a folder with images."))
        self._saveSettled()
        self._openFirst(names)

    def _open(self, name: str) -> None:
        if self.run is not None:
            self.run.release(name)
        opened = self.cases.open(name)
        if not opened.segmentation.GetSegmentation().GetNumberOfSegments():
            opened.segmentation.GetSegmentation().AddEmptySegment(self.segmentName, self.segmentName)
        opened.left = self.cases.fingerprint(opened)
        before, self.current = self.current, opened
        self._show(opened.volume, opened.segmentation)
        if before is not None:
            self.cases.shut(before)

    def _openFirst(self, names: list[str]) -> None:
        """Show the first that can be shown, and say why others were passed over; Refusal if none can."""
        problem = None
        for name in names[:MOST_PASSED]:
            try:
                self._open(name)
                break
            except Refusal as refusal:
                problem = problem or refusal
        else:
            raise problem
        self.said = " ".join(filter(None, [self.said, problem and str(problem)]))

    def _decide(self, state: str) -> None:
        if self.current is None:
            raise Refusal(_("No case is shown: go to one first."))
        self.said = ""
        self._saveSettled()
        if state == ACCEPTED and not self.isSettled:
            raise Refusal(_("An outline of this case is still being computed: accept it when it is there."))
        entry = self.cases.entryOf(self.name)
        isEmpty = OutlineFile.isEmpty(self.current.left)
        isCase = state == ACCEPTED and not isEmpty
        entry = self._intoDataset(entry) if isCase else self._outOfDataset(entry)
        self._put(entry, state)
        names = order.still_open(self.listed, self.cases.entries, self.name, self.order)
        if names:
            self._openFirst(names)
        else:
            self.said = " ".join(filter(None, [self.said, _("All other cases are accepted.")]))

    def _put(self, entry: Entry, state: str) -> None:
        opened = self.current
        words = {"rater": self.cases.rater, "file": opened.fileIn(self.cases.out), "sha256": opened.content}
        self.cases.put(replace(entry, state=state, **words))

    def _intoDataset(self, entry: Entry) -> Entry:
        """The entry with what was added; without a dataset it stays as it is. Refusal as of `addCase`."""
        if self.dataset is None:
            return entry
        opened, training = self.current, self._trainingLogic()
        added = training.addCase(opened.volume, opened.segmentation, self.dataset, group=opened.group)
        if str(self.dataset) == entry.dataset:
            entry = replace(entry, added=tuple(set(entry.added) - set(added.cases)))
        self._outOfDataset(entry)  # frames that are outlined no more, and another dataset
        self.said = " ".join(filter(None, [self.said, added.heed]))
        return replace(entry, dataset=str(self.dataset), added=added.cases)

    def _outOfDataset(self, entry: Entry) -> Entry:
        """The entry of a case in no dataset; a folder that only a journal calls one is left alone."""
        if entry.added and Path(entry.dataset) in self._trainingLogic().datasets():
            self._trainingLogic().removeCases(Path(entry.dataset), list(entry.added))
        return replace(entry, dataset="", added=())

    def _trainingLogic(self):
        training = self._training()
        if training is None:
            raise Refusal(_("The module SAMCA Training is not there: choose no dataset, or install it."))
        return training
