"""Which files of a folder are cases, in which order, and where their outlines lie."""

from __future__ import annotations

import os

import pytest

from samca.worklist.listing import images_in, saved_names


def names(folder):
    return [path.relative_to(folder).as_posix() for path in images_in(folder)]


def touch(folder, *paths, content=b""):
    for path in paths:
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_bytes(content)


def test_pictures_volumes_and_loops_are_cases_in_the_order_of_their_numbers(tmp_path):
    touch(tmp_path, "b10.png", "b9.JPG", "a.nrrd", "loop.seq.nrrd", "v.nii.gz", "later/b1.tif", "x.dcm")
    assert names(tmp_path) == [
        "a.nrrd",
        "b9.JPG",
        "b10.png",
        "loop.seq.nrrd",
        "v.nii.gz",
        "x.dcm",
        "later/b1.tif",
    ]


def test_outlines_notes_hidden_files_and_what_systems_leave_are_no_cases(tmp_path):
    touch(
        tmp_path,
        "a.png",
        "a.seg.nrrd",
        "notes.txt",
        "worklist.jsonl",
        ".hidden.png",
        "Thumbs.db",
        ".git/x.png",
    )
    touch(tmp_path, "program")
    assert names(tmp_path) == ["a.png"]


def test_dicom_without_a_suffix_is_known_by_its_mark(tmp_path):
    touch(tmp_path, "IM_0001", "1.2.840.5", "DICOMDIR", content=bytes(128) + b"DICM")
    touch(tmp_path, "IM_0002", content=bytes(200))
    assert names(tmp_path) == ["1.2.840.5", "IM_0001"]


def test_the_list_begins_before_all_folders_were_looked_into(tmp_path):
    touch(tmp_path, "a.png", "sub/b.png")
    found = images_in(tmp_path)
    assert next(found).name == "a.png"
    (tmp_path / "sub" / "b.png").unlink()
    assert list(found) == []


@pytest.mark.skipif(os.name == "nt" or os.geteuid() == 0, reason="permissions bind no administrator")
def test_a_folder_that_nobody_may_list_is_told_of_and_left_out(tmp_path):
    touch(tmp_path, "a.png", "closed/b.png")
    (tmp_path / "closed").chmod(0)
    told = []
    assert [path.name for path in images_in(tmp_path, told.append)] == ["a.png"]
    (tmp_path / "closed").chmod(0o700)
    assert "closed" in str(told[0])


def test_a_folder_that_goes_while_it_is_listed_is_told_of(tmp_path):
    touch(tmp_path, "a.png", "sub/b.png")
    told = []
    found = images_in(tmp_path, told.append)
    next(found)
    (tmp_path / "sub" / "b.png").unlink()
    (tmp_path / "sub").rmdir()
    assert list(found) == []
    assert "sub" in str(told[0])


def test_no_folder_is_refused(tmp_path):
    with pytest.raises(FileNotFoundError, match="is not a folder: give one"):
        next(images_in(tmp_path / "none"))


def test_an_outline_lies_under_the_name_of_its_image():
    found = saved_names(["a.png", "sub/a.png", "v.nii.gz", "loop.seq.nrrd", "IM_0001", "1.2.840.5", "X.DCM"])
    assert list(found.values()) == [
        "a.seg.nrrd", "sub/a.seg.nrrd", "v.seg.nrrd", "loop.seg.nrrd",
        "IM_0001.seg.nrrd", "1.2.840.5.seg.nrrd", "X.seg.nrrd",
    ]  # fmt: skip


def test_images_whose_names_differ_by_suffix_or_capitals_only_share_no_outline():
    found = saved_names(["a.png", "a.jpg", "B.png", "b.png", "c.png"])
    assert list(found.values()) == [
        "a.png.seg.nrrd", "a.jpg.seg.nrrd", "B.png.seg.nrrd", "b.png.seg.nrrd", "c.seg.nrrd",
    ]  # fmt: skip
