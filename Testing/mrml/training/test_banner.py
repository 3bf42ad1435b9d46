"""Names and dates beside the ultrasound of DICOM images are black in a dataset, unless they are to stay."""

from __future__ import annotations

import types

import numpy as np
import pydicom
import pytest
import slicer
import slicer.util
import volumes
from slicer_scene import Editor

from dicom_studies import FRAMES, HEIGHT, WIDTH, study
from samca import datasets
from SAMCALib.Frames.ScreenRegions import UIDS
from SAMCATrainingLib.AllPairs import addingAll
from SAMCATrainingLib.DatasetLogic import addCase

TOP = 8  # rows of the banner


@pytest.fixture
def loop(scene, tmp_path, monkeypatch):
    """`loop(spacing)` -> an Editor on a loop from DICOM, outlined on one frame; or without a region."""

    def make(spacing=True):
        path = study(tmp_path / "loop.dcm", FRAMES, spacing=spacing)
        database = types.SimpleNamespace(fileForInstance=lambda uid: str(path))
        monkeypatch.setattr(slicer, "dicomDatabase", database, raising=False)
        volume = volumes.volume(pydicom.dcmread(path).pixel_array, name="Loop")
        volume.SetAttribute(UIDS, "1.2.3.1")
        editor = Editor(volume)
        voxels = np.zeros((FRAMES, HEIGHT, WIDTH), np.uint8)
        voxels[2, 5:20, 10:30] = 1
        slicer.util.updateSegmentBinaryLabelmapFromArray(voxels, editor.segmentation, "Lesion", volume)
        return editor

    return make


def pixels_of(folder):
    return [case.pixels() for case in datasets.checked(folder).cases]


def stored(editor):
    return slicer.util.arrayFromVolume(editor.volume)


def test_the_banner_is_black_and_the_ultrasound_and_the_outline_as_they_were(loop, tmp_path):
    editor = loop()
    addCase(editor.volume, editor.segmentation, tmp_path / "data")
    (case,) = datasets.checked(tmp_path / "data").cases
    assert not case.pixels()[:TOP].any()
    np.testing.assert_array_equal(case.pixels()[TOP:], stored(editor)[2, TOP:])
    assert case.mask().sum() == 15 * 20


@pytest.mark.parametrize("axis", [0, 1])
def test_it_is_black_across_the_other_axes_too(loop, tmp_path, axis):
    editor = loop()
    addCase(editor.volume, editor.segmentation, tmp_path / "data", axis=axis)
    for name, picture in ((c.id, c.pixels()) for c in datasets.checked(tmp_path / "data").cases):
        index = int(name.split("_")[1][1:])
        if axis == 1:
            assert picture.any() == (index >= TOP)
        else:
            assert not picture[:, :TOP].any()
            np.testing.assert_array_equal(picture[:, TOP:], stored(editor)[:, TOP:, index])


def test_it_stays_if_the_user_says_so(loop, tmp_path):
    editor = loop()
    addCase(editor.volume, editor.segmentation, tmp_path / "data", keepBanner=True)
    np.testing.assert_array_equal(pixels_of(tmp_path / "data")[0], stored(editor)[2])
    list(addingAll(tmp_path / "all", keepBanner=True))
    np.testing.assert_array_equal(pixels_of(tmp_path / "all")[0], stored(editor)[2])


def test_where_the_file_names_no_region_the_user_is_told_to_look(loop, tmp_path):
    editor = loop(spacing=False)
    added = addCase(editor.volume, editor.segmentation, tmp_path / "data")
    assert added.text.endswith(
        "Loop: its DICOM file names no ultrasound region, look whether a name stands on the images."
    )
    np.testing.assert_array_equal(pixels_of(tmp_path / "data")[0], stored(editor)[2])
    *_others, last = addingAll(tmp_path / "all")
    assert "names no ultrasound region" in last.added.text


def test_what_did_not_come_from_dicom_stays_as_it_is(scene, tmp_path):
    editor = Editor(volumes.volume(volumes.speckle(2, HEIGHT, WIDTH)))
    voxels = np.ones((2, HEIGHT, WIDTH), np.uint8)
    slicer.util.updateSegmentBinaryLabelmapFromArray(voxels, editor.segmentation, "Lesion", editor.volume)
    added = addCase(editor.volume, editor.segmentation, tmp_path / "data")
    assert "region" not in added.text
    np.testing.assert_array_equal(pixels_of(tmp_path / "data"), stored(editor))
