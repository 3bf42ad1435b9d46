"""Images that are too large to be worked on in every pixel."""

import tracemalloc

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import samca
from samca.interaction.everything import Criteria, everything
from samca.prompts import Box, Click, Prompts, reduction
from samca.prompts.reduction import LARGEST, Reduction


@pytest.fixture
def small_is_large(monkeypatch):
    """Images of more than 16 px a side are too large."""
    monkeypatch.setattr(reduction, "LARGEST", 16)


def means_of(pixels, factor):
    height, width = pixels.shape[:2]
    blocks = [
        [pixels[y : y + factor, x : x + factor].mean((0, 1)) for x in range(0, width, factor)]
        for y in range(0, height, factor)
    ]
    return np.array(blocks)


def test_an_ordinary_image_is_worked_on_as_it_is():
    pixels, prompts = np.zeros((LARGEST, 5)), Prompts((Click(3, 4),), Box(1, 2, 3, 4))
    ordinary = Reduction(*pixels.shape)
    assert ordinary.factor == 1
    assert ordinary.picture(pixels) is pixels
    assert ordinary.enlarged(pixels) is pixels
    assert ordinary.prompts(prompts) is prompts


@pytest.mark.usefixtures("small_is_large")
@pytest.mark.parametrize("shape", [(17, 17), (40, 33), (48, 7), (5, 100), (33, 50, 3), (20, 64, 4)])
@pytest.mark.parametrize("dtype", [np.uint8, np.int16, np.uint16, np.float32, np.float64])
def test_what_is_worked_on_are_means(shape, dtype):
    pixels = np.random.default_rng(0).integers(0, 200, shape).astype(dtype)
    made = Reduction(*shape[:2])
    small = made.picture(pixels)
    assert (small.shape[:2], small.dtype) == (made.shape, dtype)
    assert max(made.shape) <= 16
    expected = means_of(pixels.astype(float), made.factor)
    np.testing.assert_allclose(small, expected, atol=0.5 if dtype().dtype.kind in "iu" else 1e-4)
    assert made.enlarged(small).shape == shape


@pytest.mark.usefixtures("small_is_large")
def test_means_of_the_largest_numbers_do_not_overflow():
    np.testing.assert_allclose(Reduction(40, 40).picture(np.full((40, 40), 1.7e308)), 1.7e308)


@pytest.mark.usefixtures("small_is_large")
def test_bits_become_grey_and_a_mask_stays_one():
    mask = np.zeros((32, 48), bool)
    mask[:6, :9] = True
    made = Reduction(32, 48)
    assert made.picture(mask)[0, 0] == 255
    assert 0 < made.picture(mask)[1, 3] < 255 or made.factor != 4
    small = made.prompts(Prompts(mask=mask)).mask
    np.testing.assert_array_equal(small, means_of(mask.astype(float), made.factor) > 0.5)


@given(st.integers(1, 9000), st.integers(1, 9000), st.data())
def test_a_click_lies_in_the_pixel_that_stands_for_its_own(height, width, data):
    x, y = data.draw(st.integers(0, width - 1)), data.draw(st.integers(0, height - 1))
    made = Reduction(height, width)
    row, column = made.prompts(Prompts((Click(x, y),))).clicks[0].pixel
    assert (row, column) == (y // made.factor, x // made.factor)
    assert row < made.shape[0]
    assert column < made.shape[1]
    assert max(made.shape) <= LARGEST


@pytest.mark.usefixtures("small_is_large")
@pytest.mark.parametrize("mirror", [False, True])
def test_a_large_image_gets_the_mask_of_the_same_image_in_small(tiny_model, mirror):
    rng, model = np.random.default_rng(0), tiny_model().eval()
    small = rng.integers(0, 256, (16, 12), np.uint8)
    sessions = [samca.Session(model, mirror) for _ in range(2)]
    sessions[0].set_image(small)
    sessions[1].set_image(np.kron(small, np.ones((5, 5), np.uint8)))
    for session, scale in zip(sessions, (1, 5), strict=True):
        session.box(*(scale * (edge + 0.5) - 0.5 for edge in (2, 1, 9, 10)))
        session.click(scale * 6.5 - 0.5, scale * 7.5 - 0.5)
        session.click(scale * 1.5 - 0.5, scale * 2.5 - 0.5, False)
    for what in ("mask", "logits"):
        one, other = (getattr(session, what) for session in sessions)
        np.testing.assert_array_equal(np.kron(one, np.ones((5, 5))), other)
    np.testing.assert_array_equal(
        np.kron(sessions[0].uncertainty(), np.ones((5, 5), np.float32)), sessions[1].uncertainty()
    )


@pytest.mark.usefixtures("small_is_large")
def test_prompts_and_masks_are_of_the_image_itself(tiny_model):
    session = samca.Session(tiny_model().eval())
    session.set_image(np.zeros((60, 40), np.uint8))
    assert session.click(39, 59).shape == (60, 40)
    assert session.use_mask(np.ones((60, 40), bool)).shape == (60, 40)
    with pytest.raises(ValueError, match=r"x must be 0\.\.39, y 0\.\.59"):
        session.click(40, 3)
    with pytest.raises(ValueError, match=r"expected \(60, 40\)"):
        session.use_mask(np.ones((15, 10), bool))
    again = samca.Session(session.model)
    again.use_embedding(*session.embedding)
    assert again.click(39, 59).shape == (60, 40)


@pytest.mark.usefixtures("small_is_large")
def test_everything_in_a_large_image_lies_on_the_image_itself(tiny_model):
    pixels = np.random.default_rng(0).integers(0, 256, (60, 40), np.uint8)
    for thing in everything(tiny_model().eval(), pixels, Criteria(2, 0.0, 0.0, 1.0)):
        assert thing.mask.shape == (60, 40)


def test_a_huge_image_takes_little_more_memory_than_its_own(tiny_model):
    pixels = np.zeros((8192, 8192), np.uint8)
    session = samca.Session(tiny_model().eval())
    tracemalloc.start()
    session.set_image(pixels)
    assert session.click(4000, 4000).shape == (8192, 8192)
    assert session.click(100, 4000, False).shape == (8192, 8192)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 5 * pixels.nbytes
