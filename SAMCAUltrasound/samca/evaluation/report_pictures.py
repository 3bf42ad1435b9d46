"""What an evaluation found as pictures: cases from best to worst, and Dice against the number of clicks."""

from __future__ import annotations

import io
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ..datasets import Dataset
from ..images.overlay import draw, png
from ..prompts import Prompts
from .breakdown import Kind
from .evaluate import Record, Sessions, named_cases
from .summary import GOALS, Result

CELL, GAP, TEXT_HEIGHT = 448, 8, 13  # px of a sheet of cases
EACH = 2  # how many of the best, of the median and of the worst cases are shown
WORST = 8  # how many are on the sheet of the worst


@dataclass(frozen=True)
class Strip:
    """One trial on one target: the image, and what was predicted after some numbers of clicks."""

    label: str
    pixels: np.ndarray  # (H, W) or (H, W, 3) uint8
    truth: np.ndarray  # (H, W) bool
    prompts: dict[int, Prompts]  # as masks
    masks: dict[int, np.ndarray]  # number of clicks: (H, W) bool
    dice: dict[int, float]  # in 0..100


def extremes(records: Sequence[Record], count: int, each: int = EACH) -> list[tuple[str, Record]]:
    """The trials of seed 0 whose Dice after `count` clicks is best, in the middle and worst; none twice."""
    ranked = sorted((r for r in records if r.seed == 0 and r.count == count), key=lambda r: -r.scores["dice"])
    middle = max(0, (len(ranked) - each) // 2)
    places = {"best": range(each), "median": range(middle, middle + each), "worst": range(-each, 0)}
    chosen: dict[int, tuple[str, Record]] = {}
    for label, indices in places.items():
        for index in (i % len(ranked) for i in indices if -len(ranked) <= i < len(ranked)):
            chosen.setdefault(index, (label, ranked[index]))
    return [chosen[index] for index in sorted(chosen)]


def worst(
    records: Sequence[Record], kinds: dict[tuple[str, int], Kind], count: int = WORST
) -> list[tuple[str, Record]]:
    """The targets of lowest Dice over all trials and all their scored steps, the worst first, each with what
    it is and the trial of seed 0."""
    dice, first = defaultdict(lambda: defaultdict(list)), {}
    for record in records:
        if "iou" in record.scores:
            dice[record.case, record.target][record.count].append(record.scores["dice"])
            first.setdefault((record.case, record.target), record)
    means = {target: [float(np.mean(of)) for of in steps.values()] for target, steps in dice.items()}
    ranked = sorted(means, key=lambda target: np.mean(means[target]))
    return [(_about(kinds[target], means[target]), first[target]) for target in ranked[:count]]


def _about(kind: Kind, dice: Sequence[float]) -> str:
    """What a target is, and its mean Dice after each number of clicks."""
    what = f"{kind.name}, {kind.size}" if kind.name else kind.size
    return f"{what}; mean Dice {', '.join(f'{value:.0f}' for value in dice)}"


def strips(
    model,
    dataset: Dataset,
    records: Sequence[Record],
    counts: Sequence[int],
    chosen: Sequence[tuple[str, Record]],
) -> list[Strip]:
    """Labelled trials of one dataset, with the masks of these counts predicted again from the clicks."""
    cases, sessions = dict(named_cases(dataset)), Sessions(model, dataset.cases)
    return [
        _strip(
            sessions, cases[r.case], label, [step for step in records if _trial(step) == _trial(r)], counts
        )
        for label, r in chosen
    ]


def _trial(record: Record) -> tuple[str, int, int]:
    return record.case, record.target, record.seed


def _strip(sessions: Sessions, case, label: str, steps: Sequence[Record], counts: Sequence[int]) -> Strip:
    session = sessions.on(case)
    asked = [step for step in steps if step.count in counts]
    given = {s.count: Prompts(s.clicks, s.box, suggestion=s.kind, lasso=s.lasso) for s in asked}
    masks = {n: session.predict(given[n]).mask for n in given}
    dice = {step.count: step.scores["dice"] for step in asked}
    truths = list(case.structures().values()) if 0 in counts else case.targets()
    target = steps[0].target
    name = steps[0].case if len(truths) == 1 else f"{steps[0].case} #{target}"
    return Strip(f"{label}: {name}", case.pixels(), truths[target], given, masks, dice)


def sheet(strips: Sequence[Strip], title: str, bare: bool = False) -> bytes:
    """A PNG with a row for each strip and a column for each number of clicks, drawn as by `overlay.draw`;
    `bare`: before them the image with nothing drawn on it."""
    counts = [None] * bare
    rows = [np.hstack([_cell(strip, count) for count in (*counts, *strip.masks)]) for strip in strips]
    heading = captioned(np.full((0, rows[0].shape[1], 3), 255, np.uint8), title)
    return png(np.vstack([heading, *rows]))


def _cell(strip: Strip, count: int | None) -> np.ndarray:
    """(CELL + caption, CELL, 3) uint8: one mask with its clicks and Dice; None: the image alone."""
    from PIL import Image

    if count is None:
        clicks, picture = "the image", draw(strip.pixels, np.zeros_like(strip.truth), Prompts())
    else:
        given = len(strip.prompts[count].clicks)
        clicks = f"{given} click{'s' * (given != 1)}, Dice {strip.dice[count]:.1f}"
        picture = draw(strip.pixels, strip.masks[count], strip.prompts[count], strip.truth)
    drawn = Image.fromarray(picture)
    drawn.thumbnail((CELL - GAP, CELL - GAP), Image.Resampling.LANCZOS)
    cell = Image.new("RGB", (CELL, CELL), "white")
    cell.paste(drawn, ((CELL - drawn.width) // 2, 0))
    return captioned(np.asarray(cell), f"{strip.label}\n{clicks}")


def captioned(picture: np.ndarray, text: str) -> np.ndarray:
    """The picture under lines of text; each is cut where the picture ends."""
    from PIL import Image, ImageDraw, ImageFont

    font = ImageFont.load_default(TEXT_HEIGHT)
    lines = text.splitlines()
    strip = Image.new("RGB", (picture.shape[1], round(len(lines) * TEXT_HEIGHT * 1.3) + GAP), "white")
    for number, line in enumerate(lines):
        ImageDraw.Draw(strip).text((GAP, round(number * TEXT_HEIGHT * 1.3)), line, "black", font)
    return np.vstack([np.asarray(strip), picture])


def curve(results: Sequence[Result]) -> bytes:
    """A PNG of mean Dice against the number of clicks, a line for each model and dataset."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(7, 4.5), layout="constrained")
    axes = figure.subplots()
    for result in results:
        needed = ", ".join(f"{result.summary['noc'][str(goal)]['mean']:.1f}" for goal in GOALS)
        label = f"{result.model} on {result.data} (NoC {needed})"
        means = result.summary["curve"]
        axes.plot(range(1, len(means) + 1), means, marker="o", markersize=3, label=label)
    for goal in GOALS:
        axes.axhline(goal, color="0.8", linewidth=0.8, zorder=0)
    axes.set(xlabel="clicks", ylabel="Dice, mean over targets (%)", ylim=(0, 100))
    axes.xaxis.get_major_locator().set_params(integer=True)
    title = f"clicks needed for Dice {', '.join(map(str, GOALS))}"
    figure.legend(loc="outside lower center", ncols=2, fontsize=8, title=title, title_fontsize=8)
    content = io.BytesIO()
    figure.savefig(content, format="png", dpi=110)
    return content.getvalue()
