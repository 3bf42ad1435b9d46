"""`samca benchmark`: encoding and clicks beside the plain package, and a click by the way of the effect."""

from __future__ import annotations

import argparse
import contextlib
import importlib
import json
import subprocess
import sys
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import torch

from ..network.model import Model
from ..network.precision import fastest
from ..studies.benchmark import benchmark, contestants, small, summary
from ..studies.growth import growth
from ..studies.importing import Import, importing
from ..studies.training_speed import Row, training_speed
from ..training.memory import peak_bytes
from ..words import counted

EFFECT = "SAMCALib.BenchmarkLogic"  # knows Slicer, which the core does not: found where it is installed
DEFAULTS = {"sizes": [256, 1024], "backbones": ["sam_vit_b"], "frames": [], "repeats": 5, "threads": 0}
MISSING = (
    "Click to segment was not measured: it needs Slicer's classes. Run this with PythonSlicer, or install "
    "slicer-core, with the folder SAMCAUltrasound on PYTHONPATH."
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of this command."""
    add = parser.add_argument
    add(
        "--sizes",
        type=int,
        nargs="*",
        help="input sizes in px, may be none (default: 256 1024)",
    )
    add(
        "--backbones",
        nargs="+",
        metavar="NAME",
        help="image encoders to run SAMCA on, as mobile_sam (default: sam_vit_b)",
    )
    add(
        "--frames",
        type=int,
        nargs="*",
        metavar="PX",
        help="sides of frames whose cost with the shipped model is measured, as 256 8192 (default: none)",
    )
    add("--repeats", type=int, help="measurements of each model (default: 5)")
    add("--threads", type=int, help="CPU threads, 0 for torch's own choice (default: 0)")
    add("--busy", type=int, default=0, help="programs beside it that keep a core busy (default: 0)")
    add(
        "--training", action="store_true", help="measure training beside a plain loop, in one thread, instead"
    )
    add("--json", action="store_true", help="print one JSON object instead of a table")


def run(arguments: argparse.Namespace) -> int:
    """Measure and print medians and ratios."""
    if arguments.training:
        if given := [name for name in DEFAULTS if getattr(arguments, name) is not None]:
            raise ValueError(f"--training has runs of its own: leave --{given[0]} out")
        with busy(arguments.busy):
            found = list(training_speed())
        print(json.dumps([as_object(row) for row in found]) if arguments.json else training_as_text(found))
        return 0
    for name, value in DEFAULTS.items():
        if getattr(arguments, name) is None:
            setattr(arguments, name, value)
    if arguments.threads < 0:
        raise ValueError(f"threads is {arguments.threads}: expected 0 or more")
    if arguments.threads:
        torch.set_num_threads(arguments.threads)
    with busy(arguments.busy):
        turns = benchmark(contestants(arguments.sizes, arguments.backbones), arguments.repeats)
        rows = beside(lambda: summary(turns))
        model = beside(as_in_slicer)
        clicks, live = clicks_in_slicer(model, arguments.repeats), following_in_slicer(model)
        loading = importing()
        frames = [cost._asdict() for cost in growth(small(), arguments.frames)]
    on = machine(model.engine)
    clicked = "\n".join([clicks_as_text(clicks), *live_as_text(live), loading_as_text(loading)])
    texts = as_text(rows), on["says"], clicked, *([frames_as_text(frames)] if frames else [])
    result = on | {
        "rows": rows,
        "clicks": clicks,
        "following": live,
        "loading": loading._asdict(),
        "frames": frames,
    }
    print(json.dumps(result) if arguments.json else "\n\n".join(texts))
    return 0


def beside(work: Callable[[], Any]) -> Any:
    """What it gives, from a thread of its own: as in Slicer the main thread computes nothing, whose helpers
    would stand in the way of others' (see `devices.threads_for`)."""
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(work).result()


def as_in_slicer() -> Model:
    """The shipped model as the effect takes it: in the number format that is fastest here."""
    model = small()
    model.precision = fastest(model)
    return model


def machine(engine: str) -> dict[str, Any]:
    """What was measured with: threads, torch, its instruction set, and MB that the process had at most.

    engine: what the shipped model runs on in Slicer.
    """
    on = {
        "threads": torch.get_num_threads(),
        "torch": torch.__version__,
        "instructions": torch.backends.cpu.get_cpu_capability(),
        "in_slicer": engine,
        "peak_mb": peak_bytes(torch.device("cpu")) / 1e6,
    }
    says = f"{counted(on['threads'], 'thread')} at most, torch {on['torch']} with {on['instructions']}"
    return on | {"says": f"{says}, {on['peak_mb']:.0f} MB at most; in Slicer on {engine}"}


@contextlib.contextmanager
def busy(programs: int) -> Iterator[None]:
    """So many programs compute beside what is done inside; ValueError for less than none."""
    if programs < 0:
        raise ValueError(f"busy is {programs}: expected 0 or more")
    started = [subprocess.Popen([sys.executable, "-c", "while True: pass"]) for _ in range(programs)]
    try:
        yield
    finally:
        for program in started:
            program.kill()
            program.wait()


def clicks_in_slicer(model: Model, repeats: int) -> list[dict[str, Any]] | None:
    """Median ms from press to changed segment for each image, and the longest time for which an interface
    stood still; None without Slicer's classes."""
    effect = _effect()
    if effect is None:
        return None
    return [
        {"image": setting.name, "masks": setting.isMasked}
        | {f"{click}_ms": 1000 * seconds for click, seconds in times._asdict().items()}
        for setting, times in effect.measure(model, repeats)
    ]


def following_in_slicer(model: Model) -> dict[str, float] | None:
    """Images a second that an outline follows, and the longest gap of the interface in ms; None likewise."""
    effect = _effect()
    if effect is None:
        return None
    rate, gap = effect.following(model)
    return {"of": effect.RATE, "images_a_second": rate, "gap_ms": 1000 * gap}


def _effect() -> Any:
    try:
        return importlib.import_module(EFFECT)
    except ImportError:
        return None


def as_text(rows: list[dict[str, Any]]) -> str:
    """Medians in ms, and how many times faster than plain."""
    heads = "".join(f"{head:>12}" for head in ("encode ms", "click ms", "encode x", "click x"))
    lines = [f"{'model':<22}{'engine':<14}{'px':>6}{heads}"]
    for row in rows:
        encode, click = row["encode_ms"], row["click_ms"]
        ratios = f"{row['encode_times_faster']:>12.2f}{row['click_times_faster']:>12.2f}"
        which = f"{row['model']:<22}{row['engine']:<14}{row['image_size']:>6}"
        lines.append(f"{which}{encode:>12.1f}{click:>12.1f}{ratios}")
    return "\n".join(lines)


def clicks_as_text(rows: Iterable[dict[str, Any]] | None) -> str:
    """Median ms from press to segment, or why there are none."""
    if rows is None:
        return MISSING
    columns = "first_ms", "next_ms", "last_ms", "gap_ms"
    heads = "first click", "next clicks", "last outline", "longest gap"
    lines = [f"{'press to changed segment, ms':<30}{'masks':>6}" + "".join(f"{head:>14}" for head in heads)]
    for row in rows:
        masks, times = "yes" if row["masks"] else "no", "".join(f"{row[each]:>14.1f}" for each in columns)
        lines.append(f"{row['image']:<30}{masks:>6}{times}")
    return "\n".join(lines)


def live_as_text(live: dict[str, float] | None) -> list[str]:
    """How fast an outline follows an image that changes in place."""
    if live is None:
        return []
    says = f"an outline that follows {live['of']} images of 512 x 400 a second"
    return [f"{says}: {live['images_a_second']:.1f} of them, longest gap {live['gap_ms']:.0f} ms"]


def loading_as_text(loading: Import) -> str:
    """How long the first import of torch takes, and the interface stands still in it."""
    return (
        f"torch imported and the model loaded by a thread: {loading.seconds:.1f} s, longest gap meanwhile "
        f"{1000 * loading.gap:.0f} ms"
    )


def frames_as_text(rows: Iterable[dict[str, Any]]) -> str:
    """What frames of each side cost, in ms of the processor and MB."""
    lines = []
    for row in rows:
        times = {"encode": row["encode_ms"], **{f"click {n}": ms for n, ms in row["click_ms"].items()}}
        columns = times | {"kept MB": row["kept_mb"], "peak MB": row["peak_mb"]}
        if not lines:
            lines.append(f"{'frame px, ms':<14}" + "".join(f"{head:>10}" for head in columns))
        lines.append(f"{row['side']:<14}" + "".join(f"{value:>10.1f}" for value in columns.values()))
    return "\n".join(lines)


def as_object(row: Row) -> dict[str, Any]:
    """One row of a training, for JSON."""
    return {"name": row.name, "plain": row.plain._asdict(), "ours": row.ours._asdict(), "apart": row.apart}


def training_as_text(rows: Iterable[Row]) -> str:
    """Samples a second and memory of the plain loop and of ours, and how far their losses are apart."""
    heads = "plain /s", "ours /s", "faster", "first epoch", "plain MB", "ours MB", "losses apart"
    lines = [f"{'trained':<24}" + "".join(f"{head:>13}" for head in heads)]
    for row in rows:
        plain, ours = row.plain, row.ours
        speeds = plain.later, ours.later, ours.later / plain.later, ours.first / plain.first
        columns = [f"{speed:>13.2f}" for speed in speeds]
        columns += [f"{megabytes:>13.0f}" for megabytes in (plain.peak_mb, ours.peak_mb)]
        lines.append(f"{row.name:<24}" + "".join(columns) + f"{row.apart:>13.4f}")
    return "\n".join(lines)
