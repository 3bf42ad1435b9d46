"""Everything mode: the grid, the filters, duplicates, and files of all that was found."""

from types import SimpleNamespace

import numpy as np
import pytest
import SimpleITK
from PIL import Image

import samca
from samca.__main__ import main
from samca.config import ModelConfig, with_settings
from samca.datasets import Dataset
from samca.evaluation.evaluate import Skipped, check_protocol, evaluate
from samca.interaction.everything import (
    Criteria,
    Found,
    everything,
    grid,
    labels_of,
    stability,
    without_duplicates,
)
from samca.prompts import Click


class Squares:
    """Finds the square under a click: one surely, one unstably, one doubtfully, and nothing elsewhere."""

    config = SimpleNamespace(image_size=64, fit="squash", sure_iou=0.88, sure_stability=0.95, depth=1)

    def embed(self, pixels):
        return pixels[..., 0]

    def predict(self, features, prompts, previous):
        click = prompts.clicks[0]
        grey = features[int(click.y), int(click.x)]
        same = features[::4, ::4] == grey
        height, iou = {200: (5.0, 0.95), 150: (0.5, 0.95), 100: (5.0, 0.5)}.get(int(grey), (-5.0, 0.99))
        return np.where(same & (height > 0), height, -5.0).astype(np.float32), iou


@pytest.fixture
def image():
    pixels = np.zeros((64, 64), np.uint8)
    pixels[4:28, 4:28], pixels[36:60, 4:28], pixels[4:28, 36:60] = 200, 150, 100
    return pixels


def square(x, y, side, iou=1.0):
    mask = np.zeros((20, 20), bool)
    mask[y : y + side, x : x + side] = True
    return Found(mask, Click(x, y), iou, 1.0)


class InMemory:
    """A case that was never on disk."""

    id, source, group, spacing_mm = "squares", "made up", "a", None

    def __init__(self, image, *targets):
        self._image, self._targets = image, targets

    def pixels(self):
        return self._image

    def targets(self):
        return list(self._targets)


def test_the_best_of_all_masks_counts_for_each_target(image):
    near = image == 200
    near[4:16] = False
    case = InMemory(image, near, image == 100)
    sets = [Dataset("set", (case,))]
    good, missed = evaluate(Squares(), sets, clicks=(1,), seeds=1, user="everything")
    assert good.scores["dice"] == pytest.approx(100 * 2 / 3, abs=1)  # of a mask twice as large
    assert image[good.clicks[0].pixel] == 200
    assert good.scores["predicted_iou"] == 95
    assert missed.scores["dice"] == 0  # found, and not believed in; the other mask is no answer to it
    assert isinstance(
        next(evaluate(Squares(), [Dataset("set", (InMemory(image),))], (1,), 1, 0, "everything")), Skipped
    )


@pytest.mark.parametrize("protocol", [((1, 3), 1, 0), ((1,), 5, 0), ((1,), 1, 20)])
def test_everything_is_asked_once(protocol):
    with pytest.raises(ValueError, match="the user everything draws nothing"):
        check_protocol(*protocol, "everything")


def test_clicks_lie_in_the_middles_of_equal_cells():
    assert [(c.x, c.y) for c in grid(10, 20, 2)] == [(4.5, 2), (14.5, 2), (4.5, 7), (14.5, 7)]
    assert all(c.positive for c in grid(10, 20, 2))


def test_stability_is_the_overlap_of_a_higher_and_a_lower_threshold():
    assert stability(np.array([[5, 5], [0.5, -5]])) == pytest.approx(2 / 3)
    assert stability(np.array([[-5.0]])) == 0


def test_only_sure_and_stable_masks_are_kept_once(image):
    (found,) = everything(Squares(), image, Criteria(side=8))
    assert (found.mask ^ (image == 200)).mean() < 0.02
    assert image[round(found.click.y), round(found.click.x)] == 200
    assert len(everything(Squares(), image, Criteria(side=8, stability=0))) == 2
    assert len(everything(Squares(), image, Criteria(side=8, stability=0, iou=0.4))) == 3


def test_how_sure_is_enough_is_the_models_own_unless_it_is_said(image, monkeypatch):
    monkeypatch.setattr(Squares, "config", SimpleNamespace(**vars(Squares.config) | {"sure_iou": 0.4}))
    assert len(everything(Squares(), image, Criteria(side=8))) == 2
    assert len(everything(Squares(), image, Criteria(side=8, iou=0.9))) == 1
    published = with_settings(ModelConfig(), "model", {"sure_iou": 0.88, "sure_stability": 0.95})
    assert Criteria().of(published) == Criteria(iou=0.88, stability=0.95)
    assert Criteria(stability=0.5).of(ModelConfig()) == Criteria(iou=ModelConfig().sure_iou, stability=0.5)


def test_of_masks_that_overlap_the_surest_stays():
    found = [square(0, 0, 10, 0.8), square(0, 1, 10, 0.9), square(10, 10, 8, 0.7), square(0, 5, 10, 0.6)]
    assert [f.iou for f in without_duplicates(found, 0.7)] == [0.9, 0.7, 0.6]


def test_where_things_lie_in_each_other_the_smaller_is_seen():
    labels = labels_of([square(0, 0, 10), square(2, 2, 3)], (20, 20))
    assert (labels[3, 3], labels[8, 8], labels[15, 15]) == (2, 1, 0)


@pytest.mark.parametrize(
    ("settings", "message"),
    [({"side": 0}, "0 clicks along a side"), ({"iou": 1.5}, "iou 1.5: expected 0 to 1")],
)
def test_wrong_criteria_are_refused(settings, message):
    with pytest.raises(ValueError, match=message):
        Criteria(**settings)


def test_the_command_writes_all_things_as_numbers_and_as_segments(image, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(samca, "load", lambda source, **_options: Squares())
    picture = tmp_path / "frame.png"
    Image.fromarray(image).save(picture)
    words = ["segment", str(picture), "--everything", "--grid", "8", "--stability", "0", "--out"]
    assert main([*words, str(tmp_path / "all.png")]) == 0
    assert "2 things" in capsys.readouterr().out
    numbers = np.asarray(Image.open(tmp_path / "all.png"))
    assert set(np.unique(numbers)) == {0, 1, 2}
    assert main([*words, str(tmp_path / "all.seg.nrrd")]) == 0
    written = SimpleITK.ReadImage(str(tmp_path / "all.seg.nrrd"))
    assert np.array_equal(SimpleITK.GetArrayFromImage(written)[0], numbers)
    assert written.GetMetaData("Segment1_LabelValue") == "2"
    assert written.GetMetaData("Segment0_Color") != written.GetMetaData("Segment1_Color")
    assert main([*words, str(tmp_path / "all.png"), "--click", "1,1"]) == 2
    assert "leave out what points at one, as --click" in capsys.readouterr().err
