"""Simulated frames: reproducible, of the asked form, and with the physics and the truth that they claim."""

from __future__ import annotations

from dataclasses import replace
from time import process_time

import numpy as np
import pytest

from phantom_scenes import LESION, MACHINE, VIEW, scene_with
from samca import phantoms
from samca.phantoms import choose, marks
from samca.phantoms.scene import Scene


def rendered(scene: Scene) -> tuple[np.ndarray, np.ndarray]:
    image, labels = phantoms.render(scene, np.random.default_rng(0))
    return image.astype(float), labels


def correlation_width(patch: np.ndarray, axis: int) -> float:
    """Lag in px at which the mean autocorrelation along an axis falls to a half."""
    rows = np.moveaxis(patch - patch.mean(), axis, -1)
    curve = [np.mean(rows[..., lag:] * rows[..., : rows.shape[-1] - lag]) for lag in range(20)]
    below = int(np.flatnonzero(np.array(curve) < 0.5 * curve[0])[0])
    return below - 1 + (curve[below - 1] - 0.5 * curve[0]) / (curve[below - 1] - curve[below])


def behind(image: np.ndarray) -> tuple[float, float]:
    """Mean grey behind the middle of LESION, and beside that."""
    rows = slice(140, 190)
    return image[rows, 112:144].mean(), image[rows, 10:60].mean()


@pytest.mark.parametrize("geometry", ["linear", "fan", None])
@pytest.mark.parametrize("size", [(64, 64), (100, 161), (256, 256)])
def test_a_frame_has_the_asked_size_and_documented_types(size, geometry):
    phantom = phantoms.make(np.random.default_rng(4), *size, geometry=geometry)
    assert phantom.image.shape == phantom.labels.shape == size
    assert phantom.image.dtype == phantom.labels.dtype == np.uint8
    assert np.ptp(phantom.image) > 50
    assert len(phantom.spacing_mm) == 2
    assert all(0.02 < spacing < 2 for spacing in phantom.spacing_mm)


def test_the_same_seed_gives_the_same_frame_and_another_seed_another():
    first, again, other = (phantoms.make(np.random.default_rng(seed), 96, 128) for seed in (7, 7, 8))
    assert np.array_equal(first.image, again.image)
    assert np.array_equal(first.labels, again.labels)
    assert first.spacing_mm == again.spacing_mm
    assert not np.array_equal(first.image, other.image)


def test_a_scene_renders_again_with_new_speckle_but_the_same_truth():
    scene = phantoms.describe(np.random.default_rng(5), 96, 128, lesions=2)
    one, two = (phantoms.render(scene, np.random.default_rng(seed)) for seed in (0, 1))
    assert not np.array_equal(one[0], two[0])
    assert np.array_equal(one[1], two[1])
    assert np.corrcoef(one[0].ravel(), two[0].ravel())[0, 1] > 0.5


@pytest.mark.parametrize("geometry", ["linear", "fan"])
@pytest.mark.parametrize("lesions", [0, 1, 3, 8])
def test_labels_are_the_lesions_asked_for(lesions, geometry):
    for seed in range(6):
        labels = phantoms.make(np.random.default_rng(seed), 96, 128, lesions, geometry).labels
        assert np.array_equal(np.unique(labels), np.arange(lesions + 1))


def test_the_number_of_lesions_is_drawn_from_none_to_three_and_is_mostly_one():
    scenes = [phantoms.describe(np.random.default_rng(seed)) for seed in range(200)]
    counts = np.bincount([len(scene.structures) for scene in scenes], minlength=4)
    assert len(counts) == 4
    assert counts.all()
    assert counts[1] > 0.4 * counts.sum()
    assert {kind for scene in scenes for kind in (s.kind for s in scene.structures)} == {
        "benign", "hyperechoic", "cyst", "malignant", "vessel", "nerve", "root",
    }  # fmt: skip
    assert {bool(scene.view.radius_mm) for scene in scenes} == {True, False}


def test_a_label_is_the_ellipse_that_was_described():
    labels = rendered(scene_with(LESION))[1]
    rows, columns = np.mgrid[:256, :256]
    x, z = (columns - 127.5) * VIEW.spacing_mm, (rows + 0.5) * VIEW.spacing_mm
    ellipse = (x / 6) ** 2 + ((z - 14) / 4) ** 2 < 1
    assert np.mean((labels == 1) != ellipse) < 0.001


@pytest.mark.parametrize(("contrast_db", "darker"), [(-15.0, True), (-40.0, True), (8.0, False)])
def test_a_lesion_differs_from_its_surroundings_by_its_contrast(contrast_db, darker):
    image, labels = rendered(scene_with(replace(LESION, contrast_db=contrast_db)))
    inside, beside = image[labels == 1].mean(), image[60:120, 10:60].mean()
    assert (inside < beside) == darker
    assert abs(inside - beside) > 0.8 * 255 * min(abs(contrast_db), 20) / MACHINE.dynamic_range_db


def test_drawn_lesions_can_be_seen():
    contrasts = []
    for seed in range(40):
        phantom = phantoms.make(np.random.default_rng(seed), 128, 160, lesions=1, geometry="linear")
        inside = phantom.labels == 1
        rows, columns = np.nonzero(inside)
        box = np.s_[max(rows.min() - 4, 0) : rows.max() + 5, max(columns.min() - 8, 0) : columns.max() + 9]
        around = phantom.image[box][~inside[box]]
        contrasts.append(abs(phantom.image[inside].mean() - around.mean()))
    assert np.median(contrasts) > 15
    assert np.mean(np.array(contrasts) > 4) > 0.85


def test_speckle_is_wider_across_than_along_the_beam_and_widens_with_depth():
    image, _ = rendered(scene_with())
    near, far = image[10:90, 20:-20], image[166:246, 20:-20]
    assert correlation_width(near, 1) > 1.2 * correlation_width(near, 0)
    assert correlation_width(far, 1) > 1.4 * correlation_width(near, 1)


def test_speckle_of_one_look_is_rayleigh_and_looks_make_it_smoother():
    """Log-compressed Rayleigh speckle has a standard deviation of 5.57 dB (Dutt and Greenleaf 1996)."""
    to_db = MACHINE.dynamic_range_db / 255
    one, three = (rendered(scene_with(looks=looks))[0][60:200].std() * to_db for looks in (1, 3))
    assert one == pytest.approx(5.57, abs=1.0)
    assert three < 0.75 * one


@pytest.mark.parametrize(("absorption", "sign"), [(2.0, -1), (-1.2, 1)])
def test_a_shadow_is_darker_and_an_enhancement_brighter_than_beside(absorption, sign):
    below, beside = behind(rendered(scene_with(replace(LESION, absorption_db_per_mm=absorption)))[0])
    assert sign * (below - beside) > 15
    plain, plain_beside = behind(rendered(scene_with(LESION))[0])
    assert abs(plain - plain_beside) < 10


def test_loss_over_depth_darkens_the_bottom():
    image, _ = rendered(scene_with(slope_db=30))
    assert image[:40].mean() > image[-40:].mean() + 50


def test_a_fan_is_black_outside_and_not_inside():
    for seed in range(5):
        phantom = phantoms.make(np.random.default_rng(seed), 128, 160, lesions=1, geometry="fan")
        corners = phantom.image[-6:, :6], phantom.image[-6:, -6:]
        assert not np.any(corners)
        assert phantom.image[20:90, 70:90].mean() > 5


def test_marks_are_burnt_in_and_cut_off_at_the_border():
    text = marks.Text(-3, 40, 2, "RT 9:00")
    image = marks.burn(np.zeros((64, 64), np.uint8), (text, marks.Calliper(20, 20, 70, 20)))
    assert image[20, 20] == image[20, 24] == 235
    assert image[40:54].any()
    assert not image[56:].any()


def test_every_word_that_may_be_burnt_in_has_its_letters():
    assert set("".join(choose.WORDS)) <= set(marks.LETTERS)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (dict(height=63), "63 x 512"),
        (dict(width=0), "at least 64"),
        (dict(lesions=-1), "-1 lesions"),
        (dict(lesions=9), "0 to 8"),
        (dict(geometry="curved"), "linear, fan"),
    ],
)
def test_what_cannot_be_made_is_refused_with_the_rule(arguments, words):
    with pytest.raises(ValueError, match=words):
        phantoms.make(np.random.default_rng(0), **arguments)


def test_a_small_frame_is_made_in_a_fraction_of_a_second():
    start = process_time()
    for seed in range(5):
        phantoms.make(np.random.default_rng(seed), 256, 256)
    assert (process_time() - start) / 5 < 0.5
