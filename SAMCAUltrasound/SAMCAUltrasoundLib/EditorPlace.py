"""The Segment Editor with the effect on an image, in one view where that is enough."""

from __future__ import annotations

import contextlib

import slicer
import slicer.util

from SAMCALib.Editing import StartLogic

from .Keys import DESTROYED


def openEditor(volume, segmentation, inOneView: bool) -> None:
    """Open the Segment Editor on these nodes, with the effect SAMCA."""
    layout = slicer.app.layoutManager() if inOneView else None
    if layout:  # of four views three would be empty
        layout.setLayout(slicer.vtkMRMLLayoutNode.SlicerLayoutOneUpRedSliceView)
    slicer.util.selectModule("SegmentEditor")
    editor = slicer.modules.segmenteditor.widgetRepresentation().self().editor
    editor.setSegmentationNode(segmentation)
    editor.setSourceVolumeNode(volume)
    editor.setActiveEffectByName("SAMCA")
    if layout:
        slicer.app.processEvents()  # the view has its size then
        StartLogic.showFlat(layout.sliceWidget("Red").sliceLogic(), volume)


def leaveEditor() -> None:
    """Let the Segment Editor work on nothing, before its nodes leave the scene."""
    with contextlib.suppress(*DESTROYED):  # when Slicer is closed, the editor may be gone already
        editor = slicer.modules.segmenteditor.widgetRepresentation().self().editor
        editor.setActiveEffectByName("")
        editor.setSegmentationNode(None)
        editor.setSourceVolumeNode(None)
