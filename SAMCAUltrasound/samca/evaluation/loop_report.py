"""What an evaluation of loops found as tables and a file."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import groupby

import numpy as np

from ..spreadsheets import text_of
from .loops import RIGHT, SLIP, Carried
from .report import Rows

DISTANCES = ((1, 1), (2, 5), (6, 15), (16, 30), (31, 10**6))  # frames from the prompted one, both included


def by_distance(found: dict[str, Sequence[Carried]]) -> Rows:
    """For each model, dataset and class of loops: mean±std over structures of the Dice of carried frames, and
    the mean by their distance from the prompted frame; the same of HD95."""
    heading = [_span(*span) for span in DISTANCES]
    rows = [["model", "data", "loops", "structures", "", "prompted", "carried", *heading]]
    for model, data, kind, things in _kinds(found):
        for name in ("dice", "hd95"):
            of_each = [_mean(thing, name, 1, DISTANCES[-1][1]) for thing in things]
            prompted = np.mean([getattr(thing, name)[thing.prompted] for thing in things])
            spans = [[_mean(thing, name, *span) for thing in things] for span in DISTANCES]
            cells = f"{prompted:.1f}", f"{np.nanmean(of_each):.1f}±{np.nanstd(of_each):.1f}"
            known = ["" if np.isnan(s).all() else f"{np.nanmean(s):.1f}" for s in spans]
            label = {"dice": "DSC", "hd95": "HD95 px"}[name]
            rows.append([model, data, kind, str(len(things)), label, *cells, *known])
    return rows


def slips(found: dict[str, Sequence[Carried]], clicks: bool = True) -> Rows:
    """For each model, dataset and class of loops: how many structures slipped, after how many frames, how
    many of the slips were announced, how many announcements were of none.

    clicks: also those needed until all frames were right, where that was asked.
    """
    needed = (f"clicks until all at {RIGHT:.0f}", "not reached") if clicks else ()
    rows = [
        [
            "model", "data", "loops", "structures", f"Dice below {SLIP:.0f}", "frames until then",
            "announced", "announced for nothing", *needed,
        ]
    ]  # fmt: skip
    for model, data, kind, things in _kinds(found):
        slipped = [thing for thing in things if thing.slip is not None]
        held = [thing for thing in things if thing.slip is None]
        frames = [abs(thing.slip - thing.prompted) for thing in slipped]
        spent = [thing.clicks for thing in things if thing.clicks is not None]
        cells = [
            f"{np.mean(frames):.0f}" if frames else "",
            _share(slipped, lambda thing: thing.is_announced),
            _share(held, lambda thing: thing.announced is not None),
            f"{np.mean(spent):.1f}" if spent else "",
            str(len(things) - len(spent)),
        ]
        shown = cells[: len(rows[0]) - 5]
        rows.append([model, data, kind, str(len(things)), str(len(slipped)), *shown])
    return rows


def frames_csv(found: dict[str, Sequence[Carried]]) -> str:
    """Comma-separated: a row for each frame of each structure of each model."""
    rows = [["model", "data", "loop", "class", "target", "frame", "distance", "dice", "hd95", "unsure"]]
    for model, things in found.items():
        for t in things:
            for frame, (dice, hd95) in enumerate(zip(t.dice, t.hd95, strict=True)):
                place = t.dataset, t.loop, t.kind, t.target, frame, abs(frame - t.prompted)
                rows.append([model, *place, dice, hd95, int(frame in t.unsure)])
    return text_of(rows)


def _kinds(found: dict[str, Sequence[Carried]]):
    """(model, dataset, class of loops or "all", what was found there)."""
    for model, things in found.items():
        for data, group in groupby(things, lambda thing: thing.dataset):
            group = list(group)
            kinds = sorted({thing.kind for thing in group})
            yield model, data, "all", group
            for kind in kinds if len(kinds) > 1 else ():
                yield model, data, kind, [thing for thing in group if thing.kind == kind]


def _mean(thing: Carried, name: str, nearest: int, farthest: int) -> float:
    """Of the frames at these distances; NaN if there are none."""
    values = getattr(thing, name)
    near = [v for i, v in enumerate(values) if nearest <= abs(i - thing.prompted) <= farthest]
    return float(np.mean(near)) if near else np.nan


def _share(things: Sequence[Carried], of: Callable[[Carried], bool]) -> str:
    return f"{sum(map(of, things))} of {len(things)}" if things else ""


def _span(nearest: int, farthest: int) -> str:
    if nearest == farthest:
        return str(nearest)
    return f"{nearest}-{farthest}" if farthest < 10**6 else f"from {nearest}"
