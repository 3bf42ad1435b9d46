"""The effect's keys: they work while it is active, and nobody else has them then.

Qt gives a key that two want to neither, and modules leave theirs behind: others' are put to sleep meanwhile.
"""

from __future__ import annotations

import contextlib

import qt
import slicer

KEYS = {
    "S": "suggest",
    "N": "newObject",
    "M": "useMask",
    "C": "clear",
    "H": "hoverPreview",
    "U": "markUnsure",
    "L": "neighbours",
    "A": "measure",
    "Ctrl+Y": "redo",  # the Segment Editor itself has Y, and one of these two, another one on each system
    "Ctrl+Shift+Z": "redo",
}  # free in Slicer, SLICER.md 3.3
OWN = "SAMCA"
DESTROYED = AttributeError, ValueError  # what PythonQt raises for a widget that is gone

_holders: list[Keys] = []  # of the editors whose effect is active; the last one has the keys


class Keys:
    """actions: name -> function without arguments, as in KEYS."""

    def __init__(self, actions: dict):
        self._actions = actions
        self._own: list = []  # (shortcut, signal, slot)
        self._asleep: list = []  # (shortcut of somebody, what wakes it)

    def take(self, window) -> None:
        """Have the keys in this window, in place of another editor; none without a window."""
        if window:
            for other in _holders:
                other._release()
            _holders.append(self)
            self._hold(window)

    def giveBack(self) -> None:
        """Let everybody have theirs again, the editor that had the keys before if there is one."""
        self._release()
        if self in _holders:
            _holders.remove(self)
            window = slicer.util.mainWindow()
            if _holders and window:  # none when Slicer is closed
                _holders[-1]._hold(window)

    def _hold(self, window) -> None:
        self._release()
        self._silence(window)
        for key, name in KEYS.items():
            shortcut, act = qt.QShortcut(qt.QKeySequence(key), window), self._actions[name]
            shortcut.objectName = OWN
            for signal, slot in (("activated()", act), ("activatedAmbiguously()", self._again(act))):
                shortcut.connect(signal, slot)
                self._own.append((shortcut, signal, slot))

    def _again(self, action):
        """What a key does that somebody has taken since."""

        def act() -> None:
            self._silence(slicer.util.mainWindow())
            action()

        return act

    def _silence(self, window) -> None:
        for shortcut in window.findChildren("QShortcut"):
            if shortcut.enabled and shortcut.key.toString() in KEYS and shortcut.objectName != OWN:
                shortcut.enabled = False
                self._asleep.append((shortcut, lambda other: setattr(other, "enabled", True)))
        for action in window.findChildren("QAction"):  # of a menu: it stays there without its key
            if (key := action.shortcut.toString()) in KEYS:
                action.setShortcut(qt.QKeySequence())
                self._asleep.append((action, lambda other, key=key: other.setShortcut(qt.QKeySequence(key))))

    def _release(self) -> None:
        own, self._own = self._own, []
        for shortcut, signal, slot in own:
            shortcut.disconnect(signal, slot)
        for shortcut in {id(shortcut): shortcut for shortcut, _signal, _slot in own}.values():
            shortcut.setParent(None)
            shortcut.deleteLater()
        asleep, self._asleep = self._asleep, []
        for shortcut, wake in asleep:
            with contextlib.suppress(*DESTROYED):
                wake(shortcut)
