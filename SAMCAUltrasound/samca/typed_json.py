"""JSON of any origin: bounded in bytes, depth and numbers, and read by the types that are expected of it.

Every JSON text that this program reads comes through here, whoever wrote it. Whatever it holds, what is
raised is ValueError with a sentence that names the place and what was expected there, or the operating
system's OSError where there is no such file.
"""

from __future__ import annotations

import json
import re
import stat
from dataclasses import dataclass
from pathlib import Path
from typing import Any

LARGEST = 64 * 2**20  # bytes of a text
DEEPEST = 32  # lists and objects in each other
MOST = 2_000_000  # values in a text
LONGEST = 4096  # characters of a text value, if its reader asks for no other bound
MOST_DIGITS = 19  # of a whole number
SHOWN = 60  # characters of a wrong value in a sentence


@dataclass(frozen=True)
class Value:
    """A JSON value and the place where it stands; each method takes it as one type, or raises ValueError."""

    plain: Any  # None, bool, int, float, str, list or dict; numbers are finite, texts can be encoded
    where: str

    def text(self, at_most: int = LONGEST) -> str:
        """A text of up to so many characters."""
        if isinstance(self.plain, str) and len(self.plain) <= at_most:
            return self.plain
        raise self.wrong(f"a text of up to {at_most} characters")

    def number(self, at_least: float = -1e300, at_most: float = 1e300) -> float:
        """A number in this range."""
        if self._is(int, float) and at_least <= self.plain <= at_most:
            return float(self.plain)
        raise self.wrong(f"a number of {at_least:g}..{at_most:g}")

    def whole(self, at_least: int = -(2**63), at_most: int = 2**63 - 1) -> int:
        """A whole number in this range."""
        if self._is(int) and at_least <= self.plain <= at_most:
            return self.plain
        raise self.wrong(f"a whole number of {at_least}..{at_most}")

    def flag(self) -> bool:
        """True or false."""
        if isinstance(self.plain, bool):
            return self.plain
        raise self.wrong("true or false")

    def items(self, at_least: int = 0, at_most: int = MOST) -> list[Value]:
        """The values of a list of so many."""
        if isinstance(self.plain, list) and at_least <= len(self.plain) <= at_most:
            return [Value(item, f"{self.where}[{i}]") for i, item in enumerate(self.plain)]
        raise self.wrong(f"a list of {at_least}..{at_most} values")

    def fields(self) -> dict[str, Value]:
        """The values of an object by their names."""
        if isinstance(self.plain, dict):
            return {name: Value(value, self._of(name)) for name, value in self.plain.items()}
        raise self.wrong("an object")

    def get(self, name: str, default: Any) -> Value:
        """The value of this name in an object; the default, in its place, without."""
        if isinstance(self.plain, dict):
            return Value(self.plain.get(name, default), self._of(name))
        raise self.wrong("an object")

    def __getitem__(self, name: str) -> Value:
        """The value of this name in an object that has to have it."""
        if name in self:
            return Value(self.plain[name], self._of(name))
        raise self.wrong(f"an object with {name}")

    def __contains__(self, name: str) -> bool:
        return isinstance(self.plain, dict) and name in self.plain

    def wrong(self, expected: str) -> ValueError:
        """What to raise where this value is not what it ought to be."""
        shown = repr(self.plain)[:SHOWN] if self._is(str, int, float) else type(self.plain).__name__
        return ValueError(f"{self.where} is {shown}: expected {expected}")

    def _is(self, *kinds: type) -> bool:
        return isinstance(self.plain, kinds) and not isinstance(self.plain, bool)

    def _of(self, name: str) -> str:
        return f"{self.where}.{name[:SHOWN]}"


def parse(content: str | bytes, where: str, at_most: int = LARGEST) -> Value:
    """The value of a JSON text, or of its bytes in UTF-8, UTF-16 or UTF-32 with or without a mark.

    where: what sentences call it. ValueError for what is no JSON, or beyond the bounds above.
    """
    if len(content) > at_most:
        raise ValueError(f"{where} has {len(content)} bytes: expected JSON of up to {at_most}")
    text = _decoded(content, where).removeprefix("\ufeff")
    try:
        _check_form(text)
        plain = json.loads(text, parse_float=_finite, parse_int=_whole, parse_constant=_finite)
        if "\\u" in text:
            json.dumps(plain, ensure_ascii=False).encode()  # half a pair of surrogates is no character
    except UnicodeEncodeError as error:
        raise ValueError(f"{where} cannot be read as JSON: a text in it ends within a character") from error
    except (ValueError, RecursionError, MemoryError) as error:
        says = str(error) or type(error).__name__
        raise ValueError(f"{where} cannot be read as JSON: {says}") from error
    return Value(plain, where)


def read(path: str | Path, at_most: int = LARGEST) -> Value:
    """The value of a JSON file; OSError where it cannot be opened, ValueError for what is in it."""
    path = Path(path)
    about = path.stat()
    if not stat.S_ISREG(about.st_mode):  # a pipe would be waited for, a device never ends
        raise ValueError(f"{path} is no file: expected one with JSON")
    if about.st_size > at_most:
        raise ValueError(f"{path} has {about.st_size} bytes: expected JSON of up to {at_most}")
    with path.open("rb") as file:
        return parse(file.read(at_most + 1), str(path), at_most)


def _decoded(content: str | bytes, where: str) -> str:
    if isinstance(content, str):
        return content
    try:
        return content.decode(json.detect_encoding(content))
    except UnicodeDecodeError as error:
        raise ValueError(f"{where} is neither UTF-8 nor UTF-16: save it as UTF-8") from error


def _check_form(text: str) -> None:
    """Before anything is made of it: how deep it is, and how many values it has."""
    outside = "".join(text.replace("\\\\", "").replace('\\"', "").split('"')[::2])  # of its strings
    if sum(map(outside.count, "[{,")) > MOST:
        raise ValueError(f"it holds more than {MOST} values")
    depth = 0
    for mark in re.findall(r"[][{}]", outside):
        depth += 1 if mark in "[{" else -1
        if depth > DEEPEST:
            raise ValueError(f"lists and objects lie more than {DEEPEST} deep in each other")


def _finite(text: str) -> float:
    number = float(text)
    if number - number != 0:
        raise ValueError(f"{text[:SHOWN]} is no finite number")
    return number


def _whole(text: str) -> int:
    if len(text.lstrip("-")) > MOST_DIGITS:
        raise ValueError(f"{text[:SHOWN]} has more than {MOST_DIGITS} digits")
    return int(text)
