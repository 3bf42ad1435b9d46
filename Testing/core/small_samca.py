"""`samca` with the numbers of its command line and the settings of its runs made small.

An option in AT_MOST gets at most that value, and a command in ALWAYS gets the options named there. A file of
settings that is named is written anew with SMALL.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

from samca.__main__ import main

AT_MOST = {
    "--seeds": 1, "--repeats": 1, "--draws": 1, "--epochs": 2, "--curve": 0, "--count": 8, "--loops": 2,
    "--frames": 4, "--sizes": 64, "--grid": 4, "--clicks": 2, "--rest": 2,
}  # fmt: skip
ALWAYS = {
    "evaluate": "--seeds 1 --curve 0",
    "ablate": "--seeds 1 --settings small.json",
    "compare": "--seeds 1 --repeats 1 --epochs 2",
    "few-shot": "--seeds 1",
    "cross-validate": "--seeds 1",
    "benchmark": "--repeats 1",
    "segment": "--grid 4",
}
SMALL = {
    "epochs": 2, "frames": 0, "samples_per_epoch": 2, "batch": 2, "validation_clicks": [1],
    "encoder_weights": "", "precision": "float32",
}  # fmt: skip


def small(command: str, *words: str) -> list[str]:
    """A command line with small numbers; what it says itself comes after what is always said."""
    found, option, values = [command, *ALWAYS.get(command, "").split()], "", set()
    for word in words:
        if word.startswith("--"):
            option, values = word, set()
        elif option in AT_MOST and word.isdigit():
            word = str(min(int(word), AT_MOST[option]))
        if word not in values or option not in AT_MOST:  # of several values each is said once
            found.append(word)
        values.add(word)
    return found


def shrink(path: Path) -> None:
    """Write a file of settings with SMALL in it."""
    settings = json.loads(path.read_text(encoding="utf-8"))
    if isinstance(settings, dict):
        path.write_text(json.dumps({**settings, **SMALL}), encoding="utf-8")


if __name__ == "__main__":
    given = small(*sys.argv[1:])
    for word in given:
        if word.endswith(".json") and Path(word).is_file():
            shrink(Path(word))
    sys.exit(main(given))
