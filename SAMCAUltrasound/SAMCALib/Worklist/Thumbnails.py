"""Small pictures of the cases that are in sight, read in a thread, a few hundred of them kept."""

from __future__ import annotations

from collections import OrderedDict
from concurrent.futures import Future, wait

import numpy as np

from ..Editing.SearchThread import SearchThread
from ..Frames import FileVolume

KEPT = 400


class Thumbnails:
    """cases: FolderCases, SceneCases. problems: why a case has no picture, by its name."""

    def __init__(self, cases):
        self.cases = cases
        self.problems: dict[str, str] = {}
        self._made: OrderedDict[str, np.ndarray] = OrderedDict()
        self._wanted: list[str] = []
        self._job: tuple[str, Future] | None = None
        self._thread: SearchThread | None = None

    def want(self, names: list[str]) -> None:
        """Make those of these cases from now on, no others."""
        self._wanted = names

    def of(self, name: str) -> np.ndarray | None:
        """(H, W, 3) uint8; None as long as there is none."""
        if name in self._made:
            self._made.move_to_end(name)
        return self._made.get(name)

    def forget(self) -> None:
        """Try those anew that failed."""
        self.problems.clear()

    def stop(self) -> None:
        """Read nothing more."""
        self._wanted, self._job = [], None
        if self._thread is not None:
            self._thread.end()
            self._thread = None

    @property
    def isGoingOn(self) -> bool:
        """Whether `poll` has something to do, now or once the thread has read a picture."""
        return self._job is not None or self._lacking() is not None

    def wait(self, seconds: float) -> None:
        """Wait until `poll` has something, at most so long; meanwhile the thread has the lock of Python."""
        if self._job is not None:
            wait([self._job[1]], seconds)

    def poll(self) -> list[str]:
        """Take what is ready and go on, for a timer; the cases that have a picture or a problem now."""
        done = []
        if self._job is not None and self._job[1].done():
            name, future = self._job
            self._job = None
            done.append(name)
            try:
                self._made[name] = future.result()
            except Exception as error:  # whatever a file raises
                self.problems[name] = str(error)
            while len(self._made) > KEPT:
                self._made.popitem(last=False)
        if self._job is None:
            done += self._begin()
        return done

    def _begin(self) -> list[str]:
        """Read the next one; its name where even that cannot be begun."""
        if (name := self._lacking()) is None:
            return []
        if self._thread is None:
            FileVolume.prepare()
            self._thread = SearchThread()
        try:
            self._job = name, self._thread.submit(self.cases.thumbnailer(name))
        except Exception as error:  # whatever a case raises
            self.problems[name] = str(error)
            return [name]
        return []

    def _lacking(self) -> str | None:
        """The first case that is to have a picture, and has neither that nor a problem."""
        lacking = (name for name in self._wanted if name not in self._made and name not in self.problems)
        return next(lacking, None)
