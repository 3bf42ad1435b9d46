"""`samca evaluate`: models and dataset folders in, a table and its files out."""

from __future__ import annotations

import argparse
import json
import shlex
import sys
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import chain
from pathlib import Path
from typing import Any

from .. import datasets
from ..config import parse_setting
from ..datasets import Dataset
from ..evaluation import loop_report, report
from ..evaluation.contestants import Contestant, load_contestants
from ..evaluation.evaluate import Record, Skipped, evaluate
from ..evaluation.evaluation_folder import Evaluation, Protocol, write
from ..evaluation.loop_data import filmed, made
from ..evaluation.loops import evaluate_loops
from ..evaluation.summary import Result
from ..evaluation.users import USERS
from ..files import make_folder
from ..files.changes import changing
from ..studies.run_contest import check_run, contest_of
from ..training import run_lock
from .follow import CARRIER_HELP, carrier


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of this command."""
    add = parser.add_argument
    add("--model", action="append", help="shipped (default), thyroid, ..., or a file; repeat to compare")
    add("--name", action="append", help="what tables call the model; repeat in the order of --model")
    add("--base", help="base file of the adapters, where it does not lie beside them")
    add(
        "--set",
        action="append",
        default=[],
        metavar="NAME=VALUE",
        help="setting of the models, image_size=256",
    )
    add("--data", action="append", help="dataset folder; the drop is counted from the first")
    add(
        "--run",
        dest="of_run",
        metavar="FOLDER",
        help="in place of --model, --data and --out: a training run, beside what it started from, on its own "
        "validation images; the files go to its folder evaluation",
    )
    add("--split", help="only the cases of this split: train, val or test")
    add(
        "--user",
        choices=USERS,
        default="clicks",
        help="who clicks: at random where the mask is wrong, one by one (default), or ClickSAM's test in two "
        "stages, whose clicks the truth places; three points of which 1, 2, 3 are right; a box of IoU 0.5 or "
        "0.75 with the tight one, then clicks; strokes; a lasso, then clicks; clicks, at the first of which "
        "others are looked at (outline); SAMCA's double clicks, of which --clicks is each set's size; "
        "nobody (everything), where the best of all masks counts for each target",
    )
    add(
        "--clicks",
        type=int,
        nargs="+",
        help="clicks in the table (default: 1 3 5; 0: the model alone; or stages)",
    )
    add("--seeds", type=int, help="trials for each target (default: 5; 1 of two_stage, which draws nothing)")
    add(
        "--curve",
        type=int,
        help="clicks of the plot and of NoC, 0 for neither (default: 20; two_stage, --run 0)",
    )
    add(
        "--rounds", type=int, default=1, help="how often double clicks are drawn from both masks (default: 1)"
    )
    add(
        "--loops",
        action="store_true",
        help="the groups of the data are loops: a structure gets the clicks of --clicks (default 3) in one "
        "frame and is carried to the others; --curve: how many all frames may take until they are right",
    )
    add("--frames", type=int, help="with --loops: make one of so many frames of an image of each group")
    add(
        "--carrier",
        type=carrier,
        metavar="NAME",
        action="append",
        help=f"with --loops: {CARRIER_HELP}; repeat to compare",
    )
    add("--single-set", action="store_true", help="also a row with all clicks in one set, without fusion")
    add("--device", default="auto", help="auto, cpu, cuda or mps (default: auto)")
    add("--out", help="folder for the table, the records and the pictures")
    add("--json", action="store_true", help="the last line printed is the result as one JSON object")


def run(arguments: argparse.Namespace) -> int:
    """Evaluate, print the table, write the files; errors as of `datasets.checked` and `checkpoint.load`."""
    if arguments.frames is not None and not (arguments.loops and arguments.frames > 1):
        raise ValueError(
            f"--frames {arguments.frames}: expected at least 2, and --loops, which are made of so many"
        )
    if arguments.of_run:
        return _run_of_training(arguments)
    if not arguments.data or not arguments.out:
        raise ValueError(
            "--data and --out are needed, or --run: give a dataset folder and one for the results"
        )
    protocol = protocol_of(arguments)
    sets = read_datasets(arguments.data, arguments.split)
    settings = dict(map(parse_setting, arguments.set))
    options = arguments.name, arguments.base, arguments.device, arguments.single_set, settings
    contestants = load_contestants(arguments.model or ["shipped"], *options)
    if arguments.loops:
        return _of_loops(arguments, contestants, sets)
    return _evaluate(arguments, contestants, sets, protocol, Path(arguments.out), arguments.data)


def _of_loops(arguments: argparse.Namespace, contestants: Sequence[Contestant], sets) -> int:
    """The tables of structures that are carried, and loops.csv."""
    if arguments.user != "clicks" or arguments.seeds or arguments.single_set or arguments.json:
        raise ValueError(
            "--loops has one trial by clicks: leave --user, --seeds, --single-set and --json out"
        )
    (clicks, *others), most = arguments.clicks or [3], arguments.curve or 0
    if others:
        raise ValueError(f"--clicks {clicks} {others[0]}: with --loops expected one number")
    frames, carriers, found = arguments.frames, arguments.carrier or [""], {}
    for contestant in contestants:
        each = (made(dataset, frames) if frames else filmed(dataset) for dataset in sets)
        loops = chain.from_iterable(each)
        for each in evaluate_loops(contestant.model, loops, clicks, most, carriers):
            name = ", ".join(filter(None, (contestant.name, each.carrier)))
            found.setdefault(name, []).append(each)
    for rows in (loop_report.by_distance(found), loop_report.slips(found, bool(most))):
        print(report.aligned(rows) + "\n", flush=True)
    with changing(Path(arguments.out)) as files:
        files.write("loops.csv", loop_report.frames_csv(found).encode())
    return 0


def _run_of_training(arguments: argparse.Namespace) -> int:
    """The same for a run folder; one process at a time in its folder of results."""
    given = [name for name in ("model", "data", "out", "split", "base", "loops") if getattr(arguments, name)]
    if given:
        raise ValueError(f"--run and --{given[0]}: a run says itself what it is evaluated on, leave that out")
    run = Path(arguments.of_run)
    protocol = protocol_of(arguments)
    check_run(run)
    make_folder(run / "evaluation")
    with run_lock.holding(run / "evaluation") as out:
        contestants, dataset, folders = contest_of(run, arguments.device)
        return _evaluate(arguments, contestants, [dataset], protocol, out, [", ".join(folders)])


def _evaluate(arguments, contestants, sets, protocol: Protocol, out: Path, folders: Sequence[str]) -> int:
    evaluation = evaluate_all(contestants, sets, protocol)
    results = evaluation.results()
    print(as_text(results), flush=True)
    if len(contestants) > 1:
        print("\n" + report.aligned(evaluation.against(contestants[0].name)), flush=True)
    write(evaluation, out, shlex.join(["samca", *sys.argv[1:]]), folders)
    if arguments.json:
        print(json.dumps(as_object(results)))
    return 0


def protocol_of(arguments: argparse.Namespace) -> Protocol:
    """How the models are asked; what was not given is as the user needs it."""
    special = {
        "two_stage": Protocol((1, 2), 1, 0, "two_stage"),
        "three_points": Protocol((1, 2, 3), 5, 0, "three_points"),
        "double_click": Protocol((1, 3, 5), 5, 0, "double_click"),
        "everything": Protocol((1,), 1, 0, "everything"),
    }
    defaults = special.get(arguments.user, Protocol())
    defaults = replace(defaults, curve=0) if arguments.of_run else defaults
    clicks = defaults.clicks if arguments.clicks is None else tuple(sorted(set(arguments.clicks)))
    seeds = defaults.seeds if arguments.seeds is None else arguments.seeds
    curve = defaults.curve if arguments.curve is None else arguments.curve
    return Protocol(clicks, seeds, curve, arguments.user, arguments.rounds)


def evaluate_all(
    contestants: Sequence[Contestant], sets: Sequence[Dataset], protocol: Protocol
) -> Evaluation:
    """Each model on each dataset."""
    total = sum(len(dataset.cases) for dataset in sets)
    records = {}
    for contestant in contestants:
        found = evaluate(contestant.model, sets, *protocol.asked)
        records[contestant.name] = list(with_progress(found, contestant.name, total))
    return Evaluation(contestants, sets, protocol, records)


def read_datasets(folders: Sequence[str], split: str | None = None) -> list[Dataset]:
    """The dataset of each folder, of one split if that is given, each under a name of its own."""
    if len({Path(folder).resolve() for folder in folders}) < len(folders):
        raise ValueError(f"--data {', '.join(map(str, folders))}: a folder is given twice")
    sets = [_of_split(datasets.checked(folder), split) for folder in folders]
    names = Counter(dataset.name for dataset in sets)
    return [
        replace(dataset, name=str(Path(folder))) if names[dataset.name] > 1 else dataset
        for dataset, folder in zip(sets, folders, strict=True)
    ]


def _of_split(dataset: Dataset, split: str | None) -> Dataset:
    splits = sorted({case.split for case in dataset.cases} - {""})
    if split is None:
        if len(splits) > 1:
            note = f"{dataset.name} has the splits {', '.join(splits)}; all are evaluated: see --split"
            print(note, file=sys.stderr)
        return dataset
    cases = tuple(case for case in dataset.cases if case.split == split)
    if not cases:
        known = f"expected one of {', '.join(splits)}" if splits else "it knows no splits, leave --split out"
        raise ValueError(f"{dataset.name} has no split {split!r}: {known}")
    name = dataset.name if dataset.name.endswith(f"/{split}") else f"{dataset.name}/{split}"
    return replace(dataset, name=name, cases=cases)


def with_progress(records: Iterable[Record | Skipped], name: str, total: int) -> Iterator[Record | Skipped]:
    """The same records; on a terminal a line says how many of all images are done."""
    shown, seen = sys.stderr.isatty(), set()
    for record in records:
        image = record.dataset, record.case
        if shown and image not in seen:
            seen.add(image)
            print(f"\r{name}: image {len(seen)} of {total}", end="", file=sys.stderr, flush=True)
        yield record
    if shown:
        print(file=sys.stderr)


def as_text(results: Sequence[Result]) -> str:
    """What the command prints: the table, the clicks needed, and what the numbers stand for."""
    parts = [report.aligned(report.table(results))]
    if "noc" in results[0].summary:
        parts.append(report.aligned(report.clicks_table(results)))
    if len(kinds := report.kinds_table(results)) > 1:
        parts.append(report.aligned(kinds))
    if len(said := report.reliability_table(results)) > 1:
        parts.append(report.aligned(said))
    return "\n\n".join([*parts, "\n".join(report.sentences_of(results))])


def as_object(results: Sequence[Result]) -> dict[str, Any]:
    """The summary of the first model on the first dataset; where there are more also "rows", one for each."""
    if len(results) == 1:
        return results[0].summary
    rows = [{"model": result.model, "data": result.data, **result.summary} for result in results]
    return {**results[0].summary, "rows": rows}
