"""`samca raters`: tables, a sheet and a consensus of folders of masks; a model is a rater."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from samca import spreadsheets
from samca.__main__ import main
from samca.images import frames, masks

REAL = Path(__file__).parents[3].parent / "shared/data/usgra/val"


@pytest.fixture
def raters(tmp_path):
    """Folders one and two with masks of a and b, and the images beside them."""
    for rater, shift in (("one", 0), ("two", 3)):
        for name in "ab":
            mask = np.zeros((40, 50), np.uint8)
            mask[10:30, 10 + shift : 30 + shift] = 255
            (tmp_path / rater).mkdir(exist_ok=True)
            Image.fromarray(mask).save(tmp_path / rater / f"{name}.png")
            (tmp_path / "images").mkdir(exist_ok=True)
            Image.fromarray(mask // 2).save(tmp_path / "images" / f"{name}.png")
    return [str(tmp_path / "one"), str(tmp_path / "two")]


def test_the_table_says_how_far_raters_agree(raters, capsys):
    assert main(["raters", *raters]) == 0
    line = capsys.readouterr().out.splitlines()[1]
    assert line.startswith("one - two  px  2      85.00±0.00")


def test_all_files_are_there_with_a_consensus(raters, tmp_path, capsys):
    out = tmp_path / "out"
    words = ["--images", str(tmp_path / "images"), "--consensus", "majority", "--out", str(out)]
    assert main(["raters", *raters, "--name", "A", "--name", "B", *words]) == 0
    assert {path.name for path in out.iterdir()} == {
        "raters.csv", "summary.csv", "consensus.csv", "worst.png", "problems.txt", "consensus",
    }  # fmt: skip
    _, rows = spreadsheets.read(out / "raters.csv")
    assert [(row["case"], row["one"], row["dice"]) for row in rows] == [
        ("a", "A", "85.0"),
        ("b", "A", "85.0"),
    ]
    assert {path.name for path in (out / "consensus").iterdir()} == {"a.seg.nrrd", "b.seg.nrrd"}
    assert main(["raters", raters[0], str(out / "consensus")]) == 0


def test_a_model_is_a_rater(raters, tmp_path, capsys):
    frame = frames.read(tmp_path / "images" / "a.png")
    (tmp_path / "model").mkdir()
    masks.write_mask(tmp_path / "model" / "a.seg.nrrd", np.asarray(frame.pixels > 0), frame)
    assert main(["raters", raters[1], str(tmp_path / "model")]) == 1
    said = capsys.readouterr()
    assert "two - model  px  1      100.00" in said.out
    assert said.err == "b: no mask by model\n"


@pytest.mark.parametrize(
    ("more", "says"),
    [
        (["--consensus", "staple"], "--consensus staple needs --out"),
        (["--name", "A"], "2 folders, names A: give each its own --name"),
        (["--images", "none"], "none is not a folder"),
    ],
)
def test_what_does_not_fit_is_one_sentence(raters, capsys, more, says):
    assert main(["raters", *raters, *more]) == 2
    assert says in (said := capsys.readouterr().err)
    assert said.count("\n") == 1


def test_one_folder_cases_of_other_names_and_an_input_as_output_are_refused(raters, tmp_path, capsys):
    assert main(["raters", raters[0]]) == 2
    assert "give those of two raters or more" in capsys.readouterr().err
    assert main(["raters", *raters, "--out", raters[1]]) == 2
    assert "is what is read as" in capsys.readouterr().err
    other = tmp_path / "other"
    other.mkdir()
    (tmp_path / "one" / "a.png").rename(other / "z.png")
    assert main(["raters", raters[1], str(other)]) == 2
    assert "no case has masks of two raters" in capsys.readouterr().err


def test_folders_of_one_name_are_told_apart_by_their_paths(raters, tmp_path, capsys):
    for rater in ("one", "two"):
        (tmp_path / rater / "masks").mkdir()
        for name in "ab":
            (tmp_path / rater / f"{name}.png").rename(tmp_path / rater / "masks" / f"{name}.png")
    assert main(["raters", *(f"{folder}/masks" for folder in raters)]) == 0
    assert f"{raters[0]}/masks - {raters[1]}/masks" in capsys.readouterr().out


@pytest.mark.skipif(not REAL.is_dir(), reason="the data are kept apart")
def test_a_rater_agrees_with_themselves_on_real_nerves_and_vessels(capsys):
    folders = [str(REAL / "labels"), str(REAL / "labels")]
    assert main(["raters", *folders, "--name", "A", "--name", "B"]) == 0
    assert "100.00±0.00  0.00±0.00  0.00±0.00" in capsys.readouterr().out
