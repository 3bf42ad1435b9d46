"""The command line: what demo and segment leave, and what a mistake gets."""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import SimpleITK
from PIL import Image

import samca
from samca import phantoms
from samca.__main__ import COMMANDS, main, sentence
from samca.commands.pointing_arguments import box, click, lasso, stroke
from samca.prompts import Box, Click

GRAY = np.random.default_rng(0).integers(0, 256, (48, 64), np.uint8)


@pytest.fixture
def shipped(monkeypatch, tiny_model):
    """samca.load gives a tiny model, whatever is asked for."""
    asked = []
    monkeypatch.setattr(
        samca, "load", lambda source="shipped", **_options: asked.append(source) or tiny_model().eval()
    )
    return asked


@pytest.fixture
def image(tmp_path):
    Image.fromarray(GRAY).save(tmp_path / "frame.png")
    return str(tmp_path / "frame.png")


@pytest.fixture
def truth(tmp_path):
    mask = np.zeros(GRAY.shape, np.uint8)
    mask[10:30, 20:50] = 255
    mask[40:44, 5:9] = 255
    Image.fromarray(mask).save(tmp_path / "truth.png")
    return str(tmp_path / "truth.png")


@pytest.mark.parametrize(
    ("word", "expected"),
    [
        ("3,4", Click(3, 4)),
        ("3,4,+", Click(3, 4)),
        ("3.5,4,-", Click(3.5, 4, False)),
        (" 3 , 4 ", Click(3, 4)),
    ],
)
def test_a_click_is_two_numbers_and_a_sign(word, expected):
    assert click(word) == expected


@pytest.mark.parametrize("word", ["", "3", "3,4,5", "a,b", "3,4,x", "nan,1", "inf,2", "-", ",-", "3,-"])
def test_other_words_are_no_click(word):
    with pytest.raises(argparse.ArgumentTypeError, match="is not x,y"):
        click(word)


def test_a_box_is_four_numbers():
    assert box("1,2,3,4") == Box(1, 2, 3, 4)
    for word in ("1,2,3", "3,4,1,2", "a,b,c,d", "1,1,1,1"):
        with pytest.raises(argparse.ArgumentTypeError):
            box(word)


def test_the_demo_leaves_pictures_and_one_line(tmp_path, capsys, shipped):
    assert main(["demo", "--seed", "1", "--out", str(tmp_path / "demo")]) == 0
    left = {path.name for path in (tmp_path / "demo").iterdir()}
    assert left == {"overlay.png", "mask.png", "mask.seg.nrrd", "frame.nrrd"}
    line = capsys.readouterr().out
    assert line.count("\n") == 1
    for word in ("Dice", "HD95", "mm", "encoding", "a click"):
        assert word in line


def test_what_the_demo_leaves_lies_on_the_simulated_frame(tmp_path, shipped):
    main(["demo", "--seed", "1", "--out", str(tmp_path)])
    frame, mask = (SimpleITK.ReadImage(str(tmp_path / name)) for name in ("frame.nrrd", "mask.seg.nrrd"))
    phantom = phantoms.make(np.random.default_rng(1), lesions=1)
    np.testing.assert_array_equal(SimpleITK.GetArrayFromImage(frame)[0], phantom.image)
    assert frame.GetSpacing() == pytest.approx((*phantom.spacing_mm, 1))
    assert mask.GetSpacing() == frame.GetSpacing()
    assert mask.GetSize() == frame.GetSize()


def test_the_demo_takes_an_image_and_clicks(tmp_path, capsys, image, shipped):
    assert (
        main(["demo", "--image", image, "--click", "30,20", "--click", "1,2,-", "--out", str(tmp_path / "d")])
        == 0
    )
    line = capsys.readouterr().out
    assert "2 clicks" in line
    assert "Dice" not in line


def test_the_demo_clicks_at_the_largest_part_of_a_given_truth(tmp_path, capsys, image, truth, shipped):
    assert main(["demo", "--image", image, "--truth", truth, "--out", str(tmp_path / "d")]) == 0
    assert "HD95" in (line := capsys.readouterr().out)
    assert " px," in line


def test_a_stroke_is_its_corners_and_a_sign():
    assert stroke("1,2,3,4,5,6") == Click(1, 2, True, ((3, 4), (5, 6)))
    assert stroke("1,2,3,4,-") == Click(1, 2, False, ((3, 4),))
    for word in ("", "1,2", "1,2,3", "1,2,3,4,x", "1,2,nan,4", "1,2,-"):
        with pytest.raises(argparse.ArgumentTypeError, match="is not x,y,x,y"):
            stroke(word)


def test_a_lasso_has_at_least_three_corners():
    assert lasso("1,2,3,4,5,6") == ((1, 2), (3, 4), (5, 6))
    for word in ("", "1,2,3,4", "1,2,3,4,5", "1,2,3,4,5,inf"):
        with pytest.raises(argparse.ArgumentTypeError, match="at least three corners"):
            lasso(word)


def test_segment_takes_strokes_a_lasso_and_another_outline(tmp_path, image, shipped):
    def masked(*words):
        assert main(["segment", image, *words, "--out", str(tmp_path / "mask.png")]) == 0
        return np.asarray(Image.open(tmp_path / "mask.png")) > 0

    session = samca.Session(samca.load())
    session.set_image(GRAY)
    session.lasso([(10, 10), (50, 10), (30, 40)])
    session.stroke([(20, 15), (30, 20)])
    expected = session.stroke([(5, 5), (5, 30)], positive=False)
    words = "--lasso", "10,10,50,10,30,40", "--stroke", "20,15,30,20", "--stroke", "5,5,5,30,-"
    np.testing.assert_array_equal(masked(*words), expected)
    session.clear()
    session.click(30, 20)
    np.testing.assert_array_equal(masked("--click", "30,20", "--outline", "1"), session.another())


@pytest.mark.parametrize("name", ["mask.png", "mask.seg.nrrd"])
def test_segment_writes_the_mask_of_its_prompts(tmp_path, image, shipped, name):
    out = tmp_path / name
    words = ["--click", "30,20", "--click", "5,5,-", "--box", "10,10,50,40", "--model", "mine.safetensors"]
    assert main(["segment", image, *words, "--out", str(out)]) == 0
    assert shipped == ["mine.safetensors"]
    session = samca.Session(samca.load())
    session.set_image(GRAY)
    session.box(10, 10, 50, 40)
    session.click(30, 20)
    expected = session.click(5, 5, False)
    np.testing.assert_array_equal(
        np.squeeze(SimpleITK.GetArrayFromImage(SimpleITK.ReadImage(str(out)))) > 0, expected
    )


FILES = {
    "damaged.png": b"NRRD0004\nbroken",
    "damaged.nrrd": b"NRRD0004\nbroken",
    "empty.png": b"",
    "text.dcm": b"not a picture",
}
MISTAKES = {
    "no frame": ["segment", "none.png", "--click", "1,1", "--out", "m.png"],
    "no prompt": ["segment", "frame.png", "--out", "m.png"],
    "mask format": ["segment", "frame.png", "--click", "1,1", "--out", "m.jpg"],
    "no folder": ["segment", "frame.png", "--click", "1,1", "--out", "none/m.png"],
    "a folder as mask": ["segment", "frame.png", "--click", "1,1", "--out", "folder.png"],
    "click outside": ["segment", "frame.png", "--click", "900,1", "--out", "m.png"],
    "click below 0": ["segment", "frame.png", "--click", "-5,1", "--out", "m.png"],
    "box outside": ["segment", "frame.png", "--box", "1,1,900,20", "--out", "m.png"],
    "stroke outside": ["segment", "frame.png", "--stroke", "1,1,900,20", "--out", "m.png"],
    "lasso outside": ["segment", "frame.png", "--lasso", "1,1,900,20,5,5", "--out", "m.png"],
    "outline of a box": ["segment", "frame.png", "--box", "1,1,9,9", "--outline", "1", "--out", "m.png"],
    "no such outline": ["segment", "frame.png", "--click", "1,1", "--outline", "9", "--out", "m.png"],
    "a folder as frame": ["segment", "folder.png", "--click", "1,1", "--out", "m.png"],
    "an empty file": ["segment", "empty.png", "--click", "1,1", "--out", "m.png"],
    "text as frame": ["segment", "text.dcm", "--click", "1,1", "--out", "m.png"],
    "out is a file": ["demo", "--image", "frame.png", "--click", "1,1", "--out", "frame.png"],
    "no such slice": ["segment", "frame.png", "--frame", "3", "--click", "1,1", "--out", "m.png"],
    "damaged": ["segment", "damaged.png", "--click", "1,1", "--out", "m.png"],
    "damaged volume": ["segment", "damaged.nrrd", "--click", "1,1", "--out", "m.png"],
    "only NaN": ["segment", "nan.nrrd", "--click", "1,1", "--out", "m.png"],
    "demo without click": ["demo", "--image", "frame.png"],
    "truth of another size": ["demo", "--image", "frame.png", "--truth", "small.png"],
    "truth without image": ["demo", "--truth", "frame.png"],
    "seed below 0": ["demo", "--seed", "-1"],
}


@pytest.mark.parametrize("words", MISTAKES.values(), ids=MISTAKES)
def test_a_mistake_is_one_sentence_and_code_2(tmp_path, monkeypatch, capfd, image, shipped, words):
    monkeypatch.chdir(tmp_path)
    Image.fromarray(GRAY[:9, :9]).save("small.png")
    SimpleITK.WriteImage(SimpleITK.GetImageFromArray(np.full((8, 8), np.nan)), "nan.nrrd")
    (tmp_path / "folder.png").mkdir()
    for name, content in FILES.items():
        (tmp_path / name).write_bytes(content)
    before = sorted(path.name for path in tmp_path.iterdir())
    assert main(words) == 2
    said = capfd.readouterr()
    assert said.out == ""
    assert said.err.startswith(f"samca {words[0]}: ")
    assert said.err.count("\n") == 1
    assert "Errno" not in said.err
    assert sorted(path.name for path in tmp_path.iterdir()) == before


def test_too_little_memory_is_put_in_words(tmp_path, monkeypatch, capfd, image):
    def load(*_source, **_options):
        raise MemoryError("Unable to allocate 40.0 GiB")

    monkeypatch.setattr(samca, "load", load)
    assert main(["segment", image, "--click", "3,3", "--out", str(tmp_path / "m.png")]) == 2
    said = capfd.readouterr().err
    assert said.startswith("samca segment: there is not enough memory (Unable to allocate 40.0 GiB)")
    assert said.count("\n") == 1


def test_what_the_operating_system_says_is_put_in_words(tmp_path):
    with pytest.raises(OSError, match="Errno") as caught:
        (tmp_path / "none" / "file").open()
    said = sentence(caught.value)
    assert said.startswith(f"{tmp_path / 'none' / 'file'} cannot be used (No such file or directory): give")
    assert sentence(FileNotFoundError("our own words")) == "our own words"


@pytest.mark.parametrize(
    "words", [[], ["nonsense"], ["segment"], ["demo", "--click", "a,b"], ["demo", "--clock"]]
)
def test_a_mistake_in_the_words_is_one_sentence_and_code_2(words, capsys):
    with pytest.raises(SystemExit) as end:
        main(words)
    assert end.value.code == 2
    assert capsys.readouterr().err.count("\n") == 1


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_says_what_it_takes(name, capsys):
    with pytest.raises(SystemExit) as end:
        main([name, "--help"])
    assert end.value.code == 0
    assert COMMANDS[name][1][1:] in " ".join(capsys.readouterr().out.split())


def test_help_does_not_wait_for_torch():
    program = (
        "import atexit, sys, samca.__main__ as m; atexit.register(lambda: print('torch' in sys.modules))"
    )
    environment = {**os.environ, "PYTHONPATH": str(Path(samca.__file__).parents[1])}
    words = [sys.executable, "-c", f"{program}; m.main(['demo', '--help'])"]
    said = subprocess.run(words, env=environment, capture_output=True, text=True, check=True).stdout
    assert said.splitlines()[-1] == "False"
