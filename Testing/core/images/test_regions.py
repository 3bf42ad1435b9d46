"""Pictures side by side on one screen."""

import numpy as np
import pytest
from pydicom.sequence import Sequence

from dicom_pictures import picture, region, saved, smooth
from samca.images import frames
from samca.images.regions import Region, region_around, region_under, side_by_side
from samca.prompts import Box, Click, Prompts
from samca.prompts.windows import Window

LEFT, RIGHT = Window(10, 20, 110, 200), Window(110, 20, 230, 200)
TWO = (Region(LEFT, (0.2, 0.2)), Region(RIGHT, (0.3, 0.4)))


def test_two_that_touch_are_two_from_the_left():
    assert side_by_side(TWO[::-1], 240, 240) == TWO


@pytest.mark.parametrize(
    "others",
    [
        (),
        (Window(20, 30, 90, 100),),  # within the other, as colour flow
        (Window(10, 20, 110, 200),),  # the same once more
        (Window(60, 20, 160, 200),),  # half of it is the other's
        (Window(110, 20, 120, 30),),  # a mark, no picture
        (Window(500, 500, 700, 700),),  # beside the screen
        (Window(200, 100, 120, 50),),  # the wrong way round
    ],
    ids=str,
)
def test_other_regions_make_no_second_picture(others):
    assert side_by_side((TWO[0], *map(Region, others)), 240, 240) == ()


def test_a_region_that_goes_beyond_the_screen_ends_with_it():
    found = side_by_side((TWO[0], Region(Window(110, 20, 900, 900))), 240, 240)
    assert found[1].window == Window(110, 20, 240, 240)


def test_four_on_one_screen_are_four():
    quarters = [Region(Window(x, y, x + 60, y + 50)) for x in (0, 60) for y in (0, 50)]
    assert len(side_by_side(quarters, 100, 120)) == 4


def test_prompts_are_in_the_region_that_holds_them_all():
    assert region_under(TWO, Prompts((Click(50, 60), Click(30, 40, False)))) == TWO[0]
    assert region_under(TWO, Prompts((Click(150, 60),), Box(120, 50, 200, 90))) == TWO[1]
    assert region_under(TWO, Prompts((Click(3, 4),))) is None
    assert region_under(TWO, Prompts()) is None
    assert region_under((), Prompts((Click(3, 4),))) is None


@pytest.mark.parametrize(
    "prompts",
    [
        Prompts((Click(50, 60), Click(150, 60))),
        Prompts((Click(50, 60), Click(3, 4, False))),
        Prompts((Click(150, 60),), Box(50, 50, 100, 90)),
        Prompts(box=Box(50, 50, 150, 90)),
    ],
)
def test_prompts_in_several_pictures_are_refused(prompts):
    with pytest.raises(ValueError, match="point at one at a time"):
        region_under(TWO, prompts)


@pytest.fixture
def screen(tmp_path):
    """A screen of two pictures whose pixels are of different size."""
    elements = picture(smooth(0, 120, 200).astype(np.uint8))
    elements.SequenceOfUltrasoundRegions = Sequence(
        [region(0, 10, 99, 119, 0.02, 0.02), region(100, 10, 199, 119, 0.03, 0.05)]
    )
    return frames.read(saved(elements, tmp_path / "a.dcm"))


def test_a_file_with_two_pictures_has_each_as_a_frame_of_its_own(screen):
    left, right = (screen.part(region) for region in screen.regions)
    np.testing.assert_array_equal(left.pixels, screen.pixels[10:, :100])
    np.testing.assert_array_equal(right.pixels, screen.pixels[10:, 100:])
    assert left.spacing_mm == pytest.approx((0.2, 0.2))
    assert right.spacing_mm == pytest.approx((0.3, 0.5))
    assert right.grid.size == (100, 110, 1)
    assert right.regions == ()


def test_flow_in_the_picture_and_a_spectrum_below_it_are_no_pictures(tmp_path):
    elements = picture(smooth(0, 120, 200).astype(np.uint8))
    elements.SequenceOfUltrasoundRegions = Sequence(
        [
            region(0, 0, 199, 79, 0.02, 0.02),
            region(50, 20, 120, 60, 0.02, 0.02, RegionDataType=2),
            region(0, 80, 199, 119, 0.02, 0.02, RegionSpatialFormat=3),
            region(0, 80, 199, 119, 0.02, 0.02, RegionDataType=13),
        ]
    )
    assert frames.read(saved(elements, tmp_path / "a.dcm")).regions == ()


@pytest.mark.parametrize(
    ("rows", "columns", "expected"),
    [
        ((20, 200), (10, 110), TWO[0]),  # all of it
        ((50, 60), (110, 120), TWO[1]),
        ((50, 60), (109, 111), None),  # a column of each
        ((19, 60), (20, 30), None),  # a row above
        ((0, 0), (0, 0), None),
    ],
)
def test_a_mask_is_in_a_picture_that_holds_all_of_it(rows, columns, expected):
    mask = np.zeros((240, 240), bool)
    mask[slice(*rows), slice(*columns)] = True
    assert region_around(TWO, mask) == expected


@pytest.mark.parametrize(
    ("end", "expected"),
    [
        ((199, 119), (20, 10, 200, 120)),
        ((200, 120), (20, 10, 200, 120)),
        ((201, 119), None),
        ((199, 240), None),
    ],
)
def test_the_only_picture_lies_in_its_region_unless_that_is_of_a_larger_screen(tmp_path, end, expected):
    elements = picture(smooth(0, 120, 200).astype(np.uint8))
    elements.SequenceOfUltrasoundRegions = Sequence([region(20, 10, *end, 0.02, 0.02)])
    assert frames.read(saved(elements, tmp_path / "a.dcm")).window == expected
