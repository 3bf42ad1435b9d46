"""Masks to files: whole or not at all, on the grid of their frame."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import SimpleITK
import slicerio
from PIL import Image

from samca.files import replacing
from samca.images.frames import Frame, Grid
from samca.images.masks import write_labels, write_mask


@pytest.fixture
def frame():
    grid = Grid((6, 5, 4), (0.2, 0.3, 1.5), (1.0, 2.0, 3.0))
    return Frame(np.zeros((5, 6), np.uint8), (0.2, 0.3), Path("loop.nrrd"), 2, grid)


@pytest.fixture
def mask():
    mask = np.zeros((5, 6), bool)
    mask[1:3, 2:6] = True
    return mask


def test_a_picture_has_0_and_255(tmp_path, mask, frame):
    write_mask(tmp_path / "mask.png", mask, frame)
    np.testing.assert_array_equal(np.array(Image.open(tmp_path / "mask.png")), mask * 255)


def test_a_segmentation_lies_in_its_slice_of_the_grid(tmp_path, mask, frame):
    write_mask(tmp_path / "mask.seg.nrrd", mask, frame)
    image = SimpleITK.ReadImage(str(tmp_path / "mask.seg.nrrd"))
    expected = np.zeros((4, 5, 6))
    expected[2] = mask
    np.testing.assert_array_equal(SimpleITK.GetArrayFromImage(image), expected)
    assert image.GetSpacing() == pytest.approx((0.2, 0.3, 1.5))
    assert image.GetOrigin() == (1, 2, 3)
    assert image.GetMetaData("Segment0_Extent") == "2 5 1 2 2 2"


def test_slicerio_reads_the_mask_where_it_lies(tmp_path, mask, frame):
    write_mask(tmp_path / "mask.seg.nrrd", mask, frame)
    segmentation = slicerio.read_segmentation(str(tmp_path / "mask.seg.nrrd"))
    assert slicerio.segment_names(segmentation) == ["SAMCA"]
    read = slicerio.segment_mask(segmentation, "SAMCA")  # (i, j, k)
    np.testing.assert_array_equal(read[..., 2].T, mask)
    assert read.sum() == mask.sum(), "the other slices are empty"
    np.testing.assert_allclose(segmentation["ijkToLPS"] @ (2, 1, 2, 1), (1.4, 2.3, 6.0, 1))
    (segment,) = segmentation["segments"]
    assert segment["extent"] == [2, 5, 1, 2, 2, 2]
    assert segment["color"] == pytest.approx([0.99, 0.78, 0.11])
    assert segmentation["masterRepresentation"] == "Binary labelmap"


def test_slicerio_reads_a_segment_for_each_thing(tmp_path, mask, frame):
    labels = mask.astype(int)
    labels[4, 0] = 2
    write_labels(tmp_path / "all.seg.nrrd", labels, frame)
    segmentation = slicerio.read_segmentation(str(tmp_path / "all.seg.nrrd"))
    assert slicerio.segment_names(segmentation) == ["SAMCA_1", "SAMCA_2"]
    for number, name in enumerate(slicerio.segment_names(segmentation), start=1):
        read = slicerio.segment_mask(segmentation, name)
        np.testing.assert_array_equal(read[..., 2].T, labels == number)


@pytest.mark.parametrize("name", ["mask.png", "mask.seg.nrrd"])
def test_an_earlier_file_is_replaced_and_nothing_else_is_left(tmp_path, mask, frame, name):
    for _ in range(2):
        write_mask(tmp_path / name, mask, frame)
    assert [path.name for path in tmp_path.iterdir()] == [name]


@pytest.mark.parametrize("name", ["mask.jpg", "mask.nrrd", "mask"])
def test_other_formats_are_refused_with_the_known_ones(tmp_path, mask, frame, name):
    with pytest.raises(ValueError, match=r"\.png or \.seg\.nrrd"):
        write_mask(tmp_path / name, mask, frame)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("wrong", [np.zeros((6, 5), bool), np.zeros((5, 6), np.uint8)])
def test_a_mask_that_is_not_the_frames_is_refused(tmp_path, frame, wrong):
    with pytest.raises(ValueError, match="expected bool of"):
        write_mask(tmp_path / "mask.png", wrong, frame)


@pytest.mark.parametrize("name", ["mask.png", "mask.seg.nrrd"])
def test_a_missing_folder_is_named(tmp_path, mask, frame, name):
    with pytest.raises(FileNotFoundError, match="is no folder"):
        write_mask(tmp_path / "none" / name, mask, frame)


def test_after_an_error_the_earlier_file_is_whole(tmp_path):
    path = tmp_path / "file.txt"
    path.write_text("earlier")
    with pytest.raises(RuntimeError), replacing(path) as temporary:  # noqa: PT012
        temporary.write_text("half")
        raise RuntimeError
    assert [entry.read_text() for entry in tmp_path.iterdir()] == ["earlier"]
