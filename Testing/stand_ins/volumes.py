"""Volume nodes of every geometry and pixel type that frames have to work on."""

from __future__ import annotations

import numpy as np
import slicer
import slicer.util
import vtk

SIZE = (24, 20, 9)  # I, J, K: all different, so that no mixed-up axis goes unnoticed
TILT = np.array([[0.0, 0.8, 0.6], [0.0, 0.6, -0.8], [-1.0, 0.0, 0.0]])  # a rotation that mixes all axes
SLANT = vtk.vtkMath.RadiansFromDegrees(17.0)
OBLIQUE = np.array(
    [[np.cos(SLANT), -np.sin(SLANT), 0], [np.sin(SLANT), np.cos(SLANT), 0], [0, 0, 1]]
) @ np.array([[1, 0, 0], [0, np.cos(0.5), -np.sin(0.5)], [0, np.sin(0.5), np.cos(0.5)]])

# name -> (directions as columns, spacing)
GEOMETRIES = {
    "as scanners store": (np.diag([-1.0, -1.0, 1.0]), (1, 1, 1)),
    "identity": (np.eye(3), (1, 1, 1)),
    "flipped along k": (np.diag([-1.0, -1.0, -1.0]), (1, 1, 1)),
    "flipped along i": (np.diag([1.0, -1.0, 1.0]), (0.5, 0.5, 2)),
    "anisotropic": (np.diag([-1.0, -1.0, 1.0]), (0.2, 0.7, 3.5)),
    "permuted": (TILT.round(), (0.4, 0.3, 1.5)),
    "tilted": (TILT, (0.3, 0.5, 1.1)),
    "oblique": (OBLIQUE, (0.6, 0.4, 2.2)),
    "oblique and left-handed": (OBLIQUE @ np.diag([-1, 1, 1]), (0.6, 0.4, 2.2)),
}


def ijkToRas(directions, spacing, origin=(12.5, -31.0, 7.25)) -> np.ndarray:
    """(4, 4) from directions as columns."""
    matrix = np.eye(4)
    matrix[:3, :3] = np.asarray(directions) * spacing
    matrix[:3, 3] = origin
    return matrix


def speckle(*shape, dtype=np.uint8, high=255) -> np.ndarray:
    """Random pixels of a fixed seed."""
    return np.random.default_rng(0).integers(0, high, shape, endpoint=True).astype(dtype)


def volume(pixels=None, geometry="as scanners store", name="Scan"):
    """A scalar volume, or a vector volume for (K, J, I, C) pixels, with a display node."""
    pixels = speckle(*SIZE[::-1]) if pixels is None else pixels
    kind = "vtkMRMLVectorVolumeNode" if pixels.ndim == 4 else "vtkMRMLScalarVolumeNode"
    node = slicer.mrmlScene.AddNewNodeByClass(kind, name)
    slicer.util.updateVolumeFromArray(node, pixels)
    node.SetIJKToRASMatrix(slicer.util.vtkMatrixFromArray(ijkToRas(*GEOMETRIES[geometry])))
    node.CreateDefaultDisplayNodes()
    return node


def transform(matrix=None):
    """A linear transform node: rotated, moved and stretched if no (4, 4) matrix is given."""
    if matrix is None:
        matrix = ijkToRas(TILT @ OBLIQUE, (1.3, 1.3, 1.3), (40, -8, 3))
    node = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLLinearTransformNode")
    node.SetMatrixTransformToParent(slicer.util.vtkMatrixFromArray(np.asarray(matrix, float)))
    return node


def cine(count=4, shape=(20, 24), geometry="as scanners store"):
    """(browser, proxy volume) of a Sequence of one-frame volumes."""
    scene = slicer.mrmlScene
    sequence = scene.AddNewNodeByClass("vtkMRMLSequenceNode", "Cine")
    sequence.SetIndexName("time")
    sequence.SetIndexUnit("s")
    for item in range(count):
        frame = volume(speckle(1, *shape) // (item + 1), geometry, "Cine")
        scene.RemoveNode(frame.GetDisplayNode())
        sequence.SetDataNodeAtValue(frame, f"{item / 10}")
        scene.RemoveNode(frame)
    browser = scene.AddNewNodeByClass("vtkMRMLSequenceBrowserNode", "Cine browser")
    browser.SetAndObserveMasterSequenceNodeID(sequence.GetID())
    slicer.modules.sequences.logic().UpdateProxyNodesFromSequences(browser)
    proxy = browser.GetProxyNode(sequence)
    proxy.CreateDefaultDisplayNodes()
    return browser, proxy


def tracked(count=4, shape=(20, 24), lag=0.004, every=1, kind=np.uint8):
    """(browser, proxy volume) of tracked ultrasound: the tracker is the master, the images have other times.

    The image of the n-th pose is n times as bright as the first one's, comes `lag` seconds earlier, and lies
    where the tracker's transform puts it. every: images come with each so many-th pose only.
    """
    scene = slicer.mrmlScene
    tracker = scene.AddNewNodeByClass("vtkMRMLSequenceNode", "Tracker")
    image = scene.AddNewNodeByClass("vtkMRMLSequenceNode", "Image")
    for number in range(count):
        pose = transform(ijkToRas(OBLIQUE, (1, 1, 1), (5 * number, -3, 2)))
        tracker.SetDataNodeAtValue(pose, f"{number / 10}")
        scene.RemoveNode(pose)
        if number % every == 0:
            pixels = (speckle(1, *shape) // (count + 1)).astype(kind) * (number + 1)
            frame = volume(pixels, "anisotropic", "Image")
            scene.RemoveNode(frame.GetDisplayNode())
            image.SetDataNodeAtValue(frame, f"{number / 10 - lag:.3f}")
            scene.RemoveNode(frame)
    browser = scene.AddNewNodeByClass("vtkMRMLSequenceBrowserNode", "Tracked browser")
    browser.SetAndObserveMasterSequenceNodeID(tracker.GetID())
    browser.AddSynchronizedSequenceNode(image)
    slicer.modules.sequences.logic().UpdateProxyNodesFromSequences(browser)
    proxy = browser.GetProxyNode(image)
    proxy.SetAndObserveTransformNodeID(browser.GetProxyNode(tracker).GetID())
    proxy.CreateDefaultDisplayNodes()
    return browser, proxy


def clip(*images, name="Clip"):
    """(browser, proxy volume) of a Sequence of these (K, J, I) images, of any sizes; each is one item."""
    scene = slicer.mrmlScene
    sequence = scene.AddNewNodeByClass("vtkMRMLSequenceNode", name)
    sequence.SetIndexName("time")
    for number, pixels in enumerate(images):
        frame = volume(pixels, name=name)
        scene.RemoveNode(frame.GetDisplayNode())
        sequence.SetDataNodeAtValue(frame, f"{number}")
        scene.RemoveNode(frame)
    browser = scene.AddNewNodeByClass("vtkMRMLSequenceBrowserNode", f"{name} browser")
    browser.SetAndObserveMasterSequenceNodeID(sequence.GetID())
    slicer.modules.sequences.logic().UpdateProxyNodesFromSequences(browser)
    proxy = browser.GetProxyNode(sequence)
    proxy.CreateDefaultDisplayNodes()
    return browser, proxy


def recorder(node, isAll=True):
    """A Sequence browser that records this node once it is told to; isAll: each image, else ten a second."""
    browser = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLSequenceBrowserNode", "Recording")
    sequence = slicer.modules.sequences.logic().AddSynchronizedNode(None, node, browser)
    browser.SetRecording(sequence, True)
    if isAll:
        browser.SetRecordingSamplingMode(browser.SamplingAll)
    return browser
