"""Undo of an option: what is done to masks is noted in the segment with each step that changes it.

Slicer's history carries the note, as it does all tags; an undo or redo is seen by it.
"""

from __future__ import annotations

import json
import logging
from dataclasses import asdict

from samca import typed_json

from ..Frames import SequenceLogic
from ..Prompts.TagLogic import tagText
from ..Segments.MaskLogic import MaskOptions
from .Selection import Selection

TAG = SequenceLogic.OPTIONS
MOST_MM = 1000.0

logger = logging.getLogger(__name__)


def note(segment, options: MaskOptions) -> None:
    """Leave with a segment what is done to its masks from now on."""
    segment.SetTag(TAG, json.dumps(asdict(options)))


def noted(segment) -> MaskOptions | None:
    """What a segment says of it, None where it says nothing that can be read."""
    if not (text := tagText(segment, TAG)):
        return None
    try:
        value = typed_json.parse(text, TAG)
        parts, holes = (value[name].flag() for name in ("largestComponent", "fillHoles"))
        return MaskOptions(parts, holes, value["smoothingMm"].number(0, MOST_MM))
    except ValueError as error:
        logger.warning("%s", error)
        return None


class OptionSteps:
    """edit: an EditLogic, whose options follow. `undone` is for a timer."""

    def __init__(self, edit):
        self._edit, self._selection = edit, Selection(edit.host)
        self.forget()

    def forget(self) -> None:
        """Nothing was seen yet."""
        self._seen: tuple | None = None

    def undone(self, shown: MaskOptions) -> MaskOptions | None:
        """What is done to masks since an undo or redo, in use already; None if that is what is shown."""
        if any(thing.pending for thing in self._edit.prompts.objects):  # a note may be about to be left
            return None
        self._edit.maskOptions = self._changed() or self._edit.maskOptions
        return None if self._edit.maskOptions == shown else self._edit.maskOptions

    def _changed(self) -> MaskOptions | None:
        """What a note says that is another one now, of any segment: undo reaches all of them."""
        node, _segmentId = self._selection.segment
        segmentation = node.GetSegmentation() if node else None
        ids = segmentation.GetSegmentIDs() if segmentation else ()
        notes = {each: tagText(segmentation.GetSegment(each), TAG) for each in ids}
        place = node and node.GetID(), SequenceLogic.placeShown(node)
        (seen, before), self._seen = self._seen or (None, {}), (place, notes)
        changed = [each for each in ids if seen == place and before.get(each, notes[each]) != notes[each]]
        return noted(segmentation.GetSegment(changed[-1])) if changed else None
