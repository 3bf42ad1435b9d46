"""Cases at model resolution, and their augmentations."""

from types import SimpleNamespace

import numpy as np
import pytest

from samca.config import with_settings
from samca.network.classes import Classes
from samca.training.augment import AUGMENTS, apply
from samca.training.samples import Samples, samples_for, to_rgb_planes

DISC = np.hypot(*(np.mgrid[:48, :64] - np.array([20, 30])[:, None, None])) < 12
SMALL = np.hypot(*(np.mgrid[:120, :160] - np.array([50, 90])[:, None, None])) < 12


class Case:
    """A case in memory that counts how often it is read."""

    has_truth = True

    def __init__(self, *targets, colour=False):
        grey = np.where(DISC, 200, 40).astype(np.uint8)
        self._pixels = np.stack([grey, grey // 2, grey], -1) if colour else grey
        self._targets, self.read = targets or (DISC,), 0

    def pixels(self):
        self.read += 1
        return self._pixels

    def targets(self):
        return list(self._targets)


def samples(*cases, size=32, fit="squash", augmentation="none"):
    return Samples(cases, size, fit, augmentation)


def test_image_and_target_are_squashed_to_the_model():
    image, target = samples(Case()).sample(0, np.random.default_rng(0))
    assert (image.shape, image.dtype) == ((32, 32, 1), np.uint8)
    assert (target.shape, target.dtype) == ((32, 32), bool)
    inside, outside = image[target, 0], image[~target, 0]
    assert inside.mean() > 180
    assert outside.mean() < 60
    rows, columns = np.nonzero(target)
    assert (rows.mean(), columns.mean()) == pytest.approx((20.5 * 32 / 48 - 0.5, 30.5 / 2 - 0.5), abs=0.5)


def test_padding_fills_up_with_black_at_the_bottom():
    image, target = samples(Case(), fit="pad").sample(0, np.random.default_rng(0))
    assert not image[24:].any()
    assert not target[24:].any()
    assert image[:24].all()


def test_colour_stays_and_grey_becomes_one_channel():
    images = [samples(Case(colour=colour)).image(0) for colour in (False, True)]
    assert [image.shape[2] for image in images] == [1, 3]
    planes = to_rgb_planes(images)
    assert (planes.shape, planes.dtype) == ((2, 3, 32, 32), np.float32)
    np.testing.assert_array_equal(planes[0, 0], planes[0, 2])
    np.testing.assert_array_equal(planes[1, 1], images[1][..., 1])


def test_one_of_several_targets_is_drawn():
    left, right = np.zeros_like(DISC), np.zeros_like(DISC)
    left[10:20, 5:20], right[10:20, 40:60] = True, True
    found = samples(Case(left, right))
    sides = {bool(found.sample(0, np.random.default_rng(seed))[1][:, :16].any()) for seed in range(20)}
    assert sides == {True, False}


def test_a_structure_thinner_than_a_model_pixel_is_kept():
    point = np.zeros((480, 640), bool)
    point[100, 300] = True
    case = SimpleNamespace(
        pixels=lambda: np.ones((480, 640), np.uint8), targets=lambda: [point], has_truth=True
    )
    _, target = samples(case).sample(0, np.random.default_rng(0))
    assert target.sum() == 1
    assert target[100 * 32 // 480, 300 * 32 // 640]


def test_files_are_read_once():
    case = Case()
    found = samples(case)
    for _ in range(3):
        found.sample(0, np.random.default_rng(0))
    assert case.read == 1


def test_an_unknown_augmentation_is_refused_with_the_right_names():
    with pytest.raises(ValueError, match="'flips' is not one of disturbed, none, sam2rad, samus, ultrasound"):
        samples(Case(), augmentation="flips")


@pytest.mark.parametrize("name", [name for name in AUGMENTS if name != "none"])
class TestAugmentation:
    def drawn(self, name, seed, transform=None):
        image, target = samples(Case(), size=64).sample(0, np.random.default_rng(0))
        return apply(transform or AUGMENTS[name](), image, target, np.random.default_rng(seed))

    def test_it_depends_on_the_generator_alone(self, name):
        used = AUGMENTS[name]()
        self.drawn(name, 7, used)
        for again, fresh in zip(self.drawn(name, 3, used), self.drawn(name, 3), strict=True):
            np.testing.assert_array_equal(again, fresh)

    def test_images_differ_and_keep_their_form(self, name):
        images = [self.drawn(name, seed)[0] for seed in range(12)]
        channels = {1, 3} if name == "disturbed" else {1}  # some of it is coloured
        assert {(image.shape, image.dtype.name) for image in images} == {
            ((64, 64, n), "uint8") for n in channels
        }
        assert len({image.tobytes() for image in images}) > 6

    def test_the_target_moves_with_the_structure(self, name):
        contrasts, moved = [], set()
        for seed in range(12):
            image, target = self.drawn(name, seed)
            ring = image[~target, 0]
            contrasts.append(image[target, 0].mean() - ring.mean())
            moved.add(target.tobytes())
        assert min(contrasts) > 40
        assert len(moved) > 4

    def test_a_structure_is_never_lost(self, name):
        image = np.full((64, 64, 1), 90, np.uint8)
        corner = np.zeros((64, 64), bool)
        corner[0, 0] = True
        transform = AUGMENTS[name]()
        for seed in range(20):
            assert apply(transform, image, corner, np.random.default_rng(seed))[1].any()


def test_a_window_shows_the_target_enlarged():
    case = SimpleNamespace(
        pixels=lambda: np.where(SMALL, 200, 40).astype(np.uint8), targets=lambda: [SMALL], has_truth=True
    )
    found = Samples([case], 32, "squash", "none", windows=1.0)
    areas = []
    for seed in range(20):
        image, target = found.sample(0, np.random.default_rng(seed))
        assert image.shape == (32, 32, 1)
        areas.append(target.mean())
        assert image[target, 0].mean() > image[~target, 0].mean() + 100
    assert min(areas) > 1.5 * SMALL.mean()
    assert max(areas) > 5 * SMALL.mean()


def test_windows_are_drawn_as_often_as_said():
    case = SimpleNamespace(
        pixels=lambda: np.where(SMALL, 200, 40).astype(np.uint8), targets=lambda: [SMALL], has_truth=True
    )
    found = Samples([case], 32, "squash", "none", windows=0.3)
    plain = Samples([case], 32, "squash", "none").sample(0, np.random.default_rng(0))[1]
    drawn = [found.sample(0, np.random.default_rng(seed))[1] for seed in range(300)]
    assert np.mean([not np.array_equal(target, plain) for target in drawn]) == pytest.approx(0.3, abs=0.08)


def test_windows_know_the_class_of_their_target_and_leave_empty_ones_alone():
    pixels = np.where(SMALL, 200, 40).astype(np.uint8)
    case = SimpleNamespace(pixels=lambda: pixels, structures=lambda: {2: SMALL}, source="made up")
    found = Samples([case], 32, "squash", "none", windows=1.0, classes=Classes(("bar", "disc"), {}))
    drawn = [found.sample_with_class(0, np.random.default_rng(seed))[1:] for seed in range(20)]
    assert {number for _, number in drawn} == {0, 1}
    assert all(target.any() == (number == 1) for target, number in drawn)
    assert np.mean([target.mean() for target, number in drawn if number]) > 2 * SMALL.mean()


class Empty(Case):
    """A case without a structure."""

    has_truth = False

    def targets(self):
        return []


def spots(*, count=40, **options):
    found = Samples(
        [Empty()], 64, options.pop("fit", "squash"), options.pop("augmentation", "none"), **options
    )
    return [found.sample(0, np.random.default_rng(seed)) for seed in range(count)]


def test_an_image_without_truth_has_a_small_spot_anywhere_as_its_target():
    targets = [target for _, target in spots()]
    assert all(0 < target.mean() < 0.005 for target in targets)
    rows, columns = np.array([np.argwhere(target).mean(0) for target in targets]).T
    assert min(np.ptp(rows), np.ptp(columns)) > 40


def test_a_spot_never_lies_on_padding():
    assert not any(target[48:].any() for _, target in spots(fit="pad"))


def test_a_spot_lies_in_the_image_where_augmentation_moved_it():
    drawn = spots(augmentation="samus")
    assert all(target.any() for _, target in drawn)
    assert np.mean([image[target].mean() == 0 for image, target in drawn]) < 0.1


def test_windows_of_an_image_without_truth_are_small_and_have_a_spot_as_well():
    whole = Samples([Empty()], 64, "squash", "none").image(0)
    drawn = spots(windows=1.0)
    assert all(0 < target.mean() < 0.005 for _, target in drawn)
    assert np.mean([np.array_equal(image, whole) for image, _ in drawn]) == 0
    assert np.mean([image.std() < 1 for image, _ in drawn]) > 0.3  # all of one grey: the disc is not in it


def test_loops_with_an_image_without_truth_are_refused(tiny_config):
    config = with_settings(tiny_config, "model", {"depth": 2})
    with pytest.raises(ValueError, match=r"model.depth is 2: leave run.empty out"):
        samples_for([Case(), Empty()], config, "none", 0.0)
