"""What is named in words in the effect's panel: looked for on this frame, or on all."""

from __future__ import annotations

from SAMCALib.Editing.TargetLogic import Named
from SAMCALib.Texts import _

from .Ticker import YIELD_SECONDS


class TargetTool:
    """effect: the SegmentEditorEffect, whose `target` searches."""

    def __init__(self, effect):
        self.effect = effect

    def find(self) -> None:
        """Look for what is named in the panel; its box is taken by `follow`."""
        effect = self.effect
        effect.apply(lambda frame: effect.target.ask(effect.edit, frame, effect.panel.target))
        if effect.target.isSearching and not effect.status.said:
            effect.tell(_("Looking for {target}...").format(target=effect.panel.target))

    def suggestAll(self, frame) -> None:
        """Find on all frames what is named in the panel, or else the class that is chosen there."""
        effect, named = self.effect, self.effect.panel.target
        finder = Named(effect.target, named) if named.strip() else None
        effect.edit.suggestAll(frame, effect.panel.chosenClass, finder)

    def follow(self) -> None:
        """A box that was found starts the object on its frame, then the view is shown again."""
        effect = self.effect
        effect.target.wait(YIELD_SECONDS)
        if not effect.target.isDone or effect.edit.sweep.isRunning:
            return
        shown = effect.edit.frame
        with effect.telling():
            effect.target.outline(effect.edit)
        effect.view.isOld = effect.view.isOld or effect.edit.frame != shown
