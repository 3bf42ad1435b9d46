"""`samca segment`: one frame, clicks and a box in, its mask out."""

from __future__ import annotations

import argparse
from pathlib import Path

import samca

from .. import frames, masks
from . import pointing_arguments


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of this command."""
    add = parser.add_argument
    add("image", metavar="IMAGE", help="PNG, JPEG, BMP, TIFF, NRRD, NIfTI, MHA or DICOM file")
    pointing_arguments.add_frame_and_clicks(parser)
    add("--box", type=pointing_arguments.box, help="x0,y0,x1,y1: a box around the object, in px")
    add("--model", default="shipped", help="shipped (default) or a file of weights")
    add("--out", required=True, help="mask.png (0 and 255) or mask.seg.nrrd (opens in Slicer)")


def run(arguments: argparse.Namespace) -> int:
    """Write the mask and say how large it is; errors as of `frames.read`, `samca.load` and `write_mask`."""
    if not arguments.click and arguments.box is None:
        raise ValueError("nothing points at an object: give --click x,y or --box x0,y0,x1,y1")
    out = Path(arguments.out)
    masks.check_place(out)
    frame = frames.read(arguments.image, arguments.frame)
    session = samca.Session(samca.load(arguments.model))
    session.set_image(frame.pixels)
    if arguments.box is not None:
        session.box(arguments.box.x0, arguments.box.y0, arguments.box.x1, arguments.box.y1)
    for click in arguments.click:
        session.click(click.x, click.y, click.positive)
    masks.write_mask(out, session.mask, frame)
    print(f"{out}: {int(session.mask.sum())} px, predicted IoU {session.iou:.2f}")
    return 0
