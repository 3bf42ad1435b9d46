"""Outlines that go from image to image in the effect: what buttons and keys for that do."""

from __future__ import annotations


class LoopTool:
    """effect: the SegmentEditorEffect, whose object is carried, or follows the image."""

    def __init__(self, effect):
        self.effect = effect

    @property
    def actions(self) -> dict:
        """By name what can be done."""
        return {"neighbours": self.carry, "nextUnsure": self.nextUnsure, "follow": self.toggleFollow}

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

    def toggleFollow(self) -> None:
        """Let the current outline follow the image, or end that; the button shows what became of it."""
        effect = self.effect
        if effect.edit.isFollowing:
            with effect.telling():
                effect.edit.endFollow()
            effect.showStatus()
        else:
            effect.apply(effect.edit.follow)
