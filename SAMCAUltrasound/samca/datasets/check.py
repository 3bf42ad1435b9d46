"""Looking into every file of a dataset before anything starts."""

from __future__ import annotations

import contextlib
from collections import defaultdict
from collections.abc import Generator, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np

from ..images import pictures
from .case import Case, Dataset
from .images import read_labels, read_mask
from .listing import Beside, left_out

Steps = Generator[tuple[int, int], None, Dataset]  # (cases looked at, of how many), and then the dataset


def examined(steps: Steps) -> Dataset:
    """The dataset that `examining` returns."""
    while True:
        try:
            next(steps)
        except StopIteration as end:
            return end.value


def examining(
    name: str,
    folder: Path,
    cases: list[Case],
    problems: list[str],
    beside: Beside = (),
    threads: bool = False,
) -> Steps:
    """The dataset of those cases that have no problem of their own, with all problems and what is left out.

    beside: ends of names of other files that are known. threads: look at many cases at a time.
    """
    if not cases and not problems:
        problems = [f"{folder}: no cases, no image was found"]
    unique, more = _unique(cases)
    problems, found = problems + more, []
    with contextlib.ExitStack() as stack:
        each = map
        if threads:
            pictures.prepare()
            each = stack.enter_context(ThreadPoolExecutor()).map  # decoding leaves Python free
        for bad in each(file_problems, unique):
            found.append(bad)
            yield len(found), len(unique)
    good = tuple(case for case, bad in zip(unique, found, strict=True) if not bad)
    problems += [problem for bad in found for problem in bad]
    problems = tuple(dict.fromkeys(problems + _groups_in_two_splits(good)))
    return Dataset(name, good, problems, tuple(left_out(folder, _used(cases, problems), beside)))


def _used(cases: list[Case], problems: Iterable[str]) -> Iterator[Path]:
    """The files of all cases, and those that problems begin with."""
    for case in cases:
        yield from (case.image, *case.masks, *filter(None, [case.labels]))
    for problem in problems:
        yield Path(problem.partition(": ")[0])


def file_problems(case: Case) -> list[str]:
    """What is wrong with the files of one case: unreadable, of different sizes, or with nothing outlined."""
    try:
        height, width = case.pixels().shape[:2]
    except ValueError as error:
        return [str(error)]
    problems, filled = [], []
    readers = [(path, read_mask) for path in case.masks] + (
        [(case.labels, read_labels)] if case.labels else []
    )
    for path, reader in readers:
        try:
            mask = reader(path)
        except ValueError as error:
            problems.append(str(error))
            continue
        if mask.shape != (height, width):
            size = f"{mask.shape[1]} x {mask.shape[0]} px"
            problems.append(f"{path}: is {size}, its image {case.image.name} is {width} x {height} px")
        filled.append(bool(np.any(mask)))
    problems += _empty(case, filled)
    return problems


def _empty(case: Case, filled: list[bool]) -> list[str]:
    """Masks may be empty as long as one of the united is not; labels may not."""
    masks, labels = filled[: len(case.masks)], filled[len(case.masks) :]
    problems = []
    if masks and not any(masks):
        problems.append(f"{case.masks[0]}: empty mask, every pixel is black")
    if labels and not any(labels):
        problems.append(f"{case.labels}: empty labels, every pixel is 0")
    try:
        if (case.outlines or case.drawn) and not case.mask().any():
            problems.append(f"{case.image}: empty mask, its outlines lie outside the image")
    except ValueError as error:  # of objects that were drawn on another image
        problems.append(f"{case.image}: {error}")
    return problems


def _unique(cases: list[Case]) -> tuple[list[Case], list[str]]:
    """The first case of each id of a source, and a problem for each other."""
    first, problems = {}, []
    for case in cases:
        other = first.setdefault((case.source, case.id), case)
        if other is not case:
            where = f", in the splits {other.split} and {case.split}" if other.split != case.split else ""
            problems.append(f"{case.image}: duplicate id {case.id!r}, {other.image} has it too{where}")
    return list(first.values()), problems


def _groups_in_two_splits(cases: tuple[Case, ...]) -> list[str]:
    splits = defaultdict(set)
    for case in cases:
        splits[case.source, case.group].add(case.split or "(none)")
    return [
        f"{source}: group {group!r} is in the splits {' and '.join(sorted(found))}"
        for (source, group), found in splits.items()
        if len(found) > 1
    ]
