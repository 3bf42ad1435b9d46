"""Edits of a loop's segmentation in items that are not shown, by the same masks as in the one that is.

Segment Editor changes what its nodes show. For another item there are nodes of that item in a scene of their
own, around the voxels that the Sequence stores, so nothing on the screen moves, and no history is emptied.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

import slicer
import slicer.util

from ..Frames import FrameLogic, SequenceLogic, TransformLogic
from ..Frames.FrameLogic import Frame
from .EditorHost import EditorHost


@contextlib.contextmanager
def hostAt(host, segmentationNode, frame: Frame) -> Iterator[tuple]:
    """(host, segmentation node) to change the segmentation with in the item of this frame."""
    own = SequenceLogic.ownNode(segmentationNode, frame.item)
    if own is segmentationNode:
        yield host, segmentationNode
        return
    with editorOf(own) as (itemHost, node):
        editor, volume = itemHost.parameterSetNode(), _imageOf(frame, segmentationNode, node.GetScene())
        _copyMasks(host.parameterSetNode(), editor)
        editor.SetAndObserveSourceVolumeNode(volume)
        _copyVisibility(segmentationNode, node)
        yield itemHost, node
    SequenceLogic.toBeSaved(segmentationNode)


@contextlib.contextmanager
def editorOf(segmentationNode) -> Iterator[tuple]:
    """(host, node) of an editor that masks nothing, around the voxels of a segmentation of any scene."""
    scene, logic = slicer.vtkMRMLScene(), slicer.vtkSlicerSegmentEditorLogic()
    node, editor = slicer.vtkMRMLSegmentationNode(), slicer.vtkMRMLSegmentEditorNode()
    node.SetAndObserveSegmentation(segmentationNode.GetSegmentation())
    editor.SetOverwriteMode(editor.OverwriteNone)
    for each in (node, editor):
        scene.AddNode(each)
    editor.SetAndObserveSegmentationNode(node)
    logic.SetMRMLScene(scene)
    logic.SetSegmentEditorNode(editor)
    try:
        yield EditorHost(logic), node
    finally:
        logic.SetSegmentEditorNode(None)
        logic.SetMRMLScene(None)
        scene.Clear(1)


def _copyVisibility(source, target) -> None:
    """Which segments are shown: some masks, and an overwrite mode, are about those."""
    shown, display = source.GetDisplayNode(), slicer.vtkMRMLSegmentationDisplayNode()
    target.GetScene().AddNode(display)
    target.SetAndObserveDisplayNodeID(display.GetID())
    for each in target.GetSegmentation().GetSegmentIDs() if shown else ():
        display.SetSegmentVisibility(each, shown.GetSegmentVisibility(each))


def _copyMasks(source, target) -> None:
    """What the editor's user has chosen under Masking; the selected segment is no mask of itself."""
    target.SetOverwriteMode(source.GetOverwriteMode())
    target.SetSelectedSegmentID(source.GetSelectedSegmentID())
    target.SetMaskMode(source.GetMaskMode())
    target.SetMaskSegmentID(source.GetMaskSegmentID())
    target.SetSourceVolumeIntensityMask(source.GetSourceVolumeIntensityMask())
    target.SetSourceVolumeIntensityMaskRange(*source.GetSourceVolumeIntensityMaskRange())


def _imageOf(frame: Frame, segmentationNode, scene):
    """The image of the frame's item, lying to the segmentation as it does there."""
    image = FrameLogic.imageOf(frame)
    volume, transform = getattr(slicer, image.GetClassName())(), slicer.vtkMRMLLinearTransformNode()
    volume.CopyContent(image, False)
    toWorld = FrameLogic.toWorld(frame, segmentationNode)
    toNode = TransformLogic.inverse(toWorld, segmentationNode.GetName())
    toNode = toNode @ FrameLogic.toWorld(frame, frame.volume)
    transform.SetMatrixTransformToParent(slicer.util.vtkMatrixFromArray(toNode))
    for node in (volume, transform):
        scene.AddNode(node)
    volume.SetAndObserveTransformNodeID(transform.GetID())
    return volume
