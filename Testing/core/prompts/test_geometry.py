"""Image pixels and model pixels: there and back, resampling against torch, cropping of what padding added."""

from functools import partial

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.nn import functional as F

from samca.prompts import Box, Click, Prompts
from samca.prompts.geometry import FITS, Geometry, resample, resampling_matrix

SIDES = st.integers(1, 3000)
geometries = st.builds(Geometry, SIDES, SIDES, st.sampled_from([64, 256, 1024]), st.sampled_from(FITS))


@given(geometries, st.floats(0, 1), st.floats(0, 1))
def test_a_point_comes_back_from_the_model(geometry, right, down):
    x, y = right * geometry.width - 0.5, down * geometry.height - 0.5
    assert geometry.xy_to_image(*geometry.xy_to_model(x, y)) == pytest.approx((x, y), abs=1e-6)


@given(geometries, st.floats(0, 1), st.floats(0, 1))
def test_a_point_of_the_image_lies_on_the_content(geometry, right, down):
    x, y = geometry.xy_to_model(right * geometry.width - 0.5, down * geometry.height - 0.5)
    height, width = geometry.content
    assert -0.5 - 1e-6 <= x <= width - 0.5 + 1e-6
    assert -0.5 - 1e-6 <= y <= height - 0.5 + 1e-6


@given(geometries)
def test_content_touches_the_square_and_stays_in_it(geometry):
    assert max(geometry.content) == geometry.size
    assert min(geometry.content) >= 1


@given(geometries)
def test_corners_of_the_image_are_on_it_and_the_next_pixels_are_not(geometry):
    assert geometry.contains(0, 0)
    assert geometry.contains(geometry.width - 1, geometry.height - 1)
    assert not geometry.contains(geometry.width, 0)
    assert not geometry.contains(0, -1)


@settings(deadline=None)
@given(st.integers(1, 20), st.integers(1, 20), st.integers(0, 40), st.integers(0, 40), st.integers(0, 2**31))
def test_enlarging_equals_torch_without_aligned_corners(height, width, taller, wider, seed):
    pixels = np.random.default_rng(seed).normal(size=(height, width)).astype(np.float32)
    size = (height + taller, width + wider)
    theirs = F.interpolate(torch.from_numpy(pixels)[None, None], size, mode="bilinear", align_corners=False)
    np.testing.assert_allclose(resample(pixels, *size), theirs[0, 0].numpy(), atol=1e-5)


def test_reducing_equals_antialiased_torch():
    pixels = np.random.default_rng(0).normal(size=(101, 67)).astype(np.float32)
    theirs = F.interpolate(
        torch.from_numpy(pixels)[None, None], (32, 16), mode="bilinear", align_corners=False, antialias=True
    )
    np.testing.assert_allclose(resample(pixels, 32, 16), theirs[0, 0].numpy(), atol=1e-5)


@given(st.integers(1, 300), st.integers(1, 300))
def test_resampling_keeps_a_constant(source, target):
    np.testing.assert_allclose(resampling_matrix(source, target).sum(1), 1, atol=1e-5)


def test_colours_are_resampled_one_by_one():
    pixels = np.random.default_rng(0).normal(size=(7, 9, 3)).astype(np.float32)
    joint = resample(pixels, 20, 11)
    assert joint.shape == (20, 11, 3)
    for channel in range(3):
        np.testing.assert_allclose(joint[..., channel], resample(pixels[..., channel], 20, 11), atol=1e-6)


def test_padding_scales_the_longer_side_and_leaves_the_rest_empty():
    geometry = Geometry(height=50, width=100, size=64, fit="pad")
    assert geometry.content == (32, 64)
    assert geometry.image_to_model(np.ones((50, 100, 3), np.float32)).shape == (32, 64, 3)
    mask = geometry.prompts_to_model(Prompts(mask=np.ones((50, 100), bool))).mask
    np.testing.assert_allclose(mask[:32], 1, atol=1e-6)
    assert not mask[32:].any()


def test_logits_of_the_padding_do_not_reach_the_image():
    geometry = Geometry(height=50, width=100, size=64, fit="pad")
    logits = np.full((16, 16), -5, np.float32)
    logits[:8] = 5  # the upper half of the square is the image
    image = geometry.logits_to_image(logits)
    assert image.shape == (50, 100)
    assert (image[:45] > 0).all()


def test_logits_equal_the_published_post_processing():
    geometry = Geometry(height=300, width=410, size=256, fit="pad")
    logits = np.random.default_rng(0).normal(size=(64, 64)).astype(np.float32)
    enlarge = partial(F.interpolate, mode="bilinear", align_corners=False)
    height, width = geometry.content
    square = enlarge(torch.from_numpy(logits)[None, None], (256, 256))
    theirs = enlarge(square[..., :height, :width], (300, 410))
    np.testing.assert_allclose(geometry.logits_to_image(logits), theirs[0, 0].numpy(), atol=1e-4)


def test_a_blob_lies_where_its_click_lies():
    for fit in FITS:
        geometry = Geometry(height=80, width=200, size=64, fit=fit)
        x, y = geometry.xy_to_model(150, 30)
        logits = np.full((64, 64), -1, np.float32)
        logits[round(y), round(x)] = 50
        rows, columns = np.nonzero(geometry.logits_to_image(logits) > 0)
        assert abs(rows.mean() - 30) < 2, fit
        assert abs(columns.mean() - 150) < 2, fit


def test_prompts_move_with_the_pixels():
    geometry = Geometry(height=100, width=50, size=200, fit="squash")
    prompts = geometry.prompts_to_model(Prompts((Click(0, 0), Click(49, 99, False)), Box(0, 0, 49, 99)))
    assert prompts.clicks == (Click(1.5, 0.5), Click(197.5, 198.5, False))
    assert prompts.box == Box(1.5, 0.5, 197.5, 198.5)


def test_a_wrong_fit_or_an_empty_image_is_refused():
    with pytest.raises(ValueError, match="fit 'crop' is not one of squash, pad"):
        Geometry(1, 1, 64, "crop")
    with pytest.raises(ValueError, match="at least 1"):
        Geometry(0, 5, 64)
