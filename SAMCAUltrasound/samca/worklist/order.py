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


def beside(listed: list[str], current: str | None, step: int) -> str | None:
    """The one so many further in a list, None beyond its ends; the first or last if there is no current."""
    if not listed:
        return None
    if current not in listed:
        return listed[0] if step > 0 else listed[-1]
    place = listed.index(current) + step
    return listed[place] if 0 <= place < len(listed) else None


def next_open(
    listed: list[str], entries: Mapping[str, Entry], current: str | None, order: str = BY_NAME
) -> str | None:
    """What to go on with: the first that is not accepted after the current one, by name; else the first of
    all. None once all others are accepted."""
    place = listed.index(current) if current in listed and order == BY_NAME else -1
    others = [name for name in listed[place + 1 :] + listed[: place + 1] if name != current]
    return next((name for name in others if _state(name, entries) != ACCEPTED), None)


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
