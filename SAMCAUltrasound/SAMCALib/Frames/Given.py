"""What is given in the console for a node: a sentence for a name, a number, a node of another kind."""

from __future__ import annotations

from ..Texts import Refusal, _

VOLUME, SEQUENCE, SEGMENTATION = "vtkMRMLVolumeNode", "vtkMRMLSequenceNode", "vtkMRMLSegmentationNode"


def checkImages(node) -> None:
    """Refusal for what is no volume, and no Sequence that has an item; None is for `checkVolume` to tell."""
    if node is not None:
        check(node, _("a volume or a Sequence"), VOLUME, SEQUENCE)
    if node is not None and node.IsA(SEQUENCE) and not node.GetNumberOfDataNodes():
        raise Refusal(_("{name} has no items: load a cine loop first.").format(name=node.GetName()))


def checkSegmentation(node) -> None:
    """Refusal for what is no segmentation."""
    check(node, _("a segmentation"), SEGMENTATION)


def check(node, expected: str, *kinds: str) -> None:
    """Refusal for what is no node of these classes, which `expected` names."""
    if isinstance(node, str):
        text = _("{name!r} is a name: give the node, as slicer.util.getNode({name!r}).")
        raise Refusal(text.format(name=node))
    if not hasattr(node, "IsA"):
        raise Refusal(_("{value!r} is no node: expected {kind}.").format(value=node, kind=expected))
    if not any(map(node.IsA, kinds)):
        text = _("{name} is a {given}: expected {kind}.")
        raise Refusal(text.format(name=node.GetName(), given=node.GetNodeTagName(), kind=expected))
