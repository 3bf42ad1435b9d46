"""In which order cases come, and which one is next."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping

from .entries import ACCEPTED, STATES, UNSURE, Entry

BY_NAME, UNSURE_FIRST = "name", "unsure"
ORDERS = BY_NAME, UNSURE_FIRST


def ordered(names: Iterable[str], entries: Mapping[str, Entry], order: str = BY_NAME) -> list[str]:
    """The names as they are, or those first of whose suggestion the model is least sure.

    In that order cases follow of which the model has said nothing, those that a rater is unsure of, and those
    that are accepted, so that what is first is what to look at.
    """
    if order not in ORDERS:
        raise ValueError(f"order {order!r} is none of {', '.join(ORDERS)}")
    if order == BY_NAME:
        return list(names)
    return sorted(names, key=lambda name: _rank(entries.get(name) or Entry(name)))


def onward(listed: list[str], current: str | None, step: int) -> list[str]:
    """What follows in a list, with step -1 what comes before, the nearest first; all without a current."""
    way = listed if step > 0 else listed[::-1]
    return way[way.index(current) + 1 :] if current in way else list(way)


def still_open(
    listed: list[str], entries: Mapping[str, Entry], current: str | None, order: str = BY_NAME
) -> list[str]:
    """What to go on with: what is not accepted, by name from the current one on and round about; else from
    the first on. Without the current one."""
    place = listed.index(current) if current in listed and order == BY_NAME else -1
    others = listed[place + 1 :] + listed[: place + 1]
    return [name for name in others if name != current and _state(name, entries) != ACCEPTED]


def counts(names: Iterable[str], entries: Mapping[str, Entry]) -> dict[str, int]:
    """How many cases are in each state."""
    found = Counter(_state(name, entries) for name in names)
    return {state: found[state] for state in STATES}


def _state(name: str, entries: Mapping[str, Entry]) -> str:
    return (entries.get(name) or Entry(name)).state


def _rank(entry: Entry) -> tuple[int, float]:
    group = {UNSURE: 2, ACCEPTED: 3}.get(entry.state)
    if group is None:
        group = 0 if entry.sureness is not None else 1
    return group, entry.sureness if entry.sureness is not None else 0.0
