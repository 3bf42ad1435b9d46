"""The part of the module's panel in which keys are looked up and changed."""

from __future__ import annotations

import qt
import slicer

from SAMCALib import KeyTable
from SAMCALib.Texts import Refusal, _

from . import Keys

WHAT, KEY = range(2)  # columns


class KeysWidget:
    """ui: the panel's widgets; they show the table as it is from the first on."""

    def __init__(self, ui):
        self.ui = ui
        header = ui.keysTable.horizontalHeader()
        header.setSectionResizeMode(WHAT, qt.QHeaderView.Stretch)
        self.show()

    def show(self, says: str = "") -> None:
        """All keys as they are now, and what became of the last change."""
        table, now = self.ui.keysTable, KeyTable.keys()
        table.setRowCount(len(now))
        for row, action in enumerate(KeyTable.actions()):
            table.setItem(row, WHAT, qt.QTableWidgetItem(action.what))
            table.setItem(row, KEY, qt.QTableWidgetItem(now[action.name]))
        self.ui.keysLabel.text = says
        self.choose()

    def choose(self) -> None:
        """A line was chosen: its key can be changed."""
        action = self._chosen()
        key = KeyTable.keys()[action.name] if action else ""
        self.ui.keyEdit.setKeySequence(qt.QKeySequence(key))
        self.ui.changeKeyButton.enabled = action is not None

    def change(self) -> None:
        """Give the chosen action the key that was pressed."""
        action, key = self._chosen(), self.ui.keyEdit.keySequence.toString()
        try:
            if taken := Keys.ofMenus(slicer.util.mainWindow(), key):
                text = _("{key} is taken ({what}): choose another one.")
                raise Refusal(text.format(key=key, what=taken))
            KeyTable.change(action.name, key)
        except Refusal as refusal:
            self.ui.keysLabel.text = str(refusal)
            return
        Keys.renew()
        self.show(_("{key}: {what}.").format(key=key, what=action.what))

    def reset(self) -> None:
        """All keys as they were at first."""
        KeyTable.reset()
        Keys.renew()
        self.show(_("All keys are as they were at first."))

    def _chosen(self) -> KeyTable.KeyAction | None:
        row, actions = self.ui.keysTable.currentRow(), KeyTable.actions()
        return actions[row] if 0 <= row < len(actions) else None
