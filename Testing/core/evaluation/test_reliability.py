"""What a model says of its masks beside the truth, against numbers worked out by hand."""

import numpy as np
import pytest

from samca.evaluation.evaluate import Record
from samca.evaluation.reliability import calibration_error, correlation, reliability
from samca.evaluation.report import records_csv, reliability_table
from samca.evaluation.summary import Result, summary
from samca.prompts import Click


def scores(dice, iou, predicted, agreement=None):
    said = {"predicted_iou": predicted} | ({} if agreement is None else {"agreement": agreement})
    return {"dice": dice, "iou": iou} | said


def test_the_calibration_error_weighs_bins_by_what_is_in_them():
    predicted, true = np.array([71.0, 75.0, 79.0, 91.0]), np.array([81.0, 75.0, 75.0, 71.0])
    assert calibration_error(predicted, true) == pytest.approx((3 * 2 + 1 * 20) / 4)
    assert calibration_error(true, true) == 0
    assert calibration_error(np.array([100.0, 0.0]), np.array([90.0, 10.0])) == pytest.approx(10)


def test_errors_of_opposite_sign_in_one_bin_make_up_for_each_other():
    assert calibration_error(np.array([72.0, 78.0]), np.array([78.0, 72.0])) == pytest.approx(0)


def test_ranks_take_a_curved_relation_for_what_it_is():
    one = np.array([1.0, 2.0, 3.0, 4.0])
    found = correlation(one, one**5)
    assert found["spearman"] == pytest.approx(1)
    assert 0.8 < found["pearson"] < 0.95
    assert correlation(one, -one) == pytest.approx({"pearson": -1, "spearman": -1})
    tied = correlation(np.array([1.0, 1.0, 2.0]), np.array([1.0, 2.0, 3.0]))
    assert tied["spearman"] == pytest.approx(3**0.5 / 2)


def test_what_does_not_vary_correlates_with_nothing():
    assert correlation(np.ones(3), np.arange(3.0)) == {"pearson": None, "spearman": None}


def test_means_and_correlations_are_those_of_all_trials():
    found = reliability([scores(90, 80, 70, 95), scores(50, 40, 50, 80), scores(70, 60, 66, 70)])
    assert found["predicted_iou"] == pytest.approx(62)
    assert found["iou"] == pytest.approx(60)
    assert found["correlation"]["predicted_iou"]["spearman"] == pytest.approx(1)
    assert found["correlation"]["agreement"]["spearman"] == pytest.approx(0.5)


def test_one_look_has_no_agreement_and_a_silent_model_no_reliability():
    assert set(reliability([scores(90, 80, 70), scores(50, 40, 50)])["correlation"]) == {"predicted_iou"}
    assert reliability([{"dice": 3.0, "iou": 2.0}]) == {}


def records(**said):
    for number, dice in enumerate((90.0, 50.0)):
        own = {name: values[number] for name, values in said.items()}
        all_scores = {"dice": dice, "iou": dice - 10} | own
        yield Record("set", "a", number, 0, 1, (Click(1, 2),), False, all_scores)


def test_the_table_has_a_row_where_the_model_said_something():
    silent, talking = summary(records()), summary(records(predicted_iou=(70.0, 40.0)))
    assert "reliability" not in silent["clicks"]["1"]
    rows = reliability_table([Result("one", "set", silent), Result("other", "set", talking)])
    assert len(rows) == 2
    assert rows[1] == ["other", "set", "1", "60.00", "55.00", "5.00", "1.00", "1.00", "", ""]
    assert rows[0][6:] == [
        "predicted IoU, Pearson",
        "predicted IoU, Spearman",
        "agreement, Pearson",
        "agreement, Spearman",
    ]


def test_each_trial_is_written_with_what_the_model_said():
    heading, row, _ = records_csv(
        {"m": list(records(predicted_iou=(70.0, 40.0), agreement=(95.0, 90.0)))}
    ).split("\n", 2)
    assert heading.endswith(",predicted_iou,agreement")
    assert row.endswith(",70.0,95.0")
