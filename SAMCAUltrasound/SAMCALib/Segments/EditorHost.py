"""What is asked of Segment Editor where there is no window."""

from __future__ import annotations


class EditorHost:
    """What is asked of a scriptedEffect, from a vtkSlicerSegmentEditorLogic with its editor node set."""

    def __init__(self, editorLogic):
        self.editorLogic = editorLogic

    def parameterSetNode(self):
        """The vtkMRMLSegmentEditorNode."""
        return self.editorLogic.GetSegmentEditorNode()

    def saveStateForUndo(self) -> None:
        """Keep the present state in the editor's history."""
        self.editorLogic.SaveStateForUndo()

    def modifySegmentByLabelmap(self, segmentationNode, segmentId, image, mode, bypassMasking=False) -> None:
        """Add or remove the labelmap, by the masks and the overwrite mode of the editor node."""
        self.editorLogic.ModifySegmentByLabelmap(
            segmentationNode, segmentId, image, mode, True, bypassMasking
        )
