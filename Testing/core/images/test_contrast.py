"""One way from any kind of number to one picture."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst

from samca.images.frames import as_bytes, as_rgb

NOISE = np.random.default_rng(3).random((40, 50))


@pytest.mark.parametrize("top", [1e300, 8e307, 1.7e308])
def test_the_largest_numbers_that_there_are_make_the_same_picture_as_small_ones(top):
    expected = as_rgb(NOISE * 2 - 1)
    np.testing.assert_allclose(as_rgb((NOISE * 2 - 1) * top), expected, atol=1e-3)
    np.testing.assert_allclose(as_rgb((NOISE * 2 - 1) * top, (-top, top))[..., 0], NOISE * 255, atol=1e-3)


def test_the_smallest_numbers_that_there_are_make_a_picture():
    values = np.array([[0, 5e-324, 1e-323, 1e-308]])
    assert np.isfinite(as_rgb(values)).all()


def test_half_precision_up_to_its_end_makes_the_same_picture():
    half = ((NOISE * 2 - 1) * 65504).astype(np.float16)
    np.testing.assert_allclose(as_rgb(half), as_rgb(half.astype(np.float64)))


@given(
    st.sampled_from(["?", "u1", ">u2", "<i2", "i4", "u8", "i8", ">f4", "f8"]).flatmap(
        lambda dtype: npst.arrays(dtype, (5, 7), elements=_numbers(dtype))
    )
)
def test_bytes_are_the_rounded_picture_and_grey_stays_grey(pixels):
    seen = as_bytes(pixels)
    assert (seen.dtype, seen.shape) == (np.uint8, (5, 7))
    np.testing.assert_allclose(seen, as_rgb(pixels)[..., 0], atol=0.51)


def _numbers(dtype: str):
    if "f" not in dtype:
        return None
    return st.floats(width=int(dtype[-1]) * 8, allow_nan=False, allow_infinity=False)


def test_bytes_are_never_the_frame_itself():
    pixels = np.zeros((4, 4, 3), np.uint8)
    as_bytes(pixels)[:] = 9
    assert not pixels.any()
