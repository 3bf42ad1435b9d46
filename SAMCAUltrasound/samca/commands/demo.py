"""`samca demo`: segment one ultrasound frame with a few clicks and leave pictures of it."""

from __future__ import annotations

import argparse
import statistics
import time
from pathlib import Path
from typing import NamedTuple

import numpy as np
from scipy import ndimage

import samca

from .. import files, phantoms
from ..clicks import CLICKS
from ..evaluation import metrics
from ..images import frames, masks, overlay
from ..images.frames import Frame, Grid
from ..images.regions import region_under
from ..interaction.session import Session
from ..prompts import Click, Prompts
from ..prompts.prompts import box_around
from ..words import counted
from . import pointing_arguments
from .places import check_output

SIMULATED_CLICKS = 3
LEFT = ("overlay.png", "mask.png", "mask.seg.nrrd")  # in the folder, of a frame of one's own
EIGHT_NEIGHBOURS = np.ones((3, 3), bool)


class Times(NamedTuple):
    """Seconds: to encode the image, and of each click until its mask."""

    encode: float
    clicks: list[float]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of this command."""
    add = parser.add_argument
    add(
        "--image",
        help="a frame of your own: PNG, JPEG, BMP, TIFF, NRRD, NIfTI, MHA or DICOM (default: simulated)",
    )
    pointing_arguments.add_frame_and_clicks(parser)
    add(
        "--truth", help="mask file of the image; its largest part is clicked by a simulated user and compared"
    )
    add("--seed", type=int, default=0, help="which simulated frame (default: 0)")
    add("--out", default="demo", help="folder for what the demo leaves (default: demo)")


def run(arguments: argparse.Namespace) -> int:
    """Write overlay.png, mask.png and mask.seg.nrrd, print one line; errors as of reading and loading."""
    if arguments.truth is not None and arguments.image is None:
        raise ValueError("--truth belongs to an image: give --image FILE with it")
    out, clicks = Path(arguments.out), arguments.click
    for name in LEFT:
        check_output(out / name, (arguments.image, arguments.truth))
    if arguments.image is None:
        frame, truth = _simulated(arguments.seed, out)
    else:
        frame, truth, clicks = _picture_of_screen(*_given(arguments), clicks)
    session = samca.Session(samca.load())
    times = segment(session, frame, clicks, truth)
    files.make_folder(out)
    if arguments.image is None:
        _write_frame(frame)
    overlay.save(out / LEFT[0], overlay.draw(frame.pixels, session.mask, session.prompts, truth))
    for name in LEFT[1:]:
        masks.write_mask(out / name, session.mask, frame)
    print(describe(out, session, truth, frame.spacing_mm, times))
    return 0


def segment(session: Session, frame: Frame, clicks: list[Click], truth: np.ndarray | None) -> Times:
    """Take frame and clicks into the session; without clicks a simulated user places them by the truth."""
    session.set_image(
        frame.pixels
    )  # the first time also starts the kernels, so it is not the one that counts
    encode = _timed(session.set_image, frame.pixels)
    following = iter(clicks) if clicks else simulated_clicks(session, truth)
    return Times(encode, [_timed(session.click, click.x, click.y, click.positive) for click in following])


def simulated_clicks(session: Session, truth: np.ndarray):
    """Yield the click of a user who sees the session's mask: first the middle, then the deepest error."""
    rng = np.random.default_rng(0)  # neither simulator draws from it
    yield CLICKS["center_of_mass"](truth, None, 1, rng).clicks[0]
    while len(session.prompts.clicks) < SIMULATED_CLICKS and (session.mask != truth).any():
        yield CLICKS["error_deepest"](truth, session.mask, 1, rng).clicks[0]


def describe(
    out: Path,
    session: Session,
    truth: np.ndarray | None,
    spacing_mm: tuple[float, float] | None,
    times: Times,
) -> str:
    """The one line that the demo prints."""
    count = len(times.clicks)
    parts = [f"{out / 'overlay.png'}: {counted(count, 'click')}"]
    if truth is not None:
        unit = "mm" if spacing_mm else "px"
        distance = metrics.hd95(session.mask, truth, spacing_mm or (1.0, 1.0))
        parts.append(f"Dice {metrics.dice(session.mask, truth):.3f}, HD95 {distance:.2f} {unit}")
    parts.append(f"encoding {times.encode * 1000:.0f} ms")
    parts.append(f"a click {statistics.median(times.clicks) * 1000:.0f} ms")
    return ", ".join(parts)


def _simulated(seed: int, out: Path) -> tuple[Frame, np.ndarray]:
    """A simulated frame with one structure, and where that is, (H, W) bool."""
    if seed < 0:
        raise ValueError(f"seed {seed}: expected 0 or more")
    phantom = phantoms.make(np.random.default_rng(seed), lesions=1)
    height, width = phantom.image.shape
    grid = Grid((width, height, 1), (*phantom.spacing_mm, 1.0))
    return Frame(phantom.image, phantom.spacing_mm, out / "frame.nrrd", 0, grid), phantom.labels == 1


def _given(arguments: argparse.Namespace) -> tuple[Frame, np.ndarray | None]:
    """The frame of --image, and the largest part of --truth where that is given."""
    if arguments.truth is None and not arguments.click:
        raise ValueError("nothing points at an object of the image: give --click x,y or --truth FILE")
    frame = frames.read(arguments.image, arguments.frame)
    if arguments.truth is None:
        return frame, None
    is_picture = arguments.truth.lower().endswith(frames.PICTURES)  # has one frame, whatever the image has
    return frame, largest_part(
        _mask_of(frame, frames.read(arguments.truth, 0 if is_picture else arguments.frame))
    )


def _picture_of_screen(
    frame: Frame, truth: np.ndarray | None, clicks: list[Click]
) -> tuple[Frame, np.ndarray | None, list[Click]]:
    """Of pictures side by side the one that the clicks, or the truth, lie in; else all as it is."""
    prompts = Prompts(tuple(clicks), None if clicks else box_around(truth))
    region = region_under(frame.regions, prompts)
    if region is None:
        return frame, truth, clicks
    truth = None if truth is None else region.window.crop(truth)
    return frame.part(region), truth, list(region.window.prompts(prompts).clicks)


def _mask_of(frame: Frame, truth: Frame) -> np.ndarray:
    mask = truth.pixels > 0 if truth.pixels.ndim == 2 else truth.pixels[..., :3].any(-1)
    if mask.shape != frame.pixels.shape[:2] or not mask.any():
        raise ValueError(
            f"{truth.source} is no mask of {frame.source}: expected one of {frame.pixels.shape[:2]} px with "
            f"something in it, got {mask.shape} px with {int(mask.sum())} px"
        )
    return mask


def largest_part(mask: np.ndarray) -> np.ndarray:
    """The largest 8-connected part of an (H, W) bool mask that is not empty."""
    labels, _ = ndimage.label(mask, EIGHT_NEIGHBOURS)
    return labels == np.bincount(labels.ravel())[1:].argmax() + 1


def _timed(action, *arguments) -> float:
    start = time.perf_counter()
    action(*arguments)
    return time.perf_counter() - start


def _write_frame(frame: Frame) -> None:
    """Write the simulated frame, so that Slicer can show the segmentation over it."""
    import SimpleITK

    image = SimpleITK.GetImageFromArray(frame.pixels[None])
    image.SetSpacing(frame.grid.spacing)
    with files.replacing(frame.source) as temporary:
        SimpleITK.WriteImage(image, str(temporary))
