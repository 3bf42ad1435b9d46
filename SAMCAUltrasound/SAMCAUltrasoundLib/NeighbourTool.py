"""This frame and its neighbours in the effect: what its button and its keys do."""

from __future__ import annotations


class NeighbourTool:
    """effect: the SegmentEditorEffect, whose object is carried."""

    def __init__(self, effect):
        self.effect = effect

    def carry(self) -> None:
        """Carry the current object to the frames beside this one."""
        effect = self.effect
        effect.apply(lambda frame: effect.edit.segmentNeighbours(frame, effect.options.neighbours))

    def nextUnsure(self) -> None:
        """Show the next frame at which the object was carried no further."""
        effect = self.effect
        with effect.telling():
            effect.view.show(effect.edit.nextUnsure(effect.view.frame()))
        effect.showStatus()
