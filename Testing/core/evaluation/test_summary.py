"""Means of an evaluation against numbers worked out by hand."""

import pytest

from samca.evaluation.evaluate import Record, Skipped
from samca.evaluation.summary import Result, drop, summary
from samca.prompts import Click


def record(case, target, seed, count, dice, empty=False, given=0, **scores):
    clicks = (Click(1, 2),) * (given or count)
    return Record("set", case, target, seed, count, clicks, empty, {"dice": dice, **scores})


def test_a_target_is_the_mean_of_its_seeds_and_the_deviation_is_that_of_the_targets():
    records = [
        record("a", 0, 0, 1, 100.0, iou=100.0),
        record("a", 0, 1, 1, 60.0, iou=50.0),  # target a 0: Dice 80
        record("a", 1, 0, 1, 40.0, iou=25.0),
        record("a", 1, 1, 1, 40.0, iou=25.0),  # target a 1: Dice 40
        record("b", 0, 0, 1, 0.0, empty=True, iou=0.0),
        record("b", 0, 1, 1, 0.0, empty=True, iou=0.0),  # target b 0: Dice 0
    ]
    found = summary(records)
    assert found["clicks"]["1"]["dice"] == pytest.approx({"mean": 40, "std": (2 * 40**2 / 3) ** 0.5})
    assert found["clicks"]["1"]["iou"]["mean"] == pytest.approx((75 + 25 + 0) / 3)
    assert found["clicks"]["1"]["empty"] == 2
    assert (found["targets"], found["images"], found["seeds"]) == (3, 2, 2)


def test_images_without_target_are_counted_and_change_no_mean():
    records = [record("a", 0, 0, 1, 50.0, iou=40.0)]
    with_skipped = summary([*records, Skipped("set", "n1"), Skipped("set", "n2")])
    assert with_skipped == {**summary(records), "without_target": 2}
    assert summary(records)["without_target"] == 0


def test_only_counts_that_were_asked_for_are_in_the_table():
    asked = [record("a", 0, 0, 1, 50.0, iou=40.0), record("a", 0, 0, 3, 70.0, iou=60.0)]
    records = [asked[0], record("a", 0, 0, 2, 60.0), asked[1]]
    assert list(summary(records)["clicks"]) == ["1", "3"]


def test_the_clicks_of_a_stage_are_counted():
    stages = [record("a", 0, 0, 1, 50.0, iou=1.0), record("a", 0, 0, 2, 50.0, given=4, iou=1.0)]
    stages += [record("b", 0, 0, 1, 50.0, iou=1.0), record("b", 0, 0, 2, 50.0, given=7, iou=1.0)]
    found = summary(stages)["clicks"]
    assert found["2"]["given"] == 5.5
    assert "given" not in found["1"]


def test_distances_in_mm_are_averaged_over_the_targets_that_have_them():
    records = [record("a", 0, 0, 1, 50.0, iou=1.0, hd_mm=3.0), record("b", 0, 0, 1, 50.0, iou=1.0)]
    assert summary(records)["clicks"]["1"]["hd_mm"] == {"mean": 3, "std": 0}
    assert "hd95_mm" not in summary(records)["clicks"]["1"]


def test_clicks_needed_count_the_limit_where_the_goal_is_never_reached():
    def trial(case, seed, *dice):
        return [record(case, 0, seed, n, d, iou=1.0) for n, d in enumerate(dice, start=1)]

    records = [*trial("a", 0, 50, 81, 86, 70), *trial("a", 1, 90, 90, 90, 90), *trial("b", 0, 10, 20, 30, 40)]
    found = summary(records, curve=4)
    assert found["noc"]["80"] == pytest.approx({"mean": (1.5 + 4) / 2, "std": 1.25, "failed": 1})
    assert found["noc"]["85"]["mean"] == pytest.approx((2 + 4) / 2)
    assert found["noc"]["90"] == pytest.approx({"mean": (2.5 + 4) / 2, "std": 0.75, "failed": 2})
    assert found["curve"] == pytest.approx([(70 + 10) / 2, (85.5 + 20) / 2, (88 + 30) / 2, (80 + 40) / 2])


def test_the_curve_ends_where_it_was_asked_to():
    records = [record("a", 0, 0, n, d, iou=1.0) for n, d in enumerate((50, 60, 95), start=1)]
    found = summary(records, curve=2)
    assert len(found["curve"]) == 2
    assert found["noc"]["80"] == {"mean": 2, "std": 0, "failed": 1}


def test_nothing_to_average_is_refused():
    with pytest.raises(ValueError, match="no target"):
        summary([Skipped("set", "n1")])


def test_the_drop_is_what_is_lost_from_the_first_dataset():
    def result(model, data, dice, **more):
        return Result(model, data, {"clicks": {"1": {"dice": {"mean": dice, "std": 0.0}, **more}}})

    results = [
        result("one", "seen", 80.0, hd_mm={"mean": 1.0, "std": 0.0}),
        result("one", "unseen", 70.5),
        result("other", "seen", 60.0),
        result("other", "unseen", 65.0),
    ]
    assert [drop(r, results, "1", "dice") for r in results] == [None, 9.5, None, -5.0]
    assert drop(results[1], results, "1", "hd_mm") is None
