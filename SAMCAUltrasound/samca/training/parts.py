"""Which cases train and which validate in a run: drawn once, and kept however often the run goes on.

The file split.json in the run folder names them. Data may change while a run rests: what has trained never
validates and what has validated never trains; a new case goes where its group is, else where the data says,
else to what trains.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from .. import typed_json
from ..config import TrainConfig, to_json
from ..datasets import Case
from ..datasets.listing import by_number, composed
from ..files import write_atomically
from ..words import counted

NAME = "split.json"
PARTS = ("training", "validation")
DECIDES = ("data", "validation", "folds", "fold", "frames", "seed", "validation_share")  # who is drawn
NAMED = 3  # cases that a sentence names


class Parts:
    """The cases of a run by their place, each with source and group."""

    def __init__(self, of: dict[str, dict[str, tuple[str, str]]]):
        self.of = of
        self._groups = {part: set(cases.values()) for part, cases in of.items()}

    def part_of(self, case: Case, drawn: str, is_said: bool) -> str:
        """Where a case belongs that was drawn for one part; is_said: whether the data says so."""
        other = PARTS[drawn == PARTS[0]]
        for part in (drawn, other):
            if place_of(case) in self.of[part]:
                return part
        for part in (drawn, other):
            if (case.source, case.group) in self._groups[part]:
                return part
        return drawn if is_said else PARTS[0]


def place_of(case: Case) -> str:
    """What a case is known by: its image's path without the suffix."""
    return composed(case.image.with_suffix("").as_posix())


def as_before(
    config: TrainConfig, training: Sequence[Case], validation: Sequence[Case]
) -> tuple[list[Case], list[Case]]:
    """Training and validation cases as the run in `config.out` has had them; as they are for a new run."""
    kept = kept_of(config)
    if kept is None:
        return list(training), list(validation)
    found: dict[str, list[Case]] = {part: [] for part in PARTS}
    for drawn, cases in zip(PARTS, (training, validation), strict=True):
        for case in cases:
            is_said = bool(config.validation) or case.split == "val"
            found[kept.part_of(case, drawn, is_said)].append(case)
    return found["training"], found["validation"]


def keep(config: TrainConfig, training: Iterable[Case], validation: Iterable[Case]) -> str:
    """Write down the cases of a run; what has changed since they were written last, in a sentence or two."""
    now = {part: _named(cases) for part, cases in zip(PARTS, (training, validation), strict=True)}
    kept = kept_of(config)
    before = kept.of if kept else now
    of = {part: {**before[part], **now[part]} for part in PARTS}
    content = {"of": _deciding(config), **{p: [[k, *v] for k, v in cases.items()] for p, cases in of.items()}}
    write_atomically(Path(config.out) / NAME, json.dumps(content, indent=1).encode())
    return _changes(before, now)


def kept_of(config: TrainConfig) -> Parts | None:
    """The parts of the run in `config.out`; None before it has begun, and where it was of other settings."""
    try:
        content = typed_json.read(Path(config.out) / NAME)
        of = {part: dict(map(_entry, content[part].items())) for part in PARTS}
        return Parts(of) if content["of"].plain == _deciding(config) else None
    except (OSError, ValueError):  # none yet, or damaged: the draw is the same as long as the data is
        return None


def _entry(row: typed_json.Value) -> tuple[str, tuple[str, str]]:
    place, source, group = (value.text() for value in row.items(3, 3))
    return place, (source, group)


def _deciding(config: TrainConfig) -> dict[str, Any]:
    """The settings that the draw depends on."""
    values = to_json(config)
    return {**{name: values[name] for name in DECIDES}, "schedule": config.schedule.name}


def _named(cases: Iterable[Case]) -> dict[str, tuple[str, str]]:
    return {place_of(case): (case.source, case.group) for case in cases}


def _changes(before: dict[str, dict], now: dict[str, dict]) -> str:
    said = []
    for part, verb in zip(PARTS, ("to train", "to validate"), strict=True):
        said.append(_said(now[part].keys() - before[part].keys(), "new image", verb))
        said.append(_said(before[part].keys() - now[part].keys(), "image", f"{verb} gone or set aside"))
    what = ", ".join(filter(None, said))
    return f"the data has changed since the run began: {what}; all others do what they did" if what else ""


def _said(places: Iterable[str], thing: str, what: str) -> str:
    names = sorted((Path(place).name for place in places), key=by_number)
    shown = ", ".join(names[:NAMED] + [f"{len(names) - NAMED} more"] * (len(names) > NAMED))
    return f"{counted(len(names), thing)} {what} ({shown})" if names else ""
