"""Windows of an image: where they lie, what they show, and when there is one."""

from types import SimpleNamespace

import numpy as np
import pytest

from samca.interaction.closeups import KEPT, Closeups
from samca.prompts import Box, Click, Prompts
from samca.prompts.windows import SHARES, Window, around, enlarging, share_of

HEIGHT, WIDTH = 300, 400
IMAGE = np.arange(HEIGHT * WIDTH, dtype=np.float32).reshape(HEIGHT, WIDTH)


def block(x0, y0, x1, y1):
    mask = np.zeros((HEIGHT, WIDTH), bool)
    mask[y0:y1, x0:x1] = True
    return mask


def test_a_window_has_the_proportions_of_the_image():
    window = around(Box(190, 140, 210, 160), HEIGHT, WIDTH, 0.5)
    assert (window.x1 - window.x0, window.y1 - window.y0) == (200, 150)


@pytest.mark.parametrize("share", SHARES)
@pytest.mark.parametrize("corner", [(0, 0), (380, 0), (0, 280), (380, 280), (190, 140)])
def test_a_window_lies_in_the_image_and_shows_the_whole_box(share, corner):
    box = Box(*corner, corner[0] + 19, corner[1] + 19)
    window = around(box, HEIGHT, WIDTH, share)
    assert 0 <= window.x0 <= box.x0
    assert box.x1 < window.x1 <= WIDTH
    assert 0 <= window.y0 <= box.y0
    assert box.y1 < window.y1 <= HEIGHT


def test_a_small_change_of_the_mask_leaves_the_window():
    windows = {enlarging(block(200, 150, 230 + i, 170 + i), Prompts(), 2.0) for i in range(3)}
    assert len(windows) == 1


def test_cutting_out_and_pasting_give_the_image_back():
    window = Window(50, 60, 150, 135)
    part = window.crop(IMAGE)
    assert part.shape == (75, 100)
    assert np.array_equal(window.paste(part, IMAGE), IMAGE)
    pasted = window.paste(part * 0 - 1, IMAGE)
    assert (pasted == -1).sum() == part.size
    assert (IMAGE >= 0).all()


def test_clicks_move_into_the_window_and_those_outside_are_left_out():
    window = Window(50, 60, 150, 135)
    prompts = Prompts((Click(60, 70), Click(10, 10, False), Click(149, 134, False)), Box(70, 80, 90, 100))
    moved = window.prompts(prompts)
    assert moved.clicks == (Click(10, 10), Click(99, 74, False))
    assert moved.box == Box(20, 20, 40, 40)


def test_a_mask_prompt_is_cut_out():
    mask = block(60, 70, 70, 80)
    moved = Window(50, 60, 150, 135).prompts(Prompts(mask=mask))
    assert np.argwhere(moved.mask).min(0).tolist() == [10, 10]
    assert moved.mask.sum() == mask.sum()


def test_a_large_structure_or_none_has_no_window():
    assert enlarging(block(50, 50, 350, 250), Prompts(), 2.0) is None
    assert enlarging(block(0, 0, 0, 0), Prompts(), 2.0) is None


def test_a_window_is_kept_while_what_it_shows_fits_in_it():
    kept = enlarging(block(180, 130, 220, 170), Prompts(), 1.6)
    moved = block(150, 120, 200, 165)
    assert enlarging(moved, Prompts(), 1.6) != kept
    assert enlarging(moved, Prompts(), 1.6, kept) == kept
    at_the_rim = block(kept.x0, 130, kept.x0 + 40, 170)
    assert enlarging(at_the_rim, Prompts(), 1.6, kept) == enlarging(at_the_rim, Prompts(), 1.6) != kept
    clicked = Prompts((Click(kept.x1 + 1.0, 150.0),))
    assert enlarging(moved, clicked, 1.6, kept) == enlarging(moved, clicked, 1.6) != kept
    assert enlarging(block(0, 0, 0, 0), Prompts(), 1.6, kept) is None


def test_a_window_at_the_border_of_the_image_needs_no_rim_there():
    kept = enlarging(block(0, 0, 40, 40), Prompts(), 1.6)
    assert (kept.x0, kept.y0) == (0, 0)
    assert enlarging(block(0, 0, 30, 45), Prompts(), 1.6, kept) == kept


def test_a_window_that_shows_a_structure_much_too_small_is_left():
    kept = enlarging(block(100, 80, 300, 220), Prompts(), 1.6)
    small = block(200, 150, 230, 170)
    assert enlarging(small, Prompts(), 1.6, kept) == enlarging(small, Prompts(), 1.6) != kept
    assert enlarging(block(100, 80, 240, 180), Prompts(), 1.6, kept) == kept


def test_the_window_is_the_smallest_with_the_margin():
    mask = block(200, 150, 240, 170)  # a tenth of the width
    assert share_of(Box(200, 150, 239, 169), HEIGHT, WIDTH) == pytest.approx(0.1)
    sides = [
        enlarging(mask, Prompts(), margin).x1 - enlarging(mask, Prompts(), margin).x0 for margin in (2, 3, 8)
    ]
    assert sides == [100, 140, 340]


def test_what_was_clicked_or_boxed_lies_in_the_window():
    mask = block(100, 100, 120, 120)
    far = enlarging(mask, Prompts((Click(190.0, 110.0),)), 1.5)
    assert far.x0 < 100
    assert far.x1 > 190
    boxed = enlarging(mask, Prompts((), Box(90, 90, 200, 130)), 1.5)
    assert boxed.x1 > 200
    away = enlarging(mask, Prompts((Click(390.0, 290.0, False),)), 1.5)
    assert away == enlarging(mask, Prompts(), 1.5)


class Counting:
    """A model that counts what it encodes."""

    def __init__(self):
        self.config, self.seen = SimpleNamespace(image_size=64, fit="squash"), []

    def embed(self, pixels):
        self.seen.append(pixels.shape)
        return len(self.seen)


def test_a_window_is_encoded_once_and_the_oldest_are_dropped():
    closeups, model = Closeups(np.zeros((HEIGHT, WIDTH, 3), np.float32)), Counting()
    windows = [Window(x, 0, x + 100, 75) for x in range(KEPT + 1)]
    first = closeups.encoded(windows[0], model)
    assert closeups.encoded(windows[0], model) is first
    assert model.seen == [(64, 64, 3)]
    for window in windows[1:]:
        closeups.encoded(window, model)
    assert len(model.seen) == KEPT + 1
    closeups.encoded(windows[0], model)
    assert len(model.seen) == KEPT + 2


def test_the_bytes_of_windows_are_counted():
    class Arrays(Counting):
        def embed(self, pixels):
            return (np.zeros(10, np.float32), (np.zeros(5, np.float32),))

    closeups, model = Closeups(np.zeros((HEIGHT, WIDTH, 3), np.float32)), Arrays()
    before = closeups.nbytes
    assert before == HEIGHT * WIDTH * 3
    closeups.encoded(Window(0, 0, 100, 75), model)
    assert closeups.nbytes == before + 60


@pytest.mark.parametrize("mask", [block(0, 0, WIDTH, HEIGHT), block(0, 0, 0, 0)])
@pytest.mark.parametrize(
    "drawn", [{"box": Box(100, 100, 139, 129)}, {"lasso": ((100.0, 100.0), (139.0, 110.0), (120.0, 129.0))}]
)
def test_what_is_drawn_around_says_where_the_window_is_whatever_the_mask(mask, drawn):
    tight = enlarging(block(100, 100, 140, 130), Prompts(), 1.6)
    assert enlarging(mask, Prompts(**drawn), 1.6) == tight
