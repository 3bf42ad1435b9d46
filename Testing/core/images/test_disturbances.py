"""What is added to frames in training: where it may be seen, and where not."""

import numpy as np
import pytest

from samca.images.disturbances import INK, attenuation, colour_doppler, marks
from samca.training import augment
from samca.training.augment import AUGMENTS, apply

GRAY = np.full((96, 128, 3), 90, np.float32)


def test_attenuation_changes_rows_more_the_deeper_they_are():
    for seed in range(8):
        rows = attenuation(GRAY, np.random.default_rng(seed))[:, 0, 0]
        assert rows[0] == 90
        assert (np.diff(rows) < 0).all() or (np.diff(rows) > 0).all()
        assert 0.2 * 90 <= rows[-1] < 2 * 90


def test_marks_cover_little_and_have_one_ink():
    for seed in range(8):
        marked = marks(GRAY, np.random.default_rng(seed))
        changed = (marked != GRAY).any(2)
        assert 0 < changed.mean() < 0.2
        assert any(is_between(marked[changed], 90, np.array(ink)) for ink in INK)


def is_between(colours, gray, ink) -> bool:
    """Whether these are mixtures of a gray and an ink, as soft edges of letters are."""
    share = (colours - gray) @ (ink - gray) / np.square(ink - gray).sum()
    return np.allclose(colours, gray + share[:, None] * (ink - gray), atol=1) and (share <= 1).all()


@pytest.fixture
def flow_alone():
    """The augmentation with nothing but colour flow, always."""
    return augment._Disturbed(AUGMENTS["samus"](), {colour_doppler: 1.0})


def test_flow_makes_a_gray_image_coloured_and_leaves_its_truth(flow_alone):
    mask = np.zeros((64, 64), bool)
    mask[20:40, 20:40] = True
    image = np.full((64, 64, 1), 90, np.uint8)
    changed, moved = apply(flow_alone, image, mask, np.random.default_rng(0))
    assert changed.shape == (64, 64, 3)
    assert 0.05 < (np.ptp(changed, axis=2) > 50).mean() < 0.2
    np.testing.assert_array_equal(moved, apply(AUGMENTS["samus"](), image, mask, np.random.default_rng(0))[1])


def test_frames_of_a_loop_are_not_taken_for_the_channels_of_one(flow_alone):
    masks = np.zeros((64, 64, 3), bool)
    masks[20:40, 20:40] = True
    loop = np.full((64, 64, 3), 90, np.uint8)
    with_flow, without = (
        apply(transform, loop, masks, np.random.default_rng(0))[0]
        for transform in (flow_alone, AUGMENTS["samus"]())
    )
    np.testing.assert_array_equal(with_flow, without)
