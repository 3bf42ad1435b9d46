"""`samca follow`: a loop and clicks in some of its frames in, the object in all frames out."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

import samca

from ..batch.following import follow
from ..datasets.listing import visible
from ..files.changes import changing
from ..images import frames, masks
from ..images.frames import PICTURES, Frame
from ..images.masks import SEGMENTATION, Outlined
from ..images.overlay import png
from ..interaction import carriers
from ..interaction.propagation import FrameMask
from ..prompts import Prompts
from ..spreadsheets import text_of
from ..words import counted
from . import pointing_arguments

CARRIER_HELP = (
    "what carries the object from frame to frame: memory, mask (the last one), deformation (between frames), "
    "or sam2:FOLDER (SAM 2's memory, its weights in a folder); default: memory, where the model has one"
)


def carrier(word: str) -> str:
    """A name as `carriers.check` lets it through."""
    try:
        carriers.check(word)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from error
    return word


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of this command."""
    add = parser.add_argument
    add(
        "image",
        metavar="LOOP",
        help="file of several frames (DICOM, .seq.nrrd, NRRD, MHA, NIfTI, TIFF), or a folder of pictures",
    )
    add("--frame", type=int, action=_Frame, help="which frame, from 0, the clicks after it are in; repeat")
    add("--click", type=pointing_arguments.click, action=_Click, help=pointing_arguments.CLICK_HELP)
    add("--model", default="shipped", help="shipped (default), an organ as thyroid, or a file of weights")
    add("--carrier", type=carrier, metavar="NAME", help=CARRIER_HELP)
    add("--device", default="auto", help="auto, cpu, cuda or mps (default: auto)")
    add("--out", required=True, help="loop.seg.nrrd, or a folder for a mask of each frame")
    add("--table", help="file.csv: area, predicted IoU and agreement of each frame")
    parser.set_defaults(prompted=None)


def run(arguments: argparse.Namespace) -> int:
    """Write the masks and say of which frames the model is unsure; errors as of `follow` and `read_loop`."""
    if not arguments.prompted or not all(clicks for _, clicks in arguments.prompted):
        raise ValueError("nothing points at an object: give --frame N --click x,y, one click or more a frame")
    out = Path(arguments.out)
    if is_segmentation := out.name.lower().endswith(SEGMENTATION):
        masks.check_place(out)
    loop = read_loop(arguments.image)
    prompts: dict[int, Prompts] = {}
    for index, clicks in arguments.prompted:
        prompts[index] = prompts.get(index, Prompts()).plus(*clicks)
    model = samca.load(arguments.model, device=arguments.device)
    found: dict[int, FrameMask] = {}
    for each in follow(model, loop, prompts, arguments.carrier or ""):
        if each.is_sure or each.index not in found:
            found[each.index] = each
    kept = {index: each for index, each in found.items() if index in prompts or each.is_sure}
    (_write_segmentation if is_segmentation else _write_folder)(out, loop, kept)
    if arguments.table:
        frames_csv = text_of(_rows(loop, found, kept))
        with changing(Path(arguments.table).resolve().parent) as files:
            files.write(Path(arguments.table).name, frames_csv.encode())
    print(f"{out}: outlined in {counted(len(kept), 'frame')} of {len(loop)}")
    for span in _spans(sorted(set(range(len(loop))) - set(kept))):
        print(f"unsure: {span}; click there, --frame N --click x,y")
    return 0


def read_loop(path: str | Path) -> list[Frame]:
    """The frames of a file, or the pictures of a folder in the order of their numbers.

    ValueError for a single frame, and for frames of different size, with the first that differs.
    """
    path = Path(path)
    loop = _pictures(path) if path.is_dir() else frames.read_all(path)
    if len(loop) < 2:
        raise ValueError(f"{path} has {counted(len(loop), 'frame')}: expected a loop of several")
    for frame in loop:
        if frame.pixels.shape[:2] != loop[0].pixels.shape[:2]:
            sides = [" x ".join(map(str, f.pixels.shape[1::-1])) for f in (loop[0], frame)]
            raise ValueError(f"{frame.source} is of {sides[1]} px, the loop of {sides[0]}: expected one size")
    return loop


def _pictures(folder: Path) -> list[Frame]:
    return [frames.read(file) for file in visible(folder) if file.name.lower().endswith(PICTURES)]


def _write_segmentation(out: Path, loop: Sequence[Frame], kept: dict[int, FrameMask]) -> None:
    grid = loop[0].grid
    if grid.size[2] != len(loop):  # single pictures, or items of a Sequence
        grid = replace(grid, size=(*grid.size[:2], len(loop)))
    placed = {index: replace(loop[index], grid=grid, index=index) for index in kept}
    entries = {
        index: masks.entries_of([Outlined(found.prompts, found.mask)], placed[index])
        for index, found in kept.items()
    }
    for index, found in kept.items():
        if found.prompts.mask is not None:  # nobody clicked there, as SAMCALib's TagLogic says
            entries[index][0]["carried"] = True
    masks.write_slices(out, {index: found.mask for index, found in kept.items()}, grid, entries)


def _write_folder(out: Path, loop: Sequence[Frame], kept: dict[int, FrameMask]) -> None:
    nothing = np.zeros(loop[0].pixels.shape[:2], bool)
    have_names = len({each.source for each in loop}) > 1
    with changing(out) as files:
        for index, frame in enumerate(loop):
            name = frame.source.stem if have_names else f"{index:04d}"
            mask = kept[index].mask if index in kept else nothing
            files.write(f"{name}.png", png(255 * mask.astype(np.uint8)))


def _rows(loop: Sequence[Frame], found: dict[int, FrameMask], kept: dict[int, FrameMask]) -> list:
    rows = [["frame", "outlined", "area_px", "area_mm2", "predicted_iou", "agreement"]]
    for index, frame in enumerate(loop):
        each = found.get(index)
        area = int(each.mask.sum()) if each else None
        size = None if area is None or frame.spacing_mm is None else area * float(np.prod(frame.spacing_mm))
        sure = [each.iou, each.agreement] if each else [None, None]
        rows.append([index, int(index in kept), area, size, *sure])
    return rows


def _spans(places: Sequence[int]) -> list[str]:
    """ "frames 3 to 7" of each run of neighbours."""
    runs: list[list[int]] = []
    for place in places:
        if runs and runs[-1][1] == place - 1:
            runs[-1][1] = place
        else:
            runs.append([place, place])
    return [f"frame {a}" if a == b else f"frames {a} to {b}" for a, b in runs]


class _Frame(argparse.Action):
    """The frame that the clicks after it are in."""

    def __call__(self, parser, namespace, values, option_string=None):
        namespace.prompted = [*(namespace.prompted or []), (values, [])]


class _Click(argparse.Action):
    """A click in the frame that was named before, in the first if none was."""

    def __call__(self, parser, namespace, values, option_string=None):
        namespace.prompted = namespace.prompted or [(0, [])]
        namespace.prompted[-1][1].append(values)
