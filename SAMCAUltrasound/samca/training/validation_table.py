"""evaluation.csv of a training run: the best weights on the run's validation cases."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from ..datasets import Case, Dataset
from ..evaluation import report
from ..evaluation.evaluate import evaluate
from ..evaluation.summary import Result, summary
from ..files import write_atomically
from ..weights import checkpoint


def write_table(
    path: Path, weights: Path, base: Path | None, cases: Sequence[Case], clicks: Sequence[int], device: str
) -> None:
    """Write the rows that `samca evaluate` writes, one for each number of clicks, from one trial a target.

    Losses and Dice of every epoch are in log.jsonl and curves.png; this is the model that the run leaves.
    """
    model = checkpoint.load(weights, base, device)
    records = evaluate(model, [Dataset("validation", tuple(cases))], sorted(clicks), seeds=1)
    result = Result(weights.stem, "validation", summary(records))
    write_atomically(path, report.results_csv([result]).encode())
