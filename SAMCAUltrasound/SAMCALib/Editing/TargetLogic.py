"""A structure that is named in words becomes a box: a detector looks for it, in a thread of its own.

Nobody can interrupt the detector: a search that is dropped runs to its end, its answer goes nowhere.

The detector (samca.interaction.text_box) is an extra: it needs the package transformers and a folder with
its weights, which the user puts there; nothing is downloaded.
"""

from __future__ import annotations

from concurrent.futures import Future, wait
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from samca.prompts import Box, Prompts

from ..Engine import TorchLogic
from ..Engine.EngineLogic import Picture
from ..Frames import FrameLogic
from ..Frames.FrameLogic import Frame
from ..Models.ModelLogic import userFolder
from ..Texts import Refusal, _
from .EditQueue import pictureOf
from .SearchThread import SearchThread

if TYPE_CHECKING:
    from .EditLogic import EditLogic

FOLDER = "grounding-dino"  # beside the user's models


def isAvailable() -> bool:
    """Whether the package that the detector needs is installed."""
    return find_spec("transformers") is not None


class TargetLogic:
    """One search at a time. folder: the detector's; makeDetector: folder -> an object with `find`, as
    samca.interaction.text_box.TextBox, which is the default. Both are there for tests and the console."""

    def __init__(self, folder: str | Path | None = None, makeDetector=None):
        self._folder, self._makeDetector = folder, makeDetector or _textBox
        self._thread: SearchThread | None = None
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

    def ask(self, edit: EditLogic, frame: Frame, target: str) -> None:
        """Start to look for what `outline` will take; Refusal if that cannot be done on this frame now."""
        edit.check(frame)
        self.look(frame, target)

    def look(self, frame: Frame, target: str) -> None:
        """Start to look for the target on a frame; Refusal as of `check`."""
        target = self.check(target)
        self._detector = self._detector or self._made()
        self._thread = self._thread or SearchThread()
        self._search = frame, target, self._thread.submit(self._find, pictureOf(frame), target)

    def check(self, target: str) -> str:
        """The target without needless spaces; Refusal if it cannot be looked for now."""
        target = " ".join(target.split())
        if not any(map(str.isalnum, target)):
            raise Refusal(_("Write what to look for, as 'breast lesion'."))
        if self.isSearching:
            raise Refusal(_("Wait until the last search has ended."))
        if self._detector is None and not (self.folder / "config.json").is_file():
            text = _("There is no detector: put the files of a Grounding DINO into {folder}, or click.")
            raise Refusal(text.format(folder=self.folder))
        return target

    def take(self) -> Prompts:
        """The box that was found, once `isDone`; empty prompts where there is none. Refusal if it failed."""
        (_frame, _target, future), self._search = self._search, None
        if error := future.exception():
            raise Refusal(TorchLogic.sentence(error))
        return Prompts(box=future.result())

    def outline(self, edit: EditLogic) -> None:
        """Give the box that was found to the current object of the frame where it was looked for.

        Refusal where nothing was found, it failed, or the frame cannot be changed now.
        """
        frame, target, _future = self._search
        box = self.take().box
        edit.check(frame)
        if box is None:
            text = _("No {target} was found on {frame}: click on it.")
            raise Refusal(text.format(target=target, frame=frame.name))
        if not FrameLogic.isShown(frame):
            text = _("A {target} was found on {frame}, which is not shown now: press Enter there again.")
            raise Refusal(text.format(target=target, frame=frame.name))
        edit.box(frame, box.x0, box.y0, box.x1, box.y1)

    def forget(self) -> None:
        """Drop the search, and end the thread with what it does just now."""
        self._search = None
        if self._thread is not None:
            self._thread.end()
            self._thread = None

    def _made(self):
        """The detector, once: not in the thread, which must not be the first to import what it needs."""
        try:
            return self._makeDetector(self.folder)
        except Exception as error:  # of its libraries, for files that are damaged
            raise Refusal(TorchLogic.sentence(error)) from error

    def _find(self, picture: Picture, target: str) -> Box | None:
        return self._detector.find(picture.pixels, target, window=picture.window)


class Named:
    """What is named in words, for `SuggestLogic`: a box of the search on each frame."""

    def __init__(self, search: TargetLogic, target: str):
        """Refusal if it cannot be looked for now."""
        self._search, self._target = search, search.check(target)

    @property
    def isDone(self) -> bool:
        """Whether `take` has something."""
        return self._search.isDone

    def look(self, frame: Frame) -> None:
        """Look on this frame; Refusal if that cannot be done."""
        self._search.look(frame, self._target)

    def take(self) -> Prompts:
        """The box; empty prompts where there is none. Refusal if the detector failed."""
        return self._search.take()

    def forget(self) -> None:
        """Drop what goes on."""
        self._search.forget()


def _textBox(folder: Path):
    from samca.interaction.text_box import TextBox  # imports torch

    return TextBox(folder)
