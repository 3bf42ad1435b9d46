"""What there is to see of an edit: points, voxels, and what the model alone would say."""

from __future__ import annotations

from samca.interaction.session import Session
from samca.prompts.geometry import Geometry
from SAMCALib.Frames import FrameLogic
from SAMCALib.Prompts.PromptPoints import HELD
from SAMCALib.Segments.SegmentLogic import maskOf


def shown(edit):
    """role -> [(x, y)] of the control points; those of handles only if there are some."""
    frame = edit.frame
    return {
        role: [
            tuple(round(c, 2) for c in FrameLogic.rasToXy(frame, node.GetNthControlPointPositionWorld(i)))
            for i in range(node.GetNumberOfControlPoints())
        ]
        for role, node in edit.points.nodes.items()
        if role not in HELD or node.GetNumberOfControlPoints()
    }


def predicted(model, frame, prompts):
    """What a session of samca gives for these prompts."""
    session = Session(model)
    height, width = FrameLogic.shape(frame)
    session.use_embedding((), Geometry(height, width, model.config.image_size))
    return session.predict(prompts).mask


def segment(editor, frame, segmentId="Lesion"):
    return maskOf(editor.segmentation, segmentId, frame)
