"""Real images of every set, boxes from their truth: outlined in a batch, then compared as raters are."""

from pathlib import Path

import pytest

from samca import datasets
from samca.__main__ import main
from samca.batch import table
from samca.datasets import segments
from samca.images import frames
from samca.prompts.prompts import box_around

REAL = Path(__file__).parents[3].parent / "shared/data"
SETS = ("busi", "ddti", "usgra", "hc18", "psfhs", "mmotu", "dltrack")
EACH = 2  # images of a set

pytestmark = pytest.mark.skipif(not REAL.is_dir(), reason="the data are kept apart")


@pytest.fixture
def folder(tmp_path):
    """Images and the masks of experts, each in a folder of its set, and boxes.csv around the masks."""
    rows = ["image,x0,y0,x1,y1"]
    for name in SETS:
        for case in datasets.checked(REAL / name / "val").cases[:EACH]:
            for kind, path in (("images", case.image), ("expert", case.masks[0])):
                link = tmp_path / kind / name / path.name
                link.parent.mkdir(parents=True, exist_ok=True)
                link.symlink_to(path)
            box = box_around(case.targets()[0])
            rows.append(f"{name}/{case.image.name},{box.x0},{box.y0},{box.x1},{box.y1}")
    (tmp_path / "boxes.csv").write_text("\n".join(rows) + "\n")
    return tmp_path


def test_every_image_is_outlined_where_its_box_is_and_compared_with_the_expert(folder, capsys):
    images, out = folder / "images", folder / "model"
    words = ["segment", str(images), "--boxes", str(folder / "boxes.csv"), "--out", str(out)]
    assert main([*words, "--device", "cpu"]) == 0
    found = table.read(out / table.NAME)
    assert len(found) == EACH * len(SETS)
    for (row,) in found.values():
        assert row.result == "found"
        ((_, mask),) = segments.read(out / row.mask, frames.read_all(images / row.image))
        assert mask.sum() == row.area_px > 0
    assert main(["raters", str(folder / "expert"), str(out), "--images", str(images)]) == 0
    assert capsys.readouterr().out.splitlines()[-1].split()[4] == str(EACH * len(SETS))


def test_frames_of_real_dicom_loops_are_outlined_by_clicks(tmp_path):
    clicks = tmp_path / "clicks.csv"
    clicks.write_text(
        "image,x,y,positive,frame\nfodicom_DIRW0007,280,200,1,10\nfodicom_DIRW0007,300,220,1,12\n"
        "pydicom_examples_ybr_color,150,100,1,5\nfodicom_GH364,5000,300,1,0\n"
    )
    words = ["segment", str(REAL / "dicom"), "--clicks", str(clicks), "--out", str(tmp_path / "out")]
    assert main([*words, "--device", "cpu"]) == 1
    found = table.read(tmp_path / "out" / table.NAME)
    assert [row.frame for row in found["fodicom_DIRW0007.dcm"]] == [10, 12]
    assert "is outside the image" in found["fodicom_GH364.dcm"][0].says
    shown = frames.read_all(REAL / "dicom" / "fodicom_DIRW0007.dcm")
    ((_, mask),) = segments.read(tmp_path / "out" / "fodicom_DIRW0007.seg.nrrd", shown)
    assert [index for index, frame in enumerate(mask) if frame.any()] == [10, 12]
