"""What has become of a case: its state, who said so, where its outline lies, how sure the model was."""

from __future__ import annotations

import json
from dataclasses import dataclass, fields
from pathlib import PurePosixPath, PureWindowsPath

from .. import typed_json
from ..typed_json import Value

UNTOUCHED, SUGGESTED, OUTLINED, ACCEPTED, UNSURE = "untouched", "suggested", "outlined", "accepted", "unsure"
STATES = UNTOUCHED, SUGGESTED, OUTLINED, ACCEPTED, UNSURE
UNSEEN = UNTOUCHED, SUGGESTED  # nobody has worked on them, so a model may
LONGEST = 2**20  # bytes of a line
MOST_ADDED = 100_000


@dataclass(frozen=True)
class Entry:
    """The last word on a case.

    case: the image's path in its folder, with / between parts. rater: who left it so. file: of the outline,
    in the folder that is saved to; sha256: of that file as it was written; both "" while there is none.
    agreement, iou: what the model said of its suggestion, 0..1, None if it was not asked; model: which one.
    dataset, added: the folder that the case was accepted into, and the ids it has there. time: s since 1970.
    """

    case: str
    state: str = UNTOUCHED
    rater: str = ""
    file: str = ""
    sha256: str = ""
    agreement: float | None = None
    iou: float | None = None
    model: str = ""
    dataset: str = ""
    added: tuple[str, ...] = ()
    time: float = 0.0

    @property
    def sureness(self) -> float | None:
        """0..1, the lower of both figures: a model may be wrong with either; None where it was not asked."""
        known = [figure for figure in (self.agreement, self.iou) if figure is not None]
        return min(known) if known else None


def to_line(entry: Entry) -> bytes:
    """A line of JSON with what is not as by default."""
    values = {each.name: (getattr(entry, each.name), each.default) for each in fields(Entry)}
    kept = {name: value for name, (value, default) in values.items() if value != default}
    return json.dumps(kept, ensure_ascii=False, allow_nan=False).encode() + b"\n"


def from_line(line: bytes) -> Entry:
    """The entry of a line; ValueError for what is none."""
    value = typed_json.parse(line, "the line", LONGEST)
    state = value.get("state", UNTOUCHED)
    if state.text() not in STATES:
        raise state.wrong(f"one of {', '.join(STATES)}")
    texts = ("rater", "file", "sha256", "model", "dataset")
    _check_within(value.get("file", ""))
    return Entry(
        case=value["case"].text(),
        state=state.text(),
        agreement=_figure(value, "agreement"),
        iou=_figure(value, "iou"),
        added=tuple(each.text() for each in value.get("added", []).items(at_most=MOST_ADDED)),
        time=value.get("time", 0.0).number(0, 1e11),
        **{name: value.get(name, "").text() for name in texts},
    )


def _check_within(file: Value) -> None:
    """ValueError for a file that leads out of its folder on any system: journals come with data, too."""
    ways = PurePosixPath(file.text()), PureWindowsPath(file.text())
    if any(way.anchor or ".." in way.parts for way in ways):
        raise file.wrong("a file in the folder of the worklist")


def _figure(value: Value, name: str) -> float | None:
    return value[name].number(0, 1) if name in value else None
