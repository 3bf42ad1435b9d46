"""Training and validation parts and folds never separate a group."""

from collections import defaultdict
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dataset_files import lesion, only_problem, picture, save
from samca import datasets
from samca.datasets import Case


def cases_of(groups: list[tuple[int, int]]) -> list[Case]:
    """One case for each (source, group)."""
    return [
        Case(str(i), Path(f"{i}.png"), f"g{group}", source=f"s{source}")
        for i, (source, group) in enumerate(groups)
    ]


def groups_in(cases) -> set:
    return {(case.source, case.group) for case in cases}


GROUPS = st.lists(st.tuples(st.integers(0, 2), st.integers(0, 9)), min_size=2, max_size=80).filter(
    lambda groups: len(set(groups)) > 1
)


@given(GROUPS, st.floats(0.01, 0.99), st.integers(0, 99))
def test_a_split_separates_no_group_loses_no_case_and_leaves_no_part_empty(groups, fraction, seed):
    cases = cases_of(groups)
    train, val = datasets.split_by_group(cases, fraction, seed)
    assert train
    assert val
    assert not groups_in(train) & groups_in(val)
    assert sorted(case.id for case in train + val) == sorted(case.id for case in cases)
    assert (train, val) == datasets.split_by_group(cases, fraction, seed)


@given(GROUPS, st.integers(2, 6), st.integers(0, 99))
def test_folds_separate_no_group_and_validate_on_every_case_once(groups, folds, seed):
    cases = cases_of(groups)
    if len(set(groups)) < folds:
        with pytest.raises(ValueError, match="group"):
            datasets.folds_by_group(cases, folds, seed)
        return
    parts = datasets.folds_by_group(cases, folds, seed)
    assert len(parts) == folds
    for train, val in parts:
        assert val
        assert not groups_in(train) & groups_in(val)
        assert len(train) + len(val) == len(cases)
    assert sorted(case.id for _, val in parts for case in val) == sorted(case.id for case in cases)


def test_parts_have_their_share_of_every_source():
    cases = cases_of([(0, i // 2) for i in range(100)] + [(1, i) for i in range(40)])
    for train, val in [datasets.split_by_group(cases, 0.2, 3), *datasets.folds_by_group(cases, 5, 3)]:
        shares = defaultdict(int)
        for case in val:
            shares[case.source] += 1
        assert shares == {"s0": 20, "s1": 8}
        assert len(train) == 112
    other = datasets.split_by_group(cases, 0.2, 4)
    assert other != datasets.split_by_group(cases, 0.2, 3)


def test_one_group_cannot_be_divided():
    cases = cases_of([(0, 1)] * 5)
    with pytest.raises(ValueError, match=r"5 cases in 1 group\(s\)"):
        datasets.split_by_group(cases, 0.2, 0)
    with pytest.raises(ValueError, match="between 0 and 1"):
        datasets.split_by_group(cases, 1.0, 0)
    with pytest.raises(ValueError, match="at least 2"):
        datasets.folds_by_group(cases, 1, 0)


def test_a_large_group_of_one_source_does_not_drive_another_source_out_of_its_fold():
    cases = cases_of([(0, 0)] * 6 + [(1, i) for i in range(6)])
    for _, val in datasets.folds_by_group(cases, 2, 0):
        assert sum(case.source == "s1" for case in val) == 3


TABLES = {
    "cases.csv": (
        ("id,split,set\na,,train\nb,,test\n", "'set' says test, train"),
        ("id,phase\na,train\nb,val\n", "'phase' says train, val"),
        ("id,is_test\na,0\nb,1\n", "'is_test' says 0, 1"),
        ("id,split,Split\na,test,train\nb,train,train\n", "'split' is there 2 times"),
        ("id;split\na;train\nb;test\n", "no column id in 'id;split'"),
    ),
    "splits.csv": (
        ("dataset,id,group,set\nmine,a,1,train\nmine,b,2,test\n", "'set' says test, train"),
        ("dataset,id,group,split\nMine,a,1,train\nMine,b,2,test\n", "none of its rows"),
        ("dataset,id,group,split\nmine,a.png,1,train\nmine,b.png,2,test\n", "none of its rows"),
        ("dataset,id,group,split\nmine,a,1,test\nmine,a,1,train\n", "duplicate id 'a'"),
    ),
}


@pytest.mark.parametrize(
    ("name", "text", "expected"), [(name, *rest) for name, rows in TABLES.items() for rest in rows]
)
def test_no_table_puts_a_test_case_into_training_without_a_word(tmp_path, name, text, expected):
    for seed, case in enumerate("ab"):
        save(tmp_path / f"mine/images/{case}.png", picture(seed))
        save(tmp_path / f"mine/masks/{case}.png", lesion())
    (tmp_path / "mine" / name).write_text(text)
    assert expected in " ".join(datasets.read(tmp_path / "mine").problems)


@pytest.mark.parametrize("name", ["test_fold_1", "2-Testing", "external test"])
def test_a_folder_that_may_be_for_tests_is_asked_about(tmp_path, name):
    for seed, part in enumerate(("a", name)):
        save(tmp_path / part / "images/x.png", picture(seed))
        save(tmp_path / part / "masks/x.png", lesion())
    assert "may stand for test" in only_problem(tmp_path)


def test_a_table_that_nobody_reads_is_told_of(tmp_path):
    save(tmp_path / "images/x.png", picture())
    save(tmp_path / "masks/x.png", lesion())
    (tmp_path / "cases.xlsx").write_bytes(b"PK")
    assert datasets.read(tmp_path).left_out == (f"{tmp_path}: not read: cases.xlsx",)
