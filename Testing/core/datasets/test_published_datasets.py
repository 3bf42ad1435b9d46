"""Each published layout, written small, and what can be missing in it."""

import json
from pathlib import Path

import numpy as np
import pytest

from dataset_files import HEIGHT, WIDTH, ids, lesion, only_problem, picture, save
from samca import datasets


def test_busi_unites_the_masks_of_an_image_and_takes_normal_ones_without(tmp_path):
    save(tmp_path / "benign/benign (1).png", np.stack([picture()] * 3, -1))
    save(tmp_path / "benign/benign (1)_mask.png", lesion(1, 1, 3, 3))
    save(tmp_path / "benign/benign (1)_mask_1.png", lesion(10, 10, 12, 12))
    save(tmp_path / "malignant/malignant (1).png", picture())
    save(tmp_path / "malignant/malignant (1)_mask.png", lesion())
    save(tmp_path / "normal/normal (1).png", picture())
    save(tmp_path / "normal/normal (1)_mask.png", lesion() * 0)
    dataset = datasets.checked(tmp_path)
    assert ids(dataset) == ["benign (1)", "malignant (1)", "normal (1)"]
    assert dataset.cases[0].pixels().shape == (HEIGHT, WIDTH, 3)
    assert [int(case.mask().sum()) for case in dataset.cases] == [8, 48, 0]
    assert [case.has_truth for case in dataset.cases] == [True, True, False]


def test_busi_names_images_without_masks_and_masks_without_images(tmp_path):
    save(tmp_path / "benign/benign (1).png", picture())
    save(tmp_path / "benign/benign (2)_mask.png", lesion())
    lost, alone = sorted(datasets.read(tmp_path).problems)
    assert "benign (1).png: no mask" in lost
    assert "benign (2)_mask.png: no image" in alone


@pytest.fixture
def tn3k(tmp_path):
    for part, count in (("trainval", 3), ("test", 2)):
        for number in range(count):
            save(tmp_path / f"{part}-image/{number:04d}.jpg", picture(number))
            save(tmp_path / f"{part}-mask/{number:04d}.jpg", lesion())
    (tmp_path / "tn3k-trainval-fold0.json").write_text(json.dumps({"train": [0, 2], "val": [1]}))
    return tmp_path


def test_tn3k_has_the_authors_split_and_thresholds_jpeg_masks(tn3k):
    dataset = datasets.checked(tn3k)
    assert {case.id: case.split for case in dataset.cases} == {
        "trainval_0000": "train",
        "trainval_0001": "val",
        "trainval_0002": "train",
        "test_0000": "test",
        "test_0001": "test",
    }
    assert np.array_equal(dataset.cases[0].mask(), lesion() > 0)


@pytest.mark.parametrize("content", ["{", "[]", '{"val": ["x"]}', '{"val": 3}', '{"val": [99]}'])
def test_tn3k_names_a_damaged_split(tn3k, content):
    (tn3k / "tn3k-trainval-fold0.json").write_text(content)
    assert "tn3k-trainval-fold0.json" in only_problem(tn3k)
    assert len(datasets.read(tn3k).cases) == 5


@pytest.fixture
def tg3k(tmp_path):
    for number in range(4):
        save(tmp_path / f"thyroid-image/{number:04d}.jpg", picture(number))
        save(tmp_path / f"thyroid-mask/{number:04d}.jpg", lesion())
    (tmp_path / "tg3k-trainval.json").write_text(json.dumps({"train": [3, 0, 1], "val": [2]}))
    return tmp_path


def test_tg3k_has_the_authors_split(tg3k):
    dataset = datasets.checked(tg3k)
    assert {case.id: case.split for case in dataset.cases} == {
        "0000": "train",
        "0001": "train",
        "0002": "val",
        "0003": "train",
    }
    assert np.array_equal(dataset.cases[0].mask(), lesion() > 0)
    (tg3k / "tg3k-trainval.json").unlink()
    assert {case.split for case in datasets.checked(tg3k).cases} == {""}


def test_tg3k_counts_places_in_the_order_of_the_images(tg3k):
    for folder in ("thyroid-image", "thyroid-mask"):
        (tg3k / folder / "0000.jpg").rename(tg3k / folder / "10000.jpg")
    assert [case.id for case in datasets.checked(tg3k).cases if case.split == "val"] == ["0003"]


@pytest.mark.parametrize(
    "content",
    [
        "{",
        "[]",
        '{"train": [0, 1, 2, 3]}',
        '{"train": [0, 1], "val": [2]}',
        '{"train": [0, 1, 2], "val": [2, 3]}',
    ],
)
def test_tg3k_names_a_split_that_is_damaged_or_does_not_fit_and_takes_none_of_it(tg3k, content):
    (tg3k / "tg3k-trainval.json").write_text(content)
    assert "tg3k-trainval.json" in only_problem(tg3k)
    assert {case.split for case in datasets.read(tg3k).cases} == {""}


def test_tg3k_names_a_lost_mask_and_no_image_behind_it_changes_its_split(tg3k):
    (tg3k / "thyroid-mask/0001.jpg").unlink()
    assert "0001.jpg: no mask named 0001" in only_problem(tg3k)
    assert [case.id for case in datasets.read(tg3k).cases if case.split == "val"] == ["0002"]
    (tg3k / "thyroid-image/0001.jpg").unlink()
    assert "its 4 numbers are not those from 0 to 2" in only_problem(tg3k)


def mark(image: int, *polygons: list[tuple[int, int]]) -> str:
    regions = [
        {"points": [{"x": x, "y": y} for x, y in polygon], "annotation": {}, "regionType": "freehand"}
        for polygon in polygons
    ]
    return f"<mark><image>{image}</image><svg>{json.dumps(regions)}</svg></mark>"


SQUARE, FAR_SQUARE = [(2, 2), (5, 2), (5, 5), (2, 5)], [(10, 2), (12, 2), (12, 4), (10, 4)]


def ddti_case(root: Path, number: int, *marks: str, images: int = 1) -> Path:
    for image in range(1, images + 1):
        save(root / f"{number}_{image}.jpg", np.stack([picture()] * 3, -1))
    (root / f"{number}.xml").write_text(f"<case><number>{number}</number>{''.join(marks)}</case>")
    return root


def test_ddti_fills_polygons_and_a_case_is_a_group(tmp_path):
    ddti_case(
        tmp_path, 7, mark(1, SQUARE, FAR_SQUARE), mark(2, SQUARE), images=3
    )  # the third is not annotated
    dataset = datasets.checked(tmp_path)
    assert [(case.id, case.group) for case in dataset.cases] == [("7_1", "7"), ("7_2", "7")]
    assert int(dataset.cases[0].mask().sum()) == 16 + 9
    assert dataset.cases[1].mask()[2:6, 2:6].all()


def test_ddti_reads_polygons_that_are_whole_although_the_file_breaks_off_behind_them(tmp_path):
    broken = mark(1, SQUARE).replace('pe": "freehand"}]', "")
    ddti_case(tmp_path, 197, broken)
    assert int(datasets.checked(tmp_path).cases[0].mask().sum()) == 16


@pytest.mark.parametrize(
    ("marks", "expected"),
    [
        (
            mark(1, SQUARE, FAR_SQUARE).replace('4}], "annotation": {}, "regionType": "freehand"}]', ""),
            "damaged",
        ),
        (mark(1, SQUARE).replace('"x": 2', '"x": "?"'), "damaged"),
        (mark(9, SQUARE), "no image 1_9"),
        (mark(1, [(100, 100), (110, 100), (110, 110)]), "outlines lie outside"),
        ("<mark>", "cannot be read as XML"),
    ],
)
def test_ddti_names_damaged_annotations(tmp_path, marks, expected):
    ddti_case(tmp_path, 1, marks)
    ddti_case(tmp_path, 2, mark(1, SQUARE))
    assert expected in only_problem(tmp_path)
    assert ids(datasets.read(tmp_path)) == ["2_1"]


def test_ddti_names_images_without_their_file(tmp_path):
    ddti_case(tmp_path, 2, mark(1, SQUARE))
    save(tmp_path / "3_1.jpg", picture())
    assert "3_1.jpg: no file 3.xml" in only_problem(tmp_path)


@pytest.mark.parametrize(
    ("reader", "images", "masks", "suffix"),
    [
        ("ddti", "p_image", "p_mask", "PNG"),
        ("udiat", "original", "GT", "png"),
        ("tnscui", "image", "mask", "PNG"),
    ],
)
def test_paired_layouts_are_recognised_and_their_pairs_matched(tmp_path, reader, images, masks, suffix):
    for name in ("000001", "000002"):
        save(tmp_path / images / f"{name}.{suffix}", picture())
        save(tmp_path / masks / f"{name}.{suffix}", lesion())
    dataset = datasets.checked(tmp_path)
    assert dataset == datasets.read(tmp_path, reader=reader)
    assert [(case.id, case.source) for case in dataset.cases] == [("000001", reader), ("000002", reader)]
    assert np.array_equal(dataset.cases[0].mask(), lesion() > 0)
    (tmp_path / masks / f"000001.{suffix}").unlink()
    assert f"000001.{suffix}: no mask named 000001" in only_problem(tmp_path)
