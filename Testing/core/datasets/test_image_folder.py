"""Which files of a folder are images, in which order, and where their masks are kept."""

import os
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from samca.datasets.image_folder import images_in, mask_place, placed, stem_of

DICOM = bytes(128) + b"DICM"


def folder_of(tmp_path: Path, *names: str, content: bytes = b"") -> Path:
    for name in names:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    return tmp_path


def names(folder: Path) -> list[str]:
    return [path.relative_to(folder).as_posix() for path in images_in(folder)]


def test_images_come_by_their_numbers_and_each_folder_before_those_in_it(tmp_path):
    folder_of(tmp_path, "b/1.png", "frame_10.png", "frame_2.JPG", "a/loop.seq.nrrd", "volume.nii.gz")
    assert names(tmp_path) == ["frame_2.JPG", "frame_10.png", "volume.nii.gz", "a/loop.seq.nrrd", "b/1.png"]


def test_masks_tables_and_what_systems_leave_are_no_images(tmp_path):
    folder_of(tmp_path, "a.seg.nrrd", "a.SEG.NRRD", "boxes.csv", "._a.png", ".hidden/b.png", "Thumbs.db")
    folder_of(tmp_path, "@eaDir/a.png", "DICOMDIR", content=DICOM)
    assert names(tmp_path) == []


def test_dicom_is_known_without_a_suffix_and_other_files_are_not(tmp_path):
    folder_of(tmp_path, "IM0001", "1.2.840.10008.7", content=DICOM)
    folder_of(tmp_path, "README", "notes.txt", content=b"no picture at all" * 20)
    assert names(tmp_path) == ["1.2.840.10008.7", "IM0001"]


def test_nothing_is_decoded(tmp_path, monkeypatch):
    Image.fromarray(np.zeros((8, 8), np.uint8)).save(tmp_path / "a.png")
    monkeypatch.setattr(Image, "open", None)
    listed = images_in(tmp_path)
    assert next(listed).name == "a.png"


def test_no_folder_is_refused_before_anything_is_listed(tmp_path):
    with pytest.raises(FileNotFoundError, match="is not a folder"):
        images_in(tmp_path / "none")


def test_what_cannot_be_looked_into_is_told_and_the_rest_goes_on(tmp_path, monkeypatch):
    folder_of(tmp_path, "closed/a.png", "open/b.png")
    scandir = os.scandir

    def guarded(path):
        if str(path).endswith("closed"):
            raise PermissionError(13, "Permission denied", str(path))
        return scandir(path)

    monkeypatch.setattr(os, "scandir", guarded)
    told = []
    assert [path.name for path in images_in(tmp_path, told.append)] == ["b.png"]
    assert told == [f"{tmp_path / 'closed'} cannot be looked into (Permission denied): it is left out"]


@pytest.mark.parametrize(
    ("name", "stem"),
    [
        ("a.png", "a"),
        ("a.b.TIFF", "a.b"),
        ("loop.seq.nrrd", "loop"),
        ("brain.nii.gz", "brain"),
        ("1.2.840.dcm", "1.2.840"),
        ("1.2.840.113", "1.2.840.113"),
        (".png", ".png"),
    ],
)
def test_a_stem_is_the_name_without_its_format(name, stem):
    assert stem_of(Path(name)) == stem


def test_a_mask_is_kept_beside_its_image_or_at_the_same_place_in_another_folder(tmp_path):
    image = tmp_path / "visit" / "a.png"
    assert mask_place(image, tmp_path) == tmp_path / "visit" / "a.seg.nrrd"
    assert mask_place(image, tmp_path, tmp_path / "out") == tmp_path / "out" / "visit" / "a.seg.nrrd"


def test_a_name_that_two_images_would_give_their_masks_goes_to_the_first(tmp_path):
    folder_of(tmp_path, "a.dcm", "a.png", "A.bmp", "other/a.png")
    found = {each.image.relative_to(tmp_path).as_posix(): each for each in placed(tmp_path)}
    free = [name for name, each in found.items() if each.taken_by is None]
    assert free == ["A.bmp", "other/a.png"]
    assert (
        found["a.png"].problem == "its mask would be a.seg.nrrd, which is that of A.bmp: rename one of them"
    )
