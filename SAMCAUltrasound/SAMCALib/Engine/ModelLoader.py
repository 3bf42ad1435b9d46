"""A model is loaded in a thread of its own, while the one before goes on answering."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass

from . import TorchLogic

PLACES, PATIENCE = 2, 20.0  # models that are read at a time; s that a further one waits for its turn

logger = logging.getLogger(__name__)


@dataclass(eq=False)
class _Loading:
    """source: the model's and the device, which `load` is given. take: see `ModelLoader.start`."""

    source: tuple[str, str]
    load: Callable
    take: Callable


class ModelLoader:
    """Only the model that was asked for last is taken. Nobody can interrupt the reading of a file: one that
    is not wanted any more is read to its end, and what it gives goes nowhere."""

    def __init__(self, changed: threading.Condition):
        """changed: guards this, and is told of every end."""
        self._changed = changed
        self._wanted: _Loading | None = None
        self._places = threading.Semaphore(PLACES)

    @property
    def source(self) -> tuple[str, str] | None:
        """The model that is being loaded and its device, None without."""
        wanted = self._wanted
        return wanted and wanted.source

    def start(self, source: tuple[str, str], load: Callable, take: Callable) -> None:
        """Take load(*source), in place of any other: take(what it gave, ""), or take(None, why it failed).

        Asked for again meanwhile, it is not loaded twice.
        """
        with self._changed:
            if self.source != source:
                loading = _Loading(source, load, take)
                threading.Thread(target=self._run, args=(loading,), name="SAMCA loading", daemon=True).start()
                self._wanted = loading

    def cancel(self) -> None:
        """Nobody waits for the model any more."""
        with self._changed:
            self._wanted = None
            self._changed.notify_all()

    def _run(self, loading: _Loading) -> None:
        hasPlace = self._places.acquire(timeout=PATIENCE)  # for those that are not wanted are read, too
        try:
            if self._isWanted(loading):
                self._end(loading, *_loaded(loading))
        finally:
            if hasPlace:
                self._places.release()

    def _isWanted(self, loading: _Loading) -> bool:
        with self._changed:
            return self._wanted is loading

    def _end(self, loading: _Loading, model, problem: str) -> None:
        with self._changed:
            if self._wanted is loading:
                self._wanted = None
                loading.take(model, problem)
            self._changed.notify_all()


def _loaded(loading: _Loading) -> tuple:
    """(model, ""), or (None, a sentence)."""
    try:
        return loading.load(*loading.source), ""
    except BaseException as error:  # a model's code may even raise SystemExit; somebody waits for the answer
        logger.debug("Loading failed", exc_info=True)
        return None, TorchLogic.sentence(error)
