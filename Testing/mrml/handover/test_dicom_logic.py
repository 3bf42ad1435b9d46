"""Segmentations on images from DICOM as DICOM objects: the right voxels, terms and files, or a sentence."""

from __future__ import annotations

import types

import highdicom as hd
import numpy as np
import pydicom
import pytest
import slicer
import slicer.util
import volumes
from slicer_scene import Editor

from dicom_studies import FRAMES, HEIGHT, WIDTH, block, study
from SAMCALib.Frames import SequenceLogic
from SAMCALib.Frames.ScreenRegions import UIDS
from SAMCALib.Handover import DicomLogic
from SAMCALib.Models import ExtraPackage
from SAMCALib.SegmentationLogic import SegmentationLogic
from SAMCALib.Texts import Refusal

ENTRY = (
    "Segmentation category and type - 3D Slicer General Anatomy list~SCT^49755003^Morphologically Altered "
    "Structure~SCT^4147007^Mass~^^~Anatomic codes - DICOM master list~SCT^76752008^Breast~^^"
)
READ = {"assert_missing_frames_are_empty": True, "ignore_spatial_locations": True}


@pytest.fixture
def database(scene, monkeypatch):
    """Slicer's DICOM database: files by the UIDs of their instances."""
    files: dict[str, str] = {}
    database = types.SimpleNamespace(fileForInstance=lambda uid: files.get(uid, ""))
    monkeypatch.setattr(slicer, "dicomDatabase", database, raising=False)
    return files


@pytest.fixture
def loop(database, tmp_path):
    """An Editor on a loop that was loaded as one volume, outlined on two frames."""
    database["1.2.3.1"] = str(study(tmp_path / "loop.dcm", FRAMES))
    voxels = pydicom.dcmread(tmp_path / "loop.dcm").pixel_array
    volume = volumes.volume(voxels, name="Loop")
    volume.SetAttribute(UIDS, "1.2.3.1")
    editor = Editor(volume, ("Lesion", "Duct", "Nothing"))
    paint(editor, "Lesion", {1: block(10, 20, 22, 30), 3: block(12, 20, 22, 30)})
    paint(editor, "Duct", {3: block(30, 10, 40, 14)})
    editor.segmentation.GetSegmentation().GetSegment("Lesion").SetTag(
        slicer.vtkSegment.GetTerminologyEntryTagName(), ENTRY
    )
    return editor


def paint(editor, segmentId, masks, frames=FRAMES):
    voxels = np.zeros((frames, HEIGHT, WIDTH), np.uint8)
    for index, mask in masks.items():
        voxels[index] = mask
    slicer.util.updateSegmentBinaryLabelmapFromArray(voxels, editor.segmentation, segmentId, editor.volume)


def export(editor, path, **options):
    return SegmentationLogic(engine=object()).exportDicom(editor.segmentation, editor.volume, path, **options)


def test_every_outline_lies_in_its_frame_of_the_file(loop, tmp_path):
    text = export(loop, tmp_path / "seg.dcm", report=tmp_path / "sr.dcm")
    assert text.startswith("Written to seg.dcm: 2 segments of Loop. Left out, as it is empty: Nothing.")
    made = hd.seg.segread(tmp_path / "seg.dcm")
    assert [one.segment_label for one in made.SegmentSequence] == ["Lesion", "Duct"]
    found = made.get_pixels_by_source_frame("1.2.3.1", range(1, FRAMES + 1), [1], **READ)[..., 0]
    expected = np.zeros((FRAMES, HEIGHT, WIDTH), bool)
    expected[1], expected[3] = block(10, 20, 22, 30), block(12, 20, 22, 30)
    np.testing.assert_array_equal(found, expected)
    groups = hd.sr.srread(tmp_path / "sr.dcm").content.get_planar_roi_measurement_groups()
    assert [group.tracking_identifier for group in groups] == [
        "Lesion, frame 2",
        "Lesion, frame 4",
        "Duct, frame 4",
    ]


def test_colours_are_those_of_the_scene(loop, tmp_path):
    loop.segmentation.GetSegmentation().GetSegment("Lesion").SetColor(1, 0, 0)
    loop.segmentation.GetSegmentation().GetSegment("Duct").SetColor(0, 0, 1)
    export(loop, tmp_path / "seg.dcm")
    red, blue = (
        one.RecommendedDisplayCIELabValue for one in hd.seg.segread(tmp_path / "seg.dcm").SegmentSequence
    )
    assert red[2] > 0x8080 > blue[2]  # b*: from blue to yellow


def test_terms_are_those_that_the_user_chose(loop, tmp_path):
    export(loop, tmp_path / "seg.dcm", segmentIds=["Lesion"])
    (segment,) = hd.seg.segread(tmp_path / "seg.dcm").SegmentSequence
    assert segment.segmented_property_type.meaning == "Mass"
    assert segment.AnatomicRegionSequence[0].CodeMeaning == "Breast"


def test_a_damaged_term_is_told_with_the_name_of_its_segment(loop, tmp_path):
    segment = loop.segmentation.GetSegmentation().GetSegment("Duct")
    segment.SetTag(slicer.vtkSegment.GetTerminologyEntryTagName(), "Mass")
    with pytest.raises(Refusal, match=r"Duct: its terminology has 1 parts, expected 7: choose a term ag"):
        export(loop, tmp_path / "seg.dcm")


def test_the_patient_stays_only_if_asked_for(loop, tmp_path):
    export(loop, tmp_path / "seg.dcm")
    export(loop, tmp_path / "kept.dcm", keepPatient=True)
    names = [str(pydicom.dcmread(tmp_path / name).PatientName) for name in ("seg.dcm", "kept.dcm")]
    assert names == ["", "Doe^Jane"]


def test_a_sequence_of_a_loop_is_its_frames(database, tmp_path):
    database["1.2.3.1"] = str(study(tmp_path / "loop.dcm", 3))
    _browser, proxy = volumes.cine(3, (HEIGHT, WIDTH))
    browser = SequenceLogic.browserOf(proxy)
    browser.GetMasterSequenceNode().SetAttribute(UIDS, "1.2.3.1")
    editor = Editor(proxy)
    SequenceLogic.synchronise(editor.segmentation, proxy)
    browser.SetSelectedItemNumber(1)
    paint(editor, "Lesion", {0: block(10, 20, 22, 30)}, frames=1)
    browser.SetSelectedItemNumber(0)
    export(editor, tmp_path / "seg.dcm")
    made = hd.seg.segread(tmp_path / "seg.dcm")
    found = made.get_pixels_by_source_frame("1.2.3.1", [1, 2, 3], [1], **READ)[..., 0]
    assert [int(frame.sum()) for frame in found] == [0, 120, 0]


def test_images_of_a_series_are_files_of_their_own(database, tmp_path):
    for number in (1, 2, 3):
        database[f"1.2.3.{number}"] = str(study(tmp_path / f"{number}.dcm", number=number))
    volume = volumes.volume(volumes.speckle(3, HEIGHT, WIDTH), name="Series")
    volume.SetAttribute(UIDS, "1.2.3.1 1.2.3.2 1.2.3.3")
    editor = Editor(volume)
    paint(editor, "Lesion", {2: block(10, 20, 22, 30)}, frames=3)
    export(editor, tmp_path / "seg.dcm")
    made = hd.seg.segread(tmp_path / "seg.dcm")
    found = made.get_pixels_by_source_instance([f"1.2.3.{n}" for n in (1, 2, 3)], [1], **READ)[..., 0]
    assert [int(frame.sum()) for frame in found] == [0, 0, 120]


# What is wrong


def test_images_without_their_file_are_told(loop, database, tmp_path):
    plain = Editor(volumes.volume(volumes.speckle(1, HEIGHT, WIDTH), name="Drawn"))
    for editor in (plain, loop):
        with pytest.raises(Refusal, match="did not come from DICOM, or its file is not there any more: load"):
            export(editor, tmp_path / "seg.dcm")
        database.clear()


@pytest.mark.parametrize("shape", [(FRAMES - 1, HEIGHT, WIDTH), (FRAMES, HEIGHT, WIDTH - 4)])
def test_images_that_are_not_the_files_any_more_are_told(database, tmp_path, shape):
    database["1.2.3.1"] = str(study(tmp_path / "loop.dcm", FRAMES))
    volume = volumes.volume(volumes.speckle(*shape), name="Cropped")
    volume.SetAttribute(UIDS, "1.2.3.1")
    editor = Editor(volume)
    voxels = np.ones(shape, np.uint8)
    slicer.util.updateSegmentBinaryLabelmapFromArray(voxels, editor.segmentation, "Lesion", volume)
    with pytest.raises(Refusal, match="give masks of these images as they are stored"):
        export(editor, tmp_path / "seg.dcm")


def test_empty_segments_and_files_that_are_there_are_told(loop, tmp_path):
    with pytest.raises(Refusal, match="Nothing is outlined, every mask is empty: outline something first"):
        export(loop, tmp_path / "seg.dcm", segmentIds=["Nothing"])
    (tmp_path / "there.dcm").write_bytes(b"mine")
    with pytest.raises(Refusal, match="is there already: give another name"):
        export(loop, tmp_path / "there.dcm")
    with pytest.raises(Refusal, match="cannot be written"):
        export(loop, tmp_path / "there.dcm" / "seg.dcm")
    assert (tmp_path / "there.dcm").read_bytes() == b"mine"
    assert not (tmp_path / "seg.dcm").exists()


# The package


class Installer:
    """A Slicer without highdicom; `agree` is what the user says, `works` what pip does."""

    def __init__(self, monkeypatch, agree=True, works=True):
        self.questions, self.installed, self.agree = [], {}, agree
        self.works = works
        monkeypatch.setattr(ExtraPackage, "pipInstall", self.pip)

    def ask(self, question):
        self.questions.append(question)
        return self.agree

    def pip(self, words, options):
        if not self.works:
            raise RuntimeError("no network.")
        self.installed["highdicom"] = "0.28.2"
        if self.installed.get("pydicom") == "2.4.4":
            self.installed["pydicom"] = "3.0.2"

    def ensure(self):
        words = DicomLogic.HIGHDICOM, "DICOM export", self.ask, self.installed.get, DicomLogic.LOADED
        ExtraPackage.ensure(*words)


def test_a_missing_package_is_installed_after_one_question(monkeypatch):
    ours = Installer(monkeypatch)
    ours.ensure()
    ours.ensure()
    assert ours.questions == [
        "DICOM export needs the package highdicom>=0.25. It is downloaded and installed into Slicer's "
        "Python. Install it now?"
    ]


def test_no_is_no_and_a_failure_is_a_sentence(monkeypatch):
    declined = Installer(monkeypatch, agree=False)
    with pytest.raises(Refusal, match="which is not installed: try again and agree"):
        declined.ensure()
    assert declined.installed == {}
    with pytest.raises(Refusal, match=r"could not be installed \(no network\): check the network"):
        Installer(monkeypatch, works=False).ensure()


def test_where_pydicom_had_to_be_replaced_slicer_is_restarted_first(monkeypatch):
    ours = Installer(monkeypatch)
    ours.installed["pydicom"] = "2.4.4"
    with pytest.raises(Refusal, match="newer versions of what is in use: restart Slicer, then try again"):
        ours.ensure()
    ours.ensure()


def test_an_old_version_is_not_enough(monkeypatch):
    ours = Installer(monkeypatch, agree=False)
    ours.installed["highdicom"] = "0.20.0"
    with pytest.raises(Refusal, match=r"highdicom>=0\.25, which is not installed"):
        ours.ensure()


def test_the_console_never_installs_by_itself(loop, tmp_path, monkeypatch):
    monkeypatch.setattr(ExtraPackage, "_isMet", lambda *words: False)
    with pytest.raises(Refusal, match="DICOM export needs the package highdicom"):
        export(loop, tmp_path / "seg.dcm")
