"""What the model finds in the cases that nobody has worked on, and how sure it is, in the background.

A file is read and written in a thread, the engine looks at its frames after all that is clicked on. Another
model, or another class, begins anew: cases that were suggested and that nobody has touched since are
suggested again, and keep no outline that the model does not find any more.
"""

from __future__ import annotations

import contextlib
import functools
from collections.abc import Callable
from concurrent.futures import Future, wait
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np

from samca import model_files
from samca.batch.run import DIGITS
from samca.files import make_folder, remove
from samca.images import masks
from samca.images.frames import Frame as Picture
from samca.images.masks import Outlined
from samca.prompts import Prompts
from samca.worklist.entries import OUTLINED, SUGGESTED, UNSEEN, UNTOUCHED, Entry

from ..Editing.SearchThread import SearchThread
from ..Editing.SuggestLogic import reasonAgainst
from ..Engine import EngineRequests
from ..Engine.EngineLogic import EngineLogic, Result
from ..Frames import FileVolume
from ..Segments.MaskLogic import MaskOptions
from ..Texts import Refusal, _, counted, explained
from . import OutlineFile

GROUP = "SAMCA worklist"  # what the engine keeps our pictures by, in place of a volume
OPTIONS = MaskOptions()


@dataclass
class _Work:
    """A case on its way: its frames and what to ask about them, once they are read, and the answers."""

    name: str
    model: str
    segment: str  # what the segment of a suggestion is called
    isOutlined: bool  # by somebody: nothing is to be found, only how sure the model is
    reading: Future
    frames: list[Picture] = field(default_factory=list)
    asks: list[tuple[int, Prompts]] = field(default_factory=list)  # (index of the frame, prompts)
    results: list[Result] = field(default_factory=list)
    isAsked: bool = False
    writing: Future | None = None


class SuggestRun:
    """cases: FolderCases; SceneCases, of which it only says how sure it is. engine: as of EditLogic.

    `poll` goes on, for a timer, while `isOn`.

    kind: the class of the model that is looked for, from 0; None: only outlines with prompts are looked at,
    for how sure the model is of those. problems: why a case could not be looked at, by its name.
    """

    def __init__(self, cases, engine: EngineLogic, kind: int | None = 0):
        self.cases, self.engine, self.kind = cases, engine, kind
        self.isOn = False
        self.problems: dict[str, str] = {}
        self._thread: SearchThread | None = None
        self._work: _Work | None = None
        self._todo: tuple = (None, [])
        self._sum: tuple = (None, None)  # which weights, as of `_weightsOf`, and their digest to come

    @property
    def reason(self) -> str:
        """Why nothing can be suggested now, "" if it can."""
        return "" if self.kind is None else reasonAgainst(self.engine)

    @property
    def left(self) -> int:
        """How many cases are still to be looked at."""
        return len(self._wanted())

    @property
    def status(self) -> str:
        """One sentence."""
        if not self.isOn:
            return ""
        if self.reason or not self.left:
            return self.reason
        several = _("In the background: {count} cases to look at.")
        return counted(self.left, _("In the background: 1 case to look at."), several)

    def isGoingOn(self, shown: str | None = None) -> bool:
        """Whether `poll` has something to do, now or once a thread has answered."""
        if not self.isOn or not self.engine.modelName:
            return self.isOn and self.engine.isLoading
        isLookedThrough = self._model() is not None
        return self._work is not None or not isLookedThrough or any(n != shown for n in self._wanted())

    def stop(self) -> None:
        """Look at nothing more; what was found stays."""
        self.isOn = False
        if self._work is not None:
            self.release(self._work.name)
        self.engine.cancel(self)
        self.engine.forget(GROUP)
        self._work = None
        if self._thread is not None:
            self._thread.end()
            self._thread = None

    def poll(self, shown: str | None = None) -> bool:
        """Go on by a small step; whether a case has changed. shown: the case that is the user's now."""
        if not self.isOn or not self.engine.modelName:
            return False
        work = self._work
        if work is not None and (work.name == shown or work.model != self._model()):
            return self.release(work.name)
        if work is None:
            return self._begin(shown)
        return self._tried(work.name, lambda: self._goOn(work))

    def wait(self, seconds: float) -> None:
        """Wait until `poll` can go on, at most so long; meanwhile threads have the lock of Python."""
        work = self._work
        future = self._sum[1] if work is None else work.writing or work.reading
        if future is not None and not future.done():
            wait([future], seconds)
        elif work is not None:
            self.engine.waitForResult(self, seconds)

    def release(self, name: str) -> bool:
        """Leave a case to the user, who opens it now; what is just being written is there afterwards.

        Whether the case has changed.
        """
        work = self._work
        if work is None or work.name != name:
            return False
        if work.writing is None:
            self._drop()
            return False
        wait([work.writing])
        return self._tried(name, lambda: self._finish(work))

    # Below: how it is done

    def _tried(self, name: str, step: Callable[[], bool]) -> bool:
        try:
            return step()
        except Exception as error:  # whatever a file raises, the others are looked at
            self.problems[name] = str(error) if isinstance(error, (OSError, ValueError)) else explained(error)
            self._drop()
            return True

    def _wanted(self) -> list[str]:
        """The cases to look at, in their order."""
        key = self.cases.version, len(self.problems), self._model()
        if self._todo[0] != key:
            model = key[2]
            self._todo = key, [name for name in self.cases.names if self._isWanted(name, model)]
        return self._todo[1]

    def _isWanted(self, name: str, model: str | None) -> bool:
        entry = self.cases.entries[name]
        if entry.model == model or name in self.problems:
            return False
        if entry.state in UNSEEN:
            isOurs = not entry.file or bool(entry.sha256)
            return self.kind is not None and not self.reason and isOurs
        return entry.state == OUTLINED and bool(entry.file) and self.cases.writesSuggestions

    def _begin(self, shown: str | None) -> bool:
        if self._model() is None:
            self._lookThrough()
            return False
        name = next((name for name in self._wanted() if name != shown), None)
        return name is not None and self._tried(name, lambda: self._take(name))

    def _take(self, name: str) -> bool:
        isOutlined = self.cases.entries[name].state == OUTLINED
        outline = self.cases.placeOf(name) if isOutlined else None
        reading = self._submit(_read, self.cases.reader(name), outline)
        self._work = _Work(name, self._model(), self._kindName(), isOutlined, reading)
        return False

    def _goOn(self, work: _Work) -> bool:
        if work.writing is not None:
            return self._finish(work) if work.writing.done() else False
        if not work.reading.done():
            return False
        if not work.frames:
            work.frames, tags = work.reading.result()
            shapes = [frame.pixels.shape[:2] for frame in work.frames]
            suggesting = [(i, Prompts(suggestion=self.kind)) for i in range(len(shapes))]
            work.asks = OutlineFile.promptsOf(tags, shapes) if work.isOutlined else suggesting
        for result in self.engine.poll(self):
            self._receive(work, result)
        if len(work.results) == len(work.asks):
            self.engine.forget(GROUP)
            self._announce(work)
            work.writing = self._submit(self._written, work, self.cases.entries[work.name])
        elif not work.isAsked:
            work.isAsked = True
            index, prompts = work.asks[len(work.results)]
            picture = _pictureOf(work.frames[index], self.cases.titleOf(work.name))
            self.engine.examine(self, work.name, picture, prompts, OPTIONS)
        return False

    def _receive(self, work: _Work, result: Result) -> None:
        if result.subject == work.name:
            if result.error:
                raise Refusal(result.error)
            work.results.append(result)
            work.isAsked = False

    def _announce(self, work: _Work) -> None:
        """Say whose a file is before it is there: a kill leaves a suggestion behind, and nobody's outline."""
        entry = self.cases.entries[work.name]
        isNew = not entry.file and any(result.mask.any() for result in work.results)
        if isNew and not work.isOutlined and self.cases.writesSuggestions:
            path = self.cases.placeOf(work.name)
            if not path.exists():
                file = path.relative_to(self.cases.out).as_posix()
                self.cases.put(replace(entry, state=SUGGESTED, rater="", file=file, sha256="", model=""))

    def _written(self, work: _Work, entry: Entry) -> Entry:
        """Put what was found into the case's file, in the thread; the entry that says so.

        ValueError where the file is not the one that was suggested before.
        """
        if work.isOutlined or not self.cases.writesSuggestions:
            return self._measured(work, entry)
        path = self.cases.placeOf(work.name)
        there = OutlineFile.sha256Of(path)
        if there and (entry.state != SUGGESTED or there != entry.sha256):
            raise Refusal(_("{file} was made by somebody else: it stays as it is.").format(file=path.name))
        found = {i: result for i, result in enumerate(work.results) if result.mask.any()}
        entry = replace(entry, model=work.model, rater="", state=UNTOUCHED, file="", sha256="")
        if not found:
            if there:
                remove(path)
            return replace(entry, agreement=_lowest(work.results, "agreement"), iou=0.0)
        _write(path, work.frames, found, work.segment)
        figures = {name: _lowest(found.values(), name) for name in ("agreement", "iou")}
        file = path.relative_to(self.cases.out).as_posix()
        return replace(entry, state=SUGGESTED, file=file, sha256=OutlineFile.sha256Of(path), **figures)

    def _measured(self, work: _Work, entry: Entry) -> Entry:
        """The entry with how sure the model is, and nothing more."""
        found = [result for result in work.results if result.mask.any()]
        if not work.results:
            return replace(entry, model=work.model, agreement=None, iou=None)
        agreement = _lowest(found or work.results, "agreement")
        return replace(
            entry, model=work.model, agreement=agreement, iou=_lowest(found, "iou") if found else 0.0
        )

    def _finish(self, work: _Work) -> bool:
        entry = work.writing.result()
        self._drop()
        self.cases.put(entry)
        return True

    def _drop(self) -> None:
        """Forget the case on its way, of which nothing is being written."""
        self.engine.cancel(self)
        self.engine.forget(GROUP)
        self._work = None

    def _kindName(self) -> str:
        """The class that is looked for, "" for none."""
        names = self.engine.suggests
        return names[self.kind] if self.kind is not None and self.kind < len(names) else ""

    def _model(self) -> str | None:
        """The model in use and what it looks for: another text for other weights or another class.

        None as long as its file is still to be looked through.
        """
        source, digest = self.engine.modelName, ""
        if weights := _weightsOf(source):
            known, future = self._sum
            if known != weights or not future.done():
                return None
            digest = future.result()
        return f"{digest or source} {self._kindName()}".strip()

    def _lookThrough(self) -> None:
        """Work out the digest of the weights in use, in the thread: it is a large file."""
        weights = _weightsOf(self.engine.modelName)
        if weights and weights != self._sum[0]:
            self._sum = weights, self._submit(_sumOf, *weights)

    def _submit(self, function: Callable, *words) -> Future:
        if self._thread is None:
            FileVolume.prepare()
            self._thread = SearchThread()
        return self._thread.submit(function, *words)


def _weightsOf(source: str) -> tuple[Path, int] | None:
    """The file of a model and when it was changed; None for what is no file."""
    with contextlib.suppress(OSError):
        path = model_files.source_path(source)
        return (path, path.stat().st_mtime_ns) if path.is_file() else None
    return None


@functools.lru_cache(maxsize=8)
def _sumOf(path: Path, _changed: int) -> str:
    """A digest of a file of weights, as it was at one time; "" for one that cannot be read."""
    try:
        return model_files.sha256(path)[:DIGITS]
    except OSError:
        return ""


def _read(reader, outline: Path | None) -> tuple[list[Picture], list[str]]:
    """The frames of a case, and the tags of its outline."""
    return reader(), [] if outline is None else OutlineFile.tagsIn(outline)


def _pictureOf(frame: Picture, name: str) -> EngineRequests.Picture:
    """A frame of a file for the engine, which forgets it with the whole group."""
    return EngineRequests.Picture(
        (GROUP, frame.source, frame.index),
        frame.pixels,
        spacing=frame.spacing_mm or (1.0, 1.0),
        name=name,
        regions=frame.regions,
        volumeId=GROUP,
    )


def _write(path: Path, frames: list[Picture], found: dict[int, Result], segment: str) -> None:
    objects = {i: [Outlined(result.prompts, result.mask)] for i, result in found.items()}
    entries = {i: masks.entries_of(objects[i], frames[i]) for i in found}
    make_folder(path.parent)
    masks.write_slices(path, {i: found[i].mask for i in found}, frames[0].grid, entries, segment)


def _lowest(results, figure: str) -> float:
    """Of a loop the frame counts that is least sure."""
    return float(np.clip(min(getattr(result, figure) for result in results), 0.0, 1.0))
