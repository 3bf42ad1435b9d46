"""Which image prompts were made on: its node in this scene; where it is loaded anew, the frame's pixels.

A segmentation refers to the images that it has prompts of, in roles of its own, each with a name that no
other segmentation uses: the scene keeps such references when it is saved, and when nodes get other ids.
"""

from __future__ import annotations

import uuid

import slicer.util

from ..Frames import FrameLogic
from ..Frames.FrameLogic import Frame
from .TagLogic import Origin

ROLE = "SAMCA.image."


def originOf(segmentationNode, frame: Frame) -> Origin:
    """What is stored with prompts of this frame; the segmentation refers to the image from now on."""
    image = FrameLogic.lastingNode(frame)
    name = next((name for name in _names(segmentationNode) if _image(segmentationNode, name) is image), "")
    if not name:
        name = uuid.uuid4().hex[:8]
        segmentationNode.SetNodeReferenceID(ROLE + name, image.GetID())
    return Origin(name, FrameLogic.digest(frame))


def isOf(segmentationNode, frame: Frame, origin: Origin) -> bool:
    """Whether prompts of this origin belong to the frame."""
    if origin.name and not origin.node:
        return _isOfName(frame, origin.name)
    image = _image(segmentationNode, origin.node)
    return image is FrameLogic.lastingNode(frame) if image else origin.sha256 == FrameLogic.digest(frame)


def _isOfName(frame: Frame, name: str) -> bool:
    """The rule of older tags: the frame is its volume's, or nobody's now, because the volume was renamed."""
    names = {node.GetName() for node in slicer.util.getNodesByClass("vtkMRMLVolumeNode")}
    return name == frame.volume.GetName() or name not in names


def _names(segmentationNode) -> list[str]:
    roles = map(
        segmentationNode.GetNthNodeReferenceRole, range(segmentationNode.GetNumberOfNodeReferenceRoles())
    )
    return [role.removeprefix(ROLE) for role in roles if role.startswith(ROLE)]


def _image(segmentationNode, name: str):
    return segmentationNode.GetNodeReference(ROLE + name) if name else None
