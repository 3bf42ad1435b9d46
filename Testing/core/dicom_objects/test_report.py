"""The report: every size under its code and in its unit, in the picture that it is of, and volumes."""

import json
import shutil
import subprocess
import sysconfig

import highdicom as hd
import numpy as np
import pydicom
import pytest
from pydicom.sequence import Sequence

from dicom_pictures import region
from dicom_studies import FRAMES, HEIGHT, WIDTH, block, study
from samca import dicom_objects
from samca.dicom_objects import Outlined
from samca.measures import measure

MASK = block(10, 20, 22, 30)
ON_A_SCREEN = {"FrameOfReferenceUID": "1.2.5", "ImageOrientationPatient": [1, 0, 0, 0, 1, 0]}
EVEN, UNEVEN, MIXED = [0, 0.5, 1], [0, 0.5, 2], [0, 1, 0.5]  # mm


def written(images, masks, folder, **more):
    """The content of a report, and the sentences about it."""
    one = Outlined("mass", masks, **more)
    notes = dicom_objects.write(images, [one], folder / "seg.dcm", folder / "sr.dcm", version="1.2")
    return hd.sr.srread(folder / "sr.dcm").content, notes


def values(group) -> dict[tuple[str, str], tuple[float, str]]:
    """Value and unit by scheme and code."""
    found = group.get_measurements()
    return {(m.name.scheme_designator, m.name.value): (m.value, m.unit.value) for m in found}


def of_one(image, mask, folder):
    (group,) = written([image], mask[None], folder)[0].get_planar_roi_measurement_groups()
    return values(group)


def in_space(folder, places):
    """Single images of a series that lie at these mm along z, 0.4 x 0.3 mm (x, y) a pixel."""
    return [
        study(folder / f"{n}.dcm", spacing=False, number=n, PixelSpacing=[0.3, 0.4], SliceThickness=1,
              ImagePositionPatient=[0, 0, z], **ON_A_SCREEN)
        for n, z in enumerate(places, start=1)
    ]  # fmt: skip


def item(**elements) -> pydicom.Dataset:
    made = pydicom.Dataset()
    for name, value in elements.items():
        setattr(made, name, value)
    return made


def sweep(path, places):
    """The same in one file, as functional groups."""
    shared = item(
        PixelMeasuresSequence=[item(PixelSpacing=[0.3, 0.4], SliceThickness=1)],
        PlaneOrientationSequence=[item(ImageOrientationPatient=[1, 0, 0, 0, 0, -1])],
    )
    each = [item(PlanePositionSequence=[item(ImagePositionPatient=[0, y, 0])]) for y in places]
    groups = {"SharedFunctionalGroupsSequence": [shared], "PerFrameFunctionalGroupsSequence": each}
    return study(path, len(places), spacing=False, FrameOfReferenceUID="1.2.5", **groups)


def volumes_in(content) -> list:
    return content.get_volumetric_roi_measurement_groups()


def test_every_size_has_its_code_and_unit(tmp_path):
    image = study(tmp_path / "image.dcm")
    pixels = pydicom.dcmread(image).pixel_array
    found, sizes = of_one(image, MASK, tmp_path), measure(MASK, (0.1, 0.2), pixels)
    assert found == {
        ("SCT", "42798000"): (pytest.approx(12 * 10 * 0.02), "mm2"),
        ("SCT", "103339001"): (pytest.approx(sizes.long_axis.length, abs=1e-5), "mm"),
        ("SCT", "103340004"): (pytest.approx(sizes.short_axis.length, abs=1e-5), "mm"),
        ("SCT", "131191004"): (pytest.approx(sizes.perimeter, abs=1e-5), "mm"),
        ("SCT", "131197000"): (pytest.approx(1.0), "mm"),
        ("SCT", "103355008"): (pytest.approx(2.4), "mm"),
        ("DCM", "121243"): (pytest.approx(1.2), "mm"),  # from the top of the region, below the banner
        ("99SAMCA", "depth_to_width"): (pytest.approx(1.0 / 2.4, abs=1e-5), "1"),
        ("99SAMCA", "circularity"): (pytest.approx(sizes.circularity, abs=1e-5), "1"),
        ("IBSI", "Q4LE"): (pytest.approx(pixels[MASK].mean(), abs=1e-5), "1"),
        ("99SAMCA", "mean_ring"): (pytest.approx(sizes.mean_ring, abs=1e-5), "1"),
    }
    said = pydicom.dcmread(tmp_path / "sr.dcm").CodingSchemeIdentificationSequence
    assert [one.CodingSchemeDesignator for one in said] == ["99SAMCA"]


def test_brightness_of_a_loop_is_that_of_the_outlined_frame(tmp_path):
    loop = study(tmp_path / "loop.dcm", FRAMES)
    masks = np.zeros((FRAMES, HEIGHT, WIDTH), bool)
    masks[3] = MASK
    (group,) = written([loop], masks, tmp_path)[0].get_planar_roi_measurement_groups()
    expected = pydicom.dcmread(loop).pixel_array[3][MASK].mean()
    assert values(group)["IBSI", "Q4LE"][0] == pytest.approx(expected, abs=1e-5)


def test_pixels_that_cannot_be_read_leave_brightness_out_and_are_told(tmp_path):
    image = study(tmp_path / "image.dcm")
    broken = pydicom.dcmread(image)
    broken.PixelData = broken.PixelData[:100]
    broken.save_as(image)
    content, notes = written([image], MASK[None], tmp_path)
    (group,) = content.get_planar_roi_measurement_groups()
    assert any(note.startswith("The report has no brightness: ") for note in notes)
    assert ("IBSI", "Q4LE") not in values(group)
    assert values(group)["SCT", "103355008"] == (pytest.approx(2.4), "mm")


def test_of_two_pictures_on_a_screen_sizes_are_of_the_one_with_the_outline(tmp_path):
    right = region(32, 16, WIDTH - 1, HEIGHT - 1, 0.05, 0.03)
    both = Sequence([region(0, 8, 31, HEIGHT - 1, 0.02, 0.01), right])
    image = study(tmp_path / "image.dcm", spacing=False, SequenceOfUltrasoundRegions=both)
    found = of_one(image, block(40, 26, 50, 36), tmp_path)
    assert found["SCT", "103355008"] == (pytest.approx(10 * 0.5), "mm")
    assert found["DCM", "121243"] == (pytest.approx(10 * 0.3), "mm")  # from that picture's own top


def test_a_series_at_even_steps_has_a_volume_by_voxels(tmp_path):
    masks = np.stack([MASK, MASK, block(0, 0, 0, 0)])
    content, notes = written(in_space(tmp_path, EVEN), masks, tmp_path)
    (group,) = volumes_in(content)
    assert values(group) == {("SCT", "118565006"): (pytest.approx(240 * 0.3 * 0.4 * 0.5), "mm3")}
    assert group.get_measurements()[0].method.value == "126030"
    assert group.tracking_identifier == "mass"
    assert not any("volume" in note for note in notes)
    assert len(content.get_planar_roi_measurement_groups()) == 2


def test_so_has_a_sweep_in_one_file(tmp_path):
    masks = np.stack([MASK, MASK, MASK])
    (group,) = volumes_in(written([sweep(tmp_path / "sweep.dcm", EVEN)], masks, tmp_path)[0])
    assert values(group)["SCT", "118565006"] == (pytest.approx(360 * 0.3 * 0.4 * 0.5), "mm3")
    uneven = tmp_path / "uneven"
    uneven.mkdir()
    assert volumes_in(written([sweep(uneven / "sweep.dcm", UNEVEN)], masks, uneven)[0]) == []


@pytest.mark.parametrize("places", [UNEVEN, MIXED])
def test_frames_without_one_step_have_no_volume_which_is_told(tmp_path, places):
    content, notes = written(in_space(tmp_path, places), np.stack([MASK] * 3), tmp_path)
    assert volumes_in(content) == []
    assert any(note.startswith("The report has no volume, as nothing in the images says") for note in notes)


def test_the_millimetre_between_the_frames_of_a_loop_makes_no_volume(tmp_path):
    loop = study(tmp_path / "loop.dcm", FRAMES)
    content, notes = written([loop], np.stack([MASK] * FRAMES), tmp_path)
    assert volumes_in(content) == []
    assert any("no volume" in note for note in notes)
    assert "mm3" not in str(pydicom.dcmread(tmp_path / "sr.dcm"))


def test_a_single_image_has_no_volume_and_nobody_asks_for_one(tmp_path):
    content, notes = written([study(tmp_path / "image.dcm")], MASK[None], tmp_path)
    assert volumes_in(content) == []
    assert not any("volume" in note for note in notes)


@pytest.mark.parametrize("colour", [(1.0, 0.0, 0.0), (0.2, 0.6, 0.4)])
def test_a_segment_is_shown_in_its_colour(tmp_path, colour):
    written([study(tmp_path / "image.dcm")], MASK[None], tmp_path, colour=colour)
    stored = hd.seg.segread(tmp_path / "seg.dcm").SegmentSequence[0].RecommendedDisplayCIELabValue
    scaled = np.array(stored) / 0xFFFF
    lab = scaled[0] * 100, *(scaled[1:] * 255 - 128)
    shown = hd.color.CIELabColor(*lab).to_rgb()
    assert np.divide(shown, 255) == pytest.approx(colour, abs=0.01)


def test_without_a_colour_programs_choose_one(tmp_path):
    written([study(tmp_path / "image.dcm")], MASK[None], tmp_path)
    made = hd.seg.segread(tmp_path / "seg.dcm")
    assert "RecommendedDisplayCIELabValue" not in made.SegmentSequence[0]


# Other programs


def tool(name: str) -> str:
    found = shutil.which(name, path=sysconfig.get_path("scripts")) or shutil.which(name)
    if not found:
        pytest.skip(f"{name} is not installed")
    return found


def test_dcmqi_reads_every_size_and_the_volume_back(tmp_path):
    reader = tool("tid1500reader")
    written(in_space(tmp_path, EVEN), np.stack([MASK] * 3), tmp_path)
    words = [reader, "--inputDICOM", tmp_path / "sr.dcm", "--outputMetadata", tmp_path / "sr.json"]
    done = subprocess.run(list(map(str, words)), capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    groups = json.loads((tmp_path / "sr.json").read_text())["Measurements"]
    read = {
        group["TrackingIdentifier"]: {
            item["quantity"]["CodeValue"]: (float(item["value"]), item["units"]["CodeValue"])
            for item in group["measurementItems"]
        }
        for group in groups
    }
    assert read.keys() == {"mass", *(f"mass, frame {n}" for n in (1, 2, 3))}
    assert read["mass"] == {"118565006": (pytest.approx(360 * 0.3 * 0.4 * 0.5), "mm3")}
    assert len(read["mass, frame 1"]) == 11
    assert read["mass, frame 1"]["depth_to_width"] == (pytest.approx(3 / 4.8), "1")


def test_dciodvfy_finds_no_error_in_a_report_with_a_volume_nor_in_colours(tmp_path):
    checker = tool("dciodvfy")
    written(in_space(tmp_path, EVEN), np.stack([MASK] * 3), tmp_path, colour=(1.0, 0.5, 0.0))
    for name in ("seg.dcm", "sr.dcm"):
        done = subprocess.run([checker, str(tmp_path / name)], capture_output=True, text=True, check=False)
        assert "Error" not in done.stdout + done.stderr, done.stdout + done.stderr
