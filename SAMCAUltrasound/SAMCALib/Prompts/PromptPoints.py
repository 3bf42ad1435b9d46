"""The fiducials that show the prompts of one frame, a node for each role, and what the user does to them.

A box has three of them, by which it is held, a lasso one: see Handles. A stroke is held where it begins.

They are a picture of the segment's tag, so they are not saved. What the user changed is found by comparing:
nothing is rebuilt inside an event of the interaction that caused it.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import slicer
import slicer.util
import vtk

from samca.prompts import Click

from ..Frames import FrameLogic
from ..Frames.FrameLogic import Frame
from . import Handles
from .Handles import Handle
from .PromptLogic import FramePrompts

# role -> name, glyph, colour; filled shapes of their own, for who does not tell the colours apart
ROLES = {
    "initial": ("SAMCA initial", "Circle2D", (1.0, 0.85, 0.1)),
    "guidedPositive": ("SAMCA add", "ThickCross2D", (0.2, 0.9, 0.3)),
    "guidedNegative": ("SAMCA take away", "Triangle2D", (1.0, 0.3, 0.25)),
    "box": ("SAMCA box", "Square2D", (0.45, 0.75, 1.0)),
    "lasso": ("SAMCA lasso", "Diamond2D", (0.8, 0.6, 1.0)),
}
HELD = "box", "lasso"  # by handles
GLYPH_SCALE, HANDLE_SCALE = 5.0, 3.0  # percent of the view
MOVED_PX = 0.01
AXIS = "SAMCA.axis"  # attribute of a line along an axis of an object


@dataclass(frozen=True)
class Change:
    """What the user did: kind is "move", "remove", "add" or "pick".

    object: id of the object of the point; click: what the point stood for.
    """

    kind: str
    object: str = ""
    click: Click | None = None
    role: str = ""
    x: float = 0.0
    y: float = 0.0


class PromptPoints:
    """Nothing is in the scene before the first point is shown; `remove` leaves nothing behind.

    onNode(node) is called for every node that is made; the effect limits its context menu.
    """

    onNode = staticmethod(lambda node: None)

    def __init__(self):
        self._nodes = {}
        self._observed = []  # (node, observation)
        self._frame: Frame | None = None
        self._prompts = FramePrompts()
        self._lies: np.ndarray | None = None  # (4, 4) of the frame when they were shown
        self._shown: dict[str, list] = {}  # role -> [(control point id, object id, click)]
        self._held: str | None = None  # id of the control point that the mouse holds, "" of another one
        self._picked: str | None = None

    @property
    def nodes(self) -> dict:
        """role -> vtkMRMLMarkupsFiducialNode in the scene, made where missing."""
        for role in ROLES:
            if role not in self._nodes or self._nodes[role].GetScene() is None:
                self._letGo(self._nodes.get(role))
                self._make(role)
        return dict(self._nodes)

    @property
    def made(self) -> list:
        """Those of the nodes that are there."""
        return list(self._nodes.values())

    @property
    def isHeld(self) -> bool:
        """Whether the mouse holds a point now."""
        return self._held is not None

    def isOver(self) -> bool:
        """Whether the mouse is over a control point, ours or any other: then it belongs to Markups.

        Ends of axes that are measured are not for the mouse.
        """
        displays = slicer.util.getNodesByClass("vtkMRMLMarkupsDisplayNode")
        point = slicer.vtkMRMLMarkupsDisplayNode.ComponentControlPoint
        over = [d for d in displays if d.GetActiveComponentType() == point]
        over = [d.GetDisplayableNode() for d in over if d.GetActiveComponentIndex() >= 0]
        return any(node is not None and node.GetAttribute(AXIS) is None for node in over)

    def show(self, frame: Frame | None, prompts: FramePrompts) -> None:
        """Show these prompts of this frame (None: no points), the current object's in full colour."""
        self._frame, self._prompts = frame, prompts
        self._lies = _placeOf(frame)
        wanted = _byRole(prompts) if frame else {}
        if not self._nodes and not any(wanted.values()):
            return
        for role, node in self.nodes.items():
            self._showRole(role, node, wanted.get(role, []), prompts.object.id)

    def changes(self) -> list[Change]:
        """What the user did since the last `show`, and which point was pressed since the last call."""
        picked, self._picked = self._picked, None
        changes = [] if picked is None else [Change("pick", picked)]
        self._followImage()
        for role, node in self._nodes.items():
            if self._frame and node.GetScene():
                changes += self._changesOf(role, node)
        return sorted(changes, key=lambda change: change.kind == "remove")

    def _followImage(self) -> None:
        """Points go where a transform or the user has brought the image: nobody has moved them on it."""
        isShown = any(node.GetNumberOfControlPoints() for node in self._nodes.values())
        if self._frame is None or self.isHeld or not isShown:
            return
        place = _placeOf(self._frame)
        if place is not None and not np.array_equal(place, self._lies):
            self.show(self._frame, self._prompts)

    def remove(self) -> None:
        """Take the nodes and the observers away."""
        for node in self._nodes.values():
            self._letGo(node)
            display, scene = node.GetDisplayNode(), node.GetScene()
            if scene:
                scene.RemoveNode(node)
            if display and display.GetScene():  # else it stays in the scene without its points
                display.GetScene().RemoveNode(display)
        self.__init__()

    def _make(self, role: str) -> None:
        name, glyph, colour = ROLES[role]
        node = slicer.mrmlScene.CreateNodeByClass("vtkMRMLMarkupsFiducialNode")
        node.UnRegister(None)
        node.SetSaveWithScene(False)
        node.SetAttribute("SAMCA.role", role)
        slicer.mrmlScene.AddNode(node)
        node.SetHideFromEditors(True)  # hidden before, it would get no item in the hierarchy, and so no menu
        node.SetName(name)  # after: selectors of nodes look anew at one whose name changes
        node.CreateDefaultDisplayNodes()
        display = node.GetDisplayNode()
        display.SetSaveWithScene(False)
        display.SetGlyphType(display.GetGlyphTypeFromString(glyph))
        display.SetGlyphScale(HANDLE_SCALE if role in HELD else GLYPH_SCALE)
        display.SetSelectedColor(colour)
        display.SetColor([0.5 * part + 0.25 for part in colour])  # points of objects that are not current
        display.SetPointLabelsVisibility(False)
        display.SetPropertiesLabelVisibility(False)
        display.SetSnapMode(display.SnapModeUnconstrained)
        display.SetVisibility3D(False)
        self._nodes[role] = node
        self._shown[role] = []
        self.onNode(node)
        self._observe(node, slicer.vtkMRMLMarkupsNode.PointStartInteractionEvent, lambda: self._press(role))
        self._observe(node, slicer.vtkMRMLMarkupsNode.PointEndInteractionEvent, self._release)

    def _observe(self, node, event, react) -> None:
        self._observed.append((node, node.AddObserver(event, lambda *_: react())))

    def _letGo(self, gone) -> None:
        """Observe this node no more: it leaves the scene, or has left it with the others."""
        for node, observation in self._observed:
            if node is gone:
                node.RemoveObserver(observation)
        self._observed = [(node, observation) for node, observation in self._observed if node is not gone]

    def _press(self, role: str) -> None:
        self._held = ""
        index = self._nodes[role].GetDisplayNode().GetActiveComponentIndex()
        if 0 <= index < self._nodes[role].GetNumberOfControlPoints():
            self._held = pressed = self._nodes[role].GetNthControlPointID(index)
            self._picked = next((thing for id, thing, _click in self._shown[role] if id == pressed), None)

    def _release(self) -> None:
        self._held = None

    def _showRole(self, role: str, node, wanted: list, current: str) -> None:
        """wanted: [(object id, click)]. Points are moved, not made anew: Markups may be holding one."""
        for id in _definedIds(node)[len(wanted) :]:
            node.RemoveNthControlPoint(node.GetNthControlPointIndexByID(id))
        for _thing, click in wanted[len(_definedIds(node)) :]:
            node.AddControlPointWorld(vtk.vtkVector3d(FrameLogic.xyToRas(self._frame, click.x, click.y)))
        ids = _definedIds(node)
        self._shown[role] = [(id, *rest) for id, rest in zip(ids, wanted, strict=True)]
        for id, thing, click in self._shown[role]:
            index = node.GetNthControlPointIndexByID(id)
            if self._held != id:
                self._place(node, index, (click.x, click.y))
            if node.GetNthControlPointSelected(index) != (thing == current):
                node.SetNthControlPointSelected(index, thing == current)

    def _place(self, node, index: int, xy) -> None:
        ras = FrameLogic.xyToRas(self._frame, *xy)
        if (
            max(abs(a - b) for a, b in zip(ras, node.GetNthControlPointPositionWorld(index), strict=True))
            > 1e-6
        ):
            node.SetNthControlPointPositionWorld(index, *ras)

    def _changesOf(self, role: str, node) -> list[Change]:
        there, changes = self._places(node), []
        for number, (id, thing, click) in enumerate(self._shown[role]):
            if id not in there:
                changes.append(Change("remove", thing, click, role))
                continue
            place = there.pop(id)
            if role == "box":
                first = number - click.part
                handles = [handle for _id, _thing, handle in self._shown[role][first : first + 3]]
                place = Handles.reached(handles, click.part, *place, FrameLogic.shape(self._frame))
            if max(abs(place[0] - click.x), abs(place[1] - click.y)) > MOVED_PX:
                changes.append(Change("move", thing, click, role, *place))
        gone = {change.object for change in changes if role == "box" and change.kind == "remove"}
        changes = [change for change in changes if change.object not in gone]
        changes += [Change("remove", thing, Handle(0, 0), role) for thing in sorted(gone)]
        return changes + [Change("add", role=role, x=x, y=y) for x, y in there.values()]

    def _places(self, node) -> dict[str, tuple[float, float]]:
        """(x, y) px of the node's points by their ids."""
        if not (ids := _definedIds(node)):
            return {}
        toXy = FrameLogic.rasToPicture(self._frame)[:2]  # once: this is looked at in every tick
        indices = map(node.GetNthControlPointIndexByID, ids)
        places = [toXy @ [*node.GetNthControlPointPositionWorld(index), 1] for index in indices]
        return {id: tuple(map(float, xy)) for id, xy in zip(ids, places, strict=True)}


def _placeOf(frame: Frame | None) -> np.ndarray | None:
    """(4, 4) of a frame in the world; None where there is none, or its volume is gone, which others tell."""
    isThere = frame is not None and slicer.mrmlScene.GetNodeByID(frame.volumeId) is not None
    return FrameLogic.pictureToRas(frame) if isThere else None


def _byRole(prompts: FramePrompts) -> dict[str, list]:
    """role -> [(object id, click)]."""
    points = {role: [] for role in ROLES}
    for thing in prompts.objects:
        for index, click in enumerate(thing.prompts.clicks):
            points[thing.roleOf(index)].append((thing.id, click))
        if thing.prompts.box is not None:
            points["box"] += [(thing.id, handle) for handle in Handles.handlesOf(thing.prompts.box)]
        if thing.prompts.lasso:
            points["lasso"].append((thing.id, Handles.handleOf(thing.prompts.lasso)))
    return points


def _definedIds(node) -> list[str]:
    """Ids of the control points that are placed; the preview of Place mode is not."""
    return [
        node.GetNthControlPointID(i)
        for i in range(node.GetNumberOfControlPoints())
        if node.GetNthControlPointPositionStatus(i) == node.PositionDefined
    ]
