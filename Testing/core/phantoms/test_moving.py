"""Loops that are made of one frame: what moves moves with its truth, and what is hard happens."""

import numpy as np
import pytest

from samca.phantoms.moving import HARD, Speckle, _with_another, moving


def frame(side=96):
    """A bright disc beside the middle, and a square below it."""
    rows, columns = np.indices((side, side))
    labels = np.zeros((side, side), np.uint8)
    labels[np.hypot(rows - 35, columns - 55) < 14] = 1
    labels[62:76, 20:40] = 2
    return np.where(labels, 200, 60).astype(np.uint8), labels


def made(hard=None, frames=20, seed=0, image=None):
    given, labels = frame()
    return moving(given if image is None else image, labels, frames, np.random.default_rng(seed), hard)


def test_equal_generators_make_equal_loops():
    one, other = made(), made()
    assert all(
        np.array_equal(a, b) for x, y in zip(one, other, strict=True) for a, b in zip(x, y, strict=True)
    )
    assert not np.array_equal(one[5][0], made(seed=1)[5][0])


def test_the_first_frame_has_the_truth_of_the_image_and_the_others_another():
    loop, (_, labels) = made(), frame()
    assert np.array_equal(loop[0][1], labels)
    assert all((loop[i][1] != loop[i + 1][1]).any() for i in range(19))


@pytest.mark.parametrize("seed", range(3))
def test_brightness_and_truth_move_together(seed):
    for image, labels in made(seed=seed):
        assert image.dtype == labels.dtype == np.uint8
        assert image[labels > 0].mean() > 1.6 * image[labels == 0].mean()
        assert set(np.unique(labels)) <= {0, 1, 2}


def test_from_frame_to_frame_little_changes():
    shares = [np.mean(a[1] == b[1]) for a, b in zip(made(frames=60), made(frames=60)[1:], strict=False)]
    assert min(shares) > 0.95


def test_what_leaves_is_gone_in_the_middle_and_is_back_at_the_end():
    loop = made("leaves", 21)
    assert not loop[10][1].any()
    assert set(np.unique(loop[20][1])) == {0, 1, 2}


def test_another_one_comes_until_both_touch_and_is_not_in_the_truth():
    image, labels = frame()
    far, near = (_with_another(image * 1.0, labels, away) for away in (1.0, 0.0))
    row, disc = image[35] > 130, np.flatnonzero(labels[35] == 1)
    for seen, gap in ((far, round(0.5 * len(disc))), (near, 0)):
        there = np.flatnonzero(seen[35] > 130)
        assert abs((there < disc[0]).sum() - len(disc)) <= 4
        assert disc[0] - 1 - there[there < disc[0]].max() == pytest.approx(gap, abs=2)
        assert (seen[labels > 0] == image[labels > 0]).all()
    assert row.sum() == len(disc)
    assert all(set(np.unique(truth)) <= {0, 1, 2} for _, truth in made("touches", 5))


def test_a_shadow_passes_over_the_image_and_leaves_the_truth_alone():
    bright, shaded = made(frames=21), made("shadow", 21)
    columns = [np.argmin(image.mean(0)[8:-8]) for image, _ in shaded[7:14]]
    assert all((labels > 0).any() for _, labels in shaded)
    assert len(set(columns)) > 3
    assert shaded[10][0].mean() < 0.95 * bright[10][0].mean()


def test_a_coloured_frame_keeps_its_channels():
    image, _ = frame()
    loop = made(image=np.stack([image // 2, image // 4, image], -1), frames=3)
    assert loop[2][0].shape == (96, 96, 3)
    assert np.allclose(loop[2][0][..., 0], 2 * loop[2][0][..., 1].astype(int), atol=4)


def test_speckle_loses_its_likeness_little_by_little():
    speckle = Speckle((64, 64), np.random.default_rng(0))
    drawn = [speckle.next() for _ in range(40)]
    likeness = [
        np.corrcoef(drawn[0].ravel(), other.ravel())[0, 1] for other in (drawn[1], drawn[10], drawn[39])
    ]
    assert likeness[0] > 0.8
    assert likeness[0] > likeness[1] > likeness[2]
    assert abs(likeness[2]) < 0.3


@pytest.mark.parametrize(("frames", "hard"), [(0, None), (5, "melts")])
def test_no_frames_and_unknown_words_are_refused(frames, hard):
    with pytest.raises(
        ValueError, match=f"{frames} frames, hard .*: expected at least 1, and {', '.join(HARD)}"
    ):
        made(hard, frames)
