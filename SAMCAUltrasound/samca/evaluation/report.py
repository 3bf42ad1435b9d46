"""What an evaluation found as tables and files."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby
from typing import Any

from ..prompts import Click
from ..spreadsheets import text_of
from ..words import counted
from .evaluate import Record
from .reliability import SAID
from .summary import GOALS, MEASURES, Result, drop

HEADINGS = {
    "dice": "DSC",
    "iou": "mIoU",
    "box_iou": "box IoU",
    "hd": "HD px",
    "hd95": "HD95 px",
    "hd_mm": "HD mm",
    "hd95_mm": "HD95 mm",
    "accuracy": "Acc",
    "sensitivity": "Sen",
    "specificity": "Spe",
    "false_hole": "holes",
    "predicted_iou": "predicted IoU",
    "agreement": "agreement",
}
Rows = list[list[str]]


def table(results: Sequence[Result]) -> Rows:
    """The papers' table, heading first: a row for each model and number of clicks, mean±std of each measure.

    Of several datasets a row is one measure, and they stand side by side with the drop from the first one.
    """
    return _of_one(results) if len({r.data for r in results}) == 1 else _side_by_side(results)


def _of_one(results: Sequence[Result]) -> Rows:
    measures = _present(results)
    rows = [["model", "clicks", *(HEADINGS[name] for name in measures), "empty"]]
    for result in results:
        for count, values in result.summary["clicks"].items():
            cells = [_cell(values.get(name)) for name in measures]
            rows.append([result.model, count, *cells, str(values["empty"])])
    return rows


def _side_by_side(results: Sequence[Result]) -> Rows:
    first, *others = dict.fromkeys(r.data for r in results)
    rows = [["model", "clicks", "", first, *(cell for name in others for cell in (name, "drop"))]]
    for model in dict.fromkeys(r.model for r in results):
        of_model = [r for r in results if r.model == model]
        for count in of_model[0].summary["clicks"]:
            for name in _present(results):
                rows.append([model, count, HEADINGS[name], *_compared(of_model, results, count, name)])
            rows.append([model, count, "empty", *_compared_empty(of_model, count)])
    return rows


def _compared(of_model: Sequence[Result], results: Sequence[Result], count: str, name: str) -> list[str]:
    cells = []
    for result in of_model:
        cells.append(_cell(result.summary["clicks"][count].get(name)))
        if result is not of_model[0]:
            fall = drop(result, results, count, name)
            cells.append("" if fall is None else f"{fall:.2f}")
    return cells


def _compared_empty(of_model: Sequence[Result], count: str) -> list[str]:
    first, *others = (str(r.summary["clicks"][count]["empty"]) for r in of_model)
    return [first, *(cell for empty in others for cell in (empty, ""))]


def clicks_table(results: Sequence[Result]) -> Rows:
    """Number of clicks to reach a Dice: mean±std, and how many trials never did."""
    rows = [["model", "data", *(cell for goal in GOALS for cell in (f"NoC@{goal}", "failed"))]]
    for result in results:
        needed = [result.summary["noc"][str(goal)] for goal in GOALS]
        cells = (cell for entry in needed for cell in (_cell(entry), str(entry["failed"])))
        rows.append([result.model, result.data, *cells])
    return rows


def kinds_table(results: Sequence[Result]) -> Rows:
    """The table by class and size of the target: mean±std of Dice and HD95 at each number of clicks."""
    counts = list(results[0].summary["clicks"])
    columns = [(name, count) for name in ("dice", "hd95") for count in counts]
    rows = [["model", "data", "", "targets", *(f"{HEADINGS[name]}, {count}" for name, count in columns)]]
    for result, _, kind, found in _by_kind(results):
        cells = [_cell(found["clicks"].get(count, {}).get(name)) for name, count in columns]
        rows.append([result.model, result.data, kind, str(found["targets"]), *cells])
    return rows


def _by_kind(results: Sequence[Result]) -> Iterator[tuple[Result, str, str, dict[str, Any]]]:
    """Each result with "class" or "size", the name of one, and the summary of its targets."""
    for result in results:
        for by, of in result.summary.get("by", {}).items():
            for kind, found in of.items():
                yield result, by, kind, found


def reliability_table(results: Sequence[Result]) -> Rows:
    """What models say of their masks beside the truth: mean IoU, calibration error, correlation with Dice."""
    pairs = [(name, kind) for name in SAID for kind in ("pearson", "spearman")]
    heading = [f"{HEADINGS[name]}, {kind.title()}" for name, kind in pairs]
    rows = [["model", "data", "clicks", "mIoU", "predicted", "ECE", *heading]]
    for result in results:
        for count, values in result.summary["clicks"].items():
            if found := values.get("reliability"):
                means = [f"{found[name]:.2f}" for name in ("iou", "predicted_iou", "calibration_error")]
                cells = [found["correlation"].get(name, {}).get(kind) for name, kind in pairs]
                numbers = ["" if cell is None else f"{cell:.2f}" for cell in cells]
                rows.append([result.model, result.data, count, *means, *numbers])
    return rows


def sentences_of(results: Sequence[Result]) -> list[str]:
    """A sentence for each dataset: how many targets, images and trials the table stands for."""
    sentences = {}
    for result in results:
        s = result.summary
        without = counted(s["without_target"], "image")
        skipped = f", {without} without target left out" if s["without_target"] else ""
        if s.get("left_empty") is not None:
            skipped += f", {s['left_empty']} of them left empty by {result.model}"
        error = f", in brackets its standard error over {s['groups']} groups" if "groups" in s else ""
        sentences[result.data] = (
            f"{result.data}: {counted(s['targets'], 'target')} in {counted(s['images'], 'image')}{skipped}; "
            f"mean over {counted(s['seeds'], 'trial')} each, then mean±std over targets{error}"
        )
        given = {count: values["given"] for count, values in s["clicks"].items() if "given" in values}
        if given:
            means = " and ".join(f"{mean:.1f} in stage {count}" for count, mean in given.items())
            sentences[result.data, result.model] = f"{result.model} on {result.data}: {means}, mean clicks"
    return list(sentences.values())


def aligned(rows: Rows) -> str:
    """A table as text, its columns lined up."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return "\n".join("  ".join(map(str.ljust, row, widths)).rstrip() for row in rows)


def markdown(rows: Rows) -> str:
    """A table as Markdown; a bar or a new line in a cell is none of the table's."""
    cells = ([" ".join(cell.replace("|", "\\|").splitlines()) for cell in row] for row in rows)
    heading, *body = (f"| {' | '.join(row)} |" for row in cells)
    return "\n".join([heading, "|" + " --- |" * len(rows[0]), *body]) + "\n"


def _present(results: Sequence[Result]) -> list[str]:
    found = {name for r in results for values in r.summary["clicks"].values() for name in values}
    return [name for name in MEASURES if name in found]


def _cell(entry: dict[str, float] | None) -> str:
    if not entry:
        return ""
    error = f" ({entry['standard_error']:.2f})" if "standard_error" in entry else ""
    return f"{entry['mean']:.2f}±{entry['std']:.2f}{error}"


def results_csv(results: Sequence[Result]) -> str:
    """Comma-separated: a row for each model, dataset and number of clicks, numbers in full."""
    measures = _present(results)
    heading = [f"{name}_{part}" for name in measures for part in ("mean", "std", "drop")]
    rows = [["model", "data", "clicks", "targets", "images", "seeds", "empty", *heading]]
    for result in results:
        s = result.summary
        for count, values in s["clicks"].items():
            cells = []
            for name in measures:
                entry = values.get(name, {})
                cells += [entry.get("mean"), entry.get("std"), drop(result, results, count, name)]
            head = [result.model, result.data, count, s["targets"], s["images"], s["seeds"], values["empty"]]
            rows.append([*head, *cells])
    return text_of(rows)


def kinds_csv(results: Sequence[Result]) -> str:
    """Comma-separated: a row for each model, dataset, kind of target and number of clicks."""
    parts = [(name, part) for name in MEASURES for part in ("mean", "std")]
    heading = (f"{name}_{part}" for name, part in parts)
    rows = [["model", "data", "by", "kind", "targets", "clicks", "empty", *heading]]
    for result, by, kind, found in _by_kind(results):
        for count, values in found["clicks"].items():
            cells = [values.get(name, {}).get(part) for name, part in parts]
            head = [result.model, result.data, by, kind, found["targets"], count, values["empty"]]
            rows.append([*head, *cells])
    return text_of(rows)


def records_csv(records_of: dict[str, Sequence[Record]]) -> str:
    """Comma-separated: a row for each click of each trial of each model."""
    measures = (*MEASURES, *SAID)
    rows = [["model", "data", "case", "target", "seed", "clicks", "x", "y", "positive", "empty", *measures]]
    for model, records in records_of.items():
        for r in records:
            place = [*(_numbers(r.clicks[-1])[:3] if r.clicks else [None] * 3), int(r.empty)]
            scores = [r.scores.get(name) for name in measures]
            rows.append([model, r.dataset, r.case, r.target, r.seed, r.count, *place, *scores])
    return text_of(rows)


def trials(records: Iterable[Record]) -> list[dict[str, Any]]:
    """Each trial with all its clicks [x px, y px, 1 on the structure or 0 off it] and the Dice after each.

    Of a stroke a click has also the list of the corners [x px, y px] at which it goes on.
    Where a step is not one more click, "clicks" has a list of all its clicks for each step. The place of a
    click is null where the model found the structure by itself, before the first one.
    """
    found = []
    for key, steps in groupby(records, lambda r: (r.dataset, r.case, r.target, r.seed)):
        steps = list(steps)
        clicks = [[_numbers(click) for click in r.clicks] for r in steps]
        if all(len(r.clicks) == r.count for r in steps):
            clicks = [given[-1] if given else None for given in clicks]
        dice = [round(r.scores["dice"], 3) for r in steps]
        names = dict(zip(("data", "case", "target", "seed"), key, strict=True))
        found.append(names | {"clicks": clicks, "dice": dice})
    return found


def _numbers(click: Click) -> list:
    path = [list(corner) for corner in click.path]
    return [click.x, click.y, int(click.positive), *([path] if path else [])]


def json_text(content: dict[str, Any]) -> str:
    """Indented JSON, but the items of "trials" on one line each."""
    lines = ",\n".join(f"    {json.dumps(trial)}" for trial in content["trials"])
    rest = json.dumps({k: v for k, v in content.items() if k != "trials"}, indent=2)
    return f'{rest[:-2]},\n  "trials": [\n{lines}\n  ]\n}}\n'
