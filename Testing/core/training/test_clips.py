"""Clips to train a memory on: object in the first frame, truth that moves as the picture does, seeds."""

import numpy as np
import pytest
import torch
from PIL import Image

from samca import datasets
from samca.commands import phantoms
from samca.training import clips
from samca.training.clips import Clips


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("loops")
    list(phantoms.write_loops(folder / "filmed", 2, 5, 64, 0))
    list(phantoms.write_frames(folder / "single", 3, 64, 0))
    return folder


def cases(folder, *names):
    return [case for name in names for case in datasets.checked(folder / name).cases]


def test_a_clip_has_frames_of_one_size_and_its_object_in_the_first(folder):
    drawing = Clips(cases(folder, "filmed", "single"), 5, 32)
    for seed in range(12):
        frames, masks = drawing.draw(np.random.default_rng(seed))
        assert frames.shape == masks.shape == (5, 32, 32)
        assert frames.dtype == masks.dtype == torch.float32
        assert 0 <= frames.min() <= frames.max() <= 255
        assert 0 <= masks.min() <= masks.max() <= 1
        assert (masks[0] > 0.5).any()


def test_a_seed_gives_the_same_clip(folder):
    drawing = Clips(cases(folder, "single"), 4, 32)
    one, two, other = (drawing.draw(np.random.default_rng(seed)).frames for seed in (1, 1, 2))
    assert torch.equal(one, two)
    assert not torch.equal(one, other)


def test_truth_moves_with_the_picture():
    target = np.zeros((40, 60), bool)
    target[10:22, 20:40] = True
    image = torch.from_numpy(np.where(target, 200, 0).astype(np.float32))
    rng, box = np.random.default_rng(3), (0.0, 0.0, 60.0, 40.0)
    course = clips.chosen(6, clips._place(target, box), rng)._replace(shadow=None, fading=np.zeros(6))
    frames, masks = clips.drawn(image, torch.from_numpy(target), image, box, course, 48, rng)
    for frame, mask in zip(frames, masks, strict=True):
        bright, inside = frame > 70, mask > 0.5
        assert (bright & inside).sum() * 2 >= 0.85 * (bright.sum() + inside.sum())
    assert (masks[:4] > 0.5).any()


def test_an_object_leaves_to_every_side():
    rng, place = np.random.default_rng(0), np.array([0.4, 0.3, 0.6, 0.5])
    ways = np.array([clips._away(place, rng) for _ in range(40)])
    moved = place + ways[:, [0, 1, 0, 1]]
    assert ((moved[:, 2] <= 0) | (moved[:, 0] >= 1) | (moved[:, 3] <= 0) | (moved[:, 1] >= 1)).all()
    assert len(np.unique(ways.round(3), axis=0)) == 4


def test_images_without_truth_are_refused():
    with pytest.raises(ValueError, match="none of 0 images has a truth"):
        Clips([], 4, 32)


def test_images_whose_objects_are_too_small_are_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(clips, "TRIES", 5)
    truth = np.zeros((40, 60), np.uint8)
    truth[3:6, 4:8] = 255
    for name in ("images", "masks"):
        (tmp_path / name).mkdir()
        Image.fromarray(truth).save(tmp_path / name / "small.png")
    drawn = Clips(datasets.checked(tmp_path).cases, 4, 32)
    with pytest.raises(ValueError, match=r"no object of 60 px or more in 5 draws from 1 images: give larger"):
        drawn.draw(np.random.default_rng(0))
