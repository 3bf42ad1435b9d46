"""Clicks, strokes, boxes and lassos as words of a command line."""

from __future__ import annotations

import argparse

from ..prompts import Box, Click

CLICK_HELP = "a click at x,y px inside the object, or x,y,- outside it; repeat for more"


def click(word: str) -> Click:
    """ "x,y" or "x,y,+" -> a positive click, "x,y,-" -> a negative one."""
    numbers, sign = (word[:-2], word[-1]) if word.endswith((",-", ",+")) else (word, "+")
    return Click(*_numbers(numbers, 2, word, "x,y or x,y,-"), positive=sign == "+")


def stroke(word: str) -> Click:
    """ "x,y,x,y,..." or "x,y,x,y,...,+" -> a positive stroke along these corners, with ",-" a negative."""
    numbers, sign = (word[:-2], word[-1]) if word.endswith((",-", ",+")) else (word, "+")
    (x, y), *path = _corners(numbers, 2, word, "x,y,x,y,... or x,y,x,y,...,-")
    return Click(x, y, sign == "+", tuple(path))


def lasso(word: str) -> tuple[tuple[float, float], ...]:
    """ "x,y,x,y,x,y,..." -> the corners of a closed curve, at least three."""
    return tuple(_corners(word, 3, word, "x,y,x,y,x,y,..., at least three corners,"))


def box(word: str) -> Box:
    """ "x0,y0,x1,y1" -> a box from its first pixel to its last."""
    try:
        return Box(*_numbers(word, 4, word, "x0,y0,x1,y1"))
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from error


def add_frame_and_clicks(parser: argparse.ArgumentParser) -> None:
    """The options that choose a frame of a file and point at an object in it."""
    parser.add_argument(
        "--frame", type=int, default=0, help="which frame of a loop or slice of a volume, from 0 (default: 0)"
    )
    parser.add_argument("--click", type=click, action="append", default=[], help=CLICK_HELP)


def _corners(text: str, least: int, word: str, expected: str) -> list[tuple[float, float]]:
    count = text.count(",") + 1
    numbers = _numbers(text, max(count + count % 2, 2 * least), word, expected)
    return list(zip(numbers[::2], numbers[1::2], strict=True))


def _numbers(text: str, count: int, word: str, expected: str) -> list[float]:
    try:
        numbers = [float(part) for part in text.split(",")]
    except ValueError:
        numbers = []
    if len(numbers) != count or not all(abs(number) < float("inf") for number in numbers):
        raise argparse.ArgumentTypeError(f"{word!r} is not {expected} with finite numbers")
    return numbers
