"""Sizes of segments on volumes of every geometry, under transforms, in loops and sweeps."""

from __future__ import annotations

import numpy as np
import pytest
import slicer
import slicer.util
import volumes
from PIL import Image
from segmented_scene import segmented_loop
from slicer_scene import Editor

from known_shapes import ellipse
from samca import spreadsheets
from SAMCALib.Frames import FrameLogic, SequenceLogic

HALF, SHAPE = (14.0, 8.5), (90, 120)
KNOWN = [name for name, (_directions, spacing) in volumes.GEOMETRIES.items() if spacing != (1, 1, 1)]


def filled(volume, voxels, segments=("Lesion",)):
    """An editor whose segment holds these (K, J, I) voxels of the volume."""
    editor = Editor(volume, segments)
    slicer.util.updateSegmentBinaryLabelmapFromArray(
        voxels.astype(np.uint8), editor.segmentation, segments[0], volume
    )
    return editor


def one_frame(spacing, angle=25.0, shape=SHAPE, half=HALF):
    """(1, J, I) bool: an ellipse with these half axes in mm on pixels of this (row, column) size."""
    middle = shape[1] * spacing[1] / 2, shape[0] * spacing[0] / 2
    return ellipse(shape, spacing, middle, half, angle)[None]


def still(geometry="anisotropic"):
    """(editor, (row, column) mm) of a frame with a turned ellipse that is half as large as the frame."""
    directions, steps = volumes.GEOMETRIES[geometry]
    spacing = tuple(np.linalg.norm(directions * np.array(steps), axis=0)[1::-1])
    extent = min(SHAPE[0] * spacing[0], SHAPE[1] * spacing[1])
    voxels = one_frame(spacing, half=(extent * 0.3, extent * 0.2))
    return filled(volumes.volume(volumes.speckle(1, *SHAPE), geometry), voxels), spacing, extent


@pytest.mark.parametrize("geometry", KNOWN)
def test_axes_and_area_are_right_however_the_volume_lies(logic, scene, geometry):
    editor, spacing, extent = still(geometry)
    sizes = logic.measure(editor.segmentation, "Lesion", editor.volume)
    ((frame, measured),) = sizes.frames
    assert measured.unit == "mm"
    assert measured.long_axis.length == pytest.approx(0.6 * extent, abs=max(spacing))
    assert measured.short_axis.length == pytest.approx(0.4 * extent, abs=max(spacing))
    assert measured.area == pytest.approx(editor.voxels().sum() * spacing[0] * spacing[1])
    ends = [FrameLogic.xyToRas(frame, *end) for end in (measured.long_axis.start, measured.long_axis.end)]
    assert np.linalg.norm(np.subtract(*ends)) == pytest.approx(measured.long_axis.length)


def test_a_transform_that_turns_and_stretches_is_in_the_sizes(logic, scene):
    editor = still("oblique")[0]
    before = logic.measure(editor.segmentation, "Lesion", editor.volume).largest[1]
    node = volumes.transform()  # 1.3 times as large
    editor.volume.SetAndObserveTransformNodeID(node.GetID())
    editor.segmentation.SetAndObserveTransformNodeID(node.GetID())
    after = logic.measure(editor.segmentation, "Lesion", editor.volume).largest[1]
    assert after.long_axis.length == pytest.approx(1.3 * before.long_axis.length)
    assert after.area == pytest.approx(1.69 * before.area)
    assert after.depth == pytest.approx(1.3 * before.depth)


def test_a_transform_that_shears_is_in_the_sizes(logic, scene):
    editor, spacing, _extent = still("anisotropic")
    shear = np.eye(4)
    shear[0, 1] = 0.7
    node = volumes.transform(shear)
    for each in (editor.volume, editor.segmentation):
        each.SetAndObserveTransformNodeID(node.GetID())
    ((frame, measured),) = logic.measure(editor.segmentation, "Lesion", editor.volume).frames
    ends = [FrameLogic.xyToRas(frame, *end) for end in (measured.long_axis.start, measured.long_axis.end)]
    assert np.linalg.norm(np.subtract(*ends)) == pytest.approx(measured.long_axis.length)
    short = measured.short_axis
    across = [FrameLogic.xyToRas(frame, *end) for end in (short.start, short.end)]
    assert np.subtract(*ends) @ np.subtract(*across) == pytest.approx(0, abs=1e-6)
    assert measured.area == pytest.approx(
        editor.voxels().sum() * spacing[0] * spacing[1]
    )  # shears keep areas


def test_only_the_segmentation_is_moved_by_its_own_transform(logic, scene):
    editor, spacing, _extent = still("anisotropic")
    before = logic.measure(editor.segmentation, "Lesion", editor.volume).largest[1]
    moved = np.eye(4)
    moved[0, 3] = 3 * spacing[1]
    editor.segmentation.SetAndObserveTransformNodeID(volumes.transform(moved).GetID())
    after = logic.measure(editor.segmentation, "Lesion", editor.volume).largest[1]
    assert after.long_axis.length == pytest.approx(before.long_axis.length)
    assert abs(after.long_axis.start[0] - before.long_axis.start[0]) == pytest.approx(3)


def test_a_sweep_is_measured_frame_by_frame_and_by_its_voxels(logic, scene, tmp_path):
    voxels = np.zeros((5, 60, 80), bool)
    voxels[1, 10:20, 10:30] = voxels[2, 10:24, 10:40] = voxels[3, 12:20, 10:30] = True
    editor = filled(volumes.volume(volumes.speckle(*voxels.shape), "anisotropic"), voxels)
    sizes = logic.measure(editor.segmentation, "Lesion", editor.volume)
    assert [row[:3] for row in sizes.rows] == [
        ["Lesion", "2", "all"],
        ["Lesion", "3", "all"],
        ["Lesion", "4", "all"],
        ["Lesion", "all", "all"],
    ]
    assert sizes.largest[0].index == 2
    assert sizes.volumes[0].size == pytest.approx(voxels.sum() * 0.2 * 0.7 * 3.5)
    table = sizes.toTable()
    assert table.GetNumberOfRows() == 4
    assert table.GetTable().GetColumnByName("area").GetValue(1) == pytest.approx(14 * 30 * 0.14)
    assert np.isnan(table.GetTable().GetColumnByName("area").GetValue(3))
    assert table.GetTable().GetColumnByName("shape").GetValue(3) == ""
    sizes.toCsv(tmp_path / "sizes.csv")
    assert len(spreadsheets.read(tmp_path / "sizes.csv")[1]) == 4
    assert sizes.toTable(table) is table
    assert table.GetNumberOfRows() == 4


def test_how_an_object_grows_from_frame_to_frame_is_a_chart(logic, scene):
    voxels = np.zeros((5, 60, 80), bool)
    voxels[1, 10:20, 10:30] = voxels[3, 10:24, 10:40] = True
    editor = filled(volumes.volume(volumes.speckle(*voxels.shape), "anisotropic"), voxels)
    chart = logic.measure(editor.segmentation, "Lesion", editor.volume).toChart()
    names = [chart.GetNthPlotSeriesNode(i).GetYColumnName() for i in range(6)]
    assert names[1:4] == ["long axis, mm", "short axis, mm", "brightness inside"]
    area = chart.GetNthPlotSeriesNode(0)
    table = area.GetTableNode().GetTable()
    assert [table.GetColumnByName(area.GetXColumnName()).GetValue(row) for row in range(2)] == [2, 4]
    found = [table.GetColumnByName(area.GetYColumnName()).GetValue(row) for row in range(2)]
    assert found == pytest.approx([200 * 0.14, 420 * 0.14])
    assert area.GetYColumnName() == "area, mm\u00b2"
    bright = table.GetColumnByName("brightness inside")
    pixels = slicer.util.arrayFromVolume(editor.volume)
    assert bright.GetValue(1) == pytest.approx(pixels[3][voxels[3]].mean())
    assert names[4:] == ["largest area, frame 4", "smallest area, frame 2"]
    largest = chart.GetNthPlotSeriesNode(4)
    point = largest.GetTableNode().GetTable()
    assert point.GetNumberOfRows() == 1
    assert point.GetColumnByName("frame").GetValue(0) == 4
    assert point.GetColumnByName(names[4]).GetValue(0) == pytest.approx(420 * 0.14)
    assert largest.GetMarkerStyle() == largest.MarkerStyleDiamond


def test_of_one_frame_nothing_is_largest_or_smallest(logic, scene):
    voxels = np.zeros((5, 60, 80), bool)
    voxels[1, 10:20, 10:30] = True
    editor = filled(volumes.volume(volumes.speckle(*voxels.shape), "anisotropic"), voxels)
    assert (
        logic.measure(editor.segmentation, "Lesion", editor.volume).toChart().GetNumberOfPlotSeriesNodes()
        == 4
    )


def test_one_frame_of_a_sweep_alone(logic, scene):
    voxels = np.zeros((5, 60, 80), bool)
    voxels[1, 10:20, 10:30] = voxels[2, 10:24, 10:40] = True
    editor = filled(volumes.volume(volumes.speckle(*voxels.shape), "anisotropic"), voxels)
    sizes = logic.measure(editor.segmentation, "Lesion", editor.volume, 1)
    assert [row[1] for row in sizes.rows] == ["2"]
    assert sizes.volumes == ()


def test_each_item_of_a_loop_has_its_own_sizes_whichever_is_shown(logic, scene):
    browser, proxy, segmentation, segmentId = segmented_loop(2)
    SequenceLogic.showItem(browser, SequenceLogic.itemsOf(browser)[2])
    sizes = logic.measure(segmentation, segmentId, proxy)
    assert [(row[1], row[4]) for row in sizes.rows] == [("0.0", 24), ("0.1", 40)]
    assert sizes.volumes == ()
    of_sequence = logic.measure(segmentation, segmentId, browser.GetMasterSequenceNode(), 1)
    assert [row[1] for row in of_sequence.rows] == ["0.1"]


@pytest.mark.parametrize("geometry", ["as scanners store", "identity"])
def test_where_slicer_has_1_mm_because_nobody_knows_sizes_are_in_px(logic, scene, geometry):
    editor = filled(volumes.volume(volumes.speckle(3, 60, 80), geometry), np.ones((3, 60, 80), bool))
    sizes = logic.measure(editor.segmentation, "Lesion", editor.volume)
    assert {row[3] for row in sizes.rows} == {"px"}
    assert sizes.volumes[0].size == 3 * 60 * 80
    assert "in px, not in mm" in sizes.sentence


def test_a_transform_that_stretches_says_how_large_a_pixel_is(logic, scene):
    editor = filled(volumes.volume(volumes.speckle(1, 60, 80)), np.ones((1, 60, 80), bool))
    for each in (editor.volume, editor.segmentation):
        each.SetAndObserveTransformNodeID(volumes.transform(np.diag([0.25, 0.25, 0.25, 1])).GetID())
    measured = logic.measure(editor.segmentation, "Lesion", editor.volume).largest[1]
    assert (measured.unit, measured.width) == ("mm", pytest.approx(20))


def picture(path, scene):
    """A volume with the file and the spacing that Slicer takes from its dots per inch."""
    Image.fromarray(volumes.speckle(60, 80)).save(path, dpi=(72, 72))
    volume = volumes.volume(volumes.speckle(1, 60, 80))
    import SimpleITK

    volume.SetSpacing(*SimpleITK.ReadImage(str(path)).GetSpacing()[:2], 1)
    storage = scene.AddNewNodeByClass("vtkMRMLVolumeArchetypeStorageNode")
    storage.SetFileName(str(path))
    volume.SetAndObserveStorageNodeID(storage.GetID())
    return volume


def test_dots_per_inch_of_a_picture_are_no_millimetres(logic, scene, tmp_path):
    volume = picture(tmp_path / "frame.jpg", scene)
    assert volume.GetSpacing()[0] == pytest.approx(25.4 / 72, rel=0.01)
    editor = filled(volume, np.ones((1, 60, 80), bool))
    assert logic.measure(editor.segmentation, "Lesion", volume).largest[1].unit == "px"
    volume.SetSpacing(0.1, 0.1, 1)  # by the user, in the module Volumes
    assert logic.measure(editor.segmentation, "Lesion", volume).largest[1].unit == "mm"


def test_an_empty_segment_is_told(logic, scene):
    editor = Editor(volumes.volume(geometry="anisotropic"))
    sizes = logic.measure(editor.segmentation, "Lesion", editor.volume)
    assert sizes.sentence == "The object is empty: there is nothing to measure."
    assert len(sizes.rows) == 1


@pytest.mark.parametrize("segment", ["", "Nerve"])
def test_a_segment_that_does_not_exist_is_refused(logic, scene, segment):
    editor = Editor(volumes.volume(geometry="anisotropic"))
    with pytest.raises(ValueError, match="is not in Segmentation: it has Lesion"):
        logic.measure(editor.segmentation, segment, editor.volume)
    assert list(editor.segmentation.GetSegmentation().GetSegmentIDs()) == ["Lesion"]


@pytest.mark.parametrize(("given", "words"), [(None, "no source volume"), (3, "is no node")])
def test_what_is_no_node_is_refused_in_words(logic, scene, given, words):
    editor = Editor(volumes.volume(geometry="anisotropic"))
    with pytest.raises(ValueError, match=words):
        logic.measure(editor.segmentation, "Lesion", given)


def ball(half=(12.0, 9.0, 6.0)):
    """An editor on a volume with an ellipsoid of these half axes along i, j and k."""
    spacing = 0.2, 0.7, 3.5
    shape = 9, 60, 160
    k, j, i = np.indices(shape).astype(float)
    voxels = sum(
        ((axis - (count - 1) / 2) * mm / each) ** 2
        for axis, count, mm, each in zip((i, j, k), shape[::-1], spacing, half, strict=True)
    )
    return filled(volumes.volume(volumes.speckle(*shape), "anisotropic"), voxels <= 1)


def test_the_ellipsoid_of_two_crossing_frames(logic, scene):
    editor = ball()
    axial, sagittal = FrameLogic.frameOf(editor.volume, 4, 2), FrameLogic.frameOf(editor.volume, 80, 0)
    targets = [(editor.segmentation, "Lesion", editor.volume, frame) for frame in (axial, sagittal)]
    ellipsoid = logic.ellipsoid(*targets)
    assert ellipsoid.unit == "mm"
    assert ellipsoid.diameters == pytest.approx((24, 18, 12), abs=2.5)  # frames are 3.5 mm apart
    assert "ml." in ellipsoid.sentence
    turned = logic.ellipsoid(*reversed(targets))
    assert turned.volume == pytest.approx(ellipsoid.volume, rel=0.2)


def test_frames_of_one_image_that_lie_beside_each_other_make_no_ellipsoid(logic, scene):
    editor = ball()
    targets = [(editor.segmentation, "Lesion", editor.volume, number) for number in (4, 5)]
    with pytest.raises(ValueError, match="go to a frame that crosses"):
        logic.ellipsoid(*targets)


def test_two_stills_count_as_planes_at_right_angles(logic, scene):
    one, two = still("anisotropic"), still("anisotropic")
    targets = [(each[0].segmentation, "Lesion", each[0].volume, 0) for each in (one, two)]
    long, middle, short = logic.ellipsoid(*targets).diameters
    assert (long, middle, short) == pytest.approx((0.6 * one[2], 0.6 * one[2], 0.4 * one[2]), abs=0.7)


def test_an_empty_frame_and_one_of_unknown_size_make_no_ellipsoid(logic, scene):
    known, empty = still("anisotropic")[0], Editor(volumes.volume(geometry="tilted"))
    unknown = filled(volumes.volume(volumes.speckle(1, 60, 80)), np.ones((1, 60, 80), bool))
    target = known.segmentation, "Lesion", known.volume, 0
    with pytest.raises(ValueError, match="no object in this frame"):
        logic.ellipsoid(target, (empty.segmentation, "Lesion", empty.volume, 0))
    with pytest.raises(ValueError, match="one of the two frames only"):
        logic.ellipsoid(target, (unknown.segmentation, "Lesion", unknown.volume, 0))
