"""Slicer's core without the application: scene, logics, slice views that take mouse events, an editor."""

from __future__ import annotations

import itertools
import types

import numpy as np
import slicer
import slicer.util
import vtk
from vtk.util import numpy_support

LOGICS = {
    "Colors": "vtkMRMLColorLogic",
    "Volumes": "vtkSlicerVolumesLogic",
    "Segmentations": "vtkSlicerSegmentationsModuleLogic",  # before the first segment
    "SubjectHierarchy": "vtkSlicerSubjectHierarchyModuleLogic",
    "Markups": "vtkSlicerMarkupsLogic",
    "Sequences": "vtkSlicerSequencesLogic",
    "Tables": "vtkSlicerTablesLogic",
    "Plots": "vtkSlicerPlotsLogic",
    "Transforms": "vtkSlicerTransformLogic",
}
MANAGERS = (
    "vtkMRMLCrosshairDisplayableManager",
    "vtkMRMLModelSliceDisplayableManager",
    "vtkMRMLSegmentationsDisplayableManager2D",
    "vtkMRMLMarkupsDisplayableManager",
)
NUMBERS = itertools.count(1)  # of views: a name that was used before gets a node outside the scene


def start():
    """Make slicer.mrmlScene, slicer.modules and the application logic that owns them; return that logic."""
    scene = slicer.vtkMRMLScene()
    application = slicer.vtkSlicerApplicationLogic()
    application.SetMRMLScene(scene)
    application.GetColorLogic().SetMRMLScene(scene)
    application.GetColorLogic().AddDefaultColorNodes()
    modules = {}
    for name, kind in LOGICS.items():
        logic = getattr(slicer, kind)()
        logic.SetMRMLScene(scene)
        logic.SetMRMLApplicationLogic(application)
        application.SetModuleLogic(name, logic)
        modules[name.lower()] = types.SimpleNamespace(logic=lambda logic=logic: logic)
    application.SetSliceLogics(vtk.vtkCollection())
    application.SetViewLogics(vtk.vtkCollection())
    slicer.vtkMRMLSliceNode.AddDefaultSliceOrientationPresets(scene, True)
    slicer.mrmlScene = scene
    slicer.modules = types.SimpleNamespace(**modules)
    factory = slicer.vtkMRMLSliceViewDisplayableManagerFactory.GetInstance()
    factory.SetMRMLApplicationLogic(application)
    for name in MANAGERS:
        if not factory.IsDisplayableManagerRegistered(name):
            factory.RegisterDisplayableManager(name)
    return application


class Editor:
    """A segment editor on a volume: editor node, segmentation node, vtkSlicerSegmentEditorLogic."""

    def __init__(self, volume, segments=("Lesion",)):
        scene = slicer.mrmlScene
        self.volume = volume
        self.node = scene.AddNewNodeByClass("vtkMRMLSegmentEditorNode")
        self.node.SetOverwriteMode(self.node.OverwriteNone)
        self.segmentation = scene.AddNewNodeByClass("vtkMRMLSegmentationNode", "Segmentation")
        self.segmentation.CreateDefaultDisplayNodes()
        self.segmentation.SetAndObserveTransformNodeID(volume.GetTransformNodeID())
        self.segmentation.SetReferenceImageGeometryParameterFromVolumeNode(volume)
        for name in segments:
            self.segmentation.GetSegmentation().AddEmptySegment(name, name)
        hierarchy = slicer.vtkMRMLSubjectHierarchyNode.GetSubjectHierarchyNode(scene)
        for node in (volume, self.segmentation):
            if not hierarchy.GetItemByDataNode(node):
                hierarchy.CreateItem(hierarchy.GetSceneItemID(), node)
        self.logic = slicer.vtkSlicerSegmentEditorLogic()
        self.logic.SetMRMLScene(scene)
        self.logic.SetSegmentEditorNode(self.node)
        self.node.SetAndObserveSegmentationNode(self.segmentation)
        self.node.SetAndObserveSourceVolumeNode(volume)
        if segments:
            self.node.SetSelectedSegmentID(segments[0])

    def voxels(self, segmentId="Lesion") -> np.ndarray:
        """(K, J, I) bool of the segment on the volume's voxels."""
        array = slicer.util.arrayFromSegmentBinaryLabelmap(self.segmentation, segmentId, self.volume)
        return array.astype(bool)


class HiddenView:
    """A slice view of a layout that is not shown: the application has its node and widget all the same."""

    def __init__(self, orientation="Sagittal", size=(300, 300)):
        self.node = slicer.mrmlScene.CreateNodeByClass("vtkMRMLSliceNode")
        self.node.UnRegister(None)
        self.node.SetLayoutName(f"Hidden{next(NUMBERS)}")
        slicer.mrmlScene.AddNode(self.node)
        self.node.SetOrientation(orientation)
        self.node.SetDimensions(*size, 1)
        self.node.SetFieldOfView(*size, 1)


class SliceView:
    """One offscreen slice view of a volume, with the displayable managers that the application uses."""

    def __init__(self, application, volume, orientation="Axial", size=(500, 400)):
        self.application = application
        self.renderer = vtk.vtkRenderer()
        self.renderer.GetActiveCamera().ParallelProjectionOn()
        self.window = vtk.vtkRenderWindow()
        self.window.SetOffScreenRendering(1)
        self.window.SetSize(*size)
        self.window.AddRenderer(self.renderer)
        self.interactor = vtk.vtkRenderWindowInteractor()
        self.interactor.SetRenderWindow(self.window)
        self.interactor.Initialize()
        factory = slicer.vtkMRMLSliceViewDisplayableManagerFactory.GetInstance()
        self.group = slicer.vtkMRMLDisplayableManagerGroup()
        self.group.SetRenderer(self.renderer)
        self.group.Initialize(factory, self.renderer)
        self.logic = slicer.vtkMRMLSliceLogic()
        self.logic.SetMRMLApplicationLogic(application)
        application.GetSliceLogics().AddItem(self.logic)
        self.logic.SetMRMLScene(slicer.mrmlScene)
        self.node = self.logic.AddSliceNode(f"View{next(NUMBERS)}")
        self.node.SetOrientation(orientation)
        self.node.SetDimensions(*size, 1)
        self.node.SetMappedInLayout(1)  # as the layout manager does with the views that it shows
        self.logic.GetSliceCompositeNode().SetBackgroundVolumeID(volume.GetID())
        self.logic.FitSliceToBackground()
        self.group.SetMRMLDisplayableNode(self.node)
        self._showImage()
        self.style = slicer.vtkMRMLSliceViewInteractorStyle()
        self.style.SetSliceLogic(self.logic)
        self.style.SetDisplayableManagers(self.group)
        self.interactor.SetInteractorStyle(vtk.vtkInteractorStyleUser())
        self.style.SetInteractor(self.interactor)
        self.window.Render()

    def _showImage(self):
        mapper = vtk.vtkImageMapper()
        mapper.SetColorWindow(255)
        mapper.SetColorLevel(127.5)
        mapper.SetInputConnection(self.logic.GetImageDataConnection())
        image = vtk.vtkActor2D()
        image.SetMapper(mapper)
        image.GetProperty().SetDisplayLocationToBackground()
        self.renderer.AddViewProp(image)

    def place(self, fiducials):
        """Put the scene in persistent Place mode for this node; None ends it."""
        interaction = self.application.GetInteractionNode()
        if fiducials is None:
            interaction.SetCurrentInteractionMode(interaction.ViewTransform)
            return
        selection = self.application.GetSelectionNode()
        selection.SetReferenceActivePlaceNodeClassName("vtkMRMLMarkupsFiducialNode")
        selection.SetActivePlaceNodeID(fiducials.GetID())
        interaction.SetPlaceModePersistence(1)
        interaction.SetCurrentInteractionMode(interaction.Place)

    def pixelOf(self, ras) -> tuple[int, int]:
        """World RAS mm -> window pixel, origin bottom left."""
        matrix = vtk.vtkMatrix4x4()
        vtk.vtkMatrix4x4.Invert(self.node.GetXYToRAS(), matrix)
        return tuple(round(c) for c in matrix.MultiplyPoint([*ras, 1])[:2])

    def rasOf(self, pixel) -> tuple[float, float, float]:
        """Window pixel -> world RAS mm on the slice."""
        return self.node.GetXYToRAS().MultiplyPoint([*pixel, 0, 1])[:3]

    def click(self, pixel, control=0):
        """Press and release the left button at window pixel (x, y)."""
        self.send("EnterEvent", pixel, control)
        for event in ("MouseMoveEvent", "LeftButtonPressEvent", "LeftButtonReleaseEvent"):
            self.send(event, pixel, control)

    def drag(self, start, *places, between=lambda: None, control=0):
        """Drag with the left button from pixel `start` over the others; `between` is called after each."""
        self.send("EnterEvent", start, control)
        self.send("MouseMoveEvent", start, control)
        self.send("LeftButtonPressEvent", start, control)
        for place in places:
            self.send("MouseMoveEvent", place, control)
            between()
        self.send("LeftButtonReleaseEvent", places[-1], control)

    def send(self, event, pixel, control=0):
        """One event of the window's interactor."""
        self.interactor.SetEventInformation(*pixel, control, 0)
        self.interactor.InvokeEvent(event)

    def close(self):
        """Take the view out of the application again."""
        self.place(None)
        self.style.SetInteractor(None)
        self.group.SetMRMLDisplayableNode(None)
        self.application.GetSliceLogics().RemoveItem(self.logic)
        self.logic.SetMRMLScene(None)

    def save(self, path):
        """Write what the view shows as a PNG."""
        writer = vtk.vtkPNGWriter()
        writer.SetFileName(str(path))
        writer.SetInputData(self._image())
        writer.Write()

    def picture(self) -> np.ndarray:
        """(H, W, 3) int 0..255: what the view shows, its first row at the bottom as window pixels."""
        image = self._image()
        shown = numpy_support.vtk_to_numpy(image.GetPointData().GetScalars())
        return shown.reshape(*image.GetDimensions()[1::-1], 3).astype(int)

    def _image(self):
        self.window.Render()
        grab = vtk.vtkWindowToImageFilter()
        grab.SetInput(self.window)
        grab.ReadFrontBufferOff()
        grab.Update()
        return grab.GetOutput()
