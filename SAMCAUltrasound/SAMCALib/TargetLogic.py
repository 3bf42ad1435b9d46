"""A structure that is named in words becomes a box: a detector looks for it, in a thread of its own.

The detector (samca.text_box) is an extra: it needs the package transformers and a folder with its weights,
which the user puts there; nothing is downloaded.
"""

from __future__ import annotations

from concurrent.futures import Future, ThreadPoolExecutor, wait
from importlib.util import find_spec
from pathlib import Path

from samca.prompts import Box

from .EditQueue import pictureOf
from .EngineLogic import Picture
from .FrameLogic import Frame
from .ModelLogic import userFolder
from .Texts import Refusal, _

FOLDER = "grounding-dino"  # beside the user's models


def isAvailable() -> bool:
    """Whether the package that the detector needs is installed."""
    return find_spec("transformers") is not None


class TargetLogic:
    """One search at a time. folder: the detector's; makeDetector: folder -> an object with `find`, as
    samca.text_box.TextBox, which is the default. Both are there for tests and the console."""

    def __init__(self, folder: str | Path | None = None, makeDetector=None):
        self._folder, self._makeDetector = folder, makeDetector or _textBox
        self._worker: ThreadPoolExecutor | None = None
        self._detector = None
        self._search: tuple[Frame, str, Future] | None = None

    @property
    def folder(self) -> Path:
        """Where the detector's files are expected."""
        return Path(self._folder) if self._folder else userFolder().parent / FOLDER

    @property
    def isSearching(self) -> bool:
        """Whether an answer is to come, by `take`."""
        return self._search is not None

    @property
    def isDone(self) -> bool:
        """Whether `take` has something."""
        return self.isSearching and self._search[2].done()

    def wait(self, seconds: float) -> None:
        """Give the search this long, or less if it ends before."""
        if self.isSearching:
            wait([self._search[2]], seconds)

    def look(self, frame: Frame, target: str) -> None:
        """Start to look for the target on a frame; Refusal if that cannot be done."""
        target = " ".join(target.split())
        if not any(map(str.isalnum, target)):
            raise Refusal(_("Write what to look for, as 'breast lesion'."))
        if self.isSearching:
            raise Refusal(_("Wait until the last search has ended."))
        if self._detector is None and not (self.folder / "config.json").is_file():
            text = _("There is no detector: put the files of a Grounding DINO into {folder}, or click.")
            raise Refusal(text.format(folder=self.folder))
        self._worker = self._worker or ThreadPoolExecutor(1, "SAMCA target")
        self._search = frame, target, self._worker.submit(self._find, pictureOf(frame), target)

    def take(self) -> tuple[Frame, Box]:
        """The frame and the box on it, once `isDone`; Refusal where nothing was found or it failed."""
        (frame, target, future), self._search = self._search, None
        if error := future.exception():
            raise Refusal(str(error))
        if future.result() is None:
            raise Refusal(_("No {target} was found on this frame: click on it.").format(target=target))
        return frame, future.result()

    def forget(self) -> None:
        """Drop the search; what it finds is not asked for any more."""
        self._search = None

    def _find(self, picture: Picture, target: str) -> Box | None:
        self._detector = self._detector or self._makeDetector(self.folder)
        return self._detector.find(picture.pixels, target, window=picture.window)


def _textBox(folder: Path):
    from samca.text_box import TextBox  # imports torch

    return TextBox(folder)
