"""`samca segment`: one frame and what points at an object in, its mask out; or all that is found in it; or a
folder of images (segment_folder.py)."""

from __future__ import annotations

import argparse
import itertools
from dataclasses import replace
from pathlib import Path

import numpy as np

import samca

from ..batch.answering import OnFrame, class_of
from ..images import frames, masks
from ..images.frames import Frame
from ..images.masks import Outlined
from ..images.regions import Region, region_under
from ..interaction.everything import Criteria, Found, everything, labels_of
from ..prompts import Box, Click, Prompts
from ..words import counted
from . import pointing_arguments, segment_folder

MOST, GRID = 3, 16  # other outlines that a click may mean; clicks of everything along each side
OF_EVERYTHING = ("grid", "iou", "stability")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of this command."""
    add = parser.add_argument
    add("image", metavar="IMAGE", help="PNG, JPEG, BMP, TIFF, NRRD, NIfTI, MHA or DICOM file, or a folder")
    pointing_arguments.add_frame_and_clicks(parser)
    add(
        "--stroke",
        type=pointing_arguments.stroke,
        action="append",
        default=[],
        help="x,y,x,y,...: drawn along what belongs to the object, or x,y,x,y,...,- along what does not; "
        "after the clicks; repeat for more",
    )
    add("--lasso", type=pointing_arguments.lasso, help="x,y,x,y,x,y,...: drawn around the object")
    add(
        "--outline",
        type=int,
        default=0,
        metavar="N",
        help="of what the first click may mean the N-th other outline, the surest first (default: 0, none)",
    )
    add("--box", type=pointing_arguments.box, help="x0,y0,x1,y1: a box around the object, in px")
    add("--target", help="what to look for in words, as 'breast lesion'; needs --detector")
    add("--detector", metavar="FOLDER", help="Grounding DINO on disk, which finds the target's box")
    add("--everything", action="store_true", help="no object in particular: all that a grid of clicks finds")
    add("--grid", type=int, help="for --everything: clicks along each side (default: 16)")
    add("--iou", type=float, help="smallest predicted IoU of what is kept (default: as the model says)")
    add("--stability", type=float, help="smallest stability of what is kept (default: as the model says)")
    add("--suggest", metavar="CLASS", help="let the model find this class (name, or number from 0) by itself")
    add("--model", default="shipped", help="shipped (default), an organ as thyroid, or a file of weights")
    add("--device", default="auto", help="auto, cpu, cuda or mps (default: auto)")
    add(
        "--out",
        help="mask.png (0 and 255; everything: 1, 2, ...) or mask.seg.nrrd; of a folder a folder, beside the "
        "images if not given",
    )
    segment_folder.add_arguments(parser)


def run(arguments: argparse.Namespace) -> int:
    """Write the mask and say how large it is; errors as of `frames.read`, `samca.load` and `write_mask`."""
    if Path(arguments.image).is_dir():
        return segment_folder.run(arguments)
    segment_folder.check_alone(arguments)
    others = (arguments.box, arguments.target, arguments.suggest, arguments.lasso)
    pointing = arguments.click or arguments.stroke or any(given is not None for given in others)
    if arguments.everything:
        if pointing or arguments.outline or arguments.detector:
            raise ValueError("--everything looks for all things: leave out what points at one, as --click")
        return _run_everything(arguments)
    if given := [name for name in OF_EVERYTHING if getattr(arguments, name) is not None]:
        raise ValueError(f"--{given[0]} is for --everything: leave it out, or give that")
    if not pointing:
        raise ValueError(
            "nothing points at an object: give --click x,y, --stroke, --lasso or --box x0,y0,x1,y1, or "
            "--everything"
        )
    out = Path(arguments.out)
    masks.check_place(out)
    frame = frames.read(arguments.image, arguments.frame)
    box = arguments.box if arguments.target is None else _found(arguments, frame.pixels)
    clicks = (*arguments.click, *arguments.stroke)
    prompts = Prompts(clicks, box, lasso=arguments.lasso or (), alternative=arguments.outline)
    if not 0 <= arguments.outline <= MOST or (arguments.outline and not prompts.first(1).is_ambiguous):
        raise ValueError(f"--outline {arguments.outline}: expected 0 to {MOST}, and a --click first")
    region_under(frame.regions, prompts)  # before a model is loaded
    model = samca.load(arguments.model, device=arguments.device)
    if arguments.suggest is not None:
        prompts = replace(prompts, suggestion=class_of(model.suggests, arguments.suggest))
    found = OnFrame(model, frame).answer(prompts)
    masks.write_mask(out, found.mask, found.frame, [Outlined(prompts, found.mask)])
    where = "" if found.region is None else f", in the picture at {found.region} of this screen"
    where += "" if found.factor == 1 else f", found at 1/{found.factor} of its size"
    print(f"{out}: {int(found.mask.sum())} px, predicted IoU {found.iou:.2f}{where}")
    return 0


def _run_everything(arguments: argparse.Namespace) -> int:
    """Write the things found, numbered from the surest, and say how many there are."""
    out, criteria = Path(arguments.out), Criteria(_grid(arguments), arguments.iou, arguments.stability)
    masks.check_place(out)
    frame = frames.read(arguments.image, arguments.frame)
    model = samca.load(arguments.model, device=arguments.device)
    if frame.regions:
        in_each = [_in_region(model, frame, region, criteria) for region in frame.regions]
        found = sorted(itertools.chain.from_iterable(in_each), key=lambda thing: -thing.iou)
    else:
        found = everything(model, frame.pixels, criteria)
    masks.write_labels(out, labels_of(found, frame.pixels.shape[:2]), frame)
    for number, thing in enumerate(found, start=1):
        at = f"({thing.click.x:.0f}, {thing.click.y:.0f})"
        print(f"{number}: {int(thing.mask.sum())} px around {at}, predicted IoU {thing.iou:.2f}")
    print(f"{out}: {counted(len(found), 'thing')}")
    return 0


def _grid(arguments: argparse.Namespace) -> int:
    return GRID if arguments.grid is None else arguments.grid


def _in_region(model, frame: Frame, region: Region, criteria: Criteria) -> list[Found]:
    """All things in one of a screen's pictures, where they lie on the screen."""
    x, y = region.window.x0, region.window.y0
    return [
        replace(
            thing,
            mask=region.window.paste(thing.mask, np.zeros(frame.pixels.shape[:2], bool)),
            click=Click(thing.click.x + x, thing.click.y + y),
        )
        for thing in everything(model, frame.part(region).pixels, criteria)
    ]


def _found(arguments: argparse.Namespace, pixels: np.ndarray) -> Box | None:
    """The box of the target; None where it is not found and clicks were given as well."""
    from ..interaction import text_box  # which needs torch

    text_box.sentence_for(arguments.target)
    if arguments.detector is None:
        raise ValueError("--target needs --detector FOLDER, the folder of a Grounding DINO")
    box = text_box.TextBox(arguments.detector).find(pixels, arguments.target)
    if box is None and not arguments.click:
        raise ValueError(
            f"no {arguments.target} was found in {arguments.image}: point at it with --click x,y"
        )
    return box
