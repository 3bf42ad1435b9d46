"""The table of the worklist: the lines around the case that is shown, so that ten thousand cost no more."""

from __future__ import annotations

import numpy as np
import qt

from samca.worklist.entries import ACCEPTED, OUTLINED, SUGGESTED, UNSURE, UNTOUCHED
from SAMCALib.Texts import _, asToolTip

ROWS = 100
PICTURE, CASE, STATE, SURE, RATER = range(5)  # columns


class WorklistTable:
    """table: a QTableWidget with these columns."""

    def __init__(self, table):
        self._table = table
        self._names: list[str] = []
        table.horizontalHeader().setSectionResizeMode(CASE, qt.QHeaderView.Stretch)

    def nameIn(self, row: int) -> str | None:
        """The case in a line."""
        return self._names[row] if 0 <= row < len(self._names) else None

    def show(self, logic, thumbnails) -> list[str]:
        """Show the lines around what is shown; their cases."""
        listed = logic.listed
        place = listed.index(logic.name) if logic.name in listed else 0
        first = max(0, min(place - ROWS // 2, len(listed) - ROWS))
        self._names = listed[first : first + ROWS]
        self._table.setRowCount(len(self._names))
        for row, name in enumerate(self._names):
            self._showRow(row, name, logic, thumbnails)
        self._table.resizeColumnsToContents()
        if logic.name in self._names:
            self._table.selectRow(place - first)
        return self._names

    def showCases(self, names: list[str], logic, thumbnails) -> None:
        """Show the lines of these cases anew, those that are in the table."""
        rows = [self._names.index(name) for name in names if name in self._names]
        for row in rows:
            self._showRow(row, self._names[row], logic, thumbnails)
        if rows:
            self._table.resizeColumnsToContents()

    def _showRow(self, row: int, name: str, logic, thumbnails) -> None:
        cases, entry = logic.cases, logic.cases.entryOf(name)
        problem = logic.run.problems.get(name) or thumbnails.problems.get(name, "")
        sure = "" if entry.sureness is None else f"{100 * entry.sureness:.0f} %"
        state = _("unreadable") if name in thumbnails.problems else stateText(entry.state)
        for column, text in ((CASE, cases.titleOf(name)), (STATE, state), (SURE, sure), (RATER, entry.rater)):
            self._put(row, column, text, problem or cases.titleOf(name))
        picture, item = thumbnails.of(name), self._put(row, PICTURE, "", problem or cases.titleOf(name))
        if picture is not None:
            item.setIcon(qt.QIcon(pixmapOf(picture)))

    def _put(self, row: int, column: int, text: str, tip: str):
        item = qt.QTableWidgetItem(text)
        item.setToolTip(asToolTip(tip))
        self._table.setItem(row, column, item)
        return item


def stateText(state: str) -> str:
    """A state in the user's words."""
    return {
        UNTOUCHED: _("untouched"),
        SUGGESTED: _("suggested"),
        OUTLINED: _("outlined"),
        ACCEPTED: _("accepted"),
        UNSURE: _("unsure"),
    }[state]


def pixmapOf(pixels: np.ndarray):
    """A QPixmap of an (H, W, 3) uint8 array."""
    from samca.images.overlay import ppm  # which reads pictures: not while Slicer starts

    pixmap = qt.QPixmap()
    pixmap.loadFromData(qt.QByteArray(ppm(pixels)))
    return pixmap
