"""The picture of a training run: loss and validation Dice by epoch."""

from __future__ import annotations

import importlib.util
import io
import logging
import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ..files import write_atomically

logger = logging.getLogger(__name__)

LABELS = {"loss": "loss", "initial": "initial masks", "guided": "guided masks"}


def write_curves(path: Path, epochs: Sequence[dict[str, Any]], before: dict[str, float]) -> None:
    """Draw "epoch" records as a PNG: mean losses, and Dice in percent for each number of clicks.

    before: Dice of epoch 0, a line to be above. The legend is beside the lines, not over them.
    Without matplotlib, which Slicer does not have, nothing is drawn: Slicer shows curves of its own.
    """
    if importlib.util.find_spec("matplotlib") is None:
        logger.info("%s is not drawn: matplotlib is not installed", path)
        return
    from matplotlib.figure import Figure  # only training and evaluation draw

    figure = Figure(figsize=(10, 4), layout="constrained")
    losses, dice = figure.subplots(1, 2)
    numbers = [record["epoch"] for record in epochs]
    for name, label in LABELS.items():
        losses.plot(numbers, [record[name] for record in epochs], marker=".", label=label)
    for clicks in epochs[-1]["dice"]:
        label = f"{clicks} click{'s' * (clicks != '1')}"
        values = [of.get(clicks, math.nan) for of in (before, *(record["dice"] for record in epochs))]
        (line,) = dice.plot([0, *numbers], values, marker=".", label=label)
        if clicks in before:
            dice.axhline(before[clicks], color=line.get_color(), linestyle=":")
    losses.set(xlabel="epoch", ylabel="training loss")
    dice.set(xlabel="epoch", ylabel="validation Dice (%)")
    for axes in (losses, dice):
        axes.grid(alpha=0.3)
        axes.legend(loc="lower center", bbox_to_anchor=(0.5, 1.0), ncols=3, frameon=False)
    content = io.BytesIO()
    figure.savefig(content, format="png", dpi=100)
    write_atomically(path, content.getvalue())
