"""The segmentation's grid grows where an outline lies beside it: nothing is cut, resampled or moved."""

from __future__ import annotations

import numpy as np
import pytest
import slicer
import slicer.util
import volumes
from slicer_scene import Editor
from vtk.util import numpy_support

from SAMCALib.Frames import FrameLogic, TransformLogic
from SAMCALib.Segments import GridLogic, SegmentLogic
from SAMCALib.Segments.SegmentLogic import LABELMAP, EditorHost, maskOf, replaceObject
from SAMCALib.Texts import Refusal


@pytest.fixture(params=volumes.GEOMETRIES)
def whole(request, scene):
    return volumes.volume(volumes.speckle(6, 40, 50), request.param, "Whole")


@pytest.fixture
def editor(whole):
    """Its segmentation is of a part: columns 10 to 29, rows 12 to 31, frames 2 to 4."""
    editor = Editor(whole, ("Lesion", "Nerve"))
    geometry = GridLogic.referenceGeometry(editor.segmentation)
    geometry.SetExtent(10, 29, 12, 31, 2, 4)
    text = slicer.vtkSegmentationConverter.SerializeImageGeometry(geometry)
    name = slicer.vtkSegmentationConverter.GetReferenceImageGeometryParameterName()
    editor.segmentation.GetSegmentation().SetConversionParameter(name, text)
    editor.host = EditorHost(editor.logic)
    return editor


def area(rows, columns):
    mask = np.zeros((40, 50), bool)
    mask[slice(*rows), slice(*columns)] = True
    mask[rows[0], columns[0]] = False  # no flip gives it again
    return mask


def put(editor, frame, mask, segmentId="Lesion", old=None):
    editor.host.saveStateForUndo()
    replaceObject(editor.host, editor.segmentation, segmentId, frame, old, mask)


def raw(editor, segmentId):
    """{(i, j, k) of the grid} of a segment, and the matrix of its labelmap."""
    segment = editor.segmentation.GetSegmentation().GetSegment(segmentId)
    labelmap = segment.GetRepresentation(LABELMAP)
    values = numpy_support.vtk_to_numpy(labelmap.GetPointData().GetScalars())
    kji = np.argwhere(values.reshape(labelmap.GetDimensions()[::-1]) == segment.GetLabelValue())
    return {tuple(v) for v in kji[:, ::-1] + labelmap.GetExtent()[::2]}, TransformLogic.imageToWorld(labelmap)


PLACES = {
    "within": ((14, 20), (12, 20), 3),
    "across its right border": ((14, 20), (25, 40), 3),
    "across its corner": ((5, 14), (2, 13), 3),
    "beside it": ((1, 9), (35, 48), 3),
    "on a frame before it": ((14, 20), (12, 20), 0),
    "on a frame behind it, and beside it": ((33, 39), (31, 45), 5),
}


@pytest.mark.parametrize("place", PLACES)
def test_an_outline_is_whole_wherever_it_lies(editor, whole, place):
    *rectangle, index = PLACES[place]
    frame, nerve = FrameLogic.frameOf(whole, index), area((16, 24), (16, 24))
    put(editor, FrameLogic.frameOf(whole, 3), nerve, "Nerve")
    put(editor, FrameLogic.frameOf(whole, 2), nerve)
    before, other = raw(editor, "Lesion"), raw(editor, "Nerve")
    put(editor, frame, area(*rectangle))
    np.testing.assert_array_equal(maskOf(editor.segmentation, "Lesion", frame), area(*rectangle))
    rows, columns = np.nonzero(area(*rectangle))
    after = raw(editor, "Lesion")
    assert after[0] == before[0] | {(x, y, index) for x, y in zip(columns, rows, strict=True)}
    np.testing.assert_array_equal(after[1], before[1])
    assert raw(editor, "Nerve")[0] == other[0]
    extent = GridLogic.referenceGeometry(editor.segmentation).GetExtent()
    assert all(a <= b for a, b in zip(extent[::2], (10, 12, 2), strict=True))
    assert (extent == (10, 29, 12, 31, 2, 4)) == (place == "within")


def test_undo_gives_back_what_was_there_and_the_next_outline_fits(editor, whole):
    frame, inside, outside = FrameLogic.frameOf(whole, 3), area((14, 20), (12, 20)), area((30, 38), (30, 48))
    put(editor, frame, inside)
    put(editor, frame, outside)
    editor.logic.Undo()
    np.testing.assert_array_equal(maskOf(editor.segmentation, "Lesion", frame), inside)
    editor.logic.Redo()
    np.testing.assert_array_equal(maskOf(editor.segmentation, "Lesion", frame), inside | outside)
    put(editor, frame, None, old=outside)
    np.testing.assert_array_equal(maskOf(editor.segmentation, "Lesion", frame), inside)


def test_an_outline_that_lies_too_far_away_is_refused_and_nothing_changes(editor, whole):
    frame, mask = FrameLogic.frameOf(whole, 3), area((14, 20), (12, 20))
    put(editor, frame, mask)
    text = GridLogic.geometryText(editor.segmentation)
    far = volumes.volume(volumes.speckle(1, 40, 50), name="Far")
    far.SetOrigin(4e4, 5e4, 6e4)
    with pytest.raises(Refusal, match=r"grow to \d+ million voxels"):
        put(editor, FrameLogic.frameOf(far, 0), mask)
    with pytest.raises(Refusal, match=r"grow to \d+ million voxels"):
        SegmentLogic.checkReach(editor.segmentation, FrameLogic.frameOf(far, 0), mask)
    assert GridLogic.geometryText(editor.segmentation) == text
    np.testing.assert_array_equal(maskOf(editor.segmentation, "Lesion", frame), mask)


def test_masks_that_lie_anywhere_are_kept_and_found_on_a_frame(editor, whole):
    frame, across = FrameLogic.frameOf(whole, 3), FrameLogic.frameOf(whole, 20, 0)
    crossing = np.zeros(FrameLogic.shape(across), bool)
    crossing[2:5, 14:24] = True  # k 2 to 4, j 14 to 23, at i = 20
    patch = GridLogic.Patch(crossing, GridLogic.toNode(editor.segmentation, across))
    on = SegmentLogic.covered(editor.segmentation, frame, [patch], (0, 49, 0, 39, 3, 3))
    expected = np.zeros((40, 50), bool)
    expected[14:24, 20] = True
    np.testing.assert_array_equal(on, expected)
    mask = area((12, 20), (15, 28))
    put(editor, frame, mask)
    replaceObject(editor.host, editor.segmentation, "Lesion", frame, mask, None, [patch])
    np.testing.assert_array_equal(maskOf(editor.segmentation, "Lesion", frame), mask & expected)
