"""The context menu of our points in the views: deleting a point is what it offers."""

from __future__ import annotations

import slicer

DELETE = "DeletePointAction"  # Slicer's name of it


def offerDeletionOnly(node) -> None:
    """Leave out what Markups offers beside it: renaming, properties and deleting all have no meaning here."""
    handler = slicer.qSlicerSubjectHierarchyPluginHandler.instance()
    logic, item = handler.pluginLogic(), handler.subjectHierarchyNode().GetItemByDataNode(node)
    if item and hasattr(logic, "setAllowedViewContextMenuActionNamesForItem"):  # else the menu stays whole
        logic.setAllowedViewContextMenuActionNamesForItem(item, [DELETE])
