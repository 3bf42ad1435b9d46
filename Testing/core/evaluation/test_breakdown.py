"""What targets are by class and size, and the figures of an evaluation by these."""

import csv
import io

import numpy as np
import pytest

from dataset_files import HEIGHT, WIDTH, lesion, picture, save
from samca import datasets
from samca.datasets import Dataset
from samca.evaluation import breakdown, report
from samca.evaluation.evaluate import Record, Skipped
from samca.evaluation.report_pictures import worst
from samca.evaluation.summary import Result
from samca.prompts import Click

PARTS = np.zeros((HEIGHT, WIDTH), np.uint8)
PARTS[1:3, 1:3], PARTS[8:14, 4:20], PARTS[1:4, 12:16] = 1, 1, 2


@pytest.fixture
def labelled(tmp_path):
    """A dataset of one image with two nerves and a vessel, in a folder of datasets with its tables."""
    folder = tmp_path / "limbs" / "val"
    save(folder / "images/a.png", picture())
    save(folder / "labels/a.png", PARTS)
    save(folder / "masks/a.png", (PARTS > 0) * np.uint8(255))
    (tmp_path / "splits.csv").write_text("dataset,id,class,split,group\nlimbs,a,both,val,g1\n")
    boxes = ["limbs,a,nerve,1,1,3,3", "limbs,a,nerve,4,8,20,14", "limbs,a,vessel,12,1,16,4", "limbs,b,x,?,,,"]
    (tmp_path / "structures.csv").write_text("\n".join(["dataset,id,structure,x0,y0,x1,y1", *boxes]))
    return datasets.read(folder)


def test_a_structure_has_the_class_of_its_box(labelled):
    (case,) = labelled.cases
    assert [case.kind_of(target) for target in case.targets()] == ["nerve", "nerve", "vessel"]
    assert [case.kind_of(mask) for mask in case.structures().values()] == ["nerve", "vessel"]


def test_a_structure_that_the_table_does_not_know_is_of_the_class_of_its_image(labelled):
    assert labelled.cases[0].kind_of(lesion() > 0) == "both"


def test_a_mask_has_the_class_of_its_image(tmp_path):
    for name in ("a", "b"):
        save(tmp_path / f"set/images/{name}.png", picture())
        save(tmp_path / f"set/masks/{name}.png", lesion())
    (tmp_path / "set/cases.csv").write_text("id,class\na,malignant\nb,\n")
    (tmp_path / "structures.csv").write_text("dataset,id,structure,x0,y0,x1,y1\nset,a,lesion,4,4,12,10\n")
    cases = datasets.read(tmp_path / "set").cases
    assert [case.kind_of(case.mask()) for case in cases] == ["malignant", ""]


def test_sizes_are_shares_of_the_image(labelled):
    kinds = breakdown.kinds_of(labelled, alone=False)
    assert [kinds["a", n].size for n in range(3)] == ["below 2 %", "above 8 %", "2 to 8 %"]
    assert list(breakdown.kinds_of(labelled, alone=True)) == [("a", 0), ("a", 1)]


def record(target, dice, seed=0, count=1):
    scores = {"dice": dice, "iou": dice / 2, "hd95": 7.0}
    return Record("set", "a", target, seed, count, (Click(0, 0),) * count, False, scores)


def by_kind(labelled):
    records = [record(0, 50.0), record(1, 70.0), record(2, 90.0), Skipped("set", "b")]
    return breakdown.by_kind(records, breakdown.kinds_of(labelled, alone=False))


def test_figures_are_told_by_class_and_size(labelled):
    found = by_kind(labelled)
    means = {
        by: {name: (of["targets"], of["clicks"]["1"]["dice"]["mean"]) for name, of in groups.items()}
        for by, groups in found.items()
    }
    assert means["class"] == {"nerve": (2, 60.0), "vessel": (1, 90.0)}
    assert means["size"] == {"below 2 %": (1, 50.0), "2 to 8 %": (1, 90.0), "above 8 %": (1, 70.0)}


def test_one_class_alone_is_not_told():
    kinds = {("a", 0): breakdown.Kind("", "below 2 %")}
    assert list(breakdown.by_kind([record(0, 50.0)], kinds)) == ["size"]
    assert list(breakdown.by_kind([record(0, 50.0)], kinds)["size"]) == ["below 2 %"]


def test_tables_have_a_row_for_each_kind(labelled):
    result = Result("one", "set", {"clicks": {"1": {}}, "by": by_kind(labelled)})
    heading, first, *others = report.kinds_table([result])
    assert heading == ["model", "data", "", "targets", "DSC, 1", "HD95 px, 1"]
    assert first == ["one", "set", "nerve", "2", "60.00±10.00", "7.00±0.00"]
    assert [row[2] for row in others] == ["vessel", *breakdown.SIZES]
    rows = list(csv.DictReader(io.StringIO(report.kinds_csv([result]))))
    assert [(row["by"], row["kind"]) for row in rows[:3]] == [
        ("class", "nerve"),
        ("class", "vessel"),
        ("size", "below 2 %"),
    ]
    assert (rows[0]["dice_mean"], rows[0]["dice_std"], rows[0]["clicks"]) == ("60.0", "10.0", "1")


def test_the_worst_are_the_lowest_over_all_trials_and_clicks_with_what_they_are(labelled):
    kinds = breakdown.kinds_of(labelled, alone=False)
    records = [record(0, 60.0), record(0, 30.0, count=3), record(0, 80.0, seed=1), record(0, 30.0, 1, 3)]
    records += [record(1, 40.0), record(1, 90.0, count=3), record(2, 99.0)]
    chosen = worst(records, kinds, count=2)
    assert [(label, r.target, r.seed) for label, r in chosen] == [
        ("nerve, below 2 %; mean Dice 70, 30", 0, 0),
        ("nerve, above 8 %; mean Dice 40, 90", 1, 0),
    ]


def test_classes_of_a_raw_busi_folder_are_those_of_its_folders(tmp_path):
    for name in ("benign", "malignant"):
        save(tmp_path / name / f"{name} (1).png", picture())
        save(tmp_path / name / f"{name} (1)_mask.png", lesion())
    dataset = datasets.read(tmp_path)
    kinds = breakdown.kinds_of(Dataset("busi", dataset.cases), alone=False)
    assert sorted(kind.name for kind in kinds.values()) == ["benign", "malignant"]
