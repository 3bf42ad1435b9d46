"""Where DICOM keeps the size of a pixel, and what is no size."""

import numpy as np
import pytest
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence

from dicom_pictures import ENHANCED_VOLUME, picture, region, saved, smooth
from samca.images import frames

LOOP = np.stack([smooth(seed).astype(np.uint8) for seed in range(3)])


def measured(rows, columns):
    """A functional group with the size of a pixel."""
    measures, group = Dataset(), Dataset()
    measures.PixelSpacing = [rows, columns]
    group.PixelMeasuresSequence = Sequence([measures])
    return group


def spacing_of(tmp_path, elements, index=0):
    return frames.read(saved(elements, tmp_path / "a.dcm"), index).spacing_mm


def with_regions(*regions):
    elements = picture(LOOP[0])
    elements.SequenceOfUltrasoundRegions = Sequence(regions)
    return elements


def test_an_enhanced_volume_keeps_it_in_the_groups_of_all_frames_or_of_each(tmp_path):
    elements = picture(LOOP, frames=3)
    elements.SOPClassUID = elements.file_meta.MediaStorageSOPClassUID = ENHANCED_VOLUME
    elements.PerFrameFunctionalGroupsSequence = Sequence([measured(0.1 * n, 0.2 * n) for n in (1, 2, 3)])
    assert spacing_of(tmp_path, elements, 2) == pytest.approx((0.6, 0.3))
    elements.SharedFunctionalGroupsSequence = Sequence([measured(0.5, 0.4)])
    assert spacing_of(tmp_path, elements, 2) == pytest.approx((0.4, 0.5))


@pytest.mark.parametrize("stated", [[0, 0], [0.3, 0], [-0.3, 0.2], ["0.3"], []])
def test_pixel_spacing_that_is_no_size_gives_way_to_a_region(tmp_path, stated):
    elements = with_regions(region(0, 0, 63, 47, 0.02, 0.03))
    elements.PixelSpacing = stated
    assert spacing_of(tmp_path, elements) == pytest.approx((0.2, 0.3))


@pytest.mark.parametrize("delta", [0.0, float("nan"), float("inf"), -0.0])
def test_a_larger_region_without_a_size_gives_way_to_a_smaller_with_one(tmp_path, delta):
    elements = with_regions(region(0, 0, 63, 47, delta, 0.05), region(2, 2, 40, 40, -0.02, 0.03))
    assert spacing_of(tmp_path, elements) == pytest.approx((0.2, 0.3))


def test_a_region_that_lacks_its_place_still_has_a_size(tmp_path):
    placeless = region(0, 0, 0, 0, 0.02, 0.03)
    for name in ("MinX0", "MinY0", "MaxX1", "MaxY1"):
        delattr(placeless, f"RegionLocation{name}")
    assert spacing_of(tmp_path, with_regions(placeless)) == pytest.approx((0.2, 0.3))
