"""The images of a folder as cases: listed, not loaded; what has become of them is in the folder's journal."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import slicer

from samca.batch.cases import entries_in
from samca.datasets.image_folder import Placed, placed, stem_of
from samca.images import frames
from samca.images.frames import Frame as Picture
from samca.images.overlay import thumbnail
from samca.worklist.entries import OUTLINED, UNTOUCHED, Entry
from samca.worklist.journal import Journal

from ..Frames import FileVolume, PatientGroup
from ..Texts import Refusal, _
from . import OutlineFile
from .Opened import Opened, isThere, notSaved, takeOut

SIDE = 96  # px of a thumbnail


class FolderCases:
    """folder: of images; out: where outlines and journal are saved, the same folder if None; rater: by whom.

    Refusal, and nothing is changed, for no folder, for one that cannot be written to or is in use elsewhere.
    """

    writesSuggestions = True

    def __init__(self, folder: str | Path, out: str | Path | None = None, rater: str = ""):
        self.folder, self.out = Path(folder), Path(out or folder)
        if not self.folder.is_dir():
            raise Refusal(_("{folder} is not a folder: choose one with images.").format(folder=folder))
        self.journal = openedJournal(self.out, rater)
        self.rater, self.version = rater, 0
        self.refresh()

    def refresh(self) -> None:
        """Look anew which images and outlines there are."""
        self.told: list[str] = list(self.journal.problems)
        out = None if self.out == self.folder else self.out
        found = placed(self.folder, out, self.told.append)
        self._places: dict[str, Placed] = {p.image.relative_to(self.folder).as_posix(): p for p in found}
        self.names = list(self._places)
        self._owners = {entry.file: entry.case for entry in self.journal.entries.values() if entry.file}
        self._found = entries_in(self.out, self.told.append)
        self.entries = {name: self._entryOf(name) for name in self.names}
        known = self.journal.entries
        saved = [name for name in self.names if name in known and known[name].sha256]
        if lost := [name for name in saved if not self.entries[name].file]:
            text = _("{count} outlines are not where they were saved, as that of {name}: they count no more.")
            self.told.append(text.format(count=len(lost), name=lost[0]))
        self.version += 1

    def takeIn(self) -> None:
        """Take in what a batch has found since: outlines, and how sure the model was."""
        before, self._found = self._found, entries_in(self.out)
        for name, entry in self._found.items():
            if before.get(name) != entry and name in self._places:
                self.entries[name] = self._entryOf(name)
        self.version += 1

    def put(self, entry: Entry) -> None:
        """Write down what has become of a case; Refusal if that cannot be written."""
        try:
            self.entries[entry.case] = self.journal.put(entry)
            self._owners[entry.file] = entry.case
        except OSError as error:
            raise Refusal(_("The worklist cannot be written: {error}.").format(error=error)) from error
        self.version += 1

    def close(self) -> None:
        """Let others use the folder."""
        self.journal.close()

    # One case

    def entryOf(self, name: str) -> Entry:
        """The last word on a case, whose image may have gone."""
        return self.entries.get(name) or self.journal.entries.get(name) or Entry(name)

    def titleOf(self, name: str) -> str:
        """What the user calls it."""
        return name

    def pathOf(self, name: str) -> Path:
        """The image."""
        return self.folder / name

    def placeOf(self, name: str) -> Path:
        """Where its outline is saved: where it was, else where its name says. Refusal for a taken name."""
        entry, place = self.entries[name], self._places[name]
        if entry.file:
            return self.out / entry.file
        owner = self._owners.get(self._fileName(place), name)
        if owner != name:
            text = _("{file} is the outline of {owner}: rename {name}.")
            raise Refusal(text.format(file=place.mask.name, owner=owner, name=name))
        if place.problem:
            raise Refusal(f"{place.image.name}: {place.problem}.")
        return place.mask

    def reader(self, name: str) -> Callable[[], list[Picture]]:
        """What reads all its frames, in any thread; OSError or ValueError for an unreadable file."""
        path = self.pathOf(name)
        return lambda: FileVolume.read(path)

    def thumbnailer(self, name: str) -> Callable[[], np.ndarray]:
        """What makes a small (H, W, 3) uint8 picture of it, in any thread; errors as of `reader`."""
        path = self.pathOf(name)
        return lambda: _thumbnailOf(path)

    def open(self, name: str) -> Opened:
        """Load a case with its outline; Refusal, with the scene as it was, for what cannot be read."""
        path = self.placeOf(name)
        try:
            pictures = FileVolume.read(self.pathOf(name))
        except FileNotFoundError as error:
            text = _("{name} has gone: look anew which images there are.")
            raise Refusal(text.format(name=name)) from error
        except (OSError, ValueError) as error:
            raise Refusal(_("{name} cannot be read: {error}.").format(name=name, error=error)) from error
        title = Path(stem_of(Path(name))).name
        volume = FileVolume.add(pictures, self.pathOf(name), title)
        segmentation = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLSegmentationNode", f"{title} segmentation")
        opened = Opened(name, volume, segmentation, path, group=PatientGroup.ofFile(self.pathOf(name)))
        for node in (volume, segmentation):
            node.SetSaveWithScene(False)  # they have files of their own
        try:
            if path.is_file():
                opened.content = OutlineFile.readInto(segmentation, path)
        except Refusal:
            self.shut(opened)
            raise
        segmentation.SetReferenceImageGeometryParameterFromVolumeNode(volume)
        segmentation.CreateDefaultDisplayNodes()
        return opened

    def shut(self, opened: Opened) -> None:
        """Take a case out of the scene, with all that belongs to it."""
        for node in filter(isThere, (opened.segmentation, opened.volume)):
            takeOut(node)

    def fingerprint(self, opened: Opened) -> tuple:
        """What of a case is to be saved, see OutlineFile.fingerprint."""
        return OutlineFile.fingerprint(opened.segmentation)

    def store(self, opened: Opened) -> str:
        """Write the outline; a sentence if somebody else has written there meanwhile, whose file then stays.

        Refusal if it cannot be written: disk full, folder read-only or gone.
        """
        said = ""
        try:
            if OutlineFile.sha256Of(opened.path) != opened.content:
                theirs, opened.path = opened.path, _another(opened.path)
                text = _("{theirs} was changed by another program: yours is saved as {ours}.")
                said = text.format(theirs=theirs.name, ours=opened.path.name)
            opened.content = OutlineFile.write(opened.segmentation, opened.path)
        except (OSError, RuntimeError) as error:
            raise notSaved(opened.name, error) from error
        return said

    def _entryOf(self, name: str) -> Entry:
        """The last word on a case, by what lies there: outlines come and go without us, too."""
        known, place = self.journal.entries.get(name), self._places[name]
        if known is not None and known.file and not (self.out / known.file).is_file():
            return replace(known, state=UNTOUCHED, file="", sha256="")
        isFree = not place.problem and self._owners.get(self._fileName(place), name) == name
        isNew = known is None or (known.state == UNTOUCHED and not known.file)
        if isNew and isFree:
            file = self._fileName(place) if place.mask.is_file() else ""
            found = self._found.get(name)  # by `samca segment`
            if found is not None and found.file == file:
                return found
            if file:
                return Entry(name, OUTLINED, file=file)
        return known or Entry(name)

    def _fileName(self, place: Placed) -> str:
        return place.mask.relative_to(self.out).as_posix()


def openedJournal(out: Path, rater: str) -> Journal:
    """The journal of a folder; Refusal for one that cannot be written to or is in use elsewhere."""
    try:
        return Journal(out, rater)
    except OSError as error:
        text = _("{folder} cannot be written to ({reason}): choose another folder to save to.")
        raise Refusal(text.format(folder=out, reason=error.strerror or error)) from error
    except ValueError as error:
        raise Refusal(f"{error}.") from error


def _thumbnailOf(path: Path) -> np.ndarray:
    frame = frames.read(path)
    if frame.count > 1:  # the first of a loop is often black
        frame = frames.read(path, frame.count // 2)
    return thumbnail(frame.pixels, [], SIDE)


def _another(path: Path) -> Path:
    """The path with the next number that no file has."""
    return OutlineFile.freed(path, lambda each: each == path or each.exists())
