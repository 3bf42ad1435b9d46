"""What belongs to an item of a loop, whether it is shown or not: asked here, never of the proxy nodes.

A Sequence browser moves its proxies (images, transforms, points, segmentations) from item to item: they have
what belongs to the item that is shown. The others are in the Sequences, under index values that may differ
from the browser's (images that were recorded beside a tracker), or are missing there.
"""

from __future__ import annotations

import numpy as np

from . import TransformLogic


def shownItem(browser) -> str:
    """The index value of the item that is shown, "" for none."""
    master, number = browser.GetMasterSequenceNode(), browser.GetSelectedItemNumber()
    isThere = master is not None and 0 <= number < master.GetNumberOfDataNodes()
    return master.GetNthIndexValue(number) if isThere else ""


def hasItem(browser, item: str) -> bool:
    """Whether the browser has this index value."""
    master = browser.GetMasterSequenceNode()
    return master is not None and master.GetItemNumberFromIndexValue(item) >= 0


def nodeAt(browser, node, item: str):
    """The node that has what `node` shows in this item, None if it shows nothing there.

    That is the node itself if the item is shown, or if no item changes it; else the Sequence's own one, found
    by the browser's rule for items that a Sequence lacks.
    """
    if not item or not _moves(browser, node) or item == shownItem(browser):
        return node
    if not hasItem(browser, item):
        return None
    sequence = browser.GetSequenceNode(node)
    stored = sequence.GetDataNodeAtValue(item)
    if stored is None and browser.GetMissingItemMode(sequence) == browser.MissingItemCreateFromPrevious:
        stored = sequence.GetDataNodeAtValue(item, False)
    return stored


def hasOwn(browser, node, item: str) -> bool:
    """Whether the item has something of its own for this proxy, or shows it; nothing of an earlier item.

    A node that this browser does not move is in the item that is shown, and in no other.
    """
    if not item or item == shownItem(browser):
        return True
    return _moves(browser, node) and browser.GetSequenceNode(node).GetDataNodeAtValue(item) is not None


def toWorld(browser, node, item: str) -> np.ndarray:
    """(4, 4): RAS mm of the node -> world RAS mm, by the transforms as they are in this item."""
    matrix, parent = np.eye(4), node.GetParentTransformNode()
    while parent is not None:
        matrix = TransformLogic.toParent(nodeAt(browser, parent, item) or parent) @ matrix
        parent = parent.GetParentTransformNode()
    return matrix


def _moves(browser, node) -> bool:
    """Whether the node is another one in each item of this browser."""
    if browser is None or not browser.IsProxyNodeID(node.GetID()) or not browser.GetMasterSequenceNode():
        return False
    return browser.GetPlayback(browser.GetSequenceNode(node))
