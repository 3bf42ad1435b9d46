"""The folder that the documents speak of: the repository, with their data and frames, simulated, in it."""

from __future__ import annotations

import csv
import os
import shutil
import sys
from pathlib import Path

import numpy as np
import SimpleITK
from PIL import Image

from documents import ROOT
from samca.phantoms import make

HERE = Path(__file__).resolve().parent
NOT_COPIED = shutil.ignore_patterns(".git", ".venv", "__pycache__", ".*_cache", "demo", "shared")
TRAIN, VALIDATE, SIDE = 12, 2, 128  # images, images, px
KINDS = {  # what each data set has
    "busi": ("images", "masks"),
    "usgra": ("images", "masks", "labels"),
    "busi_normal": ("images",),
    "ddti": ("images", "masks"),
    "psfhs": ("images", "masks", "labels"),
    "hc18": ("images", "masks"),
}
SPLITS = (
    *("dataset", "id", "class", "split", "width", "height", "area_fraction", "group", "group_size"),
    "primary",
)
PROGRAMS = {  # what stands before the words of a command
    "samca": (HERE / "small_samca.py",),
    "python": (),
    "python3": (),
}
STARTER = """# ruff: noqa
# fmt: off
import sys
sys.path.insert(0, {root!r})
import run
run.prepare = lambda extra: {python!r}
run.COMMANDS["samca"] = ("train", [{small!r}])
run.COMMANDS["test"] = ("test", ["-m", "pytest", "--collect-only", "-q", "-p", "no:cacheprovider"])
sys.exit(run.main(sys.argv[1:]))
"""


def make_folder(folder: Path) -> dict[str, str]:
    """Fill the folder; the environment in which its commands run, with `samca` and run.py made small."""
    shutil.copytree(ROOT, folder, ignore=NOT_COPIED, dirs_exist_ok=True)
    rows = []
    for name, kinds in KINDS.items():
        for part, count in (("train", TRAIN), ("val", VALIDATE)):
            ids = [f"{part}{number}" for number in range(count)]
            write_dataset(folder / "data" / name / part, ids, kinds)
            rows += [(name, one, "", part, SIDE, SIDE, 0.1, one, 1, 1) for one in ids]
    write_table(folder / "data" / "splits.csv", SPLITS, rows)
    sizes = [(name, one, 0.2) for name, one, *_rest in rows if name == "hc18"]
    write_table(folder / "data" / "spacing.csv", ("dataset", "id", "spacing_mm"), sizes)
    ids = [f"case{number}" for number in range(6)]
    write_dataset(folder / "mydata", ids, ("images", "masks"))
    rows = [(one, one, "train" if number % 4 else "val") for number, one in enumerate(ids)]
    write_table(folder / "mydata" / "cases.csv", ("id", "group", "split"), rows)
    write_dataset(folder / "healthy", ["healthy0", "healthy1"], ("images",))
    write_frame(folder)
    (folder / "run.py").write_text(starter(), encoding="utf-8")
    (folder / "small.json").write_text("{}", encoding="utf-8")
    return environment(folder)


def write_dataset(folder: Path, ids: list[str], kinds: tuple[str, ...]) -> None:
    """Simulated frames of two structures."""
    for number, one in enumerate(ids):
        phantom = make(np.random.default_rng([len(str(folder)), number]), SIDE, SIDE, lesions=2)
        mask = 255 * (phantom.labels > 0)
        pictures = {"images": phantom.image, "masks": mask.astype(np.uint8), "labels": phantom.labels}
        for kind in kinds:
            (folder / kind).mkdir(parents=True, exist_ok=True)
            Image.fromarray(pictures[kind]).save(folder / kind / f"{one}.png")


def write_table(path: Path, heading: tuple[str, ...], rows: list[tuple]) -> None:
    with path.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([heading, *rows])


def write_frame(folder: Path) -> None:
    """One frame as a picture and as DICOM."""
    phantom = make(np.random.default_rng(0), 384, 512, lesions=1)
    Image.fromarray(phantom.image).save(folder / "frame.png")
    SimpleITK.WriteImage(SimpleITK.GetImageFromArray(phantom.image[None]), str(folder / "frame.dcm"))


def starter() -> str:
    """A run.py that sets up nothing, trains little and only collects the tests."""
    return STARTER.format(
        root=str(ROOT),
        python=sys.executable,
        small=str(HERE / "small_samca.py"),
    )


def environment(folder: Path) -> dict[str, str]:
    """PATH with our programs before all others."""
    programs = folder / "bin"
    programs.mkdir()
    for name, words in PROGRAMS.items():
        call = " ".join(f'"{word}"' for word in (sys.executable, *words))
        (programs / name).write_text(f'#!/bin/sh\nexec {call} "$@"\n', encoding="utf-8")
        (programs / name).chmod(0o755)
    path = [str(programs), str(Path(sys.executable).parent), os.environ.get("PATH", "")]
    given = {"PATH": os.pathsep.join(path), "PYTHONPATH": str(ROOT / "SAMCAUltrasound")}
    return os.environ | given | {"OMP_NUM_THREADS": "1", "PYTHONDONTWRITEBYTECODE": "1"}
