"""Which image a segmentation was made on: its reference volume, or the loop whose items it has.

Geometry says nothing: every PNG has the same.
"""

from __future__ import annotations

import slicer
import slicer.util

from samca.datasets.listing import by_number
from SAMCALib.Frames import SequenceLogic
from SAMCALib.Texts import _


def imageOf(segmentationNode):
    """The volume node that a segmentation was made on, of a loop its proxy; None where nobody knows."""
    image = segmentationNode.GetNodeReference(segmentationNode.GetReferenceImageGeometryReferenceRole())
    browser = SequenceLogic.browserOf(segmentationNode)
    return browser.GetProxyNode(browser.GetMasterSequenceNode()) if browser and image is None else image


def isMadeOn(segmentationNode, imageNode) -> bool:
    """Whether that is this volume, or the one that this Sequence moves."""
    image = imageOf(segmentationNode)
    if image is None or image is imageNode:
        return image is not None
    browser = SequenceLogic.browserOf(image)
    return browser is not None and browser.GetSequenceNode(image) is imageNode


def segmentationsOf(imageNode) -> list:
    """The segmentations of the scene that were made on a volume or Sequence."""
    nodes = slicer.util.getNodesByClass("vtkMRMLSegmentationNode")
    return [node for node in nodes if isMadeOn(node, imageNode)]


def otherImage(imageNode, segmentationNode) -> str:
    """A sentence for a segmentation that was made on another image, "" for one of this or of none known."""
    image = imageOf(segmentationNode)
    if image is None or isMadeOn(segmentationNode, imageNode):
        return ""
    text = _("{segmentation} was made on {image}, not on {chosen}.")
    names = {"image": image.GetName(), "chosen": imageNode.GetName()}
    return text.format(segmentation=segmentationNode.GetName(), **names)


def doubt(imageNode, segmentationNode) -> str:
    """The same, and a sentence for a segmentation whose image is not known, too."""
    if imageOf(segmentationNode) is not None:
        return otherImage(imageNode, segmentationNode)
    text = _("{segmentation} does not say on which image it was made; perhaps that was deleted.")
    return text.format(segmentation=segmentationNode.GetName())


def pairs() -> list[tuple]:
    """(image, segmentation) of all segmentations of the scene whose image is known, by name."""
    nodes = slicer.util.getNodesByClass("vtkMRMLSegmentationNode")
    found = [(imageOf(node), node) for node in nodes if imageOf(node) is not None]
    return sorted(found, key=lambda pair: by_number(pair[0].GetName()))


def strays() -> list[str]:
    """Names of the segmentations that do not say on which image they were made."""
    nodes = slicer.util.getNodesByClass("vtkMRMLSegmentationNode")
    return [node.GetName() for node in nodes if imageOf(node) is None]
