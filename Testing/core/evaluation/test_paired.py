"""Differences between models, paired by target, with errors over groups: by numbers done by hand."""

import math

import numpy as np
import pytest

from samca.evaluation.evaluate import Record
from samca.evaluation.paired import difference, per_target, standard_error
from samca.prompts import Click


def record(case, dice, target=0, seed=0, count=1):
    return Record("set", case, target, seed, count, (Click(0, 0),) * count, False, {"dice": dice})


def group_of(target):
    return target[1][0]  # cases a1, a2 are of group a


def test_a_difference_is_that_of_each_target_and_not_of_all():
    ours = [record("a1", 80), record("b1", 50), record("c1", 99)]
    theirs = [record("b1", 40), record("a1", 76)]
    found = difference(ours, theirs, group_of, 1)
    assert (found.mean, found.targets, found.groups) == (7.0, 2, 2)
    assert found.standard_error == pytest.approx(3.0)  # of 4 and 10: sqrt(2 * 3 ** 2) / 2 * sqrt(2)


def test_targets_of_one_group_count_as_one_where_they_agree():
    apart = [record(f"{group}1", dice) for group, dice in zip("abcd", (1, 3, 5, 7), strict=True)]
    twice = [*apart, *(record(f"{group}2", dice) for group, dice in zip("abcd", (1, 3, 5, 7), strict=True))]
    nothing = [record(f"{group}{n}", 0) for group in "abcd" for n in "12"]
    one, other = (difference(given, nothing, group_of, 1) for given in (apart, twice))
    assert one.standard_error == pytest.approx(np.std([1, 3, 5, 7], ddof=1) / 2)
    assert other.standard_error == pytest.approx(one.standard_error)
    assert (other.targets, other.groups) == (8, 4)


def test_trials_and_trainings_of_a_target_are_averaged_first():
    ours = [record("a1", dice, seed=seed) for seed, dice in enumerate((60, 70))] + [record("b1", 10)]
    theirs = [record("a1", 60), record("b1", 10)]
    assert difference(ours, theirs, group_of, 1).mean == 2.5
    assert per_target(ours, 1, "dice") == {("set", "a1", 0): 65.0, ("set", "b1", 0): 10.0}


def test_only_the_clicks_that_were_asked_for_are_compared():
    ours, theirs = (
        [record("a1", 50), record("a1", 90, count=3)],
        [record("a1", 40), record("a1", 85, count=3)],
    )
    assert [difference(ours, theirs, group_of, count).mean for count in (1, 3)] == [10, 5]
    with pytest.raises(ValueError, match="no target has dice after 5 clicks in both"):
        difference(ours, theirs, group_of, 5)


def test_a_single_group_says_nothing_of_others():
    values = {("set", "a1", 0): 1.0, ("set", "a2", 0): 2.0}
    assert math.isnan(standard_error(values, group_of))
    assert standard_error({**values, ("set", "b1", 0): 3.0}, group_of) > 0
