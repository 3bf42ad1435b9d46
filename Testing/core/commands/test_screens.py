"""Screens with two pictures side by side on the command line: one at a time, with its own spacing."""

import numpy as np
import pytest
import SimpleITK
from PIL import Image
from pydicom.sequence import Sequence

import samca
from dicom_pictures import picture, region, saved, smooth
from samca.__main__ import main

SCREEN = smooth(0, 60, 100).astype(np.uint8)


@pytest.fixture
def model(monkeypatch, tiny_model):
    """samca.load gives this tiny model, which finds discs by itself."""
    predictor = {"name": "single_block", "tokens": 4, "classes": ["disc"]}
    model = tiny_model({"fusion": "single", "predictor": predictor}).eval()
    monkeypatch.setattr(samca, "load", lambda *_source, **_options: model)
    return model


@pytest.fixture
def screen(tmp_path):
    elements = picture(SCREEN)
    elements.SequenceOfUltrasoundRegions = Sequence(
        [region(0, 10, 49, 59, 0.02, 0.02), region(50, 10, 99, 59, 0.05, 0.04)]
    )
    return str(saved(elements, tmp_path / "screen.dcm"))


def test_the_picture_under_the_clicks_is_all_that_the_model_sees(tmp_path, capsys, model, screen):
    out = tmp_path / "mask.seg.nrrd"
    words = ["--click", "70,30", "--click", "95,55,-", "--box", "60,20,85,45"]
    assert main(["segment", screen, *words, "--out", str(out)]) == 0
    assert "in the picture at x 50 to 99, y 10 to 59 of this screen" in capsys.readouterr().out
    session = samca.Session(model)
    session.set_image(SCREEN[10:, 50:])
    session.box(10, 10, 35, 35)
    session.click(20, 20)
    expected = np.zeros((60, 100), bool)
    expected[10:, 50:] = session.click(45, 45, False)
    written = SimpleITK.ReadImage(str(out))
    np.testing.assert_array_equal(SimpleITK.GetArrayFromImage(written)[0] > 0, expected)
    assert written.GetSpacing()[:2] == pytest.approx((0.5, 0.4))


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--click", "70,30", "--click", "20,30"], "point at one at a time"),
        (["--click", "70,30", "--click", "20,5,-"], "point at one at a time"),
        (["--box", "30,20,80,40"], "point at one at a time"),
        (["--suggest", "0"], "there are 2 pictures on this screen"),
    ],
)
def test_what_points_at_two_pictures_or_at_none_is_refused(tmp_path, capsys, model, screen, words, said):
    assert main(["segment", screen, *words, "--out", str(tmp_path / "mask.png")]) == 2
    assert said in capsys.readouterr().err
    assert not (tmp_path / "mask.png").exists()


def test_everything_is_looked_for_in_each_picture(tmp_path, model, screen):
    out = tmp_path / "all.png"
    words = ["--everything", "--grid", "2", "--iou", "0", "--stability", "0"]
    assert main(["segment", screen, *words, "--out", str(out)]) == 0
    assert np.array(Image.open(out)).shape == (60, 100)


def test_the_demo_shows_the_picture_that_is_clicked(tmp_path, model, screen):
    assert main(["demo", "--image", screen, "--click", "20,30", "--out", str(tmp_path / "demo")]) == 0
    assert np.array(Image.open(tmp_path / "demo/mask.png")).shape == (50, 50)
    written = SimpleITK.ReadImage(str(tmp_path / "demo/mask.seg.nrrd"))
    assert written.GetSpacing()[:2] == pytest.approx((0.2, 0.2))
    assert written.GetOrigin()[1] == pytest.approx(10 * 0.2)
