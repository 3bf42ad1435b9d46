"""What of a DICOM screen is ultrasound, and what is black beside it."""

import numpy as np
import pytest

from dicom_pictures import picture, region, saved
from samca.images.banner import blackened, ultrasound_area
from samca.images.dicom import header_of

SHAPE = (30, 40)


def area(path, *regions):
    elements = picture(np.full(SHAPE, 200, np.uint8))
    if regions:
        elements.SequenceOfUltrasoundRegions = list(regions)
    return ultrasound_area(header_of(saved(elements, path / "screen.dcm")), *SHAPE)


def test_all_regions_that_show_ultrasound_are_kept_and_graphics_are_not(tmp_path):
    found = area(
        tmp_path,
        region(0, 5, 19, 29, 0.1, 0.1),
        region(25, 10, 39, 19, 0.1, 0.1, RegionSpatialFormat=3),
        region(0, 0, 39, 4, 0.1, 0.1, RegionSpatialFormat=5),
    )
    expected = np.zeros(SHAPE, bool)
    expected[5:30, :20] = expected[10:20, 25:40] = True
    np.testing.assert_array_equal(found, expected)


def test_a_region_beyond_the_screen_is_cut(tmp_path):
    assert area(tmp_path, region(0, 20, 400, 300, 0.1, 0.1)).sum() == 10 * 40


def test_without_a_region_nothing_is_known(tmp_path):
    assert area(tmp_path) is None
    assert area(tmp_path, region(5, 5, 2, 2, 0.1, 0.1)) is None


@pytest.mark.parametrize("shape", [SHAPE, (*SHAPE, 3)])
@pytest.mark.parametrize("kind", [np.uint8, np.uint16])
def test_what_is_outside_is_black_and_what_is_inside_as_it_was(shape, kind):
    pixels = np.random.default_rng(0).integers(1, 200, shape).astype(kind)
    inside = np.zeros(SHAPE, bool)
    inside[10:, :20] = True
    black = blackened(pixels, inside)
    assert black.dtype == kind
    np.testing.assert_array_equal(black[inside], pixels[inside])
    assert not black[~inside].any()
