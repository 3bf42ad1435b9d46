"""DICOM, volumes and Sequences of a folder: what is loaded is what the files hold, a loop is one case."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import slicer
import slicer.util
import volumes
from PIL import Image
from pydicom import dcmwrite
from pydicom.uid import JPEGBaseline8Bit

import SAMCALib
from dicom_pictures import compressed, smooth, stream
from dicom_pictures import picture as dicom_of
from samca import datasets
from samca.images import frames
from SAMCALib.Frames import FrameLogic, ScreenRegions
from SAMCALib.Texts import Refusal
from SAMCALib.Worklist.FolderCases import FolderCases
from SAMCATrainingLib import DatasetLogic

REAL = Path(__file__).parents[3].parent / "shared/data/dicom"


def write(elements, path, patient=""):
    elements.PatientID = patient
    dcmwrite(path, elements, enforce_file_format=True)


def loop(seed, count=4):
    return np.stack([smooth(seed + number) for number in range(count)]).astype(np.uint8)


@pytest.fixture
def folder(tmp_path):
    """Two DICOM files of one patient, a single frame and a loop, without suffix."""
    place = tmp_path / "dicom"
    place.mkdir()
    write(dicom_of(smooth(1).astype(np.uint8)), place / "IM_0001", "Doe")
    write(dicom_of(loop(5), frames=4), place / "IM_0002", "Doe")
    return place


def test_a_multi_frame_file_is_one_case_of_all_its_frames(worklist, folder):
    logic = worklist(folder)
    assert logic.listed == ["IM_0001", "IM_0002"]
    logic.show("IM_0002")
    np.testing.assert_array_equal(slicer.util.arrayFromVolume(logic.current.volume), loop(5))


def test_frames_of_a_loop_are_outlined_saved_and_gone_on_with(worklist, folder, outlined):
    logic = worklist(folder)
    logic.show("IM_0002")
    for frame in (1, 3):
        outlined(logic, frame=frame)
    logic.close()
    again = worklist(folder)
    again.show("IM_0002")
    segment = again.current.segmentation.GetSegmentation().GetNthSegmentID(0)
    words = again.current.segmentation, segment, again.current.volume
    mask = slicer.util.arrayFromSegmentBinaryLabelmap(*words)
    assert (mask.sum((1, 2)) > 0).tolist() == [False, True, False, True]


def test_cases_of_one_patient_stay_together_and_nobody_is_named(worklist, folder, outlined, training):
    logic = worklist(folder)
    logic.dataset = training.newDataset("Patients")
    logic.next()
    outlined(logic)
    logic.accept()
    outlined(logic, frame=1)
    outlined(logic, frame=2)
    logic.accept()
    cases = datasets.checked(logic.dataset).cases
    assert len(cases) == 3
    assert {case.group for case in cases} == {f"patient_{hashlib.sha256(b'Doe').hexdigest()[:12]}"}


def test_a_patient_is_the_same_group_from_a_folder_and_from_the_scene(worklist, folder):
    hierarchy = slicer.vtkMRMLSubjectHierarchyNode.GetSubjectHierarchyNode(slicer.mrmlScene)
    logic = worklist(folder)
    logic.next()
    patient = hierarchy.CreateSubjectItem(hierarchy.GetSceneItemID(), "J. Doe")
    hierarchy.SetItemAttribute(patient, "DICOM.PatientID", "Doe")
    hierarchy.CreateItem(patient, logic.current.volume)
    assert DatasetLogic.groupOf(logic.current.volume) == logic.current.group != ""


def test_a_volume_knows_the_dicom_file_that_it_came_from(worklist, folder):
    logic = worklist(folder)
    logic.next()
    frame = FrameLogic.frameOf(logic.current.volume, 0)
    assert ScreenRegions.fileOf(frame) == folder / "IM_0001"


def test_a_sequence_of_slicer_is_a_case_and_lies_where_it_lay(worklist, scene, tmp_path, outlined):
    place = tmp_path / "loops"
    place.mkdir()
    browser, _proxy = volumes.clip(*(volumes.speckle(1, 40, 60) // (n + 1) for n in range(3)))
    storage = slicer.vtkMRMLVolumeSequenceStorageNode()
    scene.AddNode(storage)
    storage.SetFileName(str(place / "loop.seq.nrrd"))
    assert storage.WriteData(browser.GetMasterSequenceNode())
    logic = worklist(place)
    logic.next()
    shape = slicer.util.arrayFromVolume(logic.current.volume).shape
    assert shape == (3, 40, 60)
    outlined(logic, frame=2)
    logic.close()
    assert (place / "loop.seg.nrrd").is_file()


@pytest.mark.parametrize("geometry", ["flipped along i", "oblique"])
def test_a_volume_lies_where_its_file_says(worklist, scene, tmp_path, geometry):
    place = tmp_path / "volumes"
    place.mkdir()
    node = volumes.volume(geometry=geometry)
    storage = slicer.vtkMRMLVolumeArchetypeStorageNode()
    scene.AddNode(storage)
    storage.SetFileName(str(place / "v.nrrd"))
    assert storage.WriteData(node)
    logic = worklist(place)
    logic.next()
    for volume in (node, logic.current.volume):
        first = FrameLogic.xyToRas(FrameLogic.frameOf(volume, 2), 3, 4)
        np.testing.assert_allclose(first, FrameLogic.xyToRas(FrameLogic.frameOf(node, 2), 3, 4), atol=1e-4)
    found, stored = (slicer.util.arrayFromVolume(each) for each in (logic.current.volume, node))
    np.testing.assert_array_equal(found, stored)


@pytest.mark.skipif(not REAL.is_dir(), reason="the files in ../shared/data are not here")
def test_real_files_are_shown_as_the_core_reads_them(scene, tmp_path):
    cases = FolderCases(REAL, tmp_path / "out")
    assert len(cases.names) >= 8
    shown = 0
    for name in cases.names:
        try:
            expected = frames.read_all(REAL / name)
        except ValueError:
            with pytest.raises(Refusal, match="cannot be read"):
                cases.open(name)
            continue
        opened = cases.open(name)
        voxels = slicer.util.arrayFromVolume(opened.volume)
        assert voxels.shape[:3] == (len(expected), *expected[0].pixels.shape[:2])
        cases.shut(opened)
        shown += 1
    cases.close()
    assert shown >= 6


THREAD = """
import sys, threading
from pathlib import Path
import numpy as np
from samca.images import masks
from samca.images.masks import Outlined
from samca.prompts import Prompts
from SAMCALib.Frames import FileVolume
from SAMCALib.Worklist import FolderCases, SuggestRun, Thumbnails
FileVolume.prepare()
before = set(sys.modules)
done = []
def work(folder):
    for path in sorted(folder.iterdir()):
        found = FileVolume.read(path)
        FolderCases._thumbnailOf(path)
        mask = np.zeros(found[0].pixels.shape[:2], bool)
        mask[3:9, 3:9] = True
        objects = {0: [Outlined(Prompts(suggestion=0), mask)]}
        entries = {0: masks.entries_of(objects[0], found[0])}
        place = path.with_name(path.name + ".seg.nrrd")
        masks.write_slices(place, {0: mask}, found[0].grid, entries, "lesion")
        done.append(path.name)
thread = threading.Thread(target=work, args=(Path(sys.argv[1]),))
thread.start()
thread.join()
print(len(done), *sorted(set(sys.modules) - before))
"""


def test_a_thread_that_reads_and_writes_imports_nothing_of_its_own(scene, folder):
    pixels = smooth(3).astype(np.uint8)
    write(compressed(dicom_of(pixels, syntax=JPEGBaseline8Bit), stream(pixels)), folder / "jpeg.dcm")
    Image.fromarray(pixels).save(folder / "a.png")
    Image.fromarray(smooth(5, top=9999).astype(np.uint16)).save(folder / "b.tif")
    for path in REAL.glob("*jpeg2k.dcm") if REAL.is_dir() else ():
        (folder / path.name).symlink_to(path)
    environment = {**os.environ, "PYTHONPATH": str(Path(SAMCALib.__file__).parents[1])}
    words = [sys.executable, "-c", THREAD, str(folder)]
    done = subprocess.run(words, env=environment, capture_output=True, text=True, check=True)
    count, *imported = done.stdout.split()
    assert int(count) >= 5
    assert imported == []
