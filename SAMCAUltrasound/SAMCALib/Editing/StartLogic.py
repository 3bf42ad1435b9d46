"""What the Segment Editor is opened with: a volume, how it is shown, a segmentation; and what it works on."""

from __future__ import annotations

import numpy as np
import slicer
import slicer.util

from ..Frames import FrameLogic, TransformLogic
from ..Texts import Refusal, _


def volumeInUse():
    """The volume that the views show, else the first of the scene; None in an empty scene."""
    active = slicer.app.applicationLogic().GetSelectionNode().GetActiveVolumeID()
    return slicer.mrmlScene.GetNodeByID(active or "") or _firstVolume()


def editedNodes() -> tuple:
    """(volume, segmentation) of the Segment Editor; Refusal where it has none."""
    node = slicer.mrmlScene.GetFirstNodeByClass("vtkMRMLSegmentEditorNode")
    nodes = (node.GetSourceVolumeNode(), node.GetSegmentationNode()) if node else (None, None)
    if None in nodes:
        text = _("The Segment Editor has no segmentation with a source volume: open one there first.")
        raise Refusal(text)
    return nodes


def segmentationFor(volume):
    """The segmentation that was made on this volume, else a new one with its geometry."""
    for node in slicer.util.getNodesByClass("vtkMRMLSegmentationNode"):
        if node.GetNodeReference(node.GetReferenceImageGeometryReferenceRole()) is volume:
            return node
    node = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLSegmentationNode", f"{volume.GetName()} segmentation")
    node.CreateDefaultDisplayNodes()
    node.SetReferenceImageGeometryParameterFromVolumeNode(volume)
    return node


def isFlat(volume) -> bool:
    """Whether there is one plane to look at: a single frame, or a loop of them as a Sequence."""
    image = volume.GetImageData()
    return image is not None and min(image.GetDimensions()) == 1


def showFlat(sliceLogic, volume) -> None:
    """Show a flat volume in this slice view, as a whole, upright as it is stored."""
    sliceLogic.GetSliceCompositeNode().SetBackgroundVolumeID(volume.GetID())
    axis = FrameLogic.acquiredAxis(volume)
    ijkToRas = TransformLogic.toWorld(volume) @ TransformLogic.ijkToRas(volume)
    x, y = (ijkToRas[:3, each] / np.linalg.norm(ijkToRas[:3, each]) for each in range(3) if each != axis)
    sliceToRas = np.eye(4)
    sliceToRas[:3, 0], sliceToRas[:3, 1], sliceToRas[:3, 2] = x, -y, np.cross(x, y)
    middle = (np.array(volume.GetImageData().GetDimensions()) - 1) / 2
    sliceToRas[:3, 3] = (ijkToRas @ [*middle, 1])[:3]
    node = sliceLogic.GetSliceNode()
    node.GetSliceToRAS().DeepCopy(sliceToRas.ravel().tolist())
    node.UpdateMatrices()
    sliceLogic.FitSliceToBackground()


def _firstVolume():
    volumes = slicer.util.getNodesByClass("vtkMRMLScalarVolumeNode")
    return volumes[0] if volumes else None
