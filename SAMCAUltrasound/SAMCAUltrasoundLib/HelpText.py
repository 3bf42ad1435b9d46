"""What the effect says about itself above its options."""

from __future__ import annotations

from SAMCALib.Texts import _


def helpText() -> str:
    """The roles of clicks in five lines, below a first one that is the summary."""
    lines = (
        _("Outline a structure with a few clicks."),
        _("<b>Click</b> inside a structure: its outline is there (initial point, yellow star)."),
        _("<b>Click</b> again where something is missing (added, green cross)."),
        _("<b>Ctrl+click</b> where there is too much (taken away, red dash)."),
        _("<b>Drag</b> a point to move it, delete it by its menu; drag on free image for a box."),
        _("<b>N</b> starts another structure, <b>Z</b> undoes a click, <b>C</b> clears the frame;")
        + _(" <b>S</b> suggests a first outline, if the model can;")
        + _(" <b>Take back</b> undoes in a loop what Z cannot."),
    )
    return f"<html>{'<br>'.join(lines)}</html>"
