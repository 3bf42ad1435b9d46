"""Whether a model knows how good its masks are: its predicted IoU and its agreement beside the truth."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

BINS = 10  # of equal width, that the calibration error is counted in
SAID = ("predicted_iou", "agreement")  # what a model says of its mask, 0..100; agreement if it looks twice


def reliability(scores: Sequence[dict[str, float]]) -> dict[str, Any]:
    """Of single trials, each with dice, iou and what is there of SAID, all 0..100; {} if nothing is.

    {"predicted_iou": mean, "iou": mean of the true one, "calibration_error": see `calibration_error`,
    "correlation": {"predicted_iou": {"pearson": r, "spearman": rho}, "agreement": ...}}: correlations are
    with Dice, None where one side does not vary.
    """
    if not scores or "predicted_iou" not in scores[0]:
        return {}
    columns = {
        name: np.array([s[name] for s in scores]) for name in ("dice", "iou", *SAID) if name in scores[0]
    }
    return {
        "predicted_iou": float(columns["predicted_iou"].mean()),
        "iou": float(columns["iou"].mean()),
        "calibration_error": calibration_error(columns["predicted_iou"], columns["iou"]),
        "correlation": {n: correlation(columns[n], columns["dice"]) for n in SAID if n in columns},
    }


def calibration_error(predicted: np.ndarray, true: np.ndarray) -> float:
    """Expected calibration error of (n,) values in 0..100 (Guo et al., ICML 2017): how far the mean of a
    bin's predictions lies from the mean of its truth, on average over the predictions."""
    bins = np.clip(predicted * BINS / 100, 0, BINS - 1).astype(int)
    gaps = [abs((predicted - true)[bins == number].sum()) for number in range(BINS)]
    return float(sum(gaps) / len(predicted))


def correlation(one: np.ndarray, other: np.ndarray) -> dict[str, float | None]:
    """Pearson's and Spearman's coefficient of (n,) values, -1..1; ties get their mean rank."""
    from scipy.stats import rankdata

    return {"pearson": _pearson(one, other), "spearman": _pearson(rankdata(one), rankdata(other))}


def _pearson(one: np.ndarray, other: np.ndarray) -> float | None:
    if np.ptp(one) == 0 or np.ptp(other) == 0:
        return None
    return float(np.corrcoef(one, other)[0, 1])
