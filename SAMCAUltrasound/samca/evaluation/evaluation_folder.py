"""An evaluation on disk: evaluation.csv, kinds.csv, records.csv, evaluation.json, curve.png and sheets."""

from __future__ import annotations

import platform
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timezone
from functools import cached_property
from importlib.metadata import version
from pathlib import Path
from typing import Any

from .. import __version__
from ..config import to_json
from ..datasets import Dataset
from ..files import part_of_name
from ..files.changes import Changes, changing
from . import report
from .breakdown import Kind, by_kind, kinds_of
from .contestants import Contestant
from .evaluate import GRID, Record, Skipped, check_protocol, named_cases
from .paired import difference, per_target, standard_error
from .report_pictures import curve, extremes, sheet, strips, worst
from .summary import Result, summary

VERSIONS_OF = ("torch", "segment-anything", "numpy", "scipy")


@dataclass(frozen=True)
class Protocol:
    """How the models were asked."""

    clicks: tuple[int, ...] = (1, 3, 5)  # numbers of clicks in the table
    seeds: int = 5  # trials for each target
    curve: int = 20  # clicks of the plot and of the clicks needed; 0: neither
    user: str = "clicks"  # who clicks; of "two_stage" clicks are the stages
    rounds: int = 1  # of "double_click": how often its sets are drawn

    def __post_init__(self):
        check_protocol(*self.asked)

    @property
    def asked(self) -> tuple[tuple[int, ...], int, int, str, int]:
        """What `evaluate` is called with after the model and the datasets."""
        return self.clicks, self.seeds, self.curve, self.user, self.rounds


@dataclass(frozen=True)
class Evaluation:
    """Models, datasets, protocol, and the records of each model."""

    contestants: Sequence[Contestant]
    datasets: Sequence[Dataset]
    protocol: Protocol
    records: dict[str, list[Record | Skipped]]  # by name of the model

    def of(self, model: str, data: str) -> list[Record | Skipped]:
        """The records of one model on one dataset."""
        return [record for record in self.records[model] if record.dataset == data]

    @cached_property
    def kinds(self) -> dict[str, dict[tuple[str, int], Kind]]:
        """By name of the dataset what its targets are."""
        return {dataset.name: kinds_of(dataset, 0 in self.protocol.clicks) for dataset in self.datasets}

    @cached_property
    def groups(self) -> dict[tuple[str, str], str]:
        """By name of the dataset and of the case the group that it belongs to."""
        return {
            (dataset.name, name): f"{case.source}/{case.group}"
            for dataset in self.datasets
            for name, case in named_cases(dataset)
        }

    def against(self, reference: str, repeats: str | None = None) -> report.Rows:
        """A table of what each other model reaches more than `reference`, Dice, paired by target.

        repeats: what ends the names of several trainings of one recipe, which count as one model.
        """
        found: dict[str, list[Record]] = defaultdict(list)
        for name, records in self.records.items():
            found[name.split(repeats)[0] if repeats else name] += records_of(records)
        rows = [["model", "data", "clicks", f"more than {reference}", "standard error", "targets", "groups"]]
        for name in (name for name in found if name != reference):
            for dataset in self.datasets:
                ours, theirs = ([r for r in found[n] if r.dataset == dataset.name] for n in (name, reference))
                asked = {r.count for r in ours} & {r.count for r in theirs} & set(self.protocol.clicks)
                for count in sorted(asked):
                    more = difference(ours, theirs, lambda target: self.groups[target[:2]], count)
                    cells = f"{more.mean:+.2f}", f"{more.standard_error:.2f}", more.targets, more.groups
                    rows.append([name, dataset.name, *map(str, (count, *cells))])
        return rows

    def results(self) -> list[Result]:
        """One for each model and dataset; in its summary "by" is the same by class and size of the target.

        The mean Dice has there its standard error over "groups", so many groups of images with a target.
        """
        return [self._result(name, dataset.name) for name in self.records for dataset in self.datasets]

    def _result(self, model: str, data: str) -> Result:
        records = self.of(model, data)
        found = summary(records, self.protocol.curve)
        found["groups"] = self._add_errors(found["clicks"], records_of(records))
        return Result(model, data, {**found, "by": by_kind(records, self.kinds[data])})

    def _add_errors(self, clicks: dict[str, Any], records: list[Record]) -> int:
        """The standard error of each mean Dice; how many groups there are, of one there is none."""
        groups = len({self.groups[r.dataset, r.case] for r in records})
        for count, found in clicks.items() if groups > 1 else ():
            reached = per_target(records, int(count), "dice")
            found["dice"]["standard_error"] = standard_error(reached, lambda t: self.groups[t[:2]])
        return groups


def records_of(found: Iterable[Record | Skipped]) -> list[Record]:
    """Those of targets."""
    return [record for record in found if isinstance(record, Record)]


def write(
    evaluation: Evaluation,
    out: Path,
    command: str,
    folders: Sequence[str],
    pictured: Sequence[Contestant] | None = None,
) -> None:
    """Write all files, or none: evaluation.csv is the table, kinds.csv the same by class and size of the
    target, records.csv each click, evaluation.json what repeats it.

    `command` is the line that was typed, `folders` where each dataset was read from, `pictured` who gets
    sheets of cases, which take most of the time: all unless some are named.
    """
    results, models = evaluation.results(), evaluation.records
    scored = {name: records_of(found) for name, found in models.items()}
    content = {
        "command": command,
        **_circumstances(evaluation, folders),
        "results": [{"model": r.model, "data": r.data, **r.summary} for r in results],
        "trials": [{"model": name, **t} for name, found in scored.items() for t in report.trials(found)],
    }
    with changing(out) as files:
        files.write("evaluation.csv", report.results_csv(results).encode())
        files.write("kinds.csv", report.kinds_csv(results).encode())
        files.write("records.csv", report.records_csv(scored).encode())
        files.write("evaluation.json", report.json_text(content).encode())
        if evaluation.protocol.curve:
            files.write("curve.png", curve(results))
        for contestant in evaluation.contestants if pictured is None else pictured:
            _write_sheets(evaluation, contestant, files)


def _circumstances(evaluation: Evaluation, folders: Sequence[str]) -> dict[str, Any]:
    """Software, models, data and protocol."""
    versions = {"samca": __version__, "python": platform.python_version()}
    contestants, sets = evaluation.contestants, zip(evaluation.datasets, folders, strict=True)
    return {
        "time": datetime.now(timezone.utc).isoformat(timespec="seconds"),
        "versions": versions | {name: version(name) for name in VERSIONS_OF},
        "device": str(contestants[0].model.device),
        "protocol": asdict(evaluation.protocol) | {"distance_grid_px": GRID},
        "models": [{"name": c.name, **c.files, "config": to_json(c.model.config)} for c in contestants],
        "datasets": [_about(evaluation, dataset, folder) for dataset, folder in sets],
    }


def _about(evaluation: Evaluation, dataset: Dataset, folder: str) -> dict[str, Any]:
    records = evaluation.of(evaluation.contestants[0].name, dataset.name)
    return {
        "name": dataset.name,
        "folder": str(Path(folder).resolve()),
        "cases": [name for name, _ in named_cases(dataset)],
        "without_target": [record.case for record in records if isinstance(record, Skipped)],
    }


def _write_sheets(evaluation: Evaluation, contestant: Contestant, files: Changes) -> None:
    for dataset in evaluation.datasets:
        records = records_of(evaluation.of(contestant.name, dataset.name))
        about = contestant.model, dataset, records, sorted(evaluation.protocol.clicks)
        title = f"{contestant.name} on {dataset.name}"
        name = f"{part_of_name(contestant.name)}_{part_of_name(dataset.name)}.png"
        shown = strips(*about, extremes(records, max(evaluation.protocol.clicks)))
        files.write(f"cases_{name}", sheet(shown, title))
        shown = strips(*about, worst(records, evaluation.kinds[dataset.name]))
        files.write(f"worst_{name}", sheet(shown, f"{title}: the worst", bare=True))
