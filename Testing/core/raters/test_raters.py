"""Raters beside each other: known agreements, cases that do not fit, and what they share."""

import io
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import SimpleITK
from PIL import Image

from samca.evaluation import metrics
from samca.images import masks
from samca.images.grid import Grid
from samca.measures import measure
from samca.raters import agreement
from samca.raters.agreement import Row, Summary, rows_of, summaries
from samca.raters.consensus import consensus, write
from samca.raters.reading import Case, Raters
from samca.raters.sheet import Worst

SIZE = (40, 60)


def box(x0, y0, x1, y1, size=SIZE) -> np.ndarray:
    mask = np.zeros(size, bool)
    mask[y0 : y1 + 1, x0 : x1 + 1] = True
    return mask


def png(path: Path, mask: np.ndarray) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(mask.astype(np.uint8) * 255).save(path)
    return path


def volume(path: Path, mask: np.ndarray, spacing=(0.2, 0.5, 1.0), origin=(0.0, 0.0, 0.0)) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    image = SimpleITK.GetImageFromArray(mask.astype(np.uint8))
    image.SetSpacing(spacing)
    image.SetOrigin(origin)
    SimpleITK.WriteImage(image, str(path))
    return path


@pytest.fixture
def folders(tmp_path):
    """`folders({"A": {"a": mask}, "B": ...})` are raters with a PNG for each case."""

    def make(by_rater, images=None):
        for rater, cases in by_rater.items():
            (tmp_path / rater).mkdir()
            for name, mask in cases.items():
                png(tmp_path / rater / f"{name}.png", mask)
        return Raters({rater: tmp_path / rater for rater in by_rater}, images)

    return make


def rows(raters: Raters) -> list[Row]:
    return [row for case in raters.cases() for row in rows_of(case)]


def test_two_raters_agree_as_their_masks_overlap(folders):
    one, other = box(10, 10, 29, 19), box(15, 10, 34, 19)
    (row,) = rows(folders({"A": {"a": one}, "B": {"a": other}}))
    assert (row.case, row.frame, row.one, row.other, row.unit, row.says) == ("a", 0, "A", "B", "px", "")
    assert row.dice == pytest.approx(75.0)
    assert row.hd95 == metrics.hd95(one, other) == 5
    assert row.long_axis_one == row.long_axis_other == measure(one, None).long_axis.length
    assert row.difference == 0


def test_distances_are_in_mm_where_the_size_of_a_pixel_is_known(tmp_path):
    one, other = box(10, 10, 29, 19), box(15, 10, 34, 19)
    for rater, mask in (("A", one), ("B", other)):
        volume(tmp_path / rater / "a.nii.gz", mask[None])
    (row,) = rows(Raters({"A": tmp_path / "A", "B": tmp_path / "B"}))
    assert row.unit == "mm"
    assert row.hd95 == pytest.approx(5 * 0.2)
    assert row.long_axis_one == pytest.approx(measure(one, (0.5, 0.2)).long_axis.length)


def test_masks_of_all_formats_are_of_one_case_by_their_names(tmp_path):
    mask = box(10, 10, 29, 19)
    png(tmp_path / "A" / "visit" / "a.png", mask)
    volume(tmp_path / "B" / "visit" / "a.seg.nrrd", mask[None])
    volume(tmp_path / "C" / "visit" / "a.nii.gz", mask[None])
    found = rows(Raters({name: tmp_path / name for name in "ABC"}))
    assert [(row.case, row.one, row.other) for row in found] == [
        ("visit/a", *pair) for pair in (("A", "B"), ("A", "C"), ("B", "C"))
    ]
    assert all(row.dice == 100 for row in found)


def test_a_segmentation_of_a_part_of_the_image_is_put_in_its_place(tmp_path):
    whole = box(20, 15, 39, 24)
    volume(tmp_path / "A" / "a.seg.nrrd", whole[None])
    volume(tmp_path / "B" / "a.seg.nrrd", whole[None, 10:30, 15:45], origin=(15 * 0.2, 10 * 0.5, 0.0))
    (row,) = rows(Raters({"A": tmp_path / "A", "B": tmp_path / "B"}))
    assert row.dice == 100


def test_frames_of_a_loop_that_anybody_has_outlined_are_compared(tmp_path):
    one, other = np.zeros((2, 5, *SIZE), bool)
    one[1] = one[3] = other[3] = box(5, 5, 20, 20)
    for rater, mask in (("A", one), ("B", other)):
        volume(tmp_path / rater / "loop.nrrd", mask)
    found = rows(Raters({"A": tmp_path / "A", "B": tmp_path / "B"}))
    assert [(row.frame, row.dice, row.says) for row in found] == [(1, 0, "empty by B"), (3, 100, "")]


def test_structures_are_compared_by_their_names(tmp_path):
    for rater, shift in (("A", 0), ("B", 4)):
        labels = np.zeros(SIZE, np.uint8)
        labels[box(5, 5, 14, 14)] = 1
        labels[box(30 + shift, 5, 39 + shift, 14)] = 2
        (tmp_path / rater).mkdir()
        Image.fromarray(labels).save(tmp_path / rater / "a.png")
    found = rows(Raters({"A": tmp_path / "A", "B": tmp_path / "B"}))
    assert {row.structure: round(row.dice) for row in found} == {"1": 100, "2": 60}


def test_empty_masks_are_told_and_have_no_distance(folders):
    nothing, something = np.zeros(SIZE, bool), box(5, 5, 20, 20)
    raters = folders(
        {
            "A": {"a": nothing, "b": nothing, "c": something},
            "B": {"a": nothing, "b": something, "c": something},
        }
    )
    a, b, c = rows(raters)
    assert (a.dice, a.hd95, a.difference, a.says) == (100, None, None, "empty by both")
    assert (b.dice, b.hd95, b.difference, b.says) == (0, None, None, "empty by A")
    (summary,) = summaries([a, b, c])
    assert (summary.dice.n, summary.hd95.n, summary.difference.n) == (3, 1, 1)
    assert (summary.one_empty, summary.both_empty) == (1, 1)


def test_what_does_not_fit_is_told_by_name_and_the_rest_goes_on(tmp_path, folders):
    mask = box(5, 5, 20, 20)
    small = np.zeros((10, 10), bool)
    folders({"A": dict.fromkeys("abcde", mask), "B": dict.fromkeys("bde", mask) | {"c": small}})
    (tmp_path / "B" / "d.png").write_bytes(b"nothing")
    png(tmp_path / "A" / "e.bmp", mask)
    raters = Raters({"A": tmp_path / "A", "B": tmp_path / "B"})
    assert [row.case for row in rows(raters)] == ["b"]
    told = "\n".join(raters.problems)
    assert "e: A has e.bmp and e.png: left out, keep one of them" in told
    assert "a: no mask by B" in told
    assert "c: A has 60 x 40 px in 1 frames, B has 10 x 10 px in 1 frames: left out" in told
    assert "d.png by B cannot be used" in told


def test_a_folder_without_masks_and_no_folder_are_refused(tmp_path):
    (tmp_path / "A").mkdir()
    with pytest.raises(ValueError, match="has no masks: expected files that end in"):
        Raters({"A": tmp_path / "A"})
    with pytest.raises(FileNotFoundError, match="is not a folder"):
        Raters({"A": tmp_path / "B"})


def test_limits_of_agreement_are_those_of_bland_and_altman():
    differences = (1.0, -2.0, 4.0, 3.0)
    row = Row("a", 0, "object", "A", "B", 90.0, 1.0, 10.0, 0.0, "mm")
    (summary,) = summaries([replace(row, long_axis_other=10.0 + each) for each in differences])
    deviation = np.std(differences, ddof=1)
    assert summary.difference.limits == pytest.approx((1.5 - 1.96 * deviation, 1.5 + 1.96 * deviation))
    assert agreement.table([summary]).count("to") == 1
    (alone,) = summaries([row])
    assert alone.difference.limits is None


def test_cases_in_mm_and_in_px_are_not_averaged():
    row = Row("a", 0, "object", "A", "B", 90.0, 1.0, 10.0, 12.0, "mm")
    found = summaries([row, replace(row, unit="px"), replace(row, one="A", other="C")])
    assert [(each.one, each.other, each.unit, each.dice.n) for each in found] == [
        ("A", "B", "mm", 1), ("A", "B", "px", 1), ("A", "C", "mm", 1),
    ]  # fmt: skip
    assert all(isinstance(each, Summary) for each in found)


THREE = {"A": box(10, 10, 29, 29), "B": box(12, 10, 31, 29), "C": box(11, 10, 30, 29)}


def test_a_majority_is_what_more_than_half_have(folders):
    (case,) = folders({rater: {"a": mask} for rater, mask in THREE.items()}).cases()
    shared, shares = consensus(case, "majority")
    np.testing.assert_array_equal(shared["object"][0], THREE["C"])
    assert [round(share.dice) for share in shares] == [95, 95, 100]
    two = replace(case, masks={rater: case.masks[rater] for rater in "AB"})
    np.testing.assert_array_equal(consensus(two, "majority")[0]["object"][0], THREE["A"] & THREE["B"])


def test_staple_is_simpleitks_and_believes_the_better_raters(folders):
    far = {
        "A": box(10, 10, 29, 29),
        "B": box(11, 10, 30, 29),
        "C": box(10, 11, 29, 30),
        "D": box(40, 5, 50, 30),
    }
    (case,) = folders({rater: {"a": mask} for rater, mask in far.items()}).cases()
    shared, shares = consensus(case, "staple")
    sensitive = {share.rater: share.sensitivity for share in shares}
    assert min(sensitive[rater] for rater in "ABC") > 0.8 > sensitive["D"]
    assert metrics.dice(shared["object"][0], far["A"]) > 0.9
    assert not shared["object"][0][:, 40:].any()


@pytest.mark.parametrize("by", ["staple", "majority"])
def test_raters_who_say_the_same_share_all_of_it(by):
    for name, mask in (("same", box(5, 5, 9, 9)), ("nothing", np.zeros(SIZE, bool))):
        case = Case(name, {rater: {"object": mask[None]} for rater in "AB"}, (1, *SIZE))
        shared, shares = consensus(case, by)
        np.testing.assert_array_equal(shared["object"][0], mask)
        assert [share.dice for share in shares] == [100, 100]


def test_a_consensus_is_written_where_the_masks_lie(tmp_path):
    mask = np.zeros((3, *SIZE), bool)
    mask[1] = box(5, 5, 20, 20)
    for rater in "AB":
        volume(tmp_path / rater / "sub" / "a.seg.nrrd", mask, origin=(7.0, 8.0, 9.0))
    (case,) = Raters({rater: tmp_path / rater for rater in "AB"}).cases()
    path = write(tmp_path / "out", case, consensus(case, "majority")[0])
    assert path == tmp_path / "out" / "sub" / "a.seg.nrrd"
    image = SimpleITK.ReadImage(str(path))
    np.testing.assert_array_equal(SimpleITK.GetArrayFromImage(image).astype(bool), mask)
    assert image.GetOrigin() == (7.0, 8.0, 9.0)
    assert image.GetSpacing() == pytest.approx((0.2, 0.5, 1.0))


def test_the_sheet_shows_the_cases_of_least_agreement_first(folders, tmp_path):
    one = box(5, 5, 20, 20)
    others = {"a": box(5, 5, 21, 20), "b": box(15, 5, 30, 20), "c": one}
    raters = folders({"A": dict.fromkeys("abc", one), "B": others})
    worst = Worst(list("AB"), count=2)
    for case in raters.cases():
        worst.look(case, list(rows_of(case)))
    assert [name for _, name, _ in worst._kept] == ["b, frame 0", "a, frame 0"]
    assert Image.open(io.BytesIO(worst.picture())).width > 2 * 400
    assert Worst(list("AB")).picture() is None


def test_images_say_how_large_pixels_are_and_stand_under_the_outlines(tmp_path, folders):
    mask = box(5, 5, 20, 20)
    image = np.full((1, *SIZE), 99, np.uint8)
    volume(tmp_path / "images" / "a.nrrd", image, spacing=(0.3, 0.3, 1.0))
    raters = folders({"A": {"a": mask, "b": mask}, "B": {"a": mask, "b": mask}}, tmp_path / "images")
    first, second = raters.cases()
    assert (first.spacing_mm, second.spacing_mm) == ((0.3, 0.3), None)
    assert (first.shown[0].pixels == 99).all()
    assert raters.problems == [f"b: no image in {tmp_path / 'images'}"]


def test_a_grid_that_does_not_hold_the_masks_is_not_used(tmp_path, folders):
    (case,) = folders({rater: {"a": mask} for rater, mask in THREE.items()}).cases()
    path = write(tmp_path, replace(case, grid=Grid((3, 3, 3))), consensus(case, "majority")[0])
    assert SimpleITK.ReadImage(str(path)).GetSize() == (60, 40, 1)
    assert path.name.endswith(masks.SEGMENTATION)
