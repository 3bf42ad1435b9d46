"""Keys that work while a tool is in use: nobody else has them then.

Qt gives a key that two want to neither, and modules leave theirs behind: others' are put to sleep meanwhile.
Which key does what is in SAMCALib.KeyTable.
"""

from __future__ import annotations

import contextlib

import qt
import slicer

from SAMCALib import KeyTable

OWN = "SAMCA"
# Elsewhere these go from field to field, and complete in the console: in slice views alone.
FOCUS = "Tab", "Shift+Tab"
DESTROYED = AttributeError, ValueError  # what PythonQt raises for a widget that is gone

_holders: list[Keys] = []  # whose tools are in use; of those with the same keys the last one has them


def renew() -> None:
    """The table, or the views, are others now."""
    window = slicer.util.mainWindow()
    for holder in _holders if window else ():
        if holder.isHolding:
            holder.hold(window)


class Keys:
    """actions: name -> function without arguments; those that have a key, see KeyTable."""

    def __init__(self, actions: dict):
        self._actions = actions
        self._own: list = []  # (shortcut, signal, slot)
        self._asleep: list = []  # (shortcut of somebody, what wakes it)
        self._keys: dict = {}
        self.isHolding = False

    def take(self, window) -> None:
        """Have the keys in this window, in place of another editor; none without a window."""
        if window:
            for other in self._rivals():
                other.release()
            _holders.append(self)
            self.hold(window)

    def giveBack(self) -> None:
        """Let everybody have theirs again, the editor that had the keys before if there is one."""
        self.release()
        if self in _holders:
            _holders.remove(self)
            window, rivals = slicer.util.mainWindow(), self._rivals()
            if rivals and window:  # none when Slicer is closed
                rivals[-1].hold(window)

    def hold(self, window) -> None:
        """Have the keys that the table says now."""
        self.release()
        self.isHolding = True
        self._keys = {key: name for name, key in KeyTable.keys().items() if key and name in self._actions}
        self._keys |= {key: name for key, name in KeyTable.FIXED.items() if name in self._actions}
        self._silence(window)
        for key, name in self._keys.items():
            for place in _sliceViews() if key in FOCUS else [window]:
                self._make(key, place, self._actions[name])

    def release(self) -> None:
        """Have none."""
        own, self._own, self.isHolding = self._own, [], False
        for shortcut, signal, slot in own:
            with contextlib.suppress(*DESTROYED):  # with its view
                shortcut.disconnect(signal, slot)
        for shortcut in {id(shortcut): shortcut for shortcut, _signal, _slot in own}.values():
            with contextlib.suppress(*DESTROYED):
                shortcut.setParent(None)
                shortcut.deleteLater()
        asleep, self._asleep = self._asleep, []
        for shortcut, wake in asleep:
            with contextlib.suppress(*DESTROYED):
                wake(shortcut)

    def _rivals(self) -> list[Keys]:
        return [each for each in _holders if each is not self and each._actions.keys() & self._actions.keys()]

    def _make(self, key: str, place, act) -> None:
        shortcut = qt.QShortcut(qt.QKeySequence(key), place)
        shortcut.objectName = OWN
        if key in FOCUS:
            shortcut.setContext(qt.Qt.WidgetWithChildrenShortcut)
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
            if shortcut.enabled and shortcut.key.toString() in self._keys and shortcut.objectName != OWN:
                shortcut.enabled = False
                self._asleep.append((shortcut, lambda other: setattr(other, "enabled", True)))
        for action in window.findChildren("QAction"):  # of a menu: it stays there without its key
            if (key := action.shortcut.toString()) in self._keys:
                action.setShortcut(qt.QKeySequence())
                self._asleep.append((action, lambda other, key=key: other.setShortcut(qt.QKeySequence(key))))


def _sliceViews() -> list:
    layout = slicer.app.layoutManager()
    widgets = [layout.sliceWidget(name) for name in layout.sliceViewNames()] if layout else []
    return [widget.sliceView() for widget in widgets if widget is not None]


def ofMenus(window, key: str) -> str:
    """What in the window's menus has this key, "" if nothing has."""
    actions = window.findChildren("QAction") if window and key else ()
    texts = (action.text for action in actions if action.shortcut.toString() == key)
    return next(texts, "").replace("&", "")
