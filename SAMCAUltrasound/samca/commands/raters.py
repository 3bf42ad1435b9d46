"""`samca raters`: how far the masks of raters agree, which cases least, and what they share."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from .. import spreadsheets
from ..files import write_atomically
from ..raters import agreement
from ..raters.agreement import Row, Summary
from ..raters.consensus import METHODS, Share, consensus, write
from ..raters.reading import Raters
from ..raters.sheet import Worst

SHOWN = 20  # problems on the screen
TABLE, SUMMARY, SHARES, SHEET, PROBLEMS = (
    "raters.csv",
    "summary.csv",
    "consensus.csv",
    "worst.png",
    "problems.txt",
)
CONSENSUS = "consensus"  # folder


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of this command."""
    add = parser.add_argument
    add(
        "raters", nargs="+", metavar="FOLDER", help="masks of a rater or a model: PNG, .seg.nrrd, NRRD, NIfTI"
    )
    add("--images", metavar="FOLDER", help="the images, for mm and for the pictures of the worst cases")
    add("--name", action="append", help="what to call a rater; repeat in the order of the folders")
    add("--consensus", choices=METHODS, help="also write what they share, by STAPLE or by most of them")
    add("--out", metavar="FOLDER", help=f"for {TABLE}, {SUMMARY}, {SHEET} and the consensus")


def run(arguments: argparse.Namespace) -> int:
    """Print a row for each pair of raters, write the files; 1 where cases were left out."""
    if arguments.consensus and not arguments.out:
        raise ValueError(f"--consensus {arguments.consensus} needs --out, the folder for it")
    out = Path(arguments.out) if arguments.out else None
    raters = Raters(_named(arguments.raters, arguments.name), arguments.images and Path(arguments.images))
    rows, shares, worst = [], [], Worst(list(raters.folders))
    for case in raters.cases():
        found = list(agreement.rows_of(case))
        rows += found
        if out is not None:
            worst.look(case, found)
        if arguments.consensus:
            shared, of_case = consensus(case, arguments.consensus)
            shares += of_case
            write(out / CONSENSUS, case, shared)
    for problem in raters.problems[:SHOWN]:
        print(problem, file=sys.stderr)
    if len(raters.problems) > SHOWN:
        where = f"see {PROBLEMS} in --out" if out else f"--out has all of them in {PROBLEMS}"
        print(f"... and {len(raters.problems) - SHOWN} more, {where}", file=sys.stderr)
    if not rows:
        raise ValueError(
            "no case has masks of two raters that can be compared: files of one name are one case"
        )
    summaries = agreement.summaries(rows)
    print(agreement.table(summaries))
    if out is not None:
        _write(out, rows, summaries, shares, worst, raters.problems)
    return int(bool(raters.problems))


def _named(folders: list[str], names: list[str] | None) -> dict[str, Path]:
    """The folders by their own names, or by what is left of their paths where those are the same."""
    if len(folders) < 2:
        raise ValueError(f"{len(folders)} folder: give those of two raters or more")
    if names is None:
        names = [Path(folder).resolve().name for folder in folders]
        names = names if len(set(names)) == len(names) else list(map(str, folders))
    if len(names) != len(folders) or len(set(names)) < len(names):
        raise ValueError(f"{len(folders)} folders, names {', '.join(names)}: give each its own --name")
    return {name: Path(folder) for name, folder in zip(names, folders, strict=True)}


def _write(
    out: Path,
    rows: list[Row],
    summaries: list[Summary],
    shares: list[Share],
    worst: Worst,
    problems: list[str],
) -> None:
    files = {
        TABLE: agreement.rows_csv(rows).encode(),
        SUMMARY: agreement.summaries_csv(summaries).encode(),
        PROBLEMS: "".join(f"{problem}\n" for problem in problems).encode(),
        SHEET: worst.picture(),
    }
    if shares:
        heading = list(Share.__dataclass_fields__)
        files[SHARES] = spreadsheets.text_of(
            [heading, *(list(vars(each).values()) for each in shares)]
        ).encode()
    for name, content in files.items():
        if content is not None:
            write_atomically(out / name, content)
    print(f"{out}: {', '.join(name for name, content in files.items() if content is not None)}")
