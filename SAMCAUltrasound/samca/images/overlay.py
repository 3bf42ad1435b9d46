"""A picture of a frame with what was clicked, what was found and what is true."""

from __future__ import annotations

import io
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
from scipy import ndimage

from ..files import write_atomically
from ..prompts import Click, Prompts
from ..prompts.geometry import resample
from .frames import as_rgb

LONGER_SIDE, LONGEST_SIDE = 768, 2048  # px; smaller frames are enlarged, larger ones reduced
LINE_WIDTH, GLYPH_RADIUS, TEXT_HEIGHT = 2.2, 9, 15  # px of a picture of LONGER_SIDE
THIN = 1.2  # px of an outline on a thumbnail
SUPERSAMPLING = 4  # glyphs are drawn this much larger and reduced, which smooths their edges
STRIP, TEXT, HALO = (20, 23, 27), (222, 226, 230), (0, 0, 0, 255)


class Sign(NamedTuple):
    """Something in the picture: its words in the legend, its colour (red, green, blue), its shape."""

    words: str
    colour: tuple[int, int, int]
    shape: str


OUTLINE = Sign("outline", (255, 199, 28), "line")
TRUTH = Sign("truth", (86, 190, 255), "line")
INITIAL = Sign("first click", (255, 255, 255), "ring")
INSIDE = Sign("click inside", (70, 222, 122), "plus")
OUTSIDE = Sign("click outside", (255, 92, 84), "minus")
BOX = Sign("box", (255, 255, 255), "line")
LASSO = Sign("lasso", (255, 255, 255), "line")


def draw(
    pixels: np.ndarray, mask: np.ndarray, prompts: Prompts, truth: np.ndarray | None = None
) -> np.ndarray:
    """(H', W', 3) uint8 picture of an (H, W) or (H, W, 3 or 4) frame, LONGER_SIDE to LONGEST_SIDE px long.

    mask and truth, (H, W) bool, become outlines, a box a rectangle, a lasso a curve, and each click the sign
    of its role, from which a stroke goes on as a line. A strip below the frame says which is which.
    """
    canvas = as_rgb(pixels)
    longer = max(canvas.shape[:2])
    scale = float(np.clip(longer, LONGER_SIDE, LONGEST_SIDE)) / longer
    canvas = _scaled(canvas, scale)
    unit = max(canvas.shape[:2]) / LONGER_SIDE
    outlines = [(TRUTH, truth)] if truth is not None else []
    for sign, region in [*outlines, (OUTLINE, mask)]:
        _blend_outline(canvas, region, sign.colour, LINE_WIDTH * unit)
    picture = _image(canvas)
    clicks = _roles(prompts)
    _draw_lines(picture, prompts, clicks, scale, unit)
    for sign, click in clicks:
        stamp = _glyph(sign, GLYPH_RADIUS * unit)
        centre = ((at + 0.5) * scale - stamp.width / 2 for at in (click.x, click.y))
        picture.paste(stamp, tuple(round(at) for at in centre), stamp)
    around = [BOX] * (prompts.box is not None) + [LASSO] * bool(prompts.lasso)
    shown = [sign for sign, _ in clicks] + around + [OUTLINE] + [TRUTH] * len(outlines)
    return np.vstack([np.asarray(picture), legend(list(dict.fromkeys(shown)), picture.width, unit)])


def thumbnail(pixels: np.ndarray, regions: Sequence[tuple[Sign, np.ndarray]], side: int) -> np.ndarray:
    """(h, w, 3) uint8: a frame with the outlines of (H, W) bool regions, its longer side `side` px."""
    canvas = as_rgb(pixels)
    canvas = _scaled(canvas, side / max(canvas.shape[:2]))
    for sign, region in regions:
        _blend_outline(canvas, region, sign.colour, THIN)
    return np.clip(np.rint(canvas), 0, 255).astype(np.uint8)


def save(path: str | Path, picture: np.ndarray) -> None:
    """Write an (H, W) or (H, W, 3) uint8 picture as PNG, whole or not at all; makes the folder."""
    write_atomically(path, png(picture))


def ppm(picture: np.ndarray) -> bytes:
    """An (H, W, 3) uint8 picture as PPM, which Qt reads itself.

    Black is lifted to 1: PythonQt may take bytes as a C string, which a byte of 0 would end.
    """
    height, width = picture.shape[:2]
    return b"P6 %d %d 255\n" % (width, height) + np.maximum(picture, 1).tobytes()


def png(picture: np.ndarray) -> bytes:
    """An (H, W) or (H, W, 3) uint8 picture as PNG."""
    content = io.BytesIO()
    _image(picture).save(content, format="PNG")
    return content.getvalue()


def _roles(prompts: Prompts) -> list[tuple[Sign, Click]]:
    """The clicks with the signs of their roles, what started the object first."""
    initial, guided = prompts.initial_and_guided()
    signs = [(INSIDE if click.positive else OUTSIDE, click) for click in guided.clicks]
    return [(INITIAL, click) for click in initial.clicks] + signs


def _scaled(canvas: np.ndarray, scale: float) -> np.ndarray:
    if scale == 1:
        return canvas
    return resample(canvas, *(max(1, round(side * scale)) for side in canvas.shape[:2]))


def _image(pixels: np.ndarray):
    from PIL import Image  # drawing is the only use of pillow here

    return Image.fromarray(np.clip(np.rint(pixels), 0, 255).astype(np.uint8))


def _blend_outline(
    canvas: np.ndarray, region: np.ndarray, colour: tuple[int, int, int], width: float
) -> None:
    """Draw the boundary of an (h, w) bool region onto the (H, W, 3) canvas, with a dark rim to stand out."""
    distance = np.abs(_signed_distance(region, canvas.shape[:2]))[..., None]
    for value, half in ((0.0, width / 2 + 1), (np.array(colour, np.float32), width / 2)):
        strength = 0.45 if half > width / 2 else 1.0
        cover = strength * np.clip(half + 0.5 - distance, 0, 1)
        canvas += cover * (value - canvas)


def _signed_distance(region: np.ndarray, shape: tuple[int, int]) -> np.ndarray:
    """Distance in picture px from the region's boundary, positive inside, on its enlargement to `shape`.

    Smoothed by a third of an image pixel: the steps of the pixels go, a single pixel keeps its outline.
    """
    if not region.any() or region.all():
        return np.full(shape, np.inf, np.float32)
    rows, columns = (np.arange(new) * old // new for new, old in zip(shape, region.shape, strict=True))
    large = region[rows[:, None], columns]
    distance = ndimage.distance_transform_edt(large) - ndimage.distance_transform_edt(~large)
    distance -= np.sign(distance) * 0.5  # transforms measure to pixel centres, the boundary lies between them
    return ndimage.gaussian_filter(distance.astype(np.float32), max(1.0, shape[0] / region.shape[0] / 3))


def _draw_lines(
    picture, prompts: Prompts, clicks: list[tuple[Sign, Click]], scale: float, unit: float
) -> None:
    """The box, the lasso, and the strokes among the clicks."""
    from PIL import ImageDraw

    canvas, width = ImageDraw.Draw(picture), max(1, round(LINE_WIDTH * unit / 2))
    if prompts.box is not None:
        x0, y0, x1, y1 = prompts.box.x0, prompts.box.y0, prompts.box.x1 + 1, prompts.box.y1 + 1
        canvas.rectangle([round(at * scale) for at in (x0, y0, x1, y1)], outline=BOX.colour, width=width)
    lines = [(LASSO, (*prompts.lasso, *prompts.lasso[:1]))]
    for sign, places in [*lines, *((sign, click.places) for sign, click in clicks)]:
        if len(places) > 1:
            corners = [tuple((at + 0.5) * scale for at in place) for place in places]
            canvas.line(corners, fill=sign.colour, width=2 * width, joint="curve")


def _glyph(sign: Sign, radius: float):
    """The sign as a square RGBA picture, its middle on the click."""
    from PIL import Image, ImageDraw

    side = 2 * round(radius * 1.25) + 1
    large = Image.new("RGBA", (side * SUPERSAMPLING,) * 2, (0, 0, 0, 0))
    draw = ImageDraw.Draw(large)
    r, middle = radius * SUPERSAMPLING, large.width / 2
    for colour, rim in ((HALO, r * 0.16), ((*sign.colour, 255), 0)):
        _SHAPES[sign.shape](draw, middle, r, rim, colour)
    return large.resize((side, side), Image.Resampling.LANCZOS)


def _ring(draw, middle: float, r: float, rim: float, colour) -> None:
    outer, dot = r * 0.95 + rim, r * 0.2 + rim
    draw.circle((middle, middle), outer, outline=colour, width=round(r * 0.3 + 2 * rim))
    draw.circle((middle, middle), dot, fill=colour)


def _minus(draw, middle: float, r: float, rim: float, colour) -> None:
    long, short = r * 0.95 + rim, r * 0.2 + rim
    draw.rectangle([middle - long, middle - short, middle + long, middle + short], fill=colour)


def _plus(draw, middle: float, r: float, rim: float, colour) -> None:
    long, short = r * 0.95 + rim, r * 0.2 + rim
    draw.rectangle([middle - short, middle - long, middle + short, middle + long], fill=colour)
    _minus(draw, middle, r, rim, colour)


_SHAPES = {"ring": _ring, "plus": _plus, "minus": _minus, "line": _minus}


def legend(signs: list[Sign], width: int, unit: float) -> np.ndarray:
    """(h, width, 3) uint8 strip that names the signs, in as many rows as they need."""
    from PIL import Image, ImageDraw, ImageFont

    font = ImageFont.load_default(max(9, round(TEXT_HEIGHT * unit)))
    row, gap = round(font.size * 1.9), font.size
    places, x, y = [], gap, 0
    for sign in signs:
        needed = round(font.getlength(sign.words)) + 3 * gap
        if x > gap and x + needed > width:
            x, y = gap, y + row
        places.append((sign, x, y))
        x += needed + gap // 2
    strip = Image.new("RGB", (width, y + row), STRIP)
    for sign, x, y in places:
        stamp = _glyph(sign, font.size * 0.5)
        strip.paste(stamp, (x, y + (row - stamp.height) // 2), stamp)
        ImageDraw.Draw(strip).text(
            (x + stamp.width + gap // 2, y + row // 2), sign.words, TEXT, font, anchor="lm"
        )
    return np.asarray(strip)
