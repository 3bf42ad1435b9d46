"""Sequences: which item a proxy volume shows, its neighbours, and one segmentation for each item."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

import slicer
import slicer.util

from ..Texts import Refusal, _
from . import Given, ItemLogic, TransformLogic

OURS = PROMPTS, STEP, OPTIONS = "SAMCA.prompts", "SAMCA.step", "SAMCA.options"
"""Tags of a segment that say what was done in an item."""


def browserOf(node):
    """The Sequence browser that this node is a proxy of, None if it is none."""
    return next((browser for browser in _browsers() if browser.IsProxyNodeID(node.GetID())), None)


def itemOf(node) -> str:
    """The index value of the item that this proxy shows, "" for a node that is no proxy."""
    browser = browserOf(node)
    return ItemLogic.shownItem(browser) if browser else ""


def isPlayed(node) -> bool:
    """Whether this is a proxy whose Sequence browser plays now."""
    browser = browserOf(node)
    return browser is not None and browser.GetPlaybackActive()


def itemsOf(browser) -> list[str]:
    """All index values of a browser; none if what it goes by has left the scene."""
    master = browser.GetMasterSequenceNode()
    return [master.GetNthIndexValue(i) for i in range(master.GetNumberOfDataNodes())] if master else []


def browse(sequence) -> tuple:
    """(browser, proxy volume) of a Sequence node; a browser is made if it has none. Refusal without items."""
    Given.checkImages(sequence)
    for browser in _browsers():
        if browser.GetProxyNode(sequence) is not None:
            return browser, browser.GetProxyNode(sequence)
    name = f"{sequence.GetName()} browser"
    browser = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLSequenceBrowserNode", name)
    browser.SetAndObserveMasterSequenceNodeID(sequence.GetID())
    slicer.modules.sequences.logic().UpdateProxyNodesFromSequences(browser)
    proxy = browser.GetProxyNode(sequence)
    proxy.CreateDefaultDisplayNodes()
    return browser, proxy


def showItem(browser, item: str) -> None:
    """Make the browser show this item, at once."""
    browser.SetSelectedItemNumber(itemsOf(browser).index(item))
    slicer.modules.sequences.logic().UpdateProxyNodesFromSequences(browser)


def checkLoop(segmentationNode, volumeNode) -> None:
    """Refusal for a segmentation that follows a Sequence in which the volume is not."""
    browser = browserOf(segmentationNode)
    if browser is not None and not browser.IsProxyNodeID(volumeNode.GetID()):
        text = _("{segmentation} belongs to {loop}: choose or create another segmentation for {volume}.")
        names = {"segmentation": segmentationNode.GetName(), "volume": volumeNode.GetName()}
        raise Refusal(text.format(loop=browser.GetMasterSequenceNode().GetName(), **names))


def synchronise(segmentationNode, volumeNode) -> None:
    """Give every item of the volume's Sequence a segmentation of its own, with the same segments.

    What the segmentation holds now stays with the item that is shown; the others start empty, on the grid of
    their image where that is another one. A segmentation that has items already keeps its changes from now
    on. Nothing is done for a volume that is no proxy. Refusal as of `checkLoop`.
    """
    checkLoop(segmentationNode, volumeNode)
    browser = browserOf(volumeNode)
    if browser is None or not (itemsOf(browser) or browser.GetRecordingActive()):  # it is yet to be recorded
        return
    sequence = browser.GetSequenceNode(segmentationNode)
    if sequence is None:
        sequence = _newSequence(browser, segmentationNode, volumeNode)
        with slicer.util.NodeModify(browser):  # else Slicer makes a proxy of its own in between
            browser.AddSynchronizedSequenceNode(sequence)
            browser.AddProxyNode(segmentationNode, sequence, False)
    if not browser.GetSaveChanges(sequence):
        if shown := ItemLogic.shownItem(browser):
            sequence.SetDataNodeAtValue(segmentationNode, shown)
        browser.SetSaveChanges(sequence, True)
    if browser.GetRecordingActive() and not browser.GetRecording(sequence):  # else Slicer drops what is done
        browser.SetRecording(sequence, True)


def recorderOf(node):
    """The Sequence browser that records this proxy now, None without."""
    browser = browserOf(node)
    return browser if browser is not None and browser.GetRecordingActive() else None


@contextlib.contextmanager
def recordingImagesOnly(node) -> Iterator[None]:
    """No change of this node makes an item of what is being recorded meanwhile: only what comes first in the
    browser does."""
    browser = recorderOf(node)
    before = browser and browser.GetRecordMasterOnly()
    if browser:
        browser.SetRecordMasterOnly(True)
    try:
        yield
    finally:
        if browser:
            browser.SetRecordMasterOnly(before)


def record(segmentationNode, item: str):
    """Put what the segmentation shows into an item that was recorded; the node that has it there."""
    sequence = browserOf(segmentationNode).GetSequenceNode(segmentationNode)
    return sequence.SetDataNodeAtValue(segmentationNode, item)


def ownNode(segmentationNode, item: str):
    """The node that has what is changed of a segmentation in this item; made as Slicer would if missing.

    Refusal if the item is gone.
    """
    browser = browserOf(segmentationNode) if item else None
    if browser is not None and not ItemLogic.hasItem(browser, item):
        raise Refusal(_("Frame {item} has left its Sequence: go to another one.").format(item=item))
    node = ItemLogic.nodeAt(browser, segmentationNode, item)
    if browser is None or ItemLogic.hasOwn(browser, segmentationNode, item):
        return node
    sequence = browser.GetSequenceNode(segmentationNode)
    return sequence.SetDataNodeAtValue(node or _emptied(segmentationNode), item)


def placeShown(segmentationNode) -> tuple[str, str] | None:
    """(segmentation id, item that is shown), None for a segmentation without items, or for None."""
    browser = browserOf(segmentationNode) if segmentationNode else None
    return (segmentationNode.GetID(), ItemLogic.shownItem(browser)) if browser else None


def segmentationAt(segmentationId: str, item: str):
    """The vtkSegmentation in an item, None if any of it is gone."""
    node = slicer.mrmlScene.GetNodeByID(segmentationId)
    browser = browserOf(node) if node else None
    own = ItemLogic.nodeAt(browser, node, item) if browser else None
    return own and own.GetSegmentation()


def toBeSaved(segmentationNode) -> None:
    """Let Slicer know that an item of the segmentation that is not shown has changed."""
    browserOf(segmentationNode).GetSequenceNode(segmentationNode).StorableModified()


def addSegmentToItems(segmentationNode, segmentId: str) -> None:
    """Give the segmentations of all items this segment, empty, where it is missing."""
    browser = browserOf(segmentationNode)
    if browser is None:
        return
    sequence = browser.GetSequenceNode(segmentationNode)
    segment = segmentationNode.GetSegmentation().GetSegment(segmentId)
    for i in range(sequence.GetNumberOfDataNodes()):
        segmentation = sequence.GetNthDataNode(i).GetSegmentation()
        if segmentation.GetSegment(segmentId) is None:
            _addEmpty(segmentation, segmentId, segment)


def _browsers() -> Iterator:
    """Those of the scene in use; Slicer's logic knows those of the application's scene only."""
    scene, kind = slicer.mrmlScene, "vtkMRMLSequenceBrowserNode"
    return (scene.GetNthNodeByClass(i, kind) for i in range(scene.GetNumberOfNodesByClass(kind)))


def _newSequence(browser, segmentationNode, volumeNode):
    master, shown = browser.GetMasterSequenceNode(), ItemLogic.shownItem(browser)
    name = f"{segmentationNode.GetName()} {master.GetName()}"
    sequence = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLSequenceNode", name)
    sequence.SetIndexName(master.GetIndexName())
    sequence.SetIndexUnit(master.GetIndexUnit())
    sequence.SetIndexType(master.GetIndexType())
    grids = {item: _gridOf(browser, segmentationNode, volumeNode, item) for item in itemsOf(browser)}
    others = {grid: _emptied(segmentationNode, grid) for grid in {*grids.values()} - {grids.get(shown), ""}}
    alike = _emptied(segmentationNode)
    for item, grid in grids.items():
        sequence.SetDataNodeAtValue(segmentationNode if item == shown else others.get(grid, alike), item)
    return sequence


def _gridOf(browser, segmentationNode, volumeNode, item: str) -> str:
    """The voxels of an item's image on the segmentation's side, in Slicer's own words; "" without image."""
    image = ItemLogic.nodeAt(browser, volumeNode, item)
    if image is None or image.GetImageData() is None:
        return ""
    toWorld = ItemLogic.toWorld(browser, volumeNode, item) @ TransformLogic.ijkToRas(image)
    segmentationToWorld = ItemLogic.toWorld(browser, segmentationNode, item)
    toNode = TransformLogic.inverse(segmentationToWorld, segmentationNode.GetName()) @ toWorld
    grid = slicer.vtkOrientedImageData()
    grid.SetExtent(image.GetImageData().GetExtent())
    exact = toNode.round(9) + 0.0  # no rounding of transforms, no -0, makes two grids of one
    grid.SetGeometryFromImageToWorldMatrix(slicer.util.vtkMatrixFromArray(exact))
    return slicer.vtkSegmentationConverter.SerializeImageGeometry(grid)


def _emptied(segmentationNode, grid: str = ""):
    """A copy outside the scene with the same segments, all empty and without tags of ours.

    grid: its voxels, if they are not to be the same.
    """
    copy = slicer.vtkMRMLSegmentationNode()
    copy.SetName(segmentationNode.GetName())
    source, segmentation = segmentationNode.GetSegmentation(), copy.GetSegmentation()
    segmentation.SetSourceRepresentationName(source.GetSourceRepresentationName())
    segmentation.CopyConversionParameters(source)
    if grid:
        name = slicer.vtkSegmentationConverter.GetReferenceImageGeometryParameterName()
        segmentation.SetConversionParameter(name, grid)
    for segmentId in source.GetSegmentIDs():
        _addEmpty(segmentation, segmentId, source.GetSegment(segmentId))
    return copy


def _addEmpty(segmentation, segmentId: str, like) -> None:
    """Add a segment that is like this one in all but its voxels and our tags.

    Where another segment has its label value, which a labelmap that they share would give to both, it has
    one of its own.
    """
    taken = {segmentation.GetSegment(other).GetLabelValue() for other in segmentation.GetSegmentIDs()}
    segmentation.AddEmptySegment(segmentId)
    segment = segmentation.GetSegment(segmentId)
    free = segment.GetLabelValue()
    segment.DeepCopyMetadata(like)
    segment.SetLabelValue(free if like.GetLabelValue() in taken else like.GetLabelValue())
    for tag in OURS:
        segment.RemoveTag(tag)
