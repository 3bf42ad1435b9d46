"""Overlays: what is drawn where, at every size of frame."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from samca.images import overlay
from samca.images.overlay import INSIDE, LONGER_SIDE, LONGEST_SIDE, OUTLINE, OUTSIDE, TRUTH
from samca.prompts import Box, Click, Prompts


def distance_to(picture, colour):
    """(H, W) largest difference of a channel to this colour."""
    return np.abs(picture.astype(int) - colour).max(-1)


def is_near(picture, colour, row, column, reach=2):
    window = picture[max(0, row - reach) : row + reach + 1, max(0, column - reach) : column + reach + 1]
    return bool((distance_to(window, colour) < 40).any())


@pytest.fixture
def square():
    mask = np.zeros((96, 128), bool)
    mask[30:60, 40:90] = True
    return mask


@pytest.fixture
def black(square):
    return np.zeros(square.shape, np.uint8)


def test_the_outline_runs_along_the_edge_of_the_mask(black, square):
    picture = overlay.draw(black, square, Prompts())
    scale = LONGER_SIDE // 128
    for row, column in ((30, 65), (60, 65), (45, 40), (45, 90)):
        assert is_near(picture, OUTLINE.colour, row * scale, column * scale)
    assert picture[45 * scale, 65 * scale].tolist() == [0, 0, 0]
    assert picture[10 * scale, 10 * scale].tolist() == [0, 0, 0]


def test_the_truth_has_another_colour(black, square):
    picture = overlay.draw(black, square, Prompts(), np.roll(square, 20, axis=1))
    scale = LONGER_SIDE // 128
    assert is_near(picture, OUTLINE.colour, 45 * scale, 40 * scale)
    assert is_near(picture, TRUTH.colour, 45 * scale, 110 * scale)


def test_each_role_has_its_sign_at_its_click(black):
    clicks = Click(20, 20), Click(60, 70), Click(100, 30, False)
    picture = overlay.draw(black, np.zeros(black.shape, bool), Prompts(clicks))
    scale = LONGER_SIDE / 128
    for click, sign in zip(clicks, (overlay.INITIAL, INSIDE, OUTSIDE), strict=True):
        middle = int((click.y + 0.5) * scale), int((click.x + 0.5) * scale)
        assert is_near(picture, sign.colour, *middle), sign.words


def test_a_minus_has_no_upright_and_a_plus_has(black):
    picture = overlay.draw(
        black, np.zeros(black.shape, bool), Prompts((Click(5, 5), Click(60, 70), Click(100, 30, False)))
    )
    assert is_near(picture, INSIDE.colour, int(70.5 * 6) - 7, int(60.5 * 6), reach=1)
    assert not is_near(picture, OUTSIDE.colour, int(30.5 * 6) - 7, int(100.5 * 6), reach=1)


def test_with_a_box_every_click_mends(black, square):
    picture = overlay.draw(black, square, Prompts((Click(60, 70),), Box(35, 25, 95, 65)))
    assert is_near(picture, INSIDE.colour, int(70.5 * 6), int(60.5 * 6))
    assert is_near(picture, overlay.BOX.colour, 25 * 6, 65 * 6)


def test_strokes_and_lassos_are_lines(black, square):
    stroke, curve = Click(20, 20, False, ((60, 20),)), ((10.0, 60.0), (100.0, 60.0), (100.0, 80.0))
    picture = overlay.draw(black, square & False, Prompts((stroke,), lasso=curve))
    scale = LONGER_SIDE / 128
    for colour, x, y in (
        (OUTSIDE.colour, 50, 20),
        (overlay.LASSO.colour, 50, 60),
        (overlay.LASSO.colour, 100, 70),
    ):
        assert is_near(picture, colour, int((y + 0.5) * scale), int((x + 0.5) * scale))


@pytest.mark.parametrize("shape", [(8, 8), (8, 3000), (3000, 12), (700, 900), (1, 1)])
@pytest.mark.parametrize("channels", [(), (3,), (4,)])
def test_every_size_of_frame_gives_a_picture_of_sensible_size(shape, channels):
    mask = np.zeros(shape, bool)
    mask[shape[0] // 2 :] = True
    picture = overlay.draw(np.zeros((*shape, *channels)), mask, Prompts((Click(0, 0),)), ~mask)
    longer = max(shape) if LONGER_SIDE < max(shape) < LONGEST_SIDE else None
    expected = longer or (LONGER_SIDE if max(shape) < LONGER_SIDE else LONGEST_SIDE)
    assert picture.dtype == np.uint8
    assert picture.shape[1] == max(1, round(shape[1] * expected / max(shape)))
    assert picture.shape[0] > round(shape[0] * expected / max(shape))


@pytest.mark.parametrize("side", [8, 100, 512, 800])
def test_one_single_pixel_has_an_outline(side):
    mask = np.zeros((side, side), bool)
    mask[side // 2, side // 2] = True
    frame = overlay.draw(np.zeros((side, side), np.uint8), mask, Prompts())[: max(side, LONGER_SIDE)]
    assert (distance_to(frame, OUTLINE.colour) < 40).any()


@pytest.mark.parametrize("value", [False, True])
def test_a_mask_without_an_edge_has_no_outline(black, value):
    frame = overlay.draw(black, np.full(black.shape, value), Prompts())[: 96 * 6]
    assert not frame.any()


def test_a_saved_picture_is_read_back_as_it_was(tmp_path, black, square):
    picture = overlay.draw(black, square, Prompts())
    overlay.save(tmp_path / "a.png", picture)
    np.testing.assert_array_equal(np.array(Image.open(tmp_path / "a.png")), picture)
