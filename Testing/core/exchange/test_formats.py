"""Datasets as other programs read them: the same targets, classes, splits and groups, and nothing else."""

import json
import shutil

import numpy as np
import pytest
from PIL import Image, PngImagePlugin
from pycocotools.coco import COCO

from dataset_files import HEIGHT, WIDTH, lesion, picture, save
from samca import datasets, exchange
from samca.exchange import FORMATS, converted, converting
from samca.prompts.polygons import inside

SECRET = "Jane Doe"
HOLE = lesion(6, 6, 16, 15)
HOLE[9:12, 9:12] = 0
LABELS = {  # two nerves and a vessel with a hole; a vessel; a nerve that meets itself at a corner
    "a": (lesion(1, 1, 4, 4) + lesion(18, 1, 23, 5)) // 255 * 3 + HOLE // 255 * 5,
    "b": lesion() // 255 * 5,
    "c": (lesion(3, 3, 6, 6) | lesion(6, 6, 9, 9)) // 255 * 3,
    "d": lesion(8, 8, 20, 15) // 255 * 5,
}
ROWS = [
    ("id", "group", "loop", "split", "spacing_x_mm", "spacing_y_mm"),
    ("a", SECRET, f"{SECRET} left", "train", "0.1", "0.2"),
    ("b", SECRET, f"{SECRET} left", "train", "0.1", "0.2"),
    ("c", "John", "x", "val", "", ""),
    ("d", "Jim", "y", "test", "", ""),
]


@pytest.fixture
def folder(tmp_path):
    """A dataset of our own with labels, groups that are names of persons, and splits."""
    for number, (name, labels) in enumerate(LABELS.items()):
        place = tmp_path / "data" / "images" / f"{name}.png"
        place.parent.mkdir(parents=True, exist_ok=True)
        about = PngImagePlugin.PngInfo()
        about.add_text("Patient", SECRET)
        Image.fromarray(picture(number)).save(place, pnginfo=about)
        save(tmp_path / "data" / "masks" / f"{name}.png", (labels > 0).astype(np.uint8) * 255)
        save(tmp_path / "data" / "labels" / f"{name}.png", labels.astype(np.uint8))
    (tmp_path / "data" / "labels.csv").write_text("value,name\n3,nerve\n5,vessel\n")
    (tmp_path / "data" / "cases.csv").write_text("".join(",".join(row) + "\n" for row in ROWS))
    return tmp_path / "data"


@pytest.fixture
def write(folder, tmp_path):
    """`write(format)` -> the folder it was written to."""

    def written(form: str, of=None):
        out = tmp_path / f"out-{form}"
        converted(datasets.checked(of or folder), form, out)
        return out

    return written


def files(folder) -> set[str]:
    return {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}


def objects(case) -> list[tuple[str, bytes]]:
    """Class and pixels of each target."""
    names = dict(case.names)
    return sorted((names.get(value, case.kind), mask.tobytes()) for value, mask in case.objects())


@pytest.mark.parametrize("form", ["coco", "coco-rle", "png"])
def test_what_is_read_again_has_the_same_targets_classes_splits_and_groups(folder, write, form):
    before = {case.id: case for case in datasets.checked(folder).cases}
    after = {case.id: case for case in datasets.checked(write(form)).cases}
    assert after.keys() == before.keys()
    for name, case in after.items():
        assert objects(case) == objects(before[name]), name
        assert case.split == before[name].split
        assert case.spacing_mm == before[name].spacing_mm
        np.testing.assert_array_equal(case.pixels(), before[name].pixels())
    assert len({case.group for case in after.values()}) == 3
    assert after["a"].group == after["b"].group
    assert after["a"].loop == after["b"].loop


@pytest.mark.parametrize("form", ["coco", "coco-rle"])
def test_pycocotools_reads_what_we_write(folder, write, form):
    coco = COCO(write(form) / "annotations" / "instances_train.json")
    cases = {case.id: case for case in datasets.checked(folder).cases}
    assert [category["name"] for category in coco.loadCats(coco.getCatIds())] == ["nerve", "vessel"]
    for image in coco.loadImgs(coco.getImgIds()):
        annotations = coco.loadAnns(coco.getAnnIds(image["id"]))
        targets = cases[image["file_name"].removesuffix(".png")].targets()
        assert len(annotations) == len(targets) > 0
        for annotation, target in zip(annotations, targets, strict=True):
            np.testing.assert_array_equal(coco.annToMask(annotation), target)
            assert annotation["area"] == target.sum()
            x, y, width, height = annotation["bbox"]
            assert target[y : y + height, x : x + width].sum() == target.sum()


def test_of_an_object_with_a_hole_coco_has_runs_and_of_others_polygons(write):
    table = json.loads((write("coco") / "annotations" / "instances_train.json").read_text())
    kinds = {type(annotation["segmentation"]) for annotation in table["annotations"]}
    assert kinds == {list, dict}


def test_yolo_has_a_polygon_an_object_in_folders_of_the_splits(folder, write):
    out = write("yolo")
    assert {name for name in files(out) if name.startswith("labels")} == {
        "labels/train/a.txt",
        "labels/train/b.txt",
        "labels/val/c.txt",
        "labels/test/d.txt",
    }
    cases = {case.id: case for case in datasets.checked(folder).cases}
    for path in (out / "labels").rglob("*.txt"):
        lines, targets = path.read_text().splitlines(), cases[path.stem].targets()
        for line, target in zip(lines, targets, strict=True):
            number, *shares = line.split()
            corners = np.reshape(np.array(shares, float), (-1, 2)) * (WIDTH, HEIGHT) - 0.5
            np.testing.assert_array_equal(inside(list(map(tuple, corners)), HEIGHT, WIDTH), target)
            assert ["nerve", "vessel"][int(number)] == cases[path.stem].kind_of(target)
    places = "train: images/train\nval: images/val\ntest: images/test\n"
    assert (out / "data.yaml").read_text() == places + 'names:\n  0: "nerve"\n  1: "vessel"\n'


def test_nnunet_has_labels_from_1_its_table_and_the_split(folder, write):
    out = write("nnunet")
    about = json.loads((out / "dataset.json").read_text())
    assert about == {
        "channel_names": {"0": "ultrasound"},
        "labels": {"background": 0, "nerve": 1, "vessel": 2},
        "numTraining": 3,
        "file_ending": ".png",
    }
    assert {"imagesTr/a_0000.png", "labelsTr/a.png", "imagesTs/d_0000.png", "labelsTs/d.png"} <= files(out)
    for case in datasets.checked(folder).cases:
        place = "Ts" if case.split == "test" else "Tr"
        labels = np.asarray(Image.open(out / f"labels{place}" / f"{case.id}.png"))
        image = np.asarray(Image.open(out / f"images{place}" / f"{case.id}_0000.png"))
        expected = sum(number * (LABELS[case.id] == value) for number, value in ((1, 3), (2, 5)))
        np.testing.assert_array_equal(labels, expected)
        assert image.shape == labels.shape
    folds = json.loads((out / "splits_final.json").read_text())
    assert folds == [{"train": ["a", "b"], "val": ["c"]}]


def test_without_a_split_nobody_is_on_both_sides(folder, write):
    table = (folder / "cases.csv").read_text()
    for word in ("train", "val", "test"):
        table = table.replace(f",{word},", ",,")
    (folder / "cases.csv").write_text(table)
    for fold in json.loads((write("nnunet") / "splits_final.json").read_text()):
        assert sorted(fold["train"] + fold["val"]) == ["a", "b", "c", "d"]
        assert ("a" in fold["val"]) == ("b" in fold["val"])
    out = write("yolo")
    places = {path.stem: path.parent.name for path in (out / "labels").rglob("*.txt")}
    assert places["a"] == places["b"]
    assert set(places.values()) == {"train", "val"}
    assert {case.split for case in datasets.checked(write("coco")).cases} == {""}


@pytest.mark.parametrize("form", FORMATS)
def test_no_name_path_or_date_is_taken_along(write, tmp_path, form):
    out = write(form)
    assert files(out)
    for path in out.rglob("*"):
        content = path.read_bytes() if path.is_file() else b""
        for word in (SECRET, "John", "Jim", str(tmp_path)):
            assert word.encode() not in content, path
            assert word not in path.relative_to(out).as_posix()
        if path.suffix == ".png":
            assert Image.open(path).info == {}


@pytest.mark.parametrize("form", FORMATS)
def test_images_without_truth_and_masks_without_names_are_written(tmp_path, form):
    for number, name in enumerate(("m", "n", "o")):
        save(tmp_path / "set" / "train" / "images" / f"{name}.png", picture(number))
        save(tmp_path / "set" / "train" / "masks" / f"{name}.png", lesion())
        save(tmp_path / "normal" / "train" / "images" / f"{name}.png", picture(number + 5))
    said = converted(datasets.checked(tmp_path), form, tmp_path / "out")
    names = {path.stem.removesuffix("_0000") for path in (tmp_path / "out").rglob("*.png")}
    assert {"set_m", "set_n", "set_o"} <= names, "two sources have the same ids"
    if form == "png":
        assert "Left out: 3 cases without truth" in said
    else:
        assert {"normal_m", "normal_n", "normal_o"} <= names


def test_kinds_of_whole_images_are_classes(tmp_path):
    for kind in ("benign", "malignant"):
        save(tmp_path / "busi" / kind / f"{kind} (1).png", picture())
        save(tmp_path / "busi" / kind / f"{kind} (1)_mask.png", lesion())
    converted(datasets.checked(tmp_path / "busi"), "coco", tmp_path / "out")
    cases = datasets.checked(tmp_path / "out").cases
    assert [case.kind_of(case.targets()[0]) for case in cases] == ["benign", "malignant"]


# What is wrong


@pytest.mark.parametrize("form", FORMATS)
def test_one_that_is_closed_before_its_end_or_fails_leaves_nothing(folder, tmp_path, form, monkeypatch):
    data = datasets.checked(folder)
    before = files(tmp_path)
    steps = converting(data, form, tmp_path / "deep" / "out")
    assert [next(steps).done for _ in range(3)] == [0, 1, 2]
    steps.close()
    shutil.move(folder / "images" / "c.png", tmp_path / "c.png")
    with pytest.raises(ValueError, match=r"c\.png"):
        converted(data, form, tmp_path / "deep" / "out")
    shutil.move(tmp_path / "c.png", folder / "images" / "c.png")
    assert files(tmp_path) == before
    assert not (tmp_path / "deep" / "out").exists()


def test_a_folder_that_is_there_another_format_and_no_cases_are_refused(folder, tmp_path):
    data = datasets.checked(folder)
    with pytest.raises(FileExistsError, match="is there already: give the name of a folder"):
        converted(data, "coco", folder)
    with pytest.raises(ValueError, match="format 'voc' is not one of coco, coco-rle"):
        converted(data, "voc", tmp_path / "out")
    with pytest.raises(ValueError, match="has no cases"):
        converted(datasets.Dataset("none", ()), "coco", tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_every_format_names_its_folder_after_the_dataset():
    assert {form.FOLDER.format(name="arm") for form in exchange.FORMATS.values()} == {
        "arm-coco", "arm-coco-rle", "arm-yolo", "Dataset501_arm", "arm-png",
    }  # fmt: skip
