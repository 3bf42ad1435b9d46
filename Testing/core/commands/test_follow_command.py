"""`samca follow`: clicks in some frames of a loop, the object in all of them, and where it was lost."""

import csv
from types import SimpleNamespace

import numpy as np
import pytest
import SimpleITK as sitk
from PIL import Image

import samca
from samca.__main__ import main
from samca.commands.follow import read_loop
from samca.prompts import tag


class Follower:
    """A model that finds all that is bright where it was clicked on that."""

    config = SimpleNamespace(
        image_size=64, fit="squash", feedback="none", zoom=0.0, mirror=False, tidy=False, depth=1
    )

    def embed(self, pixels):
        return pixels[..., 0] > 128

    def predict(self, bright, prompts, previous):
        hit = any(bright[int(c.y), int(c.x)] for c in prompts.clicks if c.positive)
        return np.where(bright & hit, 5.0, -5.0).astype(np.float32), 0.8


@pytest.fixture(autouse=True)
def follower(monkeypatch):
    monkeypatch.setattr(samca, "load", lambda source, **_options: Follower())


def square(at):
    """A bright square whose left side is in this column; none if that is None."""
    pixels = np.full((64, 64), 40, np.uint8)
    if at is not None:
        pixels[20:40, at : at + 20] = 220
    return pixels


def volume(path, *places, spacing=(0.5, 0.5, 1.0)):
    image = sitk.GetImageFromArray(np.stack([square(at) for at in places]))
    image.SetSpacing(spacing)
    sitk.WriteImage(image, str(path))
    return path


def pictures(folder, *places):
    folder.mkdir()
    for number, at in enumerate(places, start=8):
        Image.fromarray(square(at)).save(folder / f"frame{number}.png")
    return folder


def run(*arguments):
    return main(["follow", *map(str, arguments)])


def written(path):
    return sitk.GetArrayFromImage(sitk.ReadImage(str(path)))


def test_an_object_is_carried_through_a_volume_both_ways(tmp_path, capsys):
    loop, out = volume(tmp_path / "loop.mha", 4, 8, 12, 16, 20), tmp_path / "loop.seg.nrrd"
    assert run(loop, "--frame", 2, "--click", "20,30", "--out", out) == 0
    assert capsys.readouterr().out == f"{out}: outlined in 5 frames of 5\n"
    truth = np.stack([square(at) > 128 for at in (4, 8, 12, 16, 20)])
    assert np.array_equal(written(out) > 0, truth)
    assert sitk.ReadImage(str(out)).GetSpacing() == (0.5, 0.5, 1.0)
    tags = sitk.ReadImage(str(out)).GetMetaData("Segment0_Tags")
    assert tag.TAG in tags
    assert tags.count('"carried": true') + tags.count('"carried":true') == 4


def test_where_it_is_lost_it_ends_and_says_from_where_on(tmp_path, capsys):
    loop, out = volume(tmp_path / "loop.mha", 4, 6, None, 6, 4), tmp_path / "loop.seg.nrrd"
    assert run(loop, "--frame", 0, "--click", "10,30", "--out", out) == 0
    printed = capsys.readouterr().out
    assert "outlined in 2 frames of 5" in printed
    assert "unsure: frames 2 to 4; click there, --frame N --click x,y" in printed
    assert not written(out)[2:].any()
    assert run(loop, "--frame", 0, "--click", "10,30", "--frame", 4, "--click", "8,30", "--out", out) == 0
    assert "outlined in 4 frames of 5\nunsure: frame 2;" in capsys.readouterr().out


def test_pictures_of_a_folder_are_frames_in_the_order_of_their_numbers(tmp_path):
    folder = pictures(tmp_path / "loop", 4, 8, 12)
    assert [frame.source.stem for frame in read_loop(folder)] == ["frame8", "frame9", "frame10"]
    assert run(folder, "--click", "10,30", "--out", tmp_path / "masks") == 0
    for stem, at in (("frame8", 4), ("frame9", 8), ("frame10", 12)):
        mask = np.asarray(Image.open(tmp_path / "masks" / f"{stem}.png"))
        assert np.array_equal(mask > 0, square(at) > 128)
    assert run(folder, "--click", "10,30", "--out", tmp_path / "loop.seg.nrrd") == 0
    assert written(tmp_path / "loop.seg.nrrd").shape == (3, 64, 64)


def test_what_a_system_leaves_in_a_folder_is_no_frame(tmp_path):
    folder = pictures(tmp_path / "loop", 4, 8)
    (folder / "._frame8.png").write_bytes(b"none")
    assert len(read_loop(folder)) == 2


def test_the_table_has_the_area_of_each_frame(tmp_path):
    loop, table = volume(tmp_path / "loop.mha", 4, 6, None), tmp_path / "areas.csv"
    options = ("--click", "10,30", "--out", tmp_path / "loop.seg.nrrd", "--table", table)
    assert run(loop, *options) == 0
    rows = list(csv.DictReader(table.open()))
    assert [row["outlined"] for row in rows] == ["1", "1", "0"]
    assert [row["area_px"] for row in rows] == ["400", "400", "0"]
    assert rows[0]["area_mm2"] == "100.0"
    assert rows[0]["predicted_iou"] == "0.8"


def test_sam_2_carries_it_with_weights_from_a_folder(tmp_path, sam2_folder, capsys):
    loop, out = volume(tmp_path / "loop.mha", 4, 8, 12), tmp_path / "loop.seg.nrrd"
    options = ("--frame", 1, "--click", "20,30", "--carrier", f"sam2:{sam2_folder}", "--out", out)
    assert run(loop, *options) == 0
    assert capsys.readouterr().out == f"{out}: outlined in 3 frames of 3\n"
    assert np.array_equal(written(out)[1] > 0, square(8) > 128)


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("sam2", "carrier sam2 has no weights: name their folder, as in sam2:FOLDER"),
        ("film", "carrier 'film' is not one of deformation, mask, memory, sam2"),
    ],
)
def test_a_carrier_that_is_not_there_is_refused_before_the_loop_is_read(name, says, tmp_path, capsys):
    with pytest.raises(SystemExit):
        run(tmp_path / "nowhere.mha", "--click", "10,30", "--carrier", name, "--out", tmp_path / "out")
    assert says in capsys.readouterr().err


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ((), "nothing points at an object: give --frame N --click x,y"),
        (("--frame", 1), "nothing points at an object: give --frame N --click x,y"),
        (("--frame", 9, "--click", "10,30"), "frame 9: this loop has 2, counted from 0"),
        (("--click", "90,30"), "outside the image"),
    ],
)
def test_what_points_at_nothing_is_refused(options, says, tmp_path, capsys):
    loop = volume(tmp_path / "loop.mha", 4, 6)
    assert run(loop, *options, "--out", tmp_path / "out.seg.nrrd") != 0
    assert says in capsys.readouterr().err
    assert not (tmp_path / "out.seg.nrrd").exists()


def test_a_single_frame_and_frames_of_two_sizes_are_no_loop(tmp_path, capsys):
    Image.fromarray(square(4)).save(tmp_path / "one.png")
    assert run(tmp_path / "one.png", "--click", "10,30", "--out", tmp_path / "out") != 0
    assert "has 1 frame: expected a loop of several" in capsys.readouterr().err
    folder = pictures(tmp_path / "loop", 4, 8)
    Image.fromarray(square(4)[:, :60]).save(folder / "frame99.png")
    assert run(folder, "--click", "10,30", "--out", tmp_path / "out") != 0
    assert "is of 60 x 64 px, the loop of 64 x 64: expected one size" in capsys.readouterr().err
