"""`samca segment`: one frame and what points at an object in, its mask out; or all that is found in it."""

from __future__ import annotations

import argparse
import itertools
from dataclasses import replace
from pathlib import Path

import numpy as np

import samca

from ..images import frames, masks
from ..images.frames import Frame
from ..images.regions import Region, region_under
from ..interaction import text_box
from ..interaction.everything import Criteria, Found, everything, labels_of
from ..prompts import Box, Click, Prompts
from ..words import counted
from . import pointing_arguments


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of this command."""
    add = parser.add_argument
    add("image", metavar="IMAGE", help="PNG, JPEG, BMP, TIFF, NRRD, NIfTI, MHA or DICOM file")
    pointing_arguments.add_frame_and_clicks(parser)
    add("--box", type=pointing_arguments.box, help="x0,y0,x1,y1: a box around the object, in px")
    add("--target", help="what to look for in words, as 'breast lesion'; needs --detector")
    add("--detector", metavar="FOLDER", help="Grounding DINO on disk, which finds the target's box")
    add("--everything", action="store_true", help="no object in particular: all that a grid of clicks finds")
    add("--grid", type=int, default=16, help="for --everything: clicks along each side (default: 16)")
    add("--iou", type=float, help="smallest predicted IoU of what is kept (default: as the model says)")
    add("--stability", type=float, help="smallest stability of what is kept (default: as the model says)")
    add("--suggest", metavar="CLASS", help="let the model find this class (name, or number from 0) by itself")
    add("--model", default="shipped", help="shipped (default) or a file of weights")
    add(
        "--out",
        required=True,
        help="mask.png (0 and 255; everything: 1, 2, ...) or mask.seg.nrrd",
    )


def run(arguments: argparse.Namespace) -> int:
    """Write the mask and say how large it is; errors as of `frames.read`, `samca.load` and `write_mask`."""
    others = (arguments.box, arguments.target, arguments.suggest)
    pointing = arguments.click or any(given is not None for given in others)
    if arguments.everything:
        if pointing:
            raise ValueError(
                "--everything looks for all things: leave --click, --box and --target out, and --suggest"
            )
        return _run_everything(arguments)
    if not pointing:
        raise ValueError(
            "nothing points at an object: give --click x,y or --box x0,y0,x1,y1, or --everything"
        )
    out = Path(arguments.out)
    masks.check_place(out)
    frame = frames.read(arguments.image, arguments.frame)
    box = arguments.box if arguments.target is None else _found(arguments, frame.pixels)
    prompts = Prompts(tuple(arguments.click), box)
    region = region_under(frame.regions, prompts)
    if frame.regions and not prompts:
        raise ValueError(f"there are {len(frame.regions)} pictures on this screen: point at one with --click")
    part = frame if region is None else frame.part(region)
    session = samca.Session(samca.load(arguments.model))
    session.set_image(part.pixels)
    _point(session, prompts if region is None else region.window.prompts(prompts), arguments.suggest)
    masks.write_mask(out, _on_screen(session.mask, region, frame), _with_spacing(frame, part))
    where = "" if region is None else f", in the picture at {region} of this screen"
    factor = session.geometry.reduction.factor
    where += "" if factor == 1 else f", found at 1/{factor} of its size"
    print(f"{out}: {int(session.mask.sum())} px, predicted IoU {session.iou:.2f}{where}")
    return 0


def _point(session: samca.Session, prompts: Prompts, suggest: str | None) -> None:
    if suggest is not None:
        session.suggest(_class(session.model.suggests, suggest))
    if prompts.box is not None:
        session.box(prompts.box.x0, prompts.box.y0, prompts.box.x1, prompts.box.y1)
    for click in prompts.clicks:
        session.click(click.x, click.y, click.positive)


def _on_screen(mask: np.ndarray, region: Region | None, frame: Frame) -> np.ndarray:
    """The mask of one of a screen's pictures on the whole screen."""
    return mask if region is None else region.window.paste(mask, np.zeros(frame.pixels.shape[:2], bool))


def _with_spacing(frame: Frame, part: Frame) -> Frame:
    """The screen with the spacing of the picture that was segmented."""
    return replace(frame, grid=replace(frame.grid, spacing=part.grid.spacing))


def _run_everything(arguments: argparse.Namespace) -> int:
    """Write the things found, numbered from the surest, and say how many there are."""
    out, criteria = Path(arguments.out), Criteria(arguments.grid, arguments.iou, arguments.stability)
    masks.check_place(out)
    frame = frames.read(arguments.image, arguments.frame)
    model = samca.load(arguments.model)
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


def _in_region(model, frame: Frame, region: Region, criteria: Criteria) -> list[Found]:
    """All things in one of a screen's pictures, where they lie on the screen."""
    x, y = region.window.x0, region.window.y0
    return [
        replace(
            thing,
            mask=_on_screen(thing.mask, region, frame),
            click=Click(thing.click.x + x, thing.click.y + y),
        )
        for thing in everything(model, frame.part(region).pixels, criteria)
    ]


def _class(names: tuple[str, ...], word: str) -> int:
    """The number of a class by its name or number; the model refuses numbers that it does not know."""
    if word in names:
        return names.index(word)
    if not word.isdecimal() and names:
        raise ValueError(f"--suggest {word!r} is not one of {', '.join(names)}")
    return int(word) if word.isdecimal() else 0


def _found(arguments: argparse.Namespace, pixels: np.ndarray) -> Box | None:
    """The box of the target; None where it is not found and clicks were given as well."""
    text_box.sentence_for(arguments.target)
    if arguments.detector is None:
        raise ValueError("--target needs --detector FOLDER, the folder of a Grounding DINO")
    box = text_box.TextBox(arguments.detector).find(pixels, arguments.target)
    if box is None and not arguments.click:
        raise ValueError(
            f"no {arguments.target} was found in {arguments.image}: point at it with --click x,y"
        )
    return box
