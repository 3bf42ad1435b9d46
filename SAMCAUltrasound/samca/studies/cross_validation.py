"""Cross-validation: the same training once for each fold of the groups, evaluated on what it has not seen."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from ..config import TrainConfig
from ..datasets import Case, Dataset
from ..evaluation.contestants import Contestant, load_contestants
from ..evaluation.evaluate import evaluate
from ..evaluation.evaluation_folder import Evaluation, Protocol
from ..training.run_folder import RunFolder
from ..training.starting_point import cases_of
from ..training.train import train

ALL = "all folds"


def runs_of(stages: Sequence[TrainConfig], folds: int) -> list[list[TrainConfig]]:
    """The runs of each fold, one for each stage: a later one goes on from what the one before it has learned.

    Each lies in a folder "fold 1", "fold 2" and so on in the `out` of its stage. The last weights are kept,
    as the best would be chosen on the cases that are reported. Raises ValueError for fewer than two folds,
    for stages that would write into one folder, and where one would learn from what the last one holds out.
    """
    if folds < 2:
        raise ValueError(f"{folds} folds: at least 2 are needed")
    if len({Path(stage.out).resolve() for stage in stages}) < len(stages):
        raise ValueError(f"out is {', '.join(stage.out for stage in stages)}: give each stage its own folder")
    runs = [_chain(stages, fold, folds) for fold in range(1, folds + 1)]
    _check(runs)
    return runs


def _chain(stages: Sequence[TrainConfig], fold: int, folds: int) -> list[TrainConfig]:
    chain: list[TrainConfig] = []
    for stage in stages:
        base = str(RunFolder(chain[-1].out).best) if chain else stage.base
        out = str(Path(stage.out) / f"fold {fold}")
        chain.append(replace(stage, out=out, base=base, folds=folds, fold=fold, validation=(), keep="last"))
    return chain


def _check(runs: Sequence[Sequence[TrainConfig]]) -> None:
    held_out = [cases_of(chain[-1])[1] for chain in runs]
    sources = {case.source for cases in held_out for case in cases}
    for number, (chain, cases) in enumerate(zip(runs, held_out, strict=True), start=1):
        if missing := sources - {case.source for case in cases}:
            raise ValueError(
                f"fold {number} would hold out nothing of {', '.join(sorted(missing))}: give fewer folds "
                "than the groups of each source"
            )
        for stage in chain[:-1]:
            if both := _groups(cases) & _groups(cases_of(stage)[0]):
                raise ValueError(
                    f"{stage.out} would learn from group {min(both)[1]} of {min(both)[0]}, which fold "
                    f"{number} holds out: name the same folders as data of all stages"
                )


def _groups(cases: Sequence[Case]) -> set[tuple[str, str]]:
    return {(case.source, case.group) for case in cases}


def cross_validate(runs: Sequence[Sequence[TrainConfig]]) -> Iterator[dict[str, Any]]:
    """Train what is not trained yet; yields the records of `train` with the "run" folder in each."""
    for config in (config for chain in runs for config in chain):
        for record in train(config):
            yield {"run": config.out, **record}


def evaluate_held_out(runs: Sequence[Sequence[TrainConfig]], protocol: Protocol) -> Evaluation:
    """The model of each fold on the cases that it has not seen, and `ALL` of them together."""
    contestants, held_out = [], []
    for *_, last in runs:
        contestants += _contestant(last)
        held_out.append(cases_of(last)[1])
    records = {
        contestant.name: list(evaluate(contestant.model, by_source(cases), *protocol.asked))
        for contestant, cases in zip(contestants, held_out, strict=True)
    }
    records[ALL] = [record for found in records.values() for record in found]
    everything = by_source([case for cases in held_out for case in cases])
    return Evaluation(contestants, everything, protocol, records)


def _contestant(config: TrainConfig) -> list[Contestant]:
    run = RunFolder(config.out)
    return load_contestants([str(run.best)], [run.path.name], device=config.device)


def by_source(cases: Sequence[Case]) -> list[Dataset]:
    """A dataset for each source of the cases, named after it."""
    sources = sorted({case.source for case in cases})
    return [Dataset(name, tuple(case for case in cases if case.source == name)) for name in sources]
