"""Lines of a run's log.jsonl: what of them is known, and of which type; nothing here needs torch."""

from __future__ import annotations

from typing import Any

from .. import typed_json
from ..typed_json import Value

LONGEST = 2**20  # bytes of a line
MOST, LATEST = 10**12, 3e10  # of anything counted; s since 1970
TEXTS = ("device", "says", "precision", "weights")
COUNTS = (
    "epoch",
    "step",
    "training",
    "validation",
    "left_out",
    "trainable",
    "batch",
    "kept",
    "targets",
    "groups",
)
NUMBERS = ("loss", "initial", "guided", "seconds", "best", "gain", "error")
NEEDED = {
    "base": ("dice", "targets", "groups"),
    "step": ("epoch", "step", "of", "loss"),
    "epoch": ("epoch", "of", "loss", "initial", "guided", "seconds", "dice"),
    "resume": ("epoch",),
    "stopped": ("epoch", "step"),
}


def parse(line: bytes) -> dict[str, Any]:
    """One record with its "event", which has what such a record needs; ValueError for a damaged line.

    What is not known of a record is left as it is.
    """
    record = typed_json.parse(line, "the line", LONGEST)
    event = record["event"].text()
    for name in NEEDED.get(event, ()):
        record[name]
    for name, value in record.fields().items():
        _check(name, value)
    return record.plain


def _check(name: str, value: Value) -> None:
    if name in TEXTS:
        value.text(LONGEST)
    elif name in COUNTS:
        value.whole(0, MOST)
    elif name == "time":
        value.number(0, LATEST)
    elif name == "of":
        value.whole(1, MOST)
    elif name in NUMBERS:
        value.number()
    elif name == "dice":
        for clicks, dice in value.fields().items():
            dice.number()
            if not clicks.isdecimal() or len(clicks) > len(str(MOST)):
                raise value.wrong("Dice by number of clicks")
