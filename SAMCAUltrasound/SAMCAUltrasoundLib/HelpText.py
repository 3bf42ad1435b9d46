"""What the effect says about itself above its options."""

from __future__ import annotations

import qt
import slicer

from SAMCALib import KeyTable
from SAMCALib.Texts import _

LINK = {
    False: "#0b57d0",
    True: "#8ab4f8",
}  # by whether the text is light: Qt's own blue is lost on dark ground


def helpText() -> str:
    """A summary, which is all that is seen at first, and all keys in a table."""
    now = KeyTable.keys()
    rows = (
        (_("Click"), _("outline what is there: an initial point, then points that add")),
        (_("Ctrl+click"), _("take away where there is too much")),
        (_("Drag"), _("a box around a structure, a point, or what was drawn by its handles")),
        (_("Ctrl+drag"), _("draw along what does not belong to it")),
        (_("Delete"), _("remove the point, or what was drawn, under the mouse, as its menu does")),
        *((now[action.name], action.what) for action in KeyTable.actions() if now[action.name]),
        ("Z, Ctrl+Z", _("undo")),
        ("Y, Ctrl+Y,<br>Ctrl+Shift+Z", _("redo")),
    )
    table = "".join(f"<tr><td><b>{key}</b>&nbsp;</td><td>{what}</td></tr>" for key, what in rows)
    summary = _("Outline by a few clicks.")
    return f"<html><style>a {{color: {LINK[_isDark()]}}}</style>{summary}<br><table>{table}</table></html>"


def _isDark() -> bool:
    window = slicer.util.mainWindow()
    palette = getattr(window, "palette", None)  # none in a console
    return palette is not None and palette.color(qt.QPalette.Text).lightness() > 127
