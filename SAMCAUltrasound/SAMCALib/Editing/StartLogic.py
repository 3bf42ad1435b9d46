"""What the Segment Editor is opened with: the volume that is looked at, and a segmentation of it."""

from __future__ import annotations

import slicer
import slicer.util


def volumeInUse():
    """The volume that the views show, else the first of the scene; None in an empty scene."""
    active = slicer.app.applicationLogic().GetSelectionNode().GetActiveVolumeID()
    return slicer.mrmlScene.GetNodeByID(active or "") or _firstVolume()


def segmentationFor(volume):
    """The segmentation that was made on this volume, else a new one with its geometry."""
    for node in slicer.util.getNodesByClass("vtkMRMLSegmentationNode"):
        if node.GetNodeReference(node.GetReferenceImageGeometryReferenceRole()) is volume:
            return node
    node = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLSegmentationNode", f"{volume.GetName()} segmentation")
    node.CreateDefaultDisplayNodes()
    node.SetReferenceImageGeometryParameterFromVolumeNode(volume)
    return node


def _firstVolume():
    volumes = slicer.util.getNodesByClass("vtkMRMLScalarVolumeNode")
    return volumes[0] if volumes else None
