"""A folder of images gets its masks once: resumed, stopped, killed, and with whatever may be wrong in it."""

import errno
import os
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import SimpleITK
from PIL import Image

import samca
from dots import Dots
from killed import at_every_step
from samca import model_files
from samca.batch import cases, table
from samca.batch.jobs import AHEAD, Asker, _in_order
from samca.batch.run import STOP, Batch, Request
from samca.datasets import segments
from samca.files import DiskFullError
from samca.images import frames, masks
from samca.training import run_lock
from samca.worklist.entries import SUGGESTED

BOXES = "image,x0,y0,x1,y1"
COUNT = 5


class Counted(Dots):
    """The same, which says how often it was loaded."""

    loaded = 0


@pytest.fixture
def model(monkeypatch):
    """samca.load gives discs around clicks, and what boxes hold."""

    def load(*source, **options):
        Counted.loaded += 1
        return Counted()

    Counted.loaded = 0
    monkeypatch.setattr(samca, "load", load)


@pytest.fixture
def images(tmp_path):
    """A folder of images of 60 x 80 px, each another one."""
    folder = tmp_path / "images"
    folder.mkdir()
    for number in range(COUNT):
        save(folder / f"frame_{number}.png", number)
    return folder


def save(path: Path, seed: int = 0, size=(60, 80)) -> Path:
    pixels = np.random.default_rng(seed).integers(0, 255, size, dtype=np.uint8)
    Image.fromarray(pixels).save(path)
    return path


def request(images: Path, *lines: str, kind: str = "boxes", heading: str = BOXES, **options) -> Request:
    """Boxes (10, 10, 30, 40) for every image, or these rows."""
    csv = images.parent / "asked.csv"
    lines = lines or [
        f"{path.stem},10,10,30,40" for path in sorted(images.iterdir()) if path.suffix == ".png"
    ]
    csv.write_text("\n".join([heading, *lines]) + "\n")
    options = {"out": images.parent / "out"} | options
    return Request(images, asker=Asker(device="cpu"), **{kind: csv}, **options)


def done(request: Request, goes_on=lambda: True) -> Batch:
    batch = Batch(request)
    list(batch.run(goes_on))
    return batch


def results(batch: Batch) -> dict[str, list[str]]:
    return {name: [row.result for row in rows] for name, rows in batch.rows.items()}


def test_each_image_gets_its_mask_and_a_row(model, images):
    batch = done(request(images))
    assert results(batch) == {f"frame_{n}.png": ["found"] for n in range(COUNT)}
    assert batch.counts == {"found": COUNT}
    written = table.read(batch.request.folder / table.NAME)
    assert written == batch.rows
    (row,) = written["frame_3.png"]
    ((name, mask),) = segments.read(batch.request.folder / row.mask, frames.read_all(images / "frame_3.png"))
    assert (name, row.mask, row.area_px) == ("SAMCA", "frame_3.seg.nrrd", mask.sum())
    assert mask[0, 20, 20]
    assert not mask[0, 50, 70]
    assert 0 <= row.agreement <= 1
    assert row.asked == "box 10,10,30,40"
    assert row.sha256 == model_files.sha256(batch.request.folder / row.mask)


def test_masks_lie_beside_the_images_unless_they_go_elsewhere(model, images):
    batch = done(request(images, "frame_1,10,10,30,40", out=None))
    assert (images / "frame_1.seg.nrrd").is_file()
    assert batch.rows["frame_1.png"][0].mask == "frame_1.seg.nrrd"
    assert batch.notes == [f"{COUNT - 1} of {COUNT} images have no row: they are left out"]


def test_several_objects_are_one_mask_and_a_row_each(model, images):
    batch = done(request(images, "frame_0,5,5,15,15", "frame_0,50,30,70,50"))
    rows = batch.rows["frame_0.png"]
    assert [row.result for row in rows] == ["found", "found"]
    image = SimpleITK.ReadImage(str(batch.request.folder / "frame_0.seg.nrrd"))
    assert SimpleITK.GetArrayFromImage(image).sum() == sum(row.area_px for row in rows)
    assert image.GetMetaData("Segment0_Tags").count('"box"') == 2


def test_what_is_done_is_not_done_again(model, images):
    first = done(request(images))
    before = {path: path.stat().st_mtime_ns for path in first.request.folder.glob("*.seg.nrrd")}
    again = done(request(images))
    assert (again.rows, again.todo) == (first.rows, [])
    assert Counted.loaded == 1
    assert before == {path: path.stat().st_mtime_ns for path in before}


@pytest.mark.parametrize("by", ["asking", "file"])
def test_a_run_that_is_stopped_goes_on_to_what_it_would_have_been(model, images, by):
    whole = done(request(images, out=images.parent / "whole"))
    asked, first, answers = request(images), Batch(request(images)), iter((True, False))
    for progress in first.run(lambda: by == "file" or next(answers)):
        if by == "file" and progress.done == 2:
            (asked.folder / STOP).touch()
    assert len(list(asked.folder.glob("*.seg.nrrd"))) == 2
    assert first.notes == [f"stopped after 2 of {COUNT} images"]
    second = done(asked)
    assert len(second.todo) == COUNT - 2
    assert second.rows == whole.rows
    assert (asked.folder / table.NAME).read_bytes() == (whole.request.folder / table.NAME).read_bytes()


KILLED = """
import sys
from pathlib import Path
import samca
from dots import Dots
from samca.batch.jobs import Asker
from samca.batch.run import Batch, Request
samca.load = lambda *source, **options: Dots()
images = Path({images!r})
list(Batch(Request(images, images.parent / "out", Asker(device="cpu"), images.parent / "asked.csv")).run())
"""


def test_a_run_that_is_killed_at_any_step_goes_on_to_what_it_would_have_been(model, images):
    whole = done(request(images, "frame_0,5,5,15,15", "frame_1,50,30,70,50", out=images.parent / "whole"))
    out = images.parent / "out"
    code = KILLED.format(images=str(images))
    for _ in at_every_step(out, code, "import numpy, SimpleITK, scipy.ndimage, PIL.Image, samca.batch.run"):
        for path in out.glob("*.seg.nrrd"):
            SimpleITK.ReadImage(str(path))  # whole
    assert table.read(out / table.NAME) == whole.rows
    assert sorted(path.name for path in out.iterdir()) == sorted(
        path.name for path in whole.request.folder.iterdir()
    )


def test_a_mask_of_somebody_else_stays_as_it_is(model, images):
    asked = request(images)
    asked.folder.mkdir()
    theirs = asked.folder / "frame_2.seg.nrrd"
    theirs.write_bytes(b"drawn by hand")
    for _ in range(2):
        batch = done(asked)
        assert theirs.read_bytes() == b"drawn by hand"
        (row,) = batch.rows["frame_2.png"]
        assert (row.result, row.says) == ("kept", "a mask was there already")
    assert batch.counts == {"found": COUNT - 1, "kept": 1}


def test_a_mask_that_somebody_saves_meanwhile_stays(model, images):
    batch = Batch(request(images))
    theirs = batch.request.folder / "frame_4.seg.nrrd"
    for progress in batch.run():
        if progress.done == 1:
            theirs.write_bytes(b"drawn by hand")
    assert theirs.read_bytes() == b"drawn by hand"
    assert results(batch)["frame_4.png"] == ["kept"]


def test_an_image_that_cannot_be_read_is_told_and_done_once_it_can(model, images):
    (images / "frame_1.png").write_bytes(b"no picture")
    asked = request(images)
    batch = done(asked)
    assert "cannot be read as an image" in batch.rows["frame_1.png"][0].says
    assert batch.counts == {"found": COUNT - 1, "not done": 1}
    save(images / "frame_1.png")
    again = done(asked)
    assert [job.name for job in again.todo] == ["frame_1.png"]
    assert again.counts == {"found": COUNT}


def test_an_image_that_goes_meanwhile_is_told(model, images):
    batch = Batch(request(images))
    for progress in batch.run():
        if progress.done == 1:
            (images / "frame_3.png").unlink()
    assert "is not a file" in batch.rows["frame_3.png"][0].says
    assert batch.counts == {"found": COUNT - 1, "not done": 1}


@pytest.mark.parametrize(
    ("lines", "says"),
    [
        (["frame_0,10,10,900,40"], "box corner at (900.0, 40.0) is outside the image: x must be 0..79"),
        (["nobody,1,2,3,4"], "row 2: there is no image 'nobody' in the folder"),
    ],
)
def test_what_points_at_nothing_is_told_and_the_rest_goes_on(model, images, lines, says):
    batch = done(request(images, *lines, "frame_1,10,10,30,40"))
    (wrong,) = [row for rows in batch.rows.values() for row in rows if row.result == "not done"]
    assert says in wrong.says
    assert results(batch)["frame_1.png"] == ["found"]
    mended = done(request(images, "frame_0,10,10,30,40", "frame_1,10,10,30,40"))
    assert mended.counts == {"found": 2}


def test_a_frame_that_is_not_there_is_told(model, images):
    batch = done(request(images, "frame_0,10,10,30,40,3", heading=f"{BOXES},frame"))
    assert "frame 3 of" in batch.rows["frame_0.png"][0].says


def test_a_mask_is_not_done_anew_for_other_boxes_but_told_of(model, images):
    first = done(request(images, "frame_0,10,10,30,40"))
    mask = first.request.folder / "frame_0.seg.nrrd"
    before = mask.read_bytes()
    second = done(request(images, "frame_0,20,20,50,50"))
    assert mask.read_bytes() == before
    (row,) = second.rows["frame_0.png"]
    assert row.says == "was pointed at otherwise: remove frame_0.seg.nrrd to have it done anew"
    mask.unlink()
    third = done(request(images, "frame_0,20,20,50,50"))
    assert third.rows["frame_0.png"][0].asked == "box 20,20,50,50"


def test_slices_of_a_volume_are_pointed_at_by_their_frames(model, images):
    voxels = np.random.default_rng(0).integers(0, 255, (4, 60, 80), dtype=np.uint8)
    SimpleITK.WriteImage(SimpleITK.GetImageFromArray(voxels), str(images / "sweep.nrrd"))
    lines = ["sweep,10,10,30,40,1", "sweep,12,12,32,42,2"]
    batch = done(request(images, *lines, heading=f"{BOXES},frame"))
    written = SimpleITK.GetArrayFromImage(SimpleITK.ReadImage(str(batch.request.folder / "sweep.seg.nrrd")))
    assert [bool(each.any()) for each in written] == [False, True, True, False]
    assert [row.frame for row in batch.rows["sweep.nrrd"]] == [1, 2]


def test_images_that_would_share_a_mask_are_told(model, images):
    save(images / "frame_0.bmp")
    batch = done(request(images, "frame_0.bmp,10,10,30,40", "frame_0.png,10,10,30,40"))
    assert batch.counts == {"found": 1, "not done": 1}
    assert "rename one of them" in batch.rows["frame_0.png"][0].says


def test_one_run_at_a_time_works_in_a_folder(model, images, monkeypatch):
    asked = request(images)
    asked.folder.mkdir()
    monkeypatch.setattr(run_lock, "PATIENCE", 0.0)
    with run_lock.holding(asked.folder), pytest.raises(ValueError, match=f"process {os.getpid()} is working"):
        done(asked)
    assert done(asked).counts == {"found": COUNT}


def test_another_model_or_way_of_pointing_goes_on_with_what_is_left(model, images, base):
    first = done(request(images, "frame_0,10,10,30,40"))
    again = request(images, "frame_0,1,1", "frame_1,1,1", kind="clicks", heading="image,x,y")
    second = done(replace(again, asker=Asker(str(base), "cpu")))
    (old,), (new,) = second.rows["frame_0.png"], second.rows["frame_1.png"]
    assert (old.asked, old.says) == (
        "box 10,10,30,40", "was pointed at otherwise: remove frame_0.seg.nrrd to have it done anew",
    )  # fmt: skip
    assert (new.asked, new.says) == ("clicks 1,1", "")
    assert old.model == first.rows["frame_0.png"][0].model != new.model
    third = done(request(images, "frame_0,10,10,30,40"))
    assert third.rows["frame_0.png"][0].says == "", "it is what is asked again"


def test_a_full_disk_ends_the_run_and_what_was_done_stays(model, images, monkeypatch):
    written, whole = [], masks.write_slices

    def full(path, *arguments):
        if len(written) == 2:
            raise DiskFullError(errno.ENOSPC, f"{path} cannot be written, its disk is full")
        written.append(path)
        whole(path, *arguments)

    monkeypatch.setattr(masks, "write_slices", full)
    with pytest.raises(DiskFullError, match="its disk is full"):
        done(request(images))
    monkeypatch.setattr(masks, "write_slices", whole)
    again = done(request(images))
    assert len(again.todo) == COUNT - 2
    assert again.counts == {"found": COUNT}


def test_an_interruption_between_row_and_mask_leaves_no_row_without_a_mask(model, images, monkeypatch):
    whole = masks.write_slices

    def interrupted(path, *arguments):
        if path.name == "frame_2.seg.nrrd":
            arguments[-1](images / "frame_2.png")  # the row
            raise KeyboardInterrupt
        whole(path, *arguments)

    monkeypatch.setattr(masks, "write_slices", interrupted)
    batch = Batch(request(images))
    with pytest.raises(KeyboardInterrupt):
        list(batch.run())
    assert batch.counts == {"found": 2}
    assert list(table.read(batch.request.folder / table.NAME)) == ["frame_0.png", "frame_1.png"]


def test_a_folder_that_cannot_be_written_to_is_told_for_its_images_alone(model, images, monkeypatch):
    whole = masks.write_slices

    def refused(path, *arguments):
        if "frame_1" in path.name:
            raise PermissionError(errno.EACCES, "Permission denied", str(path))
        whole(path, *arguments)

    monkeypatch.setattr(masks, "write_slices", refused)
    batch = done(request(images))
    assert batch.counts == {"found": COUNT - 1, "not done": 1}
    assert batch.rows["frame_1.png"][0].says.endswith("frame_1.seg.nrrd cannot be used (Permission denied)")
    assert table.read(batch.request.folder / table.NAME) == batch.rows


def test_few_images_are_ahead_of_what_is_asked_for():
    submitted = []

    class Finished:
        def __init__(self, job):
            self.result = lambda: job

    found = _in_order(iter(range(10_000)), lambda job: submitted.append(job) or Finished(job), AHEAD * 2)
    assert [next(found) for _ in range(3)] == [0, 1, 2]
    assert len(submitted) == 2 + AHEAD * 2


def test_another_table_of_that_name_is_left_alone(model, images):
    asked = request(images)
    asked.folder.mkdir()
    (asked.folder / table.NAME).write_text("lost,and\nfound,1\n")
    with pytest.raises(ValueError, match="is another table than that of a batch"):
        done(asked)
    assert (asked.folder / table.NAME).read_text() == "lost,and\nfound,1\n"


def test_a_worklist_learns_how_sure_the_model_was_and_whose_the_outlines_are(model, images):
    batch = done(request(images, "frame_0,5,5,15,15", "frame_0,50,30,70,50", "nobody,1,2,3,4"))
    (entry,) = cases.entries_in(batch.request.folder).values()
    first, second = batch.rows["frame_0.png"]
    assert (entry.case, entry.state, entry.file, entry.sha256) == (
        "frame_0.png", SUGGESTED, "frame_0.seg.nrrd", "",
    )  # fmt: skip
    assert entry.iou == min(first.predicted_iou, second.predicted_iou)
    assert entry.agreement == min(first.agreement, second.agreement)
    assert entry.model == f"{first.model} box"


def test_what_is_no_batch_tells_a_worklist_nothing(tmp_path):
    assert cases.entries_in(tmp_path) == {}
    (tmp_path / table.NAME).write_text("lost,and\nfound,1\n")
    assert cases.entries_in(tmp_path) == {}
