"""One image of a batch: read, pointed at, answered; and several at a time, each in its own process."""

from __future__ import annotations

import os
import signal
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass, field
from multiprocessing import get_context
from pathlib import Path

import numpy as np

import samca

from ..files import locks
from ..images import frames, masks
from ..images.frames import Frame
from ..images.grid import Grid
from ..images.masks import Outlined
from .answering import OnFrame, class_of
from .asked import Asked
from .table import FAILED, FOUND, NOTHING, Row

SUGGEST = "suggest"  # before the class, where nobody points
AHEAD = 2  # images for each process that are given to it before they are asked for


@dataclass(frozen=True)
class Job:
    """An image, its path in the folder, and what is asked of it; None: the model's own suggestion."""

    image: Path
    name: str
    asked: tuple[Asked, ...] | None = None


@dataclass
class Done:
    """The rows of an image, and what its mask is made of: (H, W) bool and entries of the tag by slice."""

    job: Job
    rows: list[Row]
    slices: dict[int, np.ndarray] = field(default_factory=dict)
    entries: dict[int, list[dict]] = field(default_factory=dict)
    grid: Grid | None = None
    segment: str = masks.SEGMENT


@dataclass(frozen=True)
class Asker:
    """A model by its file, and the class that it is to suggest, by name or number; None: others point."""

    model: str = "shipped"
    device: str = "cpu"
    suggest: str | None = None

    def load(self) -> Answering:
        """ValueError where the model makes no such suggestion; else as `samca.load`."""
        return Answering(self)


class Answering:
    """The model in this process."""

    def __init__(self, asker: Asker):
        self._model = samca.load(asker.model, device=asker.device)
        self._kind, self._segment = None, masks.SEGMENT
        if asker.suggest is not None:
            try:
                self._kind = class_of(self._model.suggests, asker.suggest)
            except ValueError as error:
                raise ValueError(f"{error}; or give --boxes or --clicks") from error
            self._segment = self._model.suggests[self._kind]

    def answer(self, job: Job) -> Done:
        """What is found in an image; what goes wrong with it is said in its row."""
        try:
            return self._answered(job)
        except (ValueError, OSError, RuntimeError, MemoryError) as error:
            return failed(job, error)

    def _answered(self, job: Job) -> Done:
        read = frames.opened(job.image)
        first = read(0)
        done, count = Done(job, [], grid=first.grid, segment=self._segment), first.count
        wanted = range(count) if job.asked is None else sorted({each.frame for each in job.asked})
        if len(wanted) > 1 and count > first.grid.size[2]:
            raise ValueError(
                f"{job.name} is a Sequence of {count} items, whose masks no one file holds: open it in Slicer"
            )
        for number in wanted:
            self._add(done, first if number == 0 else read(number), number)
        done.rows = done.rows or [Row(job.name, NOTHING, area_px=0, asked=f"{SUGGEST} {self._segment}")]
        return done

    def _add(self, done: Done, frame: Frame, number: int) -> None:
        """Put in what one frame gives."""
        asked, on_frame = done.job.asked, OnFrame(self._model, frame, twice=True)
        if asked is None:
            answers = [(found, None) for found in on_frame.suggestions(self._kind)]
        else:
            answers = [(on_frame.answer(each.prompts), each) for each in asked if each.frame == number]
        for answer, each in answers:
            result = FOUND if answer.mask.any() else NOTHING
            sure = round(answer.iou, 4), round(answer.agreement, 4)
            area = int(answer.mask.sum())
            done.rows.append(
                Row(done.job.name, result, number, area, *sure, str(each or f"{SUGGEST} {self._segment}"))
            )
        found = [answer for answer, _ in answers if answer.mask.any()]
        if found:
            done.grid = found[0].frame.grid
            done.slices[frame.index] = np.any([answer.mask for answer in found], axis=0)
            done.entries[frame.index] = masks.entries_of(
                [Outlined(answer.prompts, answer.mask) for answer in found], found[0].frame
            )


def failed(job: Job, error: Exception) -> Done:
    """Of an image that cannot be done."""
    says = str(error) or type(error).__name__
    if isinstance(error, MemoryError):
        says = f"there is not enough memory ({says})"
    if isinstance(error, OSError) and error.errno and error.filename is not None:
        says = f"{error.filename} cannot be used ({error.strerror})"
    return Done(job, [Row(job.name, FAILED, says=" ".join(says.split()))])


def answered(jobs: Iterable[Job], asker: Asker, processes: int, alive: Path) -> Iterator[Done]:
    """The jobs in their order, in so many processes; few are ahead of what is asked for.

    alive: a file that this process holds the lock on; the others end with it. RuntimeError where one of them
    was ended from outside.
    """
    if processes == 1:
        answering = asker.load()
        yield from map(answering.answer, jobs)
        return
    options = {"mp_context": get_context("spawn"), "initializer": _begin}
    with ProcessPoolExecutor(processes, initargs=(asker, processes, alive), **options) as pool:
        try:
            pool.submit(_check).result()
            yield from _in_order(jobs, lambda job: pool.submit(_answer, job), AHEAD * processes)
        except BrokenProcessPool as error:
            raise RuntimeError(
                "one of the processes was ended from outside: is there enough memory? The same command goes "
                "on, with fewer --processes"
            ) from error
        finally:
            pool.shutdown(cancel_futures=True)


def _in_order(jobs: Iterable[Job], submit: Callable[[Job], Future], ahead: int) -> Iterator[Done]:
    waiting: deque[Future] = deque()
    for job in jobs:
        waiting.append(submit(job))
        if len(waiting) >= ahead:
            yield waiting.popleft().result()
    while waiting:
        yield waiting.popleft().result()


# In the processes

_ours: dict = {}


def _begin(asker: Asker, processes: int, alive: Path) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # whoever started us hears of it, and waits for us
    locks.end_with(alive)
    os.environ["OMP_NUM_THREADS"] = str(max(1, (os.cpu_count() or 1) // processes))
    _ours["asker"] = asker


def _answering() -> Answering:
    if "answering" not in _ours:
        _ours["answering"] = _ours["asker"].load()
    return _ours["answering"]


def _check() -> None:
    _answering()


def _answer(job: Job) -> Done:
    return _answering().answer(job)
