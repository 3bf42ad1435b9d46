"""Sequences: which item a proxy volume shows, its neighbours, and one segmentation for each item."""

from __future__ import annotations

import slicer


def browserOf(node):
    """The Sequence browser that this node is a proxy of, None if it is none."""
    scene = slicer.mrmlScene
    for i in range(scene.GetNumberOfNodesByClass("vtkMRMLSequenceBrowserNode")):
        browser = scene.GetNthNodeByClass(i, "vtkMRMLSequenceBrowserNode")
        if browser.IsProxyNodeID(node.GetID()):
            return browser
    return None


def itemOf(node) -> str:
    """The index value of the item that this proxy shows, "" for a node that is no proxy."""
    browser = browserOf(node)
    return shownItem(browser) if browser else ""


def shownItem(browser) -> str:
    """The index value of the item that is shown, "" for none."""
    master, number = browser.GetMasterSequenceNode(), browser.GetSelectedItemNumber()
    isThere = master is not None and 0 <= number < master.GetNumberOfDataNodes()
    return master.GetNthIndexValue(number) if isThere else ""


def itemsOf(browser) -> list[str]:
    """All index values of a browser."""
    master = browser.GetMasterSequenceNode()
    return [master.GetNthIndexValue(i) for i in range(master.GetNumberOfDataNodes())]


def hasItem(browser, item: str) -> bool:
    """Whether the browser has this index value."""
    master = browser.GetMasterSequenceNode()
    return master is not None and master.GetItemNumberFromIndexValue(item) >= 0


def browse(sequence) -> tuple:
    """(browser, proxy volume) of a Sequence node; a browser is made if it has none."""
    scene = slicer.mrmlScene
    for i in range(scene.GetNumberOfNodesByClass("vtkMRMLSequenceBrowserNode")):
        browser = scene.GetNthNodeByClass(i, "vtkMRMLSequenceBrowserNode")
        if browser.GetProxyNode(sequence) is not None:
            return browser, browser.GetProxyNode(sequence)
    browser = scene.AddNewNodeByClass("vtkMRMLSequenceBrowserNode", f"{sequence.GetName()} browser")
    browser.SetAndObserveMasterSequenceNodeID(sequence.GetID())
    slicer.modules.sequences.logic().UpdateProxyNodesFromSequences(browser)
    proxy = browser.GetProxyNode(sequence)
    proxy.CreateDefaultDisplayNodes()
    return browser, proxy


def showItem(browser, item: str) -> None:
    """Make the browser show this item, at once."""
    browser.SetSelectedItemNumber(itemsOf(browser).index(item))
    slicer.modules.sequences.logic().UpdateProxyNodesFromSequences(browser)


def synchronise(segmentationNode, volumeNode) -> None:
    """Give every item of the volume's Sequence a segmentation of its own, with the same segments.

    What the segmentation holds now stays with the item that is shown; the others start empty. Nothing is done
    for a volume that is no proxy, or a segmentation that is one already.
    """
    browser = browserOf(volumeNode)
    if browser is None or browserOf(segmentationNode) is not None:
        return
    sequence = slicer.mrmlScene.AddNewNodeByClass(
        "vtkMRMLSequenceNode", f"{segmentationNode.GetName()} {browser.GetMasterSequenceNode().GetName()}"
    )
    master = browser.GetMasterSequenceNode()
    sequence.SetIndexName(master.GetIndexName())
    sequence.SetIndexUnit(master.GetIndexUnit())
    sequence.SetIndexType(master.GetIndexType())
    shown, empty = itemOf(volumeNode), _emptied(segmentationNode)
    for item in itemsOf(browser):
        sequence.SetDataNodeAtValue(segmentationNode if item == shown else empty, item)
    browser.AddSynchronizedSequenceNode(sequence)
    browser.AddProxyNode(segmentationNode, sequence, False)
    browser.SetSaveChanges(sequence, True)


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
            segmentation.AddEmptySegment(segmentId, segment.GetName(), segment.GetColor())


def _emptied(segmentationNode):
    """A copy outside the scene with the same segments, all empty and without tags of ours."""
    copy = slicer.vtkMRMLSegmentationNode()
    copy.Copy(segmentationNode)
    copy.SetAndObserveSegmentation(slicer.vtkSegmentation())
    source, segmentation = segmentationNode.GetSegmentation(), copy.GetSegmentation()
    segmentation.SetSourceRepresentationName(source.GetSourceRepresentationName())
    segmentation.CopyConversionParameters(source)
    for segmentId in source.GetSegmentIDs():
        segment = source.GetSegment(segmentId)
        segmentation.AddEmptySegment(segmentId, segment.GetName(), segment.GetColor())
    return copy
