"""Matrices of volumes and transforms as (4, 4) arrays."""

from __future__ import annotations

import numpy as np
import slicer
import slicer.util
import vtk


def arrayOf(matrix) -> np.ndarray:
    """(4, 4) float64 copy of a vtkMatrix4x4."""
    return slicer.util.arrayFromVTKMatrix(matrix)


def ijkToRas(volume) -> np.ndarray:
    """(4, 4) of a volume node: voxel indices -> RAS mm of the node, before its transform."""
    matrix = vtk.vtkMatrix4x4()
    volume.GetIJKToRASMatrix(matrix)
    return arrayOf(matrix)


def imageToWorld(image) -> np.ndarray:
    """(4, 4) of a vtkOrientedImageData: voxel indices -> mm of its node."""
    matrix = vtk.vtkMatrix4x4()
    image.GetImageToWorldMatrix(matrix)
    return arrayOf(matrix)


def isLinear(node) -> bool:
    """Whether the node is under no transform, or under linear ones only."""
    parent = node.GetParentTransformNode()
    return parent is None or bool(parent.IsTransformToWorldLinear())


def toWorld(node) -> np.ndarray:
    """(4, 4) of a node under linear transforms: its RAS mm -> world RAS mm."""
    return between(node, None)


def between(source, target) -> np.ndarray:
    """(4, 4): RAS mm of the source node -> of the target node, None for the world; linear transforms only."""
    matrix = vtk.vtkMatrix4x4()
    parents = [node and node.GetParentTransformNode() for node in (source, target)]
    slicer.vtkMRMLTransformNode.GetMatrixTransformBetweenNodes(*parents, matrix)
    return arrayOf(matrix)
