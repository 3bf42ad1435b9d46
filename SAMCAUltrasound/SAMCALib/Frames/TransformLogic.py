"""Matrices of volumes and transforms as (4, 4) arrays."""

from __future__ import annotations

import functools

import numpy as np
import slicer
import slicer.util
import vtk

from ..Texts import Refusal, _

FLAT = 1e-6  # volume of a cell whose edges are made one long: below it, rounding decides what an inverse is
EDGES_MM = 1e-9, 1e9  # shortest and longest edge that any device or file could mean


def inverse(matrix: np.ndarray, name: str) -> np.ndarray:
    """(4, 4): the way back; Refusal where there is none, because what has this name is flat or endless."""
    if (way := _inverse(np.asarray(matrix, float).tobytes())) is None:
        text = _("{name} has no extent in a direction: check its spacing, its directions and its transform.")
        raise Refusal(text.format(name=name))
    return way.copy()


@functools.lru_cache(maxsize=256)  # a click asks for the same few dozens of times
def _inverse(content: bytes) -> np.ndarray | None:
    """Of the bytes of a (4, 4) float64 matrix; None where there is none."""
    matrix = np.frombuffer(content).reshape(4, 4)
    edges = np.linalg.norm(matrix[:3, :3], axis=0)
    isThick = np.isfinite(matrix).all() and EDGES_MM[0] < edges.min() and edges.max() < EDGES_MM[1]
    if not isThick or abs(np.linalg.det(matrix[:3, :3] / edges)) < FLAT:
        return None
    return np.linalg.inv(matrix)


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
    matrix = vtk.vtkMatrix4x4()
    parent = node.GetParentTransformNode()
    slicer.vtkMRMLTransformNode.GetMatrixTransformBetweenNodes(parent, None, matrix)
    return arrayOf(matrix)


def toParent(transform) -> np.ndarray:
    """(4, 4) of a linear transform node, without those that it is under itself."""
    matrix = vtk.vtkMatrix4x4()
    transform.GetMatrixTransformToParent(matrix)
    return arrayOf(matrix)
