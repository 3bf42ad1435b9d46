"""Training and validation parts of a dataset that never separate what belongs together.

A group (patient, volume, loop, near-duplicates) of a source stays whole, and each source is divided by
itself, so that every part has its share of each.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from hashlib import sha256

import numpy as np

from .case import Case

Key = tuple[str, str]  # source, group
Order = Callable[[list[Key], int], list[Key]]
Parts = tuple[tuple[Case, ...], tuple[Case, ...]]  # train, val


def divided(cases: Iterable[Case], fraction: float, seed: int) -> Parts:
    """(train, val) of a training run: as the cases say themselves, else by `split_by_group`.

    Those of "test" are left alone. Where any case says "val", those validate. With one group all cases are in
    train.
    """
    cases = tuple(case for case in cases if case.split != "test")
    if any(case.split == "val" for case in cases):
        training = tuple(case for case in cases if case.split != "val")
        return training, tuple(case for case in cases if case.split == "val")
    if len({(case.source, case.group) for case in cases}) > 1:
        return split_by_group(cases, fraction, seed)
    return cases, ()


def split_by_group(cases: Iterable[Case], fraction: float, seed: int) -> Parts:
    """(train, val) with about `fraction` of each source's cases in val; the same for the same seed.

    Whatever is added, a group moves only as far as the share asks for.

    Both parts get at least one group; ValueError if there is only one.
    """
    if not 0 < fraction < 1:
        raise ValueError(f"fraction {fraction}: the validation part must lie between 0 and 1")
    cases = tuple(cases)
    sizes = _sizes(cases, at_least=2)
    held_out = set()
    for groups in _by_source(sizes, seed, _in_lasting_order):
        wanted = fraction * sum(sizes[key] for key in groups)
        for key in groups:
            if abs(wanted - sizes[key]) < wanted:  # closer with this group than without
                held_out.add(key)
                wanted -= sizes[key]
    if not held_out:
        held_out = {min(sizes, key=sizes.get)}
    elif len(held_out) == len(sizes):
        held_out.remove(max(sizes, key=sizes.get))
    return _parted(cases, held_out)


def folds_by_group(cases: Iterable[Case], folds: int, seed: int) -> tuple[Parts, ...]:
    """(train, val) of each fold of a cross-validation: every case is in val once, folds are about equal.

    The same for the same seed. ValueError if folds is below 2 or above the number of groups.
    """
    if folds < 2:
        raise ValueError(f"folds = {folds}: at least 2 are needed")
    cases = tuple(cases)
    sizes = _sizes(cases, at_least=folds)
    held_out = [set() for _ in range(folds)]
    total = Counter()
    for groups in _by_source(sizes, seed, _in_random_order):
        of_source = Counter()
        for key in sorted(groups, key=sizes.get, reverse=True):  # the large ones while there is room
            fold = min(range(folds), key=lambda i: (of_source[i], total[i]))
            held_out[fold].add(key)
            of_source[fold] += sizes[key]
            total[fold] += sizes[key]
    return tuple(_parted(cases, keys) for keys in held_out)


def _sizes(cases: tuple[Case, ...], at_least: int) -> Counter[Key]:
    """Number of cases in each group."""
    sizes = Counter((case.source, case.group) for case in cases)
    if len(sizes) < at_least:
        raise ValueError(
            f"{len(cases)} cases in {len(sizes)} group(s): dividing them needs {at_least} groups"
        )
    return sizes


def _by_source(sizes: Counter[Key], seed: int, order: Order) -> list[list[Key]]:
    """The groups of each source in an order that depends on them and the seed alone."""
    sources = sorted({source for source, _ in sizes})
    return [order(sorted(key for key in sizes if key[0] == source), seed) for source in sources]


def _in_random_order(groups: list[Key], seed: int) -> list[Key]:
    return [groups[i] for i in np.random.default_rng(seed).permutation(len(groups))]


def _in_lasting_order(groups: list[Key], seed: int) -> list[Key]:
    """Random, but two groups are in the same order whichever others there are."""
    return sorted(groups, key=lambda key: sha256("\0".join((str(seed), *key)).encode()).digest())


def _parted(cases: tuple[Case, ...], held_out: set[Key]) -> Parts:
    train = tuple(case for case in cases if (case.source, case.group) not in held_out)
    return train, tuple(case for case in cases if (case.source, case.group) in held_out)
