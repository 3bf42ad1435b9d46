"""The images of a folder one by one, in those below it too, and where the mask of each is kept.

Nothing is opened but the first bytes of files whose names say nothing, for DICOM; so a folder may hold any
number of images of any size.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from ..images import dicom, frames
from .listing import by_number, is_hidden

SEGMENTATION = ".seg.nrrd"
SUFFIXES = (".seq.nrrd", ".nii.gz", *frames.PICTURES, *frames.VOLUMES)  # the longer before their ends
NO_IMAGE = (SEGMENTATION, ".seg.nhdr", ".seg.nii", ".seg.nii.gz")
INDEX = "dicomdir"  # has DICOM's mark and no pixels

Tell = Callable[[str], None]


class Placed(NamedTuple):
    """An image, the file that its mask is kept in, and the image that has taken that name, None without."""

    image: Path
    mask: Path
    taken_by: Path | None = None

    @property
    def problem(self) -> str:
        """A sentence about a name that is taken, "" of one that is free."""
        if self.taken_by is None:
            return ""
        return (
            f"its mask would be {self.mask.name}, which is that of {self.taken_by.name}: rename one of them"
        )


def images_in(folder: str | Path, tell: Tell = lambda sentence: None) -> Iterator[Path]:
    """The pictures, volumes and DICOM files of a folder and those below it, each folder's own first, in the
    order of their names and numbers; no segmentations.

    tell: gets a sentence about what cannot be looked into, which is left out. FileNotFoundError for no
    folder.
    """
    folder = Path(folder)
    if not folder.is_dir():
        raise FileNotFoundError(f"{folder} is not a folder: give a folder of images")
    return (path for path in files_in(folder, tell) if _is_image(path, tell))


def files_in(folder: Path, tell: Tell) -> Iterator[Path]:
    """All files of a folder and those below it in that order, but hidden ones; tell: as of `images_in`."""

    def failed(error: OSError) -> None:
        tell(f"{error.filename} cannot be looked into ({error.strerror}): it is left out")

    for place, folders, names in os.walk(folder, onerror=failed):
        folders[:] = sorted((name for name in folders if not is_hidden(Path(name))), key=by_number)
        paths = (Path(place, name) for name in sorted(names, key=by_number))
        yield from (path for path in paths if not is_hidden(path))


def placed(
    folder: str | Path, out: str | Path | None = None, tell: Tell = lambda sentence: None
) -> Iterator[Placed]:
    """Each image of a folder with the place of its mask: beside it, or at the same place below `out`."""
    taken: dict[str, Path] = {}
    for image in images_in(folder, tell):
        mask = mask_place(image, folder, out)
        first = taken.setdefault(str(mask).casefold(), image)  # some disks know no capital letters
        yield Placed(image, mask, None if first == image else first)


def mask_place(image: Path, folder: str | Path, out: str | Path | None = None) -> Path:
    """The segmentation that an image of this folder has: beside it, or at the same place below `out`."""
    parent = image.parent if out is None else Path(out) / image.parent.relative_to(folder)
    return parent / f"{stem_of(image)}{SEGMENTATION}"


def stem_of(path: Path, suffixes: Sequence[str] = SUFFIXES) -> str:
    """The name without what says the format; that of a DICOM file may be all of it."""
    suffix = next((end for end in suffixes if path.name.lower().endswith(end)), "")
    return path.name[: -len(suffix)] or path.name if suffix else path.name


def _is_image(path: Path, tell: Tell) -> bool:
    name = path.name.lower()
    if name.endswith(NO_IMAGE) or name == INDEX:
        return False
    if name.endswith(SUFFIXES):
        return True
    try:
        return path.is_file() and dicom.is_dicom(path)
    except OSError as error:
        tell(f"{path} cannot be opened ({error.strerror}): it is left out")
        return False
