"""SEG and SR: every voxel and size in its place, nothing of the patient, what other programs say."""

import errno
import json
import os
import shutil
import subprocess
import sys
import sysconfig
from functools import partial
from pathlib import Path

import highdicom as hd
import numpy as np
import pydicom
import pytest
import SimpleITK

from dicom_studies import FRAMES, HEIGHT, OTHERS, PATIENT, WIDTH, block, study
from samca import dicom_objects
from samca.dicom_objects import Outlined, Term, Terms
from samca.files import DiskFullError

MASS = Terms(
    Term("49755003", "SCT", "Morphologically Abnormal Structure"),
    Term("4147007", "SCT", "Mass"),
    region=Term("76752008", "SCT", "Breast"),
    side=Term("7771000", "SCT", "Left"),
)
SEGMENTS = {  # by frame
    "mass": {1: block(10, 20, 22, 30), 3: block(12, 20, 22, 30)},
    "duct": {3: block(15, 25, 30, 28)},
}


def stacked(of_segment: dict[int, np.ndarray], frames: int = FRAMES) -> np.ndarray:
    return np.stack([of_segment.get(index, block(0, 0, 0, 0)) for index in range(frames)])


OUTLINED = [
    Outlined("mass", stacked(SEGMENTS["mass"]), MASS),
    Outlined("duct", stacked(SEGMENTS["duct"])),
]
EMPTY = {"assert_missing_frames_are_empty": True, "ignore_spatial_locations": True}  # of highdicom's reader
ONE = [Outlined("mass", block(10, 20, 22, 30)[None], MASS)]


write = partial(dicom_objects.write, version="1.2")


def read(path: Path):
    return hd.seg.segread(path)


def sizes(path: Path) -> list[tuple[str, dict[str, tuple[float, str]]]]:
    """Tracking identifier, and value and unit by name, of each group of a report."""
    content = hd.sr.srread(path).content
    return [
        (
            group.tracking_identifier,
            {m.name.meaning: (m.value, m.unit.value) for m in group.get_measurements()},
        )
        for group in content.get_planar_roi_measurement_groups()
    ]


def references(group) -> list:
    """The items of a group that refer to the segmentation and to the image."""
    return [item for item in group[0].ContentSequence if item.ValueType == "IMAGE"]


def tool(name: str) -> str:
    """A program of dcmqi or of dicom3tools."""
    found = shutil.which(name, path=sysconfig.get_path("scripts")) or shutil.which(name)
    if not found:
        pytest.skip(f"{name} is not installed")
    return found


def run(*words) -> subprocess.CompletedProcess:
    return subprocess.run(list(map(str, words)), capture_output=True, text=True, check=False)


@pytest.fixture
def loop(tmp_path):
    return study(tmp_path / "loop.dcm", FRAMES)


@pytest.fixture
def written(loop, tmp_path):
    """A segmentation and a report on a loop with spacing."""
    paths = tmp_path / "seg.dcm", tmp_path / "sr.dcm"
    notes = write([loop], OUTLINED, *paths)
    assert "frame of reference" in " ".join(notes)
    return paths


def test_every_frame_of_a_segment_refers_to_its_frame_of_the_loop(written):
    made = read(written[0])
    assert [d.segment_label for d in made.SegmentSequence] == ["mass", "duct"]
    for number, masks in enumerate((one.masks for one in OUTLINED), start=1):
        found = made.get_pixels_by_source_frame("1.2.3.1", range(1, 6), [number], **EMPTY)
        np.testing.assert_array_equal(found[..., 0], masks)
    assert made.StudyInstanceUID == "1.2.4"
    assert made.SeriesInstanceUID != "1.2.4.1"


def test_terms_are_those_of_the_segment(written):
    first, second = read(written[0]).SegmentSequence
    assert first.segmented_property_type.meaning == "Mass"
    assert first.segmented_property_category.value == "49755003"
    assert first.AnatomicRegionSequence[0].CodeMeaning == "Breast"
    assert first.AnatomicRegionSequence[0].AnatomicRegionModifierSequence[0].CodeMeaning == "Left"
    assert second.segmented_property_type.meaning == "Tissue"


def test_a_report_has_the_sizes_of_each_outline_in_mm(written):
    found = sizes(written[1])
    assert [name for name, _sizes in found] == ["mass, frame 2", "mass, frame 4", "duct, frame 4"]
    first = found[0][1]
    assert first["Area"] == (pytest.approx(12 * 10 * 0.2 * 0.1), "mm2")
    assert first["Width"] == (pytest.approx(12 * 0.2), "mm")
    assert first["Depth"] == (pytest.approx(10 * 0.1), "mm")
    assert {unit for value, unit in first.values()} == {"mm", "mm2", "1"}
    assert first["Long axis"][0] > first["Short axis"][0] > 0


def test_a_report_refers_to_the_segmentation_and_to_the_images(written):
    segmentation, content = read(written[0]), hd.sr.srread(written[1]).content
    groups = content.get_planar_roi_measurement_groups()
    for group in groups:
        of_segment, of_image = (item.ReferencedSOPSequence[0] for item in references(group))
        assert of_segment.ReferencedSOPInstanceUID == segmentation.SOPInstanceUID
        assert of_image.ReferencedSOPInstanceUID == "1.2.3.1"
        name, frame = group.tracking_identifier.split(", frame ")
        assert int(of_image.ReferencedFrameNumber) == int(frame)
        found = segmentation.pixel_array[int(of_segment.ReferencedFrameNumber) - 1]
        np.testing.assert_array_equal(found, SEGMENTS[name][int(frame) - 1])
    assert groups[0].finding_type.meaning == "Mass"


def test_without_known_spacing_nothing_is_in_mm(tmp_path):
    image = study(tmp_path / "image.dcm", spacing=False)
    notes = write([image], ONE, tmp_path / "seg.dcm", tmp_path / "sr.dcm")
    assert any("sizes are in px" in note for note in notes)
    ((_name, found),) = sizes(tmp_path / "sr.dcm")
    assert {unit for _value, unit in found.values()} == {"{pixels}", "1"}
    assert found["Area"][0] == 120
    assert found["Width"][0] == 12
    made = pydicom.dcmread(tmp_path / "seg.dcm")
    assert "FrameOfReferenceUID" not in made
    assert "Pixel Spacing" not in str(made)
    assert "mm" not in {m for m in str(pydicom.dcmread(tmp_path / "sr.dcm")).split("'")}


def test_of_a_loop_without_spacing_one_frame_can_be_outlined(tmp_path):
    image = study(tmp_path / "loop.dcm", FRAMES, spacing=False)
    one = [Outlined("mass", stacked({3: SEGMENTS["mass"][3]}))]
    write([image], one, tmp_path / "seg.dcm", tmp_path / "sr.dcm")
    made = read(tmp_path / "seg.dcm")
    np.testing.assert_array_equal(made.pixel_array.squeeze(), SEGMENTS["mass"][3])
    assert "Pixel Spacing" not in str(made)
    reference = made.PerFrameFunctionalGroupsSequence[0].DerivationImageSequence[0].SourceImageSequence[0]
    assert reference.ReferencedFrameNumber == 4
    with pytest.raises(ValueError, match=r"2 frames are outlined of images that have neither .* outline one"):
        write([image], OUTLINED[:1], tmp_path / "more.dcm")
    assert not (tmp_path / "more.dcm").exists()


def test_a_loop_of_one_frame_is_an_image(tmp_path):
    image = study(tmp_path / "loop.dcm", 1, spacing=False)
    write([image], ONE, tmp_path / "seg.dcm", tmp_path / "sr.dcm")
    np.testing.assert_array_equal(read(tmp_path / "seg.dcm").pixel_array.squeeze(), ONE[0].masks[0])


def test_single_images_of_a_series_are_its_frames(tmp_path):
    images = [study(tmp_path / f"{n}.dcm", number=n) for n in (1, 2, 3)]
    masks = stacked({0: SEGMENTS["mass"][1], 2: SEGMENTS["mass"][3]}, 3)
    write(images, [Outlined("mass", masks)], tmp_path / "seg.dcm", tmp_path / "sr.dcm")
    made = read(tmp_path / "seg.dcm")
    found = made.get_pixels_by_source_instance([f"1.2.3.{n}" for n in (1, 2, 3)], [1], **EMPTY)
    np.testing.assert_array_equal(found[..., 0], masks)
    assert [name for name, _sizes in sizes(tmp_path / "sr.dcm")] == ["mass, frame 1", "mass, frame 3"]


def test_images_that_say_where_they_lie_give_their_place(tmp_path):
    place = {
        "FrameOfReferenceUID": "1.2.5", "ImagePositionPatient": [10, 20, 30], "PixelSpacing": [0.3, 0.4],
        "ImageOrientationPatient": [0, 1, 0, 0, 0, -1], "SliceThickness": 1,
    }  # fmt: skip
    image = study(tmp_path / "image.dcm", spacing=False, **place)
    assert write([image], ONE, tmp_path / "seg.dcm") == []
    made = pydicom.dcmread(tmp_path / "seg.dcm")
    assert made.FrameOfReferenceUID == "1.2.5"
    shared = made.SharedFunctionalGroupsSequence[0]
    assert shared.PlaneOrientationSequence[0].ImageOrientationPatient == [0, 1, 0, 0, 0, -1]
    assert shared.PixelMeasuresSequence[0].PixelSpacing == [0.3, 0.4]
    del place["SliceThickness"]
    image = study(tmp_path / "thin.dcm", spacing=False, **place)
    assert write([image], ONE, tmp_path / "thin_seg.dcm") == []


# Nothing of the patient


def words_in(path: Path) -> list[str]:
    """What a file says of patient and study."""
    content = path.read_bytes().decode("latin-1")
    return [w for w in ({*PATIENT.values(), *OTHERS.values()} - {"F"}) if w in content]


def test_nothing_of_patient_and_study_is_taken_along(written, tmp_path):
    for path in written:
        made = pydicom.dcmread(path)
        assert words_in(path) == []
        assert str(tmp_path) not in path.read_bytes().decode("latin-1")
        assert {str(made.get(name, "")) for name in PATIENT} == {""}
        dates = {str(e.value) for e in made.iterall() if e.VR in ("DA", "DT") and e.value}
        assert dates == {"19000101"}


def test_the_free_text_about_a_place_in_the_patient_is_not_taken_along(tmp_path):
    place = {"FrameOfReferenceUID": "1.2.5", "ImagePositionPatient": [0, 0, 0], "PixelSpacing": [0.3, 0.4],
             "ImageOrientationPatient": [1, 0, 0, 0, 1, 0], "SliceThickness": 1}  # fmt: skip
    image = study(
        tmp_path / "image.dcm", spacing=False, PositionReferenceIndicator="Doe, left breast", **place
    )
    masks = block(10, 20, 22, 30)[None]
    write([image], [Outlined("mass", masks, MASS)], tmp_path / "seg.dcm", tmp_path / "sr.dcm")
    for name in ("seg.dcm", "sr.dcm"):
        assert b"Doe" not in (tmp_path / name).read_bytes()
    assert pydicom.dcmread(tmp_path / "seg.dcm").FrameOfReferenceUID == "1.2.5"


def test_with_keep_patient_a_pacs_finds_the_patient_and_the_study(loop, tmp_path):
    write([loop], OUTLINED, tmp_path / "seg.dcm", tmp_path / "sr.dcm", keep_patient=True)
    for name in ("seg.dcm", "sr.dcm"):
        made = pydicom.dcmread(tmp_path / name)
        assert {key: str(made.get(key)) for key in PATIENT} == PATIENT
        assert made.ContentDate > "20240317"
        assert not set(words_in(tmp_path / name)) & ({*OTHERS.values()} - {*PATIENT.values()})


# Other programs


def test_dcmqi_reads_the_voxels_back(written, tmp_path):
    done = run(
        tool("segimage2itkimage"), "--inputDICOM", written[0], "--outputDirectory", tmp_path, "-t", "nrrd"
    )
    assert done.returncode == 0, done.stdout + done.stderr
    for number, one in enumerate(OUTLINED, start=1):
        image = SimpleITK.ReadImage(str(tmp_path / f"{number}.nrrd"))
        assert image.GetSpacing()[:2] == pytest.approx((0.2, 0.1))
        voxels, first = SimpleITK.GetArrayFromImage(image) > 0, round(image.GetOrigin()[2])
        whole = np.zeros((FRAMES, HEIGHT, WIDTH), bool)
        whole[first : first + len(voxels)] = voxels
        np.testing.assert_array_equal(whole, one.masks)


def test_dcmqi_reads_the_sizes_back(written, tmp_path):
    out = tmp_path / "sr.json"
    done = run(tool("tid1500reader"), "--inputDICOM", written[1], "--outputMetadata", out)
    assert done.returncode == 0, done.stdout + done.stderr
    groups = {group["TrackingIdentifier"]: group for group in json.loads(out.read_text())["Measurements"]}
    assert groups.keys() == {"mass, frame 2", "mass, frame 4", "duct, frame 4"}
    items = groups["mass, frame 2"]["measurementItems"]
    areas = [item for item in items if item["quantity"]["CodeMeaning"] == "Area"]
    assert [(float(a["value"]), a["units"]["CodeValue"]) for a in areas] == [(pytest.approx(2.4), "mm2")]


@pytest.mark.parametrize("spacing", [True, False])
@pytest.mark.parametrize("keep", [True, False])
def test_dciodvfy_finds_no_error(tmp_path, spacing, keep):
    image = study(tmp_path / "image.dcm", spacing=spacing)
    write([image], ONE, tmp_path / "seg.dcm", tmp_path / "sr.dcm", keep_patient=keep)
    for name in ("seg.dcm", "sr.dcm"):
        done = run(tool("dciodvfy"), tmp_path / name)
        said = done.stdout + done.stderr
        assert "Error" not in said, said
        assert "Segmentation" in said or "ComprehensiveSR" in said


# What is wrong


def test_an_empty_segment_is_left_out_and_told_and_empty_alone_is_refused(loop, tmp_path):
    nothing = Outlined("shadow", stacked({}))
    notes = write([loop], [*OUTLINED, nothing], tmp_path / "seg.dcm")
    assert "Left out, as it is empty: shadow." in notes
    assert len(read(tmp_path / "seg.dcm").SegmentSequence) == 2
    with pytest.raises(ValueError, match="nothing is outlined, every mask is empty: outline something first"):
        write([loop], [nothing], tmp_path / "none.dcm")


def test_masks_of_another_size_are_refused(loop, tmp_path):
    for masks in (np.ones((FRAMES, HEIGHT, WIDTH + 1), bool), np.ones((1, HEIGHT, WIDTH), bool)):
        with pytest.raises(ValueError, match=rf"{WIDTH} x {HEIGHT}: give masks of these images"):
            write([loop], [Outlined("mass", masks)], tmp_path / "seg.dcm")
    assert not (tmp_path / "seg.dcm").exists()


def test_a_file_that_refers_to_no_study_is_refused(tmp_path):
    image = study(tmp_path / "image.dcm", StudyInstanceUID="")
    with pytest.raises(ValueError, match="has no StudyInstanceUID, so no DICOM object can refer to it: give"):
        write([image], ONE, tmp_path / "seg.dcm")


def test_a_header_that_breaks_the_standard_is_a_sentence(tmp_path):
    place = {
        "FrameOfReferenceUID": "1.2.5", "ImagePositionPatient": [10, 20, 30], "PixelSpacing": [0.3, 0.4],
        "ImageOrientationPatient": [0, 1],
    }  # fmt: skip
    image = study(tmp_path / "image.dcm", spacing=False, **place)
    with pytest.raises(ValueError, match=r"header that no DICOM object can be made on .* scanner again"):
        write([image], ONE, tmp_path / "seg.dcm")
    assert not (tmp_path / "seg.dcm").exists()


@pytest.mark.parametrize("taken", ["seg.dcm", "sr.dcm"])
def test_a_file_that_is_there_is_refused_and_nothing_is_written(loop, tmp_path, taken):
    (tmp_path / taken).write_bytes(b"mine")
    with pytest.raises(FileExistsError, match=f"{taken} is there already: give another name"):
        write([loop], OUTLINED, tmp_path / "seg.dcm", tmp_path / "sr.dcm")
    assert (tmp_path / taken).read_bytes() == b"mine"
    assert {path.name for path in tmp_path.iterdir()} == {"loop.dcm", taken}


def test_where_one_of_the_two_cannot_be_written_neither_is(loop, tmp_path):
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(OSError, match="file"):
        write([loop], OUTLINED, tmp_path / "seg.dcm", tmp_path / "file" / "sr.dcm")
    assert {path.name for path in tmp_path.iterdir()} == {"loop.dcm", "file"}


def test_a_full_disk_is_a_sentence_and_leaves_nothing(loop, tmp_path, monkeypatch):
    def full(self, path, *words, **options):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(path))

    monkeypatch.setattr(pydicom.Dataset, "save_as", full)
    with pytest.raises(DiskFullError, match=r"seg\.dcm cannot be written, its disk is full"):
        write([loop], OUTLINED, tmp_path / "seg.dcm", tmp_path / "sr.dcm")
    assert [path.name for path in tmp_path.iterdir()] == ["loop.dcm"]


REAL = Path(__file__).parents[3].parent / "shared/data/dicom"
WITH_SPACING = ("fodicom_DIRW0007", "pydicom_examples_palette", "pydicomdata_gdcm-US-ALOKA-16")


@pytest.mark.skipif(not REAL.is_dir(), reason=f"no real frames: {REAL} is not there")
@pytest.mark.parametrize("name", WITH_SPACING)
def test_dcmqi_reads_the_voxels_of_real_images_back(tmp_path, name):
    header = pydicom.dcmread(REAL / f"{name}.dcm", stop_before_pixels=True)
    masks = np.zeros((int(header.get("NumberOfFrames", 1)), header.Rows, header.Columns), bool)
    masks[-1, 120:160, 100:170] = True
    write([REAL / f"{name}.dcm"], [Outlined("mass", masks, MASS)], tmp_path / "seg.dcm", tmp_path / "sr.dcm")
    words = "--inputDICOM", tmp_path / "seg.dcm", "--outputDirectory", tmp_path, "-t", "nrrd"
    assert run(tool("segimage2itkimage"), *words).returncode == 0
    voxels = SimpleITK.GetArrayFromImage(SimpleITK.ReadImage(str(tmp_path / "1.nrrd")))
    np.testing.assert_array_equal(voxels.squeeze() > 0, masks[-1])
    ((_name, found),) = sizes(tmp_path / "sr.dcm")
    assert found["Area"][1] == "mm2"


def test_without_highdicom_the_sentence_says_how_to_get_it(loop, tmp_path, monkeypatch):
    monkeypatch.setattr("samca.dicom_objects.writing.find_spec", lambda name: None)
    assert not dicom_objects.available()
    with pytest.raises(RuntimeError, match=r"need the package highdicom: install it with `pip install"):
        write([loop], OUTLINED, tmp_path / "seg.dcm")


def test_importing_the_room_imports_neither_highdicom_nor_torch():
    code = "import sys, samca.dicom_objects; print({'highdicom', 'pydicom', 'torch'} & set(sys.modules))"
    assert run(sys.executable, "-c", code).stdout.strip() in ("set()", "")


def test_header_values_that_break_the_standard_are_no_warnings_for_the_user(tmp_path, recwarn):
    image = study(tmp_path / "image.dcm", ImageType=["ORIGINAL", "PRIMARY", "", "ABDOM/RAD"])
    recwarn.clear()
    write([image], [Outlined("mass", block(10, 20, 22, 30)[None], MASS)], tmp_path / "seg.dcm")
    assert [str(each.message) for each in recwarn] == []
