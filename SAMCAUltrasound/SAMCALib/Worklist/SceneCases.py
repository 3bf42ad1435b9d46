"""What is loaded as cases: volumes, loops, and the items of loops. What has become of them is in the scene.

A loop is a case, and each of its items is one, too: an item that is accepted leaves the loop as it is.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import replace
from pathlib import Path

import numpy as np
import slicer
import slicer.util

from samca.files import part_of_name
from samca.images import frames, masks
from samca.images.frames import Frame as Picture
from samca.images.frames import Grid
from samca.images.overlay import thumbnail
from samca.worklist import entries
from samca.worklist.entries import OUTLINED, UNTOUCHED, Entry

from ..Editing import StartLogic
from ..Frames import FrameLogic, ItemLogic, ScreenRegions, SequenceLogic
from ..Frames.FrameLogic import Frame
from ..Texts import Refusal, _
from . import OutlineFile
from .FolderCases import SIDE, openedJournal
from .Opened import Opened, isThere, notSaved, takeOut

ATTRIBUTE = "SAMCA.worklist"  # of a volume or Sequence: the entries of its cases, a line each
BETWEEN = "/"  # the id of a Sequence and an item, in the name of a case


class SceneCases:
    """out: where outlines are saved beside the scene, nowhere if None; rater: by whom.

    Refusal for a folder that cannot be written to or is in use elsewhere.
    """

    writesSuggestions = False  # the user's nodes are the user's: the effect suggests

    def __init__(self, out: str | Path | None = None, rater: str = ""):
        self.out, self.rater, self.version = Path(out) if out else None, rater, 0
        self._made: set[str] = set()  # ids of segmentations that were made for looking
        self._open: list[Opened] = []
        self._journal = openedJournal(self.out, rater) if self.out else None  # which files are ours
        self.refresh()

    def refresh(self) -> None:
        """Look anew what is loaded."""
        self.told: list[str] = []
        self._nodes: dict[str, tuple] = {}  # by name: node, item
        for node in _images():
            self._nodes[node.GetID()] = node, ""
            if node.IsA("vtkMRMLSequenceNode") and node.GetNumberOfDataNodes() > 1:
                items = (node.GetNthIndexValue(i) for i in range(node.GetNumberOfDataNodes()))
                self._nodes |= {f"{node.GetID()}{BETWEEN}{item}": (node, item) for item in items}
        self.names = list(self._nodes)
        files = Counter(str(self._placeOf(name)).casefold() for name in self.names)
        self._doubles = {name for name in self.names if files[str(self._placeOf(name)).casefold()] > 1}
        self.entries = {name: self._entryOf(name) for name in self.names}
        self.version += 1

    def put(self, entry: Entry) -> None:
        """Keep what has become of a case with its image."""
        node = self._nodes[entry.case][0]
        kept = _kept(node) | {self._key(entry.case): replace(entry, case=self._key(entry.case))}
        node.SetAttribute(ATTRIBUTE, b"".join(map(entries.to_line, kept.values())).decode())
        self.entries[entry.case] = entry
        self.version += 1

    def close(self) -> None:
        """Let others use the folder."""
        if self._journal is not None:
            self._journal.close()

    # One case

    def entryOf(self, name: str) -> Entry:
        """The last word on a case."""
        return self.entries.get(name) or Entry(name)

    def titleOf(self, name: str) -> str:
        """What the user calls it."""
        node, item = self._nodes[name]
        if item:
            return _("{loop}, item {item}").format(loop=node.GetName(), item=item)
        isLoop = node.IsA("vtkMRMLSequenceNode")
        return _("{loop} (loop)").format(loop=node.GetName()) if isLoop else node.GetName()

    def reader(self, name: str) -> Callable[[], list[Picture]]:
        """What gives all its frames, which are copied here and now; or raises the Refusal of that."""
        return _made(lambda: [_pictureOf(frame) for frame in self._frames(name)])

    def thumbnailer(self, name: str) -> Callable[[], np.ndarray]:
        """What makes a small (H, W, 3) uint8 picture of its frame in the middle; errors as of `reader`."""
        picture = _made(lambda: _pictureOf(_middle(self._frames(name))))
        return lambda: thumbnail(picture().pixels, [], SIDE)

    def open(self, name: str) -> Opened:
        """Show a case; Refusal for what cannot be shown."""
        node, item = self._checked(name)
        if self.out is not None and name in self._doubles:
            text = _("Several images are called {name} and would share a file: rename one of them.")
            raise Refusal(text.format(name=self.titleOf(name)))
        volume = node
        if node.IsA("vtkMRMLSequenceNode"):
            browser, volume = SequenceLogic.browse(node)
            if item:
                SequenceLogic.showItem(browser, item)
        FrameLogic.checkVolume(volume)
        there = slicer.mrmlScene.GetNumberOfNodesByClass("vtkMRMLSegmentationNode")
        segmentation = StartLogic.segmentationFor(volume)
        opened = Opened(name, volume, segmentation, self._placeOf(name))
        if slicer.mrmlScene.GetNumberOfNodesByClass("vtkMRMLSegmentationNode") > there:
            self._made.add(segmentation.GetID())
        SequenceLogic.synchronise(segmentation, volume)
        self._restore(opened)
        self._open.append(opened)
        return opened

    def shut(self, opened: Opened) -> None:
        """What is loaded stays; a segmentation that was made for looking and has nothing goes."""
        segmentation = opened.segmentation
        self._open.remove(opened)
        isUsed = any(other.segmentation is segmentation for other in self._open)
        if not isThere(segmentation) or isUsed or segmentation.GetID() not in self._made:
            return
        self._made.remove(segmentation.GetID())
        if OutlineFile.isEmpty(_printOf(segmentation, _itemsOf(opened.volume))):
            _remove(segmentation)

    def fingerprint(self, opened: Opened) -> tuple:
        """What of a case is to be saved: of a loop the outlines of all items."""
        item = self._nodes[opened.name][1]
        return _printOf(opened.segmentation, [item] if item else _itemsOf(opened.volume))

    def store(self, opened: Opened) -> str:
        """Write the outlines into the folder, those of a loop item by item; a sentence where somebody else's
        file has the name and stays. Refusal if that fails."""
        item, said = self._nodes[opened.name][1], ""
        try:
            for each in [item] if item else _itemsOf(opened.volume):
                node = _nodeAt(opened.segmentation, each)
                if node is not None and not OutlineFile.isEmpty(OutlineFile.fingerprint(node)):
                    place = self._placeOf(opened.name, each)
                    opened.path = self._ours(place)
                    opened.content = OutlineFile.write(node, opened.path)
                    file = opened.fileIn(self.out)
                    self._journal.put(Entry(file, OUTLINED, self.rater, file, opened.content))
                    said = said or _savedElsewhere(place, opened.path)
        except (OSError, RuntimeError) as error:
            raise notSaved(self.titleOf(opened.name), error) from error
        return said

    # Below: how it is done

    def _checked(self, name: str) -> tuple:
        node, item = self._nodes[name]
        if not isThere(node):
            raise Refusal(_("{name} has gone: look anew what is loaded.").format(name=node.GetName()))
        return node, item

    def _frames(self, name: str) -> list[Frame]:
        """All frames of a case, those of an item or of a volume along its natural axis."""
        node, item = self._checked(name)
        volume = SequenceLogic.browse(node)[1] if node.IsA("vtkMRMLSequenceNode") else node
        FrameLogic.checkVolume(volume)
        frame = FrameLogic.frameOf(volume, 0, FrameLogic.acquiredAxis(volume))
        return [replace(frame, item=item)] if item else FrameLogic.loopOf(frame)

    def _placeOf(self, name: str, item: str = "") -> Path | None:
        """Where an outline is saved; of a loop in a folder of its own, by items."""
        if self.out is None:
            return None
        node, own = self._nodes[name]
        parts = [part_of_name(part) for part in filter(None, (node.GetName(), own or item))]
        place = self.out.joinpath(*parts)
        return place.with_name(place.name + masks.SEGMENTATION)

    def _restore(self, opened: Opened) -> None:
        """Take outlines from the folder where the scene has none: another day, or after a crash."""
        item = self._nodes[opened.name][1]
        if self.out is None:
            return
        for each in [item] if item else _itemsOf(opened.volume):
            place = self._placeOf(opened.name, each)
            ours = self._ours(place)
            place = ours if ours.is_file() else place
            if not place.is_file():
                continue
            node = SequenceLogic.ownNode(opened.segmentation, each)
            if OutlineFile.isEmpty(OutlineFile.fingerprint(node)):
                opened.content = OutlineFile.readInto(node, place)

    def _ours(self, place: Path) -> Path:
        """Where an outline can be saved: the first of its names that is free, or as we have left it."""
        return OutlineFile.freed(place, self._isTheirs)

    def _isTheirs(self, place: Path) -> bool:
        file = place.relative_to(self.out).as_posix()
        return OutlineFile.sha256Of(place) not in ("", self._journal.entries.get(file, Entry(file)).sha256)

    def _entryOf(self, name: str) -> Entry:
        node, _item = self._nodes[name]
        known = _kept(node).get(self._key(name))
        if known is not None:
            return replace(known, case=name)
        place = self._placeOf(name)
        isSaved = place is not None and place.is_file()
        return Entry(name, OUTLINED if isSaved else UNTOUCHED)

    def _key(self, name: str) -> str:
        """What a case is called beside its image, whose id may be another one in the next scene."""
        return self._nodes[name][1] or "."


def _made(make: Callable[[], object]) -> Callable:
    """What gives, in any thread, what is made here and now; or raises the Refusal of that."""
    future: Future = Future()
    try:
        future.set_result(make())
    except Refusal as refusal:
        future.set_exception(refusal)
    return future.result


def _middle(shown: list[Frame]) -> Frame:
    return shown[len(shown) // 2]


def _savedElsewhere(place: Path, ours: Path) -> str:
    if place == ours:
        return ""
    text = _("{theirs} was made by somebody else: yours is saved as {ours}.")
    return text.format(theirs=place.name, ours=ours.name)


def _remove(segmentation) -> None:
    """Take it out of the scene, and out of the loop that it follows."""
    browser = SequenceLogic.browserOf(segmentation)
    sequence = browser.GetSequenceNode(segmentation) if browser else None
    if sequence is not None:
        browser.RemoveSynchronizedSequenceNode(sequence.GetID())  # else it would make the node anew
    takeOut(segmentation)
    if sequence is not None:
        slicer.mrmlScene.RemoveNode(sequence)


def _images() -> list:
    """Volumes that are no masks and that no Sequence moves, and Sequences of volumes."""
    volumes = slicer.util.getNodesByClass("vtkMRMLVolumeNode")
    still = [v for v in volumes if not v.IsA("vtkMRMLLabelMapVolumeNode") and not SequenceLogic.browserOf(v)]
    sequences = slicer.util.getNodesByClass("vtkMRMLSequenceNode")
    return [*(v for v in still if v.GetImageData()), *(s for s in sequences if _hasVolumes(s))]


def _hasVolumes(sequence) -> bool:
    first = sequence.GetNthDataNode(0) if sequence.GetNumberOfDataNodes() else None
    return first is not None and first.IsA("vtkMRMLVolumeNode") and not first.IsA("vtkMRMLLabelMapVolumeNode")


def _kept(node) -> dict[str, Entry]:
    """The entries that an image carries; what cannot be read of them is none."""
    found = {}
    for line in (node.GetAttribute(ATTRIBUTE) or "").splitlines():
        try:
            entry = entries.from_line(line.encode())
        except ValueError:
            continue
        found[entry.case] = entry
    return found


def _itemsOf(volume) -> list[str]:
    """The items of the Sequence that moves a volume; one without a name for a volume that stays."""
    browser = SequenceLogic.browserOf(volume)
    return SequenceLogic.itemsOf(browser) if browser else [""]


def _nodeAt(segmentation, item: str):
    """The segmentation in an item, None without one of its own."""
    browser = SequenceLogic.browserOf(segmentation)
    return ItemLogic.nodeAt(browser, segmentation, item) if browser else segmentation


def _printOf(segmentation, items: list[str]) -> tuple:
    nodes = (_nodeAt(segmentation, item) for item in items)
    return tuple(each for node in nodes if node is not None for each in OutlineFile.fingerprint(node))


def _pictureOf(frame: Frame) -> Picture:
    pixels, window = FrameLogic.pixels(frame), FrameLogic.window(frame)
    height, width = pixels.shape[:2]
    if window is not None:
        pixels = frames.as_bytes(pixels, window)
    regions = ScreenRegions.regionsOf(frame)
    source = Path(frame.volumeId, frame.item)
    return Picture(
        pixels, FrameLogic.spacing(frame), source, frame.index, Grid((width, height, 1)), 1, regions
    )
