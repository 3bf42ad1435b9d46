"""A timer that runs only while something is asked for or awaited: events wake it, it rests by itself."""

from __future__ import annotations

import threading
from collections.abc import Callable

import qt

TICK_MS = 30  # the pace of what a user waits for
YIELD_SECONDS = 0.02  # of a tick, while threads compute: Slicer's main thread keeps Python's lock else


class Ticker:
    """tick(): a look at what goes on. It returns the seconds after which the next look is worth it: 0, the
    next one of the pace; None, not before `wake`."""

    def __init__(self, tick: Callable[[], float | None], milliseconds: int = TICK_MS):
        self._tick, self._pace = tick, milliseconds
        self._isOn = self._isWoken = False
        self.isAwake = False  # goes on by itself; else it waits for an event, or for what is to pass
        self.timer = qt.QTimer()
        self.timer.connect("timeout()", self._look)

    def start(self) -> None:
        """Look from now on."""
        self._isOn = True
        self.wake()

    def stop(self) -> None:
        """Look no more, whatever happens."""
        self._isOn = self.isAwake = False
        self.timer.stop()

    def cleanup(self) -> None:
        """Stop, and let go of the tick."""
        self.stop()
        self.timer.disconnect("timeout()", self._look)

    def wake(self, *_event) -> None:
        """Something has happened: look soon. A timer belongs to the thread that made it, so others' events
        do nothing."""
        if self._isOn and threading.current_thread() is threading.main_thread():
            self._isWoken = True
            if not self.isAwake:
                self._goOn(self._pace)

    def _look(self) -> None:
        self._isWoken, wait = False, 0.0
        try:
            wait = self._tick()
        finally:
            if not self._isOn:  # the tick has ended it
                pass
            elif self._isWoken or wait == 0:
                self._goOn(self._pace)
            else:
                self._rest(wait)

    def _goOn(self, milliseconds: int) -> None:
        if not self.isAwake:  # started again it would begin to count anew
            self.isAwake = True
            self.timer.start(milliseconds)

    def _rest(self, seconds: float | None) -> None:
        self.isAwake = False
        self.timer.stop()
        if seconds is not None:
            self.timer.start(round(1000 * seconds))
