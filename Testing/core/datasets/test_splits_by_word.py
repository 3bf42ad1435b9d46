"""Who trains, validates and tests, in the words of tables and folders: known or told, never silently."""

import numpy as np
import pytest

from dataset_files import ids, lesion, picture, save
from samca import datasets
from samca.datasets.split_words import split_of

KNOWN = {
    "train": ["train", "Train", " TRAINING ", "train_set", "Training Set", "entraînement", "训练集"],
    "val": ["val", "valid", "VALIDATION", "dev", "validation-set", "Validierung", "validación", "検証"],
    "test": ["test", "Test", "TESTING", "test set", "hold-out", "Testdaten", "prueba", "тест", "テスト"],
    "": ["", "  "],
    None: ["fold1", "0", "trian", "eval", "none", "testify", "both", "-"],
}  # fmt: skip


def data(folder, splits: dict[str, str], heading: str = "id,split"):
    for name in splits:
        save(folder / "images" / f"{name}.png", picture())
        save(folder / "masks" / f"{name}.png", lesion())
    rows = [f"{name},{word}" for name, word in splits.items()]
    (folder / "cases.csv").write_text("\n".join([heading, *rows]), encoding="utf-8")
    return folder


@pytest.mark.parametrize(
    ("split", "word"), [(split, word) for split, words in KNOWN.items() for word in words]
)
def test_a_word_is_known_or_not(split, word):
    assert split_of(word) == split


@pytest.mark.parametrize("heading", ["id,split", "ID,Split", "Id, SPLIT "])
def test_the_words_of_a_table_are_known_in_any_case_and_nobody_trains_on_a_test(tmp_path, heading):
    words = {"a": "Training", "b": "TRAIN", "c": "Validation", "d": "Test set", "e": "testing"}
    dataset = datasets.checked(data(tmp_path, words, heading))
    train, val = datasets.divided(dataset.cases, 0.5, 0)
    assert (set(map(str, ids_of(train))), ids_of(val)) == ({"a", "b"}, ["c"])


def ids_of(cases) -> list[str]:
    return [case.id for case in cases]


def test_without_validation_cases_tests_are_left_alone_all_the_same(tmp_path):
    words = dict.fromkeys("abcd", "train") | {"t": "Test", "u": "test"}
    dataset = datasets.checked(data(tmp_path, words))
    parts = datasets.divided(dataset.cases, 0.5, 0)
    assert {case.id for part in parts for case in part} == set("abcd")


def test_a_word_that_is_not_known_is_told_and_its_case_is_no_case(tmp_path):
    dataset = datasets.read(data(tmp_path, {"a": "train", "b": "val", "c": "trian"}))
    assert ids(dataset) == ["a", "b"]
    assert dataset.problems == (
        f"{tmp_path / 'cases.csv'}: id 'c': split 'trian' is not known: write train, val or test, or leave "
        "it empty",
    )


@pytest.mark.parametrize("heading", ["id,set", "id,Partition", "id,usage"])
def test_a_column_under_another_name_that_tells_who_tests_is_told(tmp_path, heading):
    (problem,) = datasets.read(data(tmp_path, {"a": "Train", "b": "Test"}, heading)).problems
    assert "says Test, Train: call it split, or remove it" in problem
    other = data(tmp_path / "other", {"a": "left", "b": "right"}, "id,side")
    assert datasets.read(other).problems == ()


def test_a_table_in_capitals_is_read(tmp_path):
    data(tmp_path, {"a": "train", "b": "test"})
    (tmp_path / "cases.csv").rename(tmp_path / "Cases.CSV")
    assert [case.split for case in datasets.checked(tmp_path).cases] == ["train", "test"]


def test_a_table_that_contradicts_its_folder_is_told_and_a_test_stays_one(tmp_path):
    data(tmp_path / "Test", {"a": "train"})
    data(tmp_path / "train", {"b": "test"})
    dataset = datasets.read(tmp_path)
    assert sum("puts" in problem for problem in dataset.problems) == 2
    assert {case.split for case in dataset.cases} == {"test"}


@pytest.mark.parametrize("names", [("Train", "Val", "TEST"), ("training", "validation", "testing")])
@pytest.mark.parametrize("below", [True, False], ids=["split/dataset", "dataset/split"])
def test_folders_are_known_by_the_same_words_above_and_below_the_datasets(tmp_path, names, below):
    for number, name in enumerate(names):
        folder = tmp_path / name / "breast" if below else tmp_path / "breast" / name
        save(folder / "images" / f"c{number}.png", picture())
        save(folder / "masks" / f"c{number}.png", lesion())
    dataset = datasets.checked(tmp_path)
    assert {case.id: case.split for case in dataset.cases} == {"c0": "train", "c1": "val", "c2": "test"}
    assert {case.source for case in dataset.cases} == {"breast"}


def test_groups_are_one_in_both_forms_of_an_accent(tmp_path):
    data(tmp_path, {"a": "M\u00fcller", "b": "Mu\u0308ller"}, "id,group")
    assert len({case.group for case in datasets.checked(tmp_path).cases}) == 1


def test_a_collections_table_is_known_by_the_same_words(tmp_path):
    for name in "ab":
        save(tmp_path / "breast" / "images" / f"{name}.png", np.zeros((16, 24), np.uint8))
        save(tmp_path / "breast" / "masks" / f"{name}.png", lesion())
    table = "dataset,id,group,split\nbreast,a,p1,Testing\nbreast,b,p2,somewhere\n"
    (tmp_path / "splits.csv").write_text(table)
    dataset = datasets.read(tmp_path)
    assert [(case.id, case.split) for case in dataset.cases] == [("a", "test")]
    assert "id 'b': split 'somewhere' is not known" in dataset.problems[0]
