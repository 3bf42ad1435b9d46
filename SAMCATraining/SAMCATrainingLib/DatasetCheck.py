"""A dataset folder as the panel shows it: cases with thumbnails, counts, and what is wrong."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from samca import datasets
from samca.config import TrainConfig
from samca.datasets import Case
from samca.images.overlay import TRUTH, thumbnail
from SAMCALib.Texts import _, counted

from . import Outcome

SHARE = TrainConfig.__dataclass_fields__["validation_share"].default
SIDE = 160  # px of a thumbnail, which the table shows at 72 and fine screens at more


@dataclass(frozen=True)
class CaseRow:
    """One case; thumbnail: (H, W, 3) uint8 with the truth outlined."""

    id: str
    source: str
    group: str
    split: str
    width: int
    height: int
    targets: int
    names: tuple[str, ...]  # of the structures, where the data say it
    area_percent: float
    thumbnail: np.ndarray


@dataclass(frozen=True)
class Counts:
    """training and validation: as a run with the default share divides the cases."""

    cases: int = 0
    targets: int = 0
    groups: int = 0
    without_truth: int = 0
    training: int = 0
    validation: int = 0
    testing: int = 0  # left alone
    validated: int = 0  # structures in what validates


@dataclass(frozen=True)
class DatasetSummary:
    """What is in a folder; layout: the name of the reader that knows it, "" if none does.

    problems: a sentence for each bad file. tooFew: why these cases alone cannot be divided, "" if they can.
    leftOut: a sentence for each folder with files that are not read.
    """

    folder: Path
    layout: str
    rows: tuple[CaseRow, ...]
    problems: tuple[str, ...]
    counts: Counts
    text: str
    tooFew: str = ""
    leftOut: tuple[str, ...] = ()


@dataclass(frozen=True)
class Looked:
    """How far a check is, in files looked at; `summary` at its end."""

    done: int
    of: int
    summary: DatasetSummary | None = None


def check(folder) -> DatasetSummary:
    """Look into every file; never raises for bad data."""
    *_others, last = checking(folder)
    return last.summary


def checking(folder) -> Iterator[Looked]:
    """The same case by case."""
    folder, rows = Path(folder), []
    try:
        dataset = yield from reading(folder, Looked)
        layout = next(name for name, reader in datasets.READERS.items() if reader.matches(folder))
        for case in dataset.cases:
            rows.append(_row(case))
            yield Looked(len(dataset.cases) + len(rows), 2 * len(dataset.cases))
    except (ValueError, OSError) as error:
        summary = DatasetSummary(folder, "", (), (str(error),), Counts(), _("This is no dataset."))
    else:
        summary = _summary(folder, layout, tuple(rows), dataset.problems, dataset.left_out)
    yield Looked(2 * len(rows), 2 * len(rows), summary)


def reading(folder: Path, step: type) -> Iterator:
    """Half of the way: every image and mask is decoded, a step(done, of) each; returns the dataset."""
    steps = datasets.reading(folder)
    while True:
        try:
            done, of = next(steps)
        except StopIteration as end:
            return end.value
        yield step(done, 2 * of)


def _row(case: Case) -> CaseRow:
    pixels, targets = case.pixels(), case.targets()
    mask = np.logical_or.reduce(targets) if targets else np.zeros(pixels.shape[:2], bool)
    height, width = mask.shape
    picture = thumbnail(pixels, [(TRUTH, mask)] if targets else [], SIDE)
    about = case.id, case.source, case.group, case.split, width, height
    known = dict(case.names)
    names = tuple(filter(None, map(known.get, case.structures()))) if known else ()
    return CaseRow(*about, len(targets), names, 100 * float(mask.mean()), picture)


def together(summaries: Sequence[DatasetSummary]) -> DatasetSummary:
    """Several folders as one set of data: what a run on all of them has."""
    parts = (
        tuple(x for s in summaries for x in getattr(s, name)) for name in ("rows", "problems", "leftOut")
    )
    return _summary(summaries[0].folder, summaries[0].layout, *parts)


def _summary(
    folder: Path, layout: str, rows: tuple[CaseRow, ...], problems: tuple[str, ...], leftOut: tuple[str, ...]
) -> DatasetSummary:
    counts = _counts(rows)
    tooFew = "" if problems else _tooFew(counts)
    text = _text(counts, problems, tooFew)
    return DatasetSummary(folder, layout, rows, problems, counts, text, tooFew, leftOut)


def _counts(rows: Sequence[CaseRow]) -> Counts:
    groups = {(row.source, row.group) for row in rows}
    usable = [row for row in rows if row.targets]
    training, validation = datasets.divided(usable, SHARE, 0)
    targets = sum(row.targets for row in rows)
    testing = sum(row.split == "test" for row in rows)
    parts = len(training), len(validation), testing, sum(row.targets for row in validation)
    return Counts(len(rows), targets, len(groups), len(rows) - len(usable), *parts)


def _tooFew(counts: Counts) -> str:
    if counts.training and counts.validation:
        return ""
    text = _(
        "{cases} with a mask in {groups}; at least one group to train on and another to validate on are "
        "needed: add a second volume, loop or patient."
    )
    cases = counted(counts.cases - counts.without_truth, _("1 case"), _("{count} cases"))
    return text.format(cases=cases, groups=_groups(counts)) + _left(counts)


def _text(counts: Counts, problems: tuple[str, ...], tooFew: str) -> str:
    if problems:
        found = counted(len(problems), _("1 problem"), _("{count} problems"))
        return _("{found}: mend or remove what is named, then look again.").format(found=found)
    words = vars(counts) | {
        "cases": counted(counts.cases, _("1 image"), _("{count} images")),
        "targets": counted(counts.targets, _("1 structure"), _("{count} structures")),
        "groups": _groups(counts),
    }
    text = _("{cases} with {targets} in {groups}; {training} to train, {validation} to validate.")
    few = Outcome.fewText(counts.validated)
    return tooFew or " ".join(filter(None, (text.format(**words) + _left(counts), few)))


def _left(counts: Counts) -> str:
    """What is said of cases that are kept to test with."""
    text = _(" {count} of the split test are left alone.")
    return text.format(count=counts.testing) if counts.testing else ""


def _groups(counts: Counts) -> str:
    return counted(counts.groups, _("1 group"), _("{count} groups"))
