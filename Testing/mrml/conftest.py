"""Real MRML without the application: a scene with the logics that segmentations and volumes need."""

from __future__ import annotations

import types

import pytest
import slicer


@pytest.fixture(scope="session")
def application():
    """The application logic, started once; `slicer.mrmlScene` and `slicer.modules` exist from then on."""
    scene = slicer.vtkMRMLScene()
    application = slicer.vtkSlicerApplicationLogic()
    application.SetMRMLScene(scene)
    application.GetColorLogic().SetMRMLScene(scene)
    application.GetColorLogic().AddDefaultColorNodes()
    logics = {
        "Volumes": slicer.vtkSlicerVolumesLogic(),
        "Segmentations": slicer.vtkSlicerSegmentationsModuleLogic(),  # before the first segment
        "SubjectHierarchy": slicer.vtkSlicerSubjectHierarchyModuleLogic(),
    }
    for name, logic in logics.items():
        logic.SetMRMLScene(scene)
        logic.SetMRMLApplicationLogic(application)
        application.SetModuleLogic(name, logic)
    slicer.mrmlScene = scene
    slicer.modules = types.SimpleNamespace(
        **{
            name.lower(): types.SimpleNamespace(logic=lambda logic=logic: logic)
            for name, logic in logics.items()
        }
    )
    return application


@pytest.fixture
def scene(application):
    """The scene, empty."""
    yield slicer.mrmlScene
    slicer.mrmlScene.Clear(0)
