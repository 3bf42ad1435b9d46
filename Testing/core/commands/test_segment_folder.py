"""`samca segment FOLDER` on the command line: suggestions, boxes, several processes, interruptions."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from pydicom.sequence import Sequence

import samca
from dicom_pictures import picture, region, saved, smooth
from dots import Dots
from predicting import IMAGE, presence_of
from samca.__main__ import main
from samca.batch import table
from samca.batch.jobs import Answering

BOXES = "image,x0,y0,x1,y1\na,5,5,30,30\nb,8,8,40,40\nc,5,5,20,20\n"


@pytest.fixture
def folder(tmp_path):
    """Images a, b and c, and boxes.csv beside their folder."""
    images = tmp_path / "images"
    images.mkdir()
    for number, name in enumerate("abc"):
        Image.fromarray(np.roll(IMAGE, number)).save(images / f"{name}.png")
    (tmp_path / "boxes.csv").write_text(BOXES)
    return images


@pytest.fixture
def dots(monkeypatch):
    monkeypatch.setattr(samca, "load", lambda *source, **options: Dots())


def words(folder, *more, out="out"):
    return ["segment", str(folder), "--out", str(folder.parent / out), "--device", "cpu", *more]


def with_boxes(folder, *more, **options):
    return words(folder, "--boxes", str(folder.parent / "boxes.csv"), *more, **options)


def rows(folder, out="out"):
    return table.read(folder.parent / out / table.NAME)


def test_a_class_is_suggested_in_every_image(model, folder, monkeypatch, capsys):
    monkeypatch.setattr(samca, "load", lambda *source, **options: presence_of(model, 9.0))
    assert main(words(folder, "--suggest", "bar")) == 0
    assert "found.csv: 3 found" in capsys.readouterr().out
    assert {row.asked for of in rows(folder).values() for row in of} == {"suggest bar"}
    written = (folder.parent / "out" / "a.seg.nrrd").read_bytes()
    assert b"Segment0_Name:=bar" in written
    assert b'"suggestion":1' in written


def test_where_nothing_is_found_there_is_a_row_and_no_mask(model, folder, monkeypatch, capsys):
    monkeypatch.setattr(samca, "load", lambda *source, **options: presence_of(model, -9.0))
    assert main(words(folder, "--suggest", "bar")) == 0
    assert "found.csv: 3 nothing found" in capsys.readouterr().out
    assert not list((folder.parent / "out").glob("*.seg.nrrd"))
    monkeypatch.setattr(Answering, "answer", None)
    assert main(words(folder, "--suggest", "bar")) == 0


def test_a_class_is_suggested_in_each_picture_of_a_screen(model, folder, monkeypatch):
    monkeypatch.setattr(samca, "load", lambda *source, **options: presence_of(model, 9.0))
    elements = picture(smooth(0, 60, 100).astype(np.uint8))
    elements.SequenceOfUltrasoundRegions = Sequence([region(x, 10, x + 49, 59, 0.02, 0.02) for x in (0, 50)])
    shutil.rmtree(folder)
    folder.mkdir()
    saved(elements, folder / "screen.dcm")
    assert main(words(folder, "--suggest", "bar")) == 0
    assert [row.result for row in rows(folder)["screen.dcm"]] == ["found", "found"]


@pytest.mark.parametrize("word", ["cyst", "7"])
def test_a_class_that_the_model_does_not_know_is_refused_once(model, folder, monkeypatch, capsys, word):
    monkeypatch.setattr(samca, "load", lambda *source, **options: model)
    assert main(words(folder, "--suggest", word)) == 2
    said = capsys.readouterr().err
    assert all(name in said for name in ("disc", "bar", "give --boxes or --clicks"))
    assert said.count("\n") == 1


def test_a_model_that_suggests_nothing_is_refused_once(tiny_model, folder, monkeypatch, capsys):
    monkeypatch.setattr(samca, "load", lambda *source, **options: tiny_model())
    assert main(words(folder, "--suggest", "lesion")) == 2
    said = capsys.readouterr().err
    assert "this model makes no suggestion" in said
    assert "or give --boxes or --clicks" in said


def test_several_processes_find_what_one_finds(folder, base, capsys):
    model = ["--model", str(base)]
    assert main(with_boxes(folder, *model, out="one")) == 0
    assert main(with_boxes(folder, *model, "--processes", "2", out="two")) == 0
    one, two = ((folder.parent / name / table.NAME).read_text() for name in ("one", "two"))
    assert one == two


@pytest.mark.parametrize(
    "option", [("--grid", "8"), ("--iou", "0.5"), ("--stability", "0.5"), ("--outline", "1")]
)
def test_what_is_about_one_image_is_refused_for_a_folder(folder, option, capsys):
    assert main(words(folder, "--suggest", "x", *option)) == 2
    assert f"{option[0]} is about one image" in capsys.readouterr().err


def test_processes_that_cannot_load_the_model_say_why(folder, base, capsys):
    assert main(words(folder, "--suggest", "x", "--model", str(base), "--processes", "2")) == 2
    assert "makes no suggestion" in capsys.readouterr().err


WITHOUT_TORCH = """
import sys

class Lacking:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in ("torch", "safetensors", "segment_anything", "onnx"):
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)

sys.meta_path.insert(0, Lacking())
from samca.__main__ import main
sys.exit(main(sys.argv[1:]))
"""


def test_onnx_runtime_finds_what_torch_finds(folder):
    assert main(with_boxes(folder, out="torch")) == 0
    environment = {**os.environ, "PYTHONPATH": str(Path(samca.__file__).parents[1])}
    given = with_boxes(folder, out="onnx")
    given[given.index("cpu")] = "auto"
    subprocess.run([sys.executable, "-c", WITHOUT_TORCH, *given], env=environment, check=True)
    areas = [[row.area_px for (row,) in rows(folder, out).values()] for out in ("torch", "onnx")]
    assert areas[0] == pytest.approx(areas[1], rel=0.02, abs=5)


def test_an_interruption_ends_it_with_what_was_done(dots, folder, monkeypatch, capsys):
    whole = Answering.answer

    def interrupted(self, job):
        if job.name == "b.png":
            raise KeyboardInterrupt
        return whole(self, job)

    monkeypatch.setattr(Answering, "answer", interrupted)
    assert main(with_boxes(folder)) == 130
    said = capsys.readouterr()
    assert "1 found" in said.out
    assert "interrupted: the same command goes on" in said.err
    monkeypatch.setattr(Answering, "answer", whole)
    assert main(with_boxes(folder)) == 0
    assert list(rows(folder)) == ["a.png", "b.png", "c.png"]


def test_what_could_not_be_done_is_said_and_the_code_is_1(dots, folder, capsys):
    (folder / "b.png").write_bytes(b"nothing")
    assert main(with_boxes(folder)) == 1
    said = capsys.readouterr()
    assert said.err.startswith("b.png: ")
    assert "2 found, 1 not done" in said.out


def test_without_a_place_masks_lie_beside_the_images(dots, folder):
    words = ["segment", str(folder), "--boxes", str(folder.parent / "boxes.csv"), "--device", "cpu"]
    assert main(words) == 0
    assert {path.name for path in folder.glob("*.seg.nrrd")} == {"a.seg.nrrd", "b.seg.nrrd", "c.seg.nrrd"}


@pytest.mark.parametrize(
    ("more", "says"),
    [
        ([], "is a folder: give one of --suggest, --boxes and --clicks"),
        (["--suggest", "0", "--boxes", "boxes.csv"], "give one of --suggest, --boxes and --clicks"),
        (["--click", "1,1"], "--click is about one image"),
        (["--frame", "2", "--suggest", "0"], "--frame is about one image"),
        (["--suggest", "0", "--processes", "0"], "--processes 0: expected 1 to 256"),
        (["--boxes", "none.csv"], "none.csv"),
    ],
)
def test_what_does_not_fit_a_folder_is_one_sentence(dots, folder, capsys, more, says):
    assert main(words(folder, *more)) == 2
    assert says in (said := capsys.readouterr().err)
    assert said.count("\n") == 1


def test_tables_are_for_folders(dots, folder, capsys):
    assert main(["segment", str(folder / "a.png"), "--boxes", "boxes.csv", "--out", "m.png"]) == 2
    assert "--boxes points at objects in many images" in capsys.readouterr().err
    assert main(["segment", str(folder / "a.png"), "--click", "1,1"]) == 2
    assert "give --out, the file for the mask" in capsys.readouterr().err
