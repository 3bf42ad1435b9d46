"""Pictures for worklists, and how many nodes there are."""

from __future__ import annotations

import numpy as np
import slicer


def picture(number, size=(48, 64)):
    """Dark noise with a bright square, another one for each number."""
    pixels = np.random.default_rng(number).integers(0, 60, size).astype(np.uint8)
    pixels[10 + number % 7 : 30, 20:40] = 200
    return pixels


def nodes():
    """How many nodes the scene has, by class, but for the hierarchy, which Slicer makes when asked for."""
    scene = slicer.mrmlScene
    names = [scene.GetNthNode(i).GetClassName() for i in range(scene.GetNumberOfNodes())]
    return {name: names.count(name) for name in names if name != "vtkMRMLSubjectHierarchyNode"}
