"""`samca ablate`: one of the papers' tables on a dataset folder, trained and evaluated."""

from __future__ import annotations

import argparse
import json
import shlex
import sys
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path

from ..config import TrainConfig, from_json
from ..datasets import Dataset
from ..evaluation import report
from ..evaluation.contestants import Contestant
from ..evaluation.evaluation_folder import Protocol, write
from ..evaluation.metrics import mean_and_std
from ..evaluation.summary import Result
from ..files import write_atomically
from ..interaction.text_box import TextBox
from ..methods import configure_training
from ..studies import med_sa_ablations, prompt_kinds, prompt_sources
from ..studies.ablate import ABLATIONS, REFERENCES, REPEAT, ablate, load_variants
from ..training.starting_point import cases_of
from .evaluate import as_object, as_text, evaluate_all
from .train import read_settings

PROMPTS = "prompts"  # asks with boxes and learned prompts instead of clicks


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of this command."""
    add = parser.add_argument
    tables = (
        "SAMCA's adapters (Table 3), components (Table 4), fusion (Table 5) and double_click; "
        "Sam2Rad's prompts (2 to 4); "
        "Medical SAM Adapter's med_sa_* (5 to 8, Figure 6); CC-SAM's cc_sam (1)"
    )
    add("table", choices=[*ABLATIONS, PROMPTS], help=tables)
    add("--data", action="append", required=True, help="dataset folder to train on; may be repeated")
    add("--validation", action="append", default=[], help="dataset folder to evaluate on; a share by default")
    add("--base", default="shipped", help="base file that all runs start from (default: the shipped one)")
    add("--settings", help="JSON file with other settings that all runs share, as for train")
    add("--epochs", type=int, help="epochs of each run (default: 20)")
    add("--seeds", type=int, default=5, help="trials for each target (default: 5)")
    add("--repeats", type=int, default=1, help="trainings of each row, from as many seeds (default: 1)")
    add("--target", default="", help="what cc_sam looks for in words (default: what the data set shows)")
    add("--detector", metavar="FOLDER", help="Grounding DINO on disk, for cc_sam's prompts by words")
    add("--out", required=True, help="folder for the runs and the table")
    add("--json", action="store_true", help="the last line printed is the result as one JSON object")


def run(arguments: argparse.Namespace) -> int:
    """Train what is not trained yet, evaluate at 1, 3 and 5 clicks, print and write the table."""
    if arguments.table == PROMPTS:
        return run_prompts(arguments)
    common, protocol = common_settings(arguments), protocol_of(arguments.table, arguments.seeds)
    detector = TextBox(arguments.detector) if arguments.detector else None
    for record in ablate(arguments.table, common, arguments.repeats):
        if record["event"] != "step":
            print(json.dumps(record), flush=True)
        if record["event"] == "stopped":
            return 0
    _, cases, _ = cases_of(common)
    contestants = load_variants(arguments.table, common, arguments.repeats)
    dataset = Dataset("validation", tuple(cases))
    evaluation = evaluate_all(contestants, [dataset], protocol)
    results = evaluation.results()
    print(as_text(results), flush=True)
    out, folders = Path(arguments.out), ", ".join(common.validation or common.data)
    write_atomically(out / "table.md", report.markdown(report.table(results)).encode())
    if arguments.repeats > 1:
        print(report.aligned(spread := spread_of(results)), flush=True)
        write_atomically(out / "repeats.md", report.markdown(spread).encode())
    reference = REFERENCES.get(arguments.table)
    if any(c.name.split(REPEAT)[0] == reference for c in contestants):
        print(report.aligned(against := evaluation.against(reference, REPEAT)), flush=True)
        write_atomically(out / "against.md", report.markdown(against).encode())
    pictured = [c for c in contestants if REPEAT not in c.name or c.name.endswith(f"{REPEAT}1")]
    write(evaluation, out, shlex.join(["samca", *sys.argv[1:]]), [folders], pictured)
    if arguments.table == "cc_sam":
        by_prompt = asked(contestants, dataset, arguments.seeds, detector, arguments.target)
        print(report.aligned(by_prompt), flush=True)
        write_atomically(out / "prompts.md", report.markdown(by_prompt).encode())
    if arguments.json:
        print(json.dumps(as_object(results)))
    return 0


def protocol_of(table: str, seeds: int) -> Protocol:
    """1, 3 and 5 clicks, or what the table asks for."""
    user = med_sa_ablations.USERS.get(table, "clicks")
    return Protocol((1, 2, 3) if user == "three_points" else (1, 3, 5), seeds, 0, user)


def spread_of(results: Sequence[Result]) -> report.Rows:
    """Mean and population deviation of each row's mean Dice over its repeats, as in Med-SA's Table 10."""
    rows, found = [["model", "clicks", "repeats", "DSC"]], defaultdict(list)
    for result in results:
        for count, values in result.summary["clicks"].items():
            found[result.model.split(REPEAT)[0], count].append(values["dice"]["mean"])
    for (name, count), means in found.items():
        mean, std = mean_and_std(means)
        rows.append([name, count, str(len(means)), f"{mean:.2f}±{std:.2f}"])
    return rows


def run_prompts(arguments: argparse.Namespace) -> int:
    """Sam2Rad's tables: nobody clicks, so there are no trials, and table.md is all that is written."""
    common = common_settings(arguments, "sam2rad")
    for record in prompt_sources.train_rows(common):
        if record["event"] != "step":
            print(json.dumps(record), flush=True)
        if record["event"] == "stopped":
            return 0
    rows = prompt_sources.table(common, cases_of(common)[1])
    print(report.aligned(rows), flush=True)
    write_atomically(Path(arguments.out) / "table.md", report.markdown(rows).encode())
    if arguments.json:
        print(json.dumps({"rows": [dict(zip(rows[0], row, strict=True)) for row in rows[1:]]}))
    return 0


def asked(
    contestants: Sequence[Contestant], dataset: Dataset, seeds: int, detector: TextBox | None, target: str
) -> report.Rows:
    """Each model by click, box and words, as a table."""
    found = {c.name: list(prompt_kinds.ask(c.model, [dataset], seeds, detector, target)) for c in contestants}
    return prompt_kinds.table(contestants, found)


def common_settings(arguments: argparse.Namespace, method: str | None = None) -> TrainConfig:
    """What all runs share: the file of settings, over that of the method if one is named, and over both what
    the command line says."""
    settings = {"keep": "last"}  # the best epoch would be chosen on the cases that the table reports
    settings |= read_settings(Path(arguments.settings)) if arguments.settings else {}
    settings |= {"data": arguments.data, "validation": arguments.validation}
    settings |= {"base": arguments.base, "out": arguments.out}
    settings |= {"epochs": arguments.epochs} if arguments.epochs is not None else {}
    if method is None:
        return from_json(TrainConfig, settings, "run")
    return configure_training({**settings, "model": {**settings.get("model", {}), "method": method}})
