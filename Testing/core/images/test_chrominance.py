"""Luminance and chrominance that somebody took for red, green and blue."""

import numpy as np
import pytest
from PIL import Image

from dicom_pictures import smooth
from samca.images.chrominance import in_rgb, is_ybr

GREY = smooth(0).astype(np.uint8)
NEUTRAL = np.dstack([GREY, np.full_like(GREY, 128), np.full_like(GREY, 128)])


def test_grey_is_grey_again():
    np.testing.assert_array_equal(in_rgb(NEUTRAL), np.dstack([GREY] * 3))


def test_flow_in_a_grey_frame_gets_its_colours():
    flow = NEUTRAL.copy()
    flow[10:20, 10:40] = (90, 100, 220)
    expected = np.asarray(Image.fromarray(flow, "YCbCr").convert("RGB")).astype(int)
    np.testing.assert_allclose(in_rgb(flow).astype(int), expected, atol=2)


@pytest.mark.parametrize(
    "frame",
    [
        GREY,
        np.dstack([GREY] * 3),
        np.dstack([smooth(seed) for seed in (1, 2, 3)]).astype(np.uint8),
        np.dstack([NEUTRAL, GREY]),
        NEUTRAL.astype(np.uint16),
        np.zeros((5, 6, 3), np.uint8),
    ],
)
def test_everything_else_stays_as_it_is(frame):
    assert not is_ybr(frame)
    assert in_rgb(frame) is frame
