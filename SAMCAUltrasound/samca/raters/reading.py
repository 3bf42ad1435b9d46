"""The masks of several raters, case by case: found by their names, brought onto one lattice."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from ..datasets import image_folder, segments
from ..datasets.listing import by_number, composed
from ..datasets.segments import Stored
from ..images import dicom, frames
from ..images.frames import Frame
from ..images.grid import Grid

SUFFIXES = (".seg.nrrd", ".nii.gz", *frames.PICTURES, *(s for s in frames.VOLUMES if s not in dicom.SUFFIXES))
Masks = dict[str, np.ndarray]  # (N, H, W) bool by the name of the structure


@dataclass
class Case:
    """One image: by rater the masks of its structures, all of one size.

    spacing_mm: (x, y) of a pixel, None if unknown. shown: the frames of the image, none if it was not given.
    grid: where the masks lie, None of pictures. size: (N, H, W).
    """

    name: str
    masks: dict[str, Masks]
    size: tuple[int, int, int]
    spacing_mm: tuple[float, float] | None = None
    grid: Grid | None = None
    shown: list[Frame] = field(default_factory=list)


@dataclass
class Raters:
    """Folders of masks by the name of their rater, and the images that they are of, if there are any.

    problems: sentences about what is left out, once the cases were read.
    """

    folders: Mapping[str, Path]
    images: Path | None = None
    problems: list[str] = field(default_factory=list)

    def __post_init__(self):
        self._files = {rater: self._listed(rater, folder) for rater, folder in self.folders.items()}
        self._images = {} if self.images is None else self._listed_images()
        names = {name for files in self._files.values() for name in files}
        self.names = sorted(names, key=by_number)

    def cases(self) -> Iterator[Case]:
        """What at least two raters have outlined, in the order of names; one case is in memory at a time."""
        for name in self.names:
            have = {rater: files[name] for rater, files in self._files.items() if name in files}
            missing = [rater for rater in self._files if rater not in have]
            if missing:
                self.problems.append(f"{name}: no mask by {', '.join(missing)}")
            stored = {rater: read for rater, path in have.items() if (read := self._read(rater, path))}
            if len(stored) > 1 and (case := self._case(name, stored)):
                yield case

    def _case(self, name: str, stored: dict[str, Stored]) -> Case | None:
        try:
            shown = frames.read_all(self._images[name]) if name in self._images else []
        except (ValueError, OSError, RuntimeError) as error:
            self.problems.append(f"{name}: its image cannot be used ({error})")
            shown = []
        if self.images is not None and name not in self._images:
            self.problems.append(f"{name}: no image in {self.images}")
        try:
            placed = segments.together(list(stored.values()))
        except ValueError:
            sizes = (f"{rater} has {segments.size_text(each.size)}" for rater, each in stored.items())
            self.problems.append(f"{name}: {', '.join(sizes)}: left out")
            return None
        if shown and (len(shown), *shown[0].pixels.shape[:2]) != placed[0].size:
            have = segments.size_text((len(shown), *shown[0].pixels.shape[:2]))
            self.problems.append(
                f"{name}: the image has {have}, the masks {segments.size_text(placed[0].size)}"
            )
            shown = []
        grid = shown[0].grid if shown else next((each.grid for each in placed if each.grid), None)
        masks = dict(zip(stored, ({s.name: s.masks for s in each.segments} for each in placed), strict=True))
        case = Case(name, masks, placed[0].size, _spacing(shown, grid), grid, shown)
        self._name_alike(case)
        return case

    def _name_alike(self, case: Case) -> None:
        """What raters call their only structure does not matter; of several, all have to have all."""
        names = {rater: set(masks) for rater, masks in case.masks.items()}
        if all(len(each) <= 1 for each in names.values()):
            called = next((name for each in names.values() for name in each), segments.OBJECT)
            empty = np.zeros(case.size, bool)
            for rater, masks in case.masks.items():
                case.masks[rater] = {called: next(iter(masks.values()), empty)}
            return
        for name in sorted(set().union(*names.values()), key=by_number):
            if lacking := [rater for rater, each in names.items() if name not in each]:
                self.problems.append(f"{case.name}: no {name} by {', '.join(lacking)}: taken as empty")
                for rater in lacking:
                    case.masks[rater][name] = np.zeros(case.size, bool)

    def _read(self, rater: str, path: Path) -> Stored | None:
        try:
            return segments.alone(path)
        except (ValueError, OSError, RuntimeError, MemoryError) as error:
            self.problems.append(f"{path.name} by {rater} cannot be used ({error}): left out")
            return None

    def _listed(self, rater: str, folder: Path) -> dict[str, Path]:
        found: dict[str, list[Path]] = {}
        if not folder.is_dir():
            raise FileNotFoundError(f"{folder} is not a folder: give a folder of masks")
        for path in image_folder.files_in(folder, self.problems.append):
            if path.name.lower().endswith(SUFFIXES):
                stem = image_folder.stem_of(path, SUFFIXES)
                name = composed(path.relative_to(folder).with_name(stem).as_posix())
                found.setdefault(name, []).append(path)
        if not found:
            raise ValueError(f"{folder} has no masks: expected files that end in {', '.join(SUFFIXES)}")
        for name, paths in found.items():
            if len(paths) > 1:
                names = " and ".join(path.name for path in paths)
                self.problems.append(f"{name}: {rater} has {names}: left out, keep one of them")
        return {name: paths[0] for name, paths in found.items() if len(paths) == 1}

    def _listed_images(self) -> dict[str, Path]:
        found: dict[str, Path] = {}
        for path in image_folder.images_in(self.images, self.problems.append):
            place = path.relative_to(self.images).with_name(image_folder.stem_of(path))
            found.setdefault(composed(place.as_posix()), path)
        return found


def _spacing(shown: list[Frame], grid: Grid | None) -> tuple[float, float] | None:
    """(x, y) mm of a pixel; None where it is not known, which files other than DICOM say by 1 mm."""
    if shown and dicom.is_dicom(shown[0].source):
        return shown[0].spacing_mm
    spacing = shown[0].spacing_mm if shown else grid.spacing[:2] if grid else None
    return None if spacing in (None, (1.0, 1.0)) else spacing
