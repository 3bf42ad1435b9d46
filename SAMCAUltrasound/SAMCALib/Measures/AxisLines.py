"""Two lines in the views along the axes of an object, which follow its outline.

They are locked markups, saved with the scene: attributes and a reference say what they measure, so they are
found again when the scene is loaded. Undo of the segmentation does not know them: they follow what it brings.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import slicer
import vtk

from ..Frames import FrameLogic
from ..Frames.FrameLogic import Frame
from ..Prompts.PromptPoints import AXIS
from ..Texts import _

if TYPE_CHECKING:  # else scipy would be loaded while Slicer starts
    from samca.measures import Axis, Measurements

COLOURS = {"long": (0.35, 0.85, 1.0), "short": (1.0, 0.65, 1.0)}
SEGMENT, FRAME = "SAMCA.segment", "SAMCA.frame"  # attributes, beside AXIS
SEGMENTATION = "SAMCA.segmentation"  # role of a node reference
TEXT_SCALE, GLYPH_SCALE = 3.0, 1.5  # percent of the view
LENGTH = "length"  # the measurement that Slicer makes of every line


class AxisLines:
    """Nothing is in the scene before the first `show`."""

    def __init__(self):
        self._nodes: dict = {}
        self._watched = None  # (vtkSegmentation, observation)

    @property
    def nodes(self) -> dict:
        """role, "long" or "short" -> vtkMRMLMarkupsLineNode, of those that are in the scene."""
        return {role: node for role, node in self._nodes.items() if node.GetScene() is not None}

    def show(self, segmentationNode, segmentId: str, frame: Frame, measured: Measurements) -> None:
        """Show the axes of what was measured of this segment in this frame."""
        for role, axis in (("long", measured.long_axis), ("short", measured.short_axis)):
            node = self.nodes.get(role) or _stored(role, segmentationNode) or _made(role)
            self._nodes[role] = node
            modified = node.StartModify()
            node.SetNodeReferenceID(SEGMENTATION, segmentationNode.GetID())
            for name, text in ((SEGMENT, segmentId), (FRAME, frame.key)):
                node.SetAttribute(name, text)
            _place(node, frame, axis)
            _name(node, role, axis, measured.unit)
            node.EndModify(modified)
            node.GetDisplayNode().SetVisibility(True)

    def hide(self) -> None:
        """Nothing is measured here."""
        self._letGo()
        for node in self.nodes.values():
            if node.GetDisplayNode():
                node.GetDisplayNode().SetVisibility(False)

    def leave(self, segmentation) -> None:
        """Nobody follows this vtkSegmentation any more: the lines stay until it changes."""
        self._letGo()
        event = slicer.vtkSegmentation.SourceRepresentationModified
        self._watched = segmentation, segmentation.AddObserver(event, lambda *_given: self.hide())

    def remove(self) -> None:
        """Take the lines out of the scene."""
        self._letGo()
        for node in self.nodes.values():
            display, scene = node.GetDisplayNode(), node.GetScene()
            scene.RemoveNode(node)
            if display and display.GetScene():
                scene.RemoveNode(display)
        self._nodes = {}

    def follow(self) -> None:
        """Somebody follows the outline again."""
        self._letGo()

    def _letGo(self) -> None:
        if self._watched is not None:
            segmentation, observation = self._watched
            segmentation.RemoveObserver(observation)
            self._watched = None


def _stored(role: str, segmentationNode):
    """The line of this role that came with the scene, None without."""
    scene, kind = slicer.mrmlScene, "vtkMRMLMarkupsLineNode"
    for number in range(scene.GetNumberOfNodesByClass(kind)):
        node = scene.GetNthNodeByClass(number, kind)
        if node.GetAttribute(AXIS) == role and node.GetNodeReference(SEGMENTATION) is segmentationNode:
            return node
    return None


def _made(role: str):
    node = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLMarkupsLineNode", _names()[role])
    node.SetAttribute(AXIS, role)
    node.CreateDefaultDisplayNodes()
    display = node.GetDisplayNode()
    for setColour in (display.SetColor, display.SetSelectedColor, display.SetActiveColor):
        setColour(COLOURS[role])
    display.SetGlyphType(display.GetGlyphTypeFromString("Cross2D"))
    display.SetGlyphScale(GLYPH_SCALE)
    display.SetTextScale(TEXT_SCALE)
    display.SetPointLabelsVisibility(False)
    display.SetPropertiesLabelVisibility(True)
    display.SetVisibility3D(False)
    return node


def _names() -> dict[str, str]:
    return {"long": _("Long axis"), "short": _("Short axis")}


def _place(node, frame: Frame, axis: Axis) -> None:
    node.SetLocked(True)
    if node.GetNumberOfControlPoints() != 2:
        node.RemoveAllControlPoints()
        for _number in range(2):
            node.AddControlPointWorld(vtk.vtkVector3d(0, 0, 0))
    for number, place in enumerate((axis.start, axis.end)):
        node.SetNthControlPointPositionWorld(number, *FrameLogic.xyToRas(frame, *place))


def _name(node, role: str, axis: Axis, unit: str) -> None:
    """In mm Slicer's own length is beside the name; in px, which it does not know, ours is in the name."""
    name = _names()[role] if unit == "mm" else f"{_names()[role]} {axis.length:.0f} px"
    length = node.GetMeasurement(LENGTH)
    if length is not None and length.GetEnabled() != (unit == "mm"):
        length.SetEnabled(unit == "mm")
    if node.GetName() != name:
        node.SetName(name)
