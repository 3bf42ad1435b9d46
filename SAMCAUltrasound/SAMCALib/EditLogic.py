"""What the effect does, without its widgets: clicks to prompts, prompts to the engine, masks to the segment.

One instance per effect instance. The segment's tag is changed at once and in one undo step with the voxels, which
follow when the engine has answered; an answer to prompts that are no longer in the tag is dropped.
Every action raises Refusal, with a sentence for the status line, where it cannot be done, and changes nothing then.
"""

from __future__ import annotations

import numpy as np

from .EngineLogic import EngineLogic
from .FrameLogic import Frame
from .MaskLogic import MaskOptions


class EditLogic:
    """host: a scriptedEffect or SegmentLogic.EditorHost: parameterSetNode(), saveStateForUndo(),
    modifySegmentByLabelmap(). engine: the shared one by default."""

    def __init__(self, host, engine: EngineLogic | None = None):
        """Nothing is observed or added before `activate`."""

    maskOptions: MaskOptions
    encodeAhead: bool

    def activate(self) -> None:
        """Observe the editor node, the segmentation and the volume; show the points of the frame."""

    def deactivate(self) -> None:
        """Drop requests, observers and points; prompts stay in the tags."""

    def setFrame(self, frame: Frame | None) -> None:
        """The frame the user looks at: its points are shown and it is encoded."""

    # Actions

    def click(self, frame: Frame, x: float, y: float, positive: bool = True) -> None:
        """Add a click to the current object; the first one of an object must be positive."""

    def box(self, frame: Frame, x0: float, y0: float, x1: float, y1: float) -> None:
        """Put a box, by any two opposite corners in px, around the current object, in place of an earlier one."""

    def useMask(self, frame: Frame) -> None:
        """Take what the segment covers on the frame as mask prompt of the current object."""

    def newObject(self, frame: Frame) -> None:
        """The next click starts another object in the same segment and frame."""

    def clear(self, frame: Frame) -> None:
        """Drop the frame's prompts; what they segmented stays. One undo step."""

    def takeFiducials(self, frame: Frame, initial, guidedPositive=None, guidedNegative=None) -> None:
        """A new object from the points of existing fiducial lists that lie on the frame."""

    def moveClick(self, object: int, index: int, x: float, y: float, finished: bool = True) -> None:
        """Move a click of the frame; a drag is one undo step from its first move to the finished one."""

    def removeClick(self, object: int, index: int) -> None:
        """Take a click of the frame away; the object goes with its last one."""

    def hover(self, frame: Frame | None, x: float = 0, y: float = 0) -> None:
        """Ask what a positive click here would give, see `preview`; None ends it."""

    # Watched by the effect

    @property
    def frame(self) -> Frame | None:
        """The frame whose points are shown."""

    @property
    def preview(self) -> tuple[Frame, np.ndarray] | None:
        """(frame, (H, W) bool) of the last hover, None without."""

    @property
    def points(self):
        """The PromptPoints; `points.isOver()` tells the effect to leave the mouse to Markups."""

    @property
    def status(self) -> str:
        """One sentence for the status line."""

    def poll(self) -> bool:
        """Take the engine's answers into the segment and follow undo, redo and Sequence; call it by a timer.

        Returns whether something changed (voxels, points, preview, status).
        """
