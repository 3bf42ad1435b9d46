"""COCO: polygons and both kinds of runs, as pycocotools fills them; categories, splits, damaged tables."""

import json
import re

import numpy as np
import pytest
from pycocotools import mask as reference

from dataset_files import HEIGHT, WIDTH, ids, only_problem, picture, save
from samca import datasets
from samca.datasets.drawn import Drawn
from samca.datasets.runs import filled, packed, runs_of, unpacked

SQUARE = [2.0, 3.0, 10.0, 3.0, 10.0, 9.0, 2.0, 9.0]
DISC = (np.arange(HEIGHT)[:, None] - 8) ** 2 + (np.arange(WIDTH)[None] - 15) ** 2 < 20
PACKED = {"size": [HEIGHT, WIDTH], "counts": packed(runs_of(DISC))}
PLAIN = {"size": [HEIGHT, WIDTH], "counts": runs_of(DISC)}


def blobs(seed: int) -> np.ndarray:
    """(H, W) bool, both random; sometimes with its first pixel inside."""
    rng = np.random.default_rng(seed)
    return rng.random(rng.integers(1, 30, 2)) < rng.random()


def table(*segmentations, categories=((1, "nerve"), (2, "vessel")), **image) -> dict:
    """One image with these annotations, of the categories in turn."""
    of = [categories[place % len(categories)][0] for place in range(len(segmentations))]
    return {
        "images": [{"id": 7, "file_name": "a.png", "width": WIDTH, "height": HEIGHT, **image}],
        "annotations": [
            {"id": n, "image_id": 7, "category_id": category, "segmentation": segmentation, "iscrowd": 0}
            for n, (category, segmentation) in enumerate(zip(of, segmentations, strict=True), start=1)
        ],
        "categories": [{"id": number, "name": name} for number, name in categories],
    }


@pytest.fixture
def write(tmp_path):
    """`write(table)` puts it where COCO has it, with one image; returns the folder."""

    def written(content: dict, name: str = "annotations/instances_train2017.json", image="images/a.png"):
        save(tmp_path / image, picture())
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(json.dumps(content))
        return tmp_path

    return written


@pytest.mark.parametrize("seed", range(8))
def test_runs_are_packed_and_unpacked_as_pycocotools_does(seed):
    mask = blobs(seed)
    theirs = reference.encode(np.asfortranarray(mask.astype(np.uint8)))["counts"].decode()
    assert packed(runs_of(mask)) == theirs
    np.testing.assert_array_equal(filled(unpacked(theirs), *mask.shape), mask)


@pytest.mark.parametrize("shift", [0, 0.5, 3.25])
def test_a_polygon_is_filled_as_pycocotools_does(shift):
    corners = np.array([[1, 1], [19, 3], [22, 12], [9, 14], [4, 9.5]]) + shift
    ours = Drawn(1, (tuple(map(tuple, corners)),)).mask(HEIGHT, WIDTH)
    theirs = reference.decode(reference.frPyObjects([corners.ravel().tolist()], HEIGHT, WIDTH))[..., 0] > 0
    assert (ours ^ theirs).sum() < 0.05 * ours.sum(), "on slanting sides it rounds to a fifth of a pixel"
    assert ours.sum() > 100


def test_each_annotation_is_a_target_with_the_name_of_its_category(write):
    (case,) = datasets.checked(write(table([SQUARE], PACKED, PLAIN))).cases
    square, *discs = case.targets()
    expected = np.zeros((HEIGHT, WIDTH), bool)
    expected[3:9, 2:10] = True
    np.testing.assert_array_equal(square, expected)
    for disc in discs:
        np.testing.assert_array_equal(disc, DISC)
    assert [value for value, _target in case.objects()] == [1, 2, 1]
    assert [case.kind_of(target) for target in (square, discs[0])] == ["nerve", "vessel"]
    assert {value: mask.sum() for value, mask in case.structures().items()} == {
        1: (expected | DISC).sum(),
        2: DISC.sum(),
    }
    assert case.split == "train"
    np.testing.assert_array_equal(case.mask(), expected | DISC)


def test_parts_of_one_annotation_are_one_target(write):
    (case,) = datasets.checked(write(table([SQUARE, [12, 1, 14, 1, 14, 4, 12, 4]]))).cases
    (target,) = case.targets()
    assert target.sum() == 48 + 6


def test_an_image_without_annotations_has_no_truth(write):
    (case,) = datasets.checked(write(table())).cases
    assert not case.has_truth
    assert case.targets() == []


def test_what_images_say_of_themselves_is_taken(write):
    about = {"group": "g1", "loop": "l2", "source": "clinic", "class": "benign", "spacing_mm": [0.1, 0.2]}
    (case,) = datasets.checked(write(table([SQUARE], **about))).cases
    assert (case.group, case.loop, case.source, case.spacing_mm) == ("g1", "l2", "clinic", (0.1, 0.2))


@pytest.mark.parametrize(
    ("name", "image", "split"),
    [
        ("annotations/instances_val2017.json", "val2017/a.png", "val"),
        ("annotations/instances_all.json", "a.png", ""),
        ("valid/_annotations.coco.json", "valid/a.png", "val"),
        ("_annotations.coco.json", "images/a.png", ""),
    ],
)
def test_images_and_splits_are_found_where_programs_put_them(write, name, image, split):
    dataset = datasets.checked(write(table([SQUARE]), name, image))
    assert ids(dataset) == ["a"]
    assert dataset.cases[0].split == split


def test_categories_from_0_are_counted_from_1(write):
    (case,) = datasets.checked(write(table([SQUARE], PLAIN, categories=((0, "a"), (5, "b"))))).cases
    assert dict(case.names) == {1: "a", 2: "b"}
    assert sorted(case.structures()) == [1, 2]


def test_other_json_beside_images_and_masks_is_no_coco(tmp_path):
    save(tmp_path / "images/a.png", picture())
    save(tmp_path / "masks/a.png", 255 * DISC.astype(np.uint8))
    (tmp_path / "annotations").mkdir()
    (tmp_path / "annotations/notes.json").write_text('{"images": "none"}')
    assert datasets.checked(tmp_path).cases[0].masks


DAMAGED = {
    "a box alone": (table([]), "no outline"),
    "two corners": (table([[1, 1, 2, 2]]), "a list of 6"),
    "x without y": (table([[*SQUARE, 1.0]]), "x and y in turn"),
    "text": (table([["a"] * 6]), "expected a number"),
    "another image's runs": (table({"size": [3, 3], "counts": [0, 9]}), "runs of pixels for 3 x 3 px"),
    "runs too short": (table({"size": [HEIGHT, WIDTH], "counts": [1, 2]}), "runs of 3 px: expected 384"),
    "runs of no kind": (table({"size": [HEIGHT, WIDTH], "counts": "\x01"}), "no part of packed runs"),
    "runs that break off": (table({"size": [HEIGHT, WIDTH], "counts": "P"}), "break off"),
    "outside": (table([[900, 900, 910, 900, 910, 910]]), "outside the image"),
    "no image": (table([SQUARE], file_name="b.png"), r"no image b\.png"),
    "another folder": (table([SQUARE], file_name="../a.png"), "within the folder"),
    "no category": (table([SQUARE]) | {"categories": []}, "the id of a category"),
    "of another image": (table([SQUARE], id=8), "image 7, which is not listed"),
}


@pytest.mark.parametrize("name", DAMAGED)
def test_what_is_damaged_is_one_problem_that_names_it(write, name):
    content, expected = DAMAGED[name]
    sentence = only_problem(write(content))
    assert re.search(expected, sentence), sentence
    assert "\n" not in sentence


def test_categories_that_contradict_each_other_are_a_problem(write):
    write(table([SQUARE]))
    folder = write(table([SQUARE], categories=((1, "vessel"),)), "annotations/instances_val.json")
    assert any("'vessel' here and 'nerve'" in problem for problem in datasets.read(folder).problems)
