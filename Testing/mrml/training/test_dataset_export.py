"""Segmentations as cases of a dataset folder: what is read back is what was segmented, voxel for voxel."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import slicer
import slicer.util
import volumes
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from PIL import Image
from slicer_scene import Editor

from samca import datasets
from samca.images.frames import as_rgb
from SAMCALib.Frames import FrameLogic, SequenceLogic
from SAMCALib.Frames.FrameLogic import Frame
from SAMCALib.Texts import Refusal
from SAMCATrainingLib import CaseFiles, DatasetLogic
from SAMCATrainingLib.DatasetLogic import addCase, adding

SHAPE = volumes.SIZE[::-1]  # K, J, I


def paint(editor, segmentId, voxels):
    slicer.util.updateSegmentBinaryLabelmapFromArray(
        voxels.astype(np.uint8), editor.segmentation, segmentId, editor.volume
    )


def blobs(seed, shape=SHAPE, share=0.5):
    """(K, J, I) bool: boxes in about this share of the frames of each axis."""
    rng = np.random.default_rng(seed)
    voxels = np.zeros(shape, bool)
    for _ in range(2):
        low = [int(rng.integers(0, n - 2)) for n in shape]
        high = [a + 1 + int(rng.integers(1, max(2, int(n * share)))) for a, n in zip(low, shape, strict=True)]
        voxels[tuple(slice(a, b) for a, b in zip(low, high, strict=True))] = True
    return voxels & (rng.random(shape) > 0.2)


def read(folder):
    """Cases by id; the folder has no problem."""
    dataset = datasets.checked(folder)
    return {case.id: case for case in dataset.cases}


def labels(case):
    return np.asarray(Image.open(case.labels))


def expected(voxels, axis):
    """(frames, H, W) of (K, J, I) voxels."""
    return np.moveaxis(voxels, 2 - axis, 0)


def place(name):
    """The index of a frame in the id of its case."""
    return int(name.split("_")[1][1:])


@pytest.fixture
def editor(scene):
    return Editor(volumes.volume(), ("Lesion", "Vessel"))


# What comes back


@given(
    geometry=st.sampled_from(sorted(volumes.GEOMETRIES)),
    axis=st.integers(0, 2),
    kind=st.sampled_from(["8 bit", "16 bit", "signed", "float", "colour"]),
    isMoved=st.booleans(),
    seed=st.integers(0, 1000),
)
@settings(max_examples=30, deadline=None, derandomize=True)
def test_what_is_exported_and_read_back_is_the_segmentation(
    application, tmp_path_factory, geometry, axis, kind, isMoved, seed
):
    slicer.mrmlScene.Clear(0)
    folder = tmp_path_factory.mktemp("case") / "data"
    stored = {
        "8 bit": volumes.speckle(*SHAPE),
        "16 bit": volumes.speckle(*SHAPE, dtype=np.uint16, high=3000),
        "signed": volumes.speckle(*SHAPE, dtype=np.int16, high=1500) - 700,
        "float": volumes.speckle(*SHAPE).astype(np.float32) / 7,
        "colour": volumes.speckle(*SHAPE, 3),
    }[kind]
    volume = volumes.volume(stored, geometry)
    if kind in ("16 bit", "signed"):
        volume.GetDisplayNode().SetAutoWindowLevel(False)
        volume.GetDisplayNode().SetWindowLevel(500, 300)
    if isMoved:
        volume.SetAndObserveTransformNodeID(volumes.transform().GetID())
    editor = Editor(volume, ("Lesion", "Vessel"))
    lesion, vessel = blobs(seed), blobs(seed + 1) & ~blobs(seed)
    paint(editor, "Lesion", lesion)
    paint(editor, "Vessel", vessel)
    frames = expected(lesion, axis) * 1 + expected(vessel, axis) * 2
    assume(frames.any())
    added = addCase(volume, editor.segmentation, folder, axis=axis)
    cases = read(folder)
    assert set(added.cases) == set(cases)
    assert sorted(map(place, cases)) == [i for i, frame in enumerate(frames) if frame.any()]
    for name, case in cases.items():
        frame = Frame(volume.GetID(), axis, place(name))
        assert np.array_equal(labels(case), frames[place(name)])
        assert np.array_equal(case.mask(), frames[place(name)] > 0)
        pixels = as_rgb(FrameLogic.pixels(frame), FrameLogic.window(frame))
        read_back = case.pixels() if case.pixels().ndim == 3 else np.repeat(case.pixels()[..., None], 3, 2)
        assert np.abs(read_back - pixels).max() <= 0.5
        assert case.spacing_mm == pytest.approx(FrameLogic.spacing(frame))
    assert len({case.group for case in cases.values()}) == 1


def test_a_finer_segmentation_is_taken_at_the_centres_of_the_pixels(scene, tmp_path):
    volume = volumes.volume(geometry="oblique")
    fine = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLScalarVolumeNode", "fine")
    slicer.util.updateVolumeFromArray(fine, np.zeros([3 * n for n in SHAPE], np.uint8))
    matrix = volumes.ijkToRas(*volumes.GEOMETRIES["oblique"])
    thirds = np.diag([1 / 3, 1 / 3, 1 / 3, 1])
    thirds[:3, 3] = -1 / 3  # voxel 1 of 0, 1, 2 lies on the centre of the large one
    fine.SetIJKToRASMatrix(slicer.util.vtkMatrixFromArray(matrix @ thirds))
    editor = Editor(fine, ("Lesion",))
    voxels = blobs(3, [3 * n for n in SHAPE])
    paint(editor, "Lesion", voxels)
    addCase(volume, editor.segmentation, tmp_path / "data", anyImage=True)
    at_centres = voxels[1::3, 1::3, 1::3]
    cases = read(tmp_path / "data")
    assert sorted(map(place, cases)) == [k for k in range(SHAPE[0]) if at_centres[k].any()]
    for name, case in cases.items():
        assert np.array_equal(case.mask(), at_centres[place(name)])


def test_segments_that_overlap_become_cases_of_their_own(editor, tmp_path):
    lesion = np.zeros(SHAPE, bool)
    lesion[4, 5:12, 5:12] = True
    vessel = np.zeros(SHAPE, bool)
    vessel[4, 8:15, 8:15] = True
    paint(editor, "Lesion", lesion)
    slicer.util.updateSegmentBinaryLabelmapFromArray(
        vessel.astype(np.uint8), editor.segmentation, "Vessel", editor.volume
    )
    both = [DatasetLogic.masksOf(source(editor), Frame(editor.volume.GetID(), 2, 4))[i] for i in SEGMENTS]
    added = addCase(editor.volume, editor.segmentation, tmp_path / "data")
    cases = read(tmp_path / "data")
    assert (both[0] & both[1]).any()
    assert len(added.cases) == 2
    found = [labels(case) for _name, case in sorted(cases.items())]
    assert np.array_equal(found[0] == 1, lesion[4])
    assert np.array_equal(found[1] == 2, vessel[4])


def test_one_name_has_one_number_in_a_dataset_whatever_the_order_of_segments(scene, tmp_path):
    for number, segments in enumerate([("Lesion", "Vessel"), ("Vessel", "Node", "lesion")]):
        stored = volumes.speckle(*SHAPE) // (number + 1)
        editor = Editor(volumes.volume(stored, name=f"Scan {number}"), segments)
        for place, segment in enumerate(segments):
            voxels = np.zeros(SHAPE, bool)
            voxels[4, 5 * place : 5 * place + 3, 5:12] = True
            paint(editor, segment, voxels)
        addCase(editor.volume, editor.segmentation, tmp_path / "data", ["lesion"] if number else None)
    first, second = read(tmp_path / "data").values()
    assert dict(first.names) == {1: "Lesion", 2: "Vessel"}
    assert np.unique(labels(first)).tolist() == [0, 1, 2]
    assert np.unique(labels(second)).tolist() == [0, 1]
    assert [first.kind_of(target) for target in first.targets()] == ["Lesion", "Vessel"]


def test_segments_of_one_name_that_touch_stay_apart(scene, tmp_path):
    editor = Editor(volumes.volume(), ("a", "b"))
    for number, segment in enumerate("ab"):
        voxels = np.zeros(SHAPE, bool)
        voxels[4, 5 + 3 * number : 8 + 3 * number, 5:12] = True
        paint(editor, segment, voxels)
        editor.segmentation.GetSegmentation().GetSegment(segment).SetName("Lesion")
    addCase(editor.volume, editor.segmentation, tmp_path / "data")
    cases = read(tmp_path / "data")
    assert [len(case.targets()) for case in cases.values()] == [1, 1]
    assert all(set(np.unique(labels(case))) == {0, 1} for case in cases.values())


def test_an_older_dataset_goes_on_and_its_numbers_are_given_to_no_name(scene, tmp_path):
    for number in (1, 2):
        editor = Editor(volumes.volume(volumes.speckle(*SHAPE) // number, name=f"S{number}"), ("Lesion",))
        paint(editor, "Lesion", blobs(number))
        addCase(editor.volume, editor.segmentation, tmp_path / "data")
        if number == 1:
            (tmp_path / "data" / "labels.csv").unlink()
            old = read(tmp_path / "data")
            assert {case.names for case in old.values()} == {()}
    new = [case for name, case in read(tmp_path / "data").items() if name not in old]
    assert {case.names for case in new} == {((2, "Lesion"),)}
    assert {int(labels(case).max()) for case in new} == {2}


SEGMENTS = ("Lesion", "Vessel")


def source(editor):
    return DatasetLogic.sourceOf(editor.volume, editor.segmentation, None, None)


SIZES = [(20, 24), (30, 40), (20, 24), (26, 19)]
LOOPS = {
    "master": volumes.cine,
    "beside a tracker": volumes.tracked,
    "of several sizes": lambda: volumes.clip(*(volumes.speckle(1, *size) for size in SIZES)),
}


@pytest.mark.parametrize("loop", LOOPS)
def test_every_item_of_a_sequence_gives_its_own_image_and_segmentation(scene, tmp_path, loop):
    browser, proxy = LOOPS[loop]()
    editor = Editor(proxy, ("Lesion",))
    SequenceLogic.synchronise(editor.segmentation, proxy)
    truth, images = {}, {}
    for number, item in enumerate(SequenceLogic.itemsOf(browser)):
        SequenceLogic.showItem(browser, item)
        images[item] = slicer.util.arrayFromVolume(proxy)[0].copy()
        mask = np.zeros((1, *images[item].shape), bool)
        if number != 2:  # one frame stays empty
            mask[0, 2 + number : 9 + number, 4:15] = True
            paint(editor, "Lesion", mask)
        truth[item] = mask[0]
    SequenceLogic.showItem(browser, shown := list(truth)[1])
    added = addCase(proxy, editor.segmentation, tmp_path / "data")
    assert SequenceLogic.itemOf(proxy) == shown, "the scene is as it was"
    cases = read(tmp_path / "data")
    assert len(added.cases) == len(cases) == 3
    for item in [item for item in truth if truth[item].any()]:
        (name,) = [name for name in cases if f"_t{item}_" in name]
        assert np.array_equal(cases[name].mask(), truth[item])
        assert np.array_equal(Image.open(tmp_path / "data" / "images" / f"{name}.png"), images[item])
    assert len({case.group for case in cases.values()}) == 1


# Groups


def test_the_patient_is_the_group_if_one_is_known_and_is_not_named(scene, tmp_path):
    hierarchy = slicer.vtkMRMLSubjectHierarchyNode.GetSubjectHierarchyNode(slicer.mrmlScene)
    for number, person in enumerate(("Miller", "Miller", "Smith")):
        editor = Editor(volumes.volume(volumes.speckle(*SHAPE) // (number + 1)), ("Lesion",))
        item = hierarchy.GetItemChildWithName(hierarchy.GetSceneItemID(), person)
        if not item:
            item = hierarchy.CreateSubjectItem(hierarchy.GetSceneItemID(), person)
            hierarchy.SetItemAttribute(item, "DICOM.PatientID", f"id of {person}")
        hierarchy.SetItemParent(hierarchy.GetItemByDataNode(editor.volume), item)
        paint(editor, "Lesion", blobs(number))
        addCase(editor.volume, editor.segmentation, tmp_path / "data")
    groups = {case.group for case in read(tmp_path / "data").values()}
    assert len(groups) == 2
    assert "Miller" not in (tmp_path / "data" / "cases.csv").read_text()


def test_volumes_of_one_name_are_groups_of_their_own_and_a_group_can_be_given(scene, tmp_path):
    for number in range(2):
        editor = Editor(volumes.volume(volumes.speckle(*SHAPE) // (number + 1)), ("Lesion",))
        paint(editor, "Lesion", blobs(1))
        addCase(editor.volume, editor.segmentation, tmp_path / "data")
        addCase(editor.volume, editor.segmentation, tmp_path / "named", group="animal 7")
    addCase(editor.volume, editor.segmentation, tmp_path / "named")  # a correction says nothing of the group
    cases = read(tmp_path / "data")
    assert len({case.group for case in cases.values()}) == 2
    assert {case.group for case in read(tmp_path / "named").values()} == {"animal 7"}


# Adding again


def test_the_same_frame_replaces_its_case_and_other_frames_stay(editor, tmp_path):
    first = np.zeros(SHAPE, bool)
    first[2:5, 4:12, 4:12] = True
    paint(editor, "Lesion", first)
    before = addCase(editor.volume, editor.segmentation, tmp_path / "data", ["Lesion"])
    corrected = np.zeros(SHAPE, bool)
    corrected[3, 6:18, 6:18] = True
    paint(editor, "Lesion", corrected)
    again = addCase(editor.volume, editor.segmentation, tmp_path / "data", ["Lesion"])
    assert (before.replaced, again.replaced) == (0, 1)
    cases = {place(name): case for name, case in read(tmp_path / "data").items()}
    assert sorted(cases) == [2, 3, 4]
    assert np.array_equal(cases[3].mask(), corrected[3])
    assert np.array_equal(cases[2].mask(), first[2])


def test_cases_join_a_folder_without_a_table_and_keep_its_own(editor, tmp_path):
    folder = tmp_path / "data"
    for kind in ("images", "masks"):
        (folder / kind).mkdir(parents=True)
        Image.fromarray(np.full((8, 9), 255, np.uint8)).save(folder / kind / "old.png")
    paint(editor, "Lesion", blobs(5))
    added = addCase(editor.volume, editor.segmentation, folder)
    assert set(read(folder)) == {"old", *added.cases}
    assert CaseFiles.removeCases(folder, added.cases) == len(added.cases)
    assert set(read(folder)) == {"old"}


# What does not go


def test_a_cancelled_export_leaves_everything_as_it_was(editor, tmp_path):
    paint(editor, "Lesion", blobs(5))
    steps = adding(editor.volume, editor.segmentation, tmp_path / "data")
    assert next(steps).of > 1
    next(steps)
    steps.close()
    assert not (tmp_path / "data").exists()


def test_a_full_disk_leaves_everything_as_it_was(editor, tmp_path, monkeypatch):
    paint(editor, "Lesion", blobs(5))
    addCase(editor.volume, editor.segmentation, tmp_path / "data", axis=2)
    before = {path: path.read_bytes() for path in (tmp_path / "data").rglob("*") if path.is_file()}
    count = iter(range(100))

    def full(path, content):
        if next(count) == 4:
            raise OSError(28, "No space left on device", str(path))
        return write(path, content)

    write = Path.write_bytes
    monkeypatch.setattr(Path, "write_bytes", full)
    with pytest.raises(
        Refusal, match=r"data/\w+/.*\.png cannot be written, its disk is full .*free some space"
    ):
        addCase(editor.volume, editor.segmentation, tmp_path / "data", axis=1)
    after = {path: path.read_bytes() for path in (tmp_path / "data").rglob("*") if path.is_file()}
    assert after == before


def test_what_is_missing_is_said(editor, tmp_path):
    def refused(match, *arguments, **options):
        with pytest.raises(Refusal, match=match):
            addCase(*arguments, **options)
        assert not (tmp_path / "data").exists()

    node, folder = editor.segmentation, tmp_path / "data"
    refused("no source volume", None, node, folder)
    refused("no segmentation", editor.volume, None, folder)
    refused("no voxel on the frames of Scan", editor.volume, node, folder)
    refused("no segment: segment a frame", editor.volume, node, folder, segmentIds=[])
    refused("no frames across axis 7", editor.volume, node, folder, axis=7)
    with pytest.raises(ValueError, match="segment 'Cyst' is not in Segmentation"):
        addCase(editor.volume, node, folder, ["Cyst"])
    nothing = volumes.volume(np.full(SHAPE, np.nan, np.float32))
    paint(editor, "Lesion", blobs(5))
    refused("cannot be exported: .*without one finite value", nothing, node, folder, anyImage=True)


def test_a_folder_of_something_else_is_refused(editor, tmp_path):
    paint(editor, "Lesion", blobs(5))
    (tmp_path / "thesis").mkdir()
    (tmp_path / "thesis" / "chapter.txt").write_text("...")
    with pytest.raises(Refusal, match="no dataset of our own"):
        addCase(editor.volume, editor.segmentation, tmp_path / "thesis")


def test_a_mask_of_another_image_is_refused_unless_it_is_meant(editor, tmp_path):
    other = Editor(volumes.volume(name="Other"))
    paint(other, "Lesion", blobs(1))
    with pytest.raises(Refusal, match="was made on Other, not on Scan"):
        addCase(editor.volume, other.segmentation, tmp_path / "data")
    assert not (tmp_path / "data").exists()
    assert addCase(editor.volume, other.segmentation, tmp_path / "data", anyImage=True).cases


def test_what_is_no_such_node_path_or_list_is_told(editor, tmp_path):
    paint(editor, "Lesion", blobs(1))
    empty = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLSequenceNode", "Empty")
    node = editor.segmentation
    for nodes, says in {
        ("Scan", node): "'Scan' is a name",
        (node, node): "Segmentation is a Segmentation: expected a volume or a Sequence",
        (empty, node): "Empty has no items",
        (editor.volume, "Seg"): "'Seg' is a name",
        (editor.volume, editor.volume): "Scan is a Volume: expected a segmentation",
        (editor.volume, 3): "3 is no node",
    }.items():
        with pytest.raises(Refusal, match=says):
            addCase(*nodes, tmp_path / "data")
    with pytest.raises(Refusal, match="A int is no folder"):
        addCase(editor.volume, node, 3)
    with pytest.raises(Refusal, match="segmentIds is 'Lesion': give a list"):
        addCase(editor.volume, node, tmp_path / "data", "Lesion")
    assert not (tmp_path / "data").exists()
