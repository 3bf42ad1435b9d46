"""`samca dicom-seg`: masks of every kind of file as DICOM objects."""

import highdicom as hd
import numpy as np
import pytest
import SimpleITK
from PIL import Image

from dicom_studies import FRAMES, HEIGHT, WIDTH, block, study
from samca.__main__ import main
from samca.images import frames, masks

ENTRY = (
    "Segmentation category and type - 3D Slicer General Anatomy list~SCT^49755003^Morphologically Altered "
    "Structure~SCT^4147007^Mass~^^~Anatomic codes - DICOM master list~SCT^76752008^Breast~^^"
)


@pytest.fixture
def place(tmp_path, monkeypatch):
    """The folder that the command line is in, with an image, a loop and a mask of one frame."""
    monkeypatch.chdir(tmp_path)
    study(tmp_path / "image.dcm")
    study(tmp_path / "loop.dcm", FRAMES)
    Image.fromarray(255 * block(10, 20, 22, 30).astype(np.uint8)).save("mask.png")
    return tmp_path


def segments(path) -> dict[str, int]:
    """Label and pixels of each segment."""
    made = hd.seg.segread(path)
    pixels = np.reshape(made.pixel_array, (-1, HEIGHT, WIDTH))
    groups = made.PerFrameFunctionalGroupsSequence
    if len(made.SegmentSequence) == 1:
        return {made.SegmentSequence[0].SegmentLabel: int(pixels.sum())}
    number = [g.SegmentIdentificationSequence[0].ReferencedSegmentNumber for g in groups]
    return {
        one.SegmentLabel: int(sum(p.sum() for p, n in zip(pixels, number, strict=True) if n == place))
        for place, one in enumerate(made.SegmentSequence, start=1)
    }


def test_a_mask_of_an_image_becomes_a_segmentation_and_a_report(place, capsys):
    assert main(["dicom-seg", "image.dcm", "mask.png", "--out", "seg.dcm", "--report", "sr.dcm"]) == 0
    said = capsys.readouterr().out
    assert said.startswith("seg.dcm: 1 segment of image.dcm; sr.dcm: a report with the sizes. The images")
    assert segments("seg.dcm") == {"object": 120}
    assert len(hd.sr.srread("sr.dcm").content.get_planar_roi_measurement_groups()) == 1


def test_a_mask_of_one_frame_of_a_loop_needs_its_number(place, capsys):
    assert main(["dicom-seg", "loop.dcm", "mask.png", "--out", "seg.dcm"]) == 2
    assert "say which with --frame" in capsys.readouterr().err
    assert main(["dicom-seg", "loop.dcm", "mask.png", "--frame", "3", "--out", "seg.dcm"]) == 0
    group = hd.seg.segread("seg.dcm").PerFrameFunctionalGroupsSequence[0]
    assert group.DerivationImageSequence[0].SourceImageSequence[0].ReferencedFrameNumber == 4


def test_what_samca_segment_has_written_fits(place):
    frame = frames.read("loop.dcm", 2)
    masks.write_mask("mask.seg.nrrd", block(5, 10, 15, 20), frame)
    assert main(["dicom-seg", "loop.dcm", "mask.seg.nrrd", "--out", "seg.dcm"]) == 0
    assert segments("seg.dcm") == {"SAMCA": 100}


def test_names_terms_and_colours_of_slicers_segmentation_are_taken(place):
    labels = np.stack([block(5, 10, 15, 20) + 2 * block(30, 30, 35, 36)] * FRAMES).astype(np.uint8)
    image = SimpleITK.GetImageFromArray(labels)
    for number, (name, entry) in enumerate((("Cyst | left", ENTRY), ("Rest", ""))):
        tags = f"Segmentation.Status:inprogress|TerminologyEntry:{entry}|" if entry else ""
        for key, value in {"ID": f"S{number}", "Name": name, "LabelValue": f"{number + 1}", "Layer": "0",
                           "Tags": tags, "Extent": "0 63 0 47 0 4",
                           "Color": ("1 0 0", "red")[number]}.items():  # fmt: skip
            image.SetMetaData(f"Segment{number}_{key}", value)
    SimpleITK.WriteImage(image, "mask.seg.nrrd")
    assert main(["dicom-seg", "loop.dcm", "mask.seg.nrrd", "--out", "seg.dcm"]) == 0
    assert segments("seg.dcm") == {"Cyst | left": 100 * FRAMES, "Rest": 30 * FRAMES}
    types = [one.segmented_property_type.meaning for one in hd.seg.segread("seg.dcm").SegmentSequence]
    assert types == ["Mass", "Tissue"]
    coloured = ["RecommendedDisplayCIELabValue" in one for one in hd.seg.segread("seg.dcm").SegmentSequence]
    assert coloured == [True, False]  # what says no colour has none


def test_with_keep_patient_it_is_the_patients(place):
    assert main(["dicom-seg", "image.dcm", "mask.png", "--out", "seg.dcm", "--keep-patient"]) == 0
    assert str(hd.seg.segread("seg.dcm").PatientName) == "Doe^Jane"


WRONG = {
    "no DICOM": (["mask.png", "mask.png"], "mask.png is no DICOM file: give the image"),
    "another size": (["image.dcm", "small.png"], "small.png has 9 x 9 px in 1 frames and the image"),
    "empty": (["image.dcm", "black.png"], "nothing is outlined, every mask is empty: outline"),
    "no mask": (["image.dcm", "none.png"], "none.png is not a file: give a mask"),
    "report onto the mask": (["image.dcm", "mask.png", "--report", "mask.png"], "is what is read as"),
    "report onto the segmentation": (["image.dcm", "mask.png", "--report", "seg.dcm"], "both would be"),
    "there already": (["image.dcm", "mask.png", "--report", "black.png"], "black.png is there already: give"),
}


@pytest.mark.parametrize("name", WRONG)
def test_what_is_wrong_is_one_sentence_and_nothing_is_written(place, capsys, name):
    words, expected = WRONG[name]
    Image.fromarray(np.full((9, 9), 255, np.uint8)).save("small.png")
    Image.fromarray(np.zeros((HEIGHT, WIDTH), np.uint8)).save("black.png")
    before = {path.name: path.read_bytes() for path in place.iterdir()}
    assert main(["dicom-seg", *words, "--out", "seg.dcm"]) == 2
    said = capsys.readouterr().err
    assert expected in said
    assert said.count("\n") == 1
    assert {path.name: path.read_bytes() for path in place.iterdir()} == before


def test_without_highdicom_the_sentence_says_how_to_get_it(place, capsys, monkeypatch):
    monkeypatch.setattr("samca.commands.dicom_seg.available", lambda: False)
    assert main(["dicom-seg", "image.dcm", "mask.png", "--out", "seg.dcm"]) == 2
    assert "need the package highdicom: install it with `pip install" in capsys.readouterr().err
