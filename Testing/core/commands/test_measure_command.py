"""`samca measure`: what is printed and written of masks of pictures, loops, volumes and segmentations."""

import numpy as np
import pytest
import SimpleITK
from PIL import Image
from pydicom.sequence import Sequence

from dicom_pictures import picture, region, saved, smooth
from samca import spreadsheets
from samca.__main__ import main
from samca.images import frames, masks

SPACING = (0.25, 0.5, 2.0)  # i, j, k


def volume(path, voxels, spacing=SPACING, origin=(4.0, -3.0, 1.0), texts=None):
    """Write (K, J, I) voxels, and return the path."""
    image = SimpleITK.GetImageFromArray(voxels)
    image.SetSpacing(spacing)
    image.SetOrigin(origin)
    for name, text in (texts or {}).items():
        image.SetMetaData(name, text)
    SimpleITK.WriteImage(image, str(path))
    return str(path)


def segments(layers):
    """Texts of a segmentation whose segments are (name, layer, value)."""
    found = {}
    for number, (name, layer, value) in enumerate(layers):
        words = {"ID": f"id{number}", "Name": name, "Layer": str(layer), "LabelValue": str(value)}
        found |= {f"Segment{number}_{key}": text for key, text in words.items()}
    return found


@pytest.fixture
def sweep(tmp_path):
    return volume(tmp_path / "sweep.nrrd", np.full((4, 20, 30), 50, np.uint8))


@pytest.fixture
def outlined():
    voxels = np.zeros((4, 20, 30), np.uint8)
    voxels[1:3, 5:11, 8:20] = 1
    return voxels


def measured(*words):
    assert main(["measure", *map(str, words)]) == 0


def table(path):
    return spreadsheets.read(path)[1]


def test_a_picture_is_measured_in_px(tmp_path, capsys):
    mask = np.zeros((20, 30), np.uint8)
    mask[5:11, 8:20] = 255
    Image.fromarray(np.full((20, 30), 50, np.uint8)).save(tmp_path / "frame.png")
    Image.fromarray(mask).save(tmp_path / "mask.png")
    measured(tmp_path / "frame.png", tmp_path / "mask.png", "--csv", tmp_path / "sizes.csv")
    said = capsys.readouterr().out
    assert said.startswith("object, frame 0: Computed from the outline, no category: 13 x ")
    assert "Area 72 px², perimeter 34.83 px" in said
    assert ", skin distance 5 px, brightness 50 inside, 50 in a ring around. " in said
    assert "not in mm" in said
    (row,) = table(tmp_path / "sizes.csv")
    assert (row["segment"], row["frame"], row["part"], row["unit"]) == ("object", "0", "all", "px")
    assert (row["area"], row["depth"], row["width"], row["mean_inside"]) == ("72.0", "6.0", "12.0", "50.0")


def test_a_sweep_has_a_row_for_each_frame_and_its_volume(tmp_path, capsys, sweep, outlined):
    mask = volume(tmp_path / "mask.nrrd", outlined)
    measured(sweep, mask, "--csv", tmp_path / "sizes.csv")
    rows = table(tmp_path / "sizes.csv")
    assert [row["frame"] for row in rows] == ["1", "2", "all"]
    assert [float(row["area"] or 0) for row in rows] == [72 * 0.125, 72 * 0.125, 0]
    assert float(rows[0]["depth"]) == 6 * 0.5
    assert float(rows[2]["volume"]) == 144 * 0.25
    assert "volume 36 mm³, 0.036 ml, by voxels" in capsys.readouterr().out


@pytest.mark.parametrize(("step", "expected"), [(2.0, [144 * 0.25]), (1.0, [])])
def test_of_nifti_there_is_a_volume_where_slices_are_no_moments_1_apart(tmp_path, outlined, step, expected):
    spacing = (*SPACING[:2], step)
    sweep = volume(tmp_path / "sweep.nii.gz", outlined, spacing)
    measured(sweep, volume(tmp_path / "mask.nii.gz", outlined, spacing), "--csv", tmp_path / "sizes.csv")
    found = [float(row["volume"]) for row in table(tmp_path / "sizes.csv") if row["volume"]]
    assert found == pytest.approx(expected)


def test_each_part_has_a_row_beside_all_of_them(tmp_path, sweep, outlined):
    outlined[1, 15:18, 25:28] = 1
    measured(sweep, volume(tmp_path / "mask.nrrd", outlined), "--csv", tmp_path / "sizes.csv")
    rows = [row for row in table(tmp_path / "sizes.csv") if row["frame"] == "1"]
    assert [row["part"] for row in rows] == ["all", "1", "2"]
    assert [row["pixels"] for row in rows] == ["81", "72", "9"]
    assert "in 2 parts" in rows[0]["notes"]


def test_each_label_is_a_segment(tmp_path, capsys, sweep, outlined):
    outlined[2, 15:18, 25:28] = 3
    measured(sweep, volume(tmp_path / "labels.nrrd", outlined), "--frame", 2)
    said = capsys.readouterr().out.splitlines()
    assert [line.split(",")[0] for line in said] == ["1", "3"]


def test_segments_have_the_names_that_slicer_gave_them(tmp_path, capsys, sweep, outlined):
    outlined[2, 15:18, 25:28] = 2
    texts = segments([("Cyst", 0, 2), ("Nodule", 0, 1), ("Nothing", 0, 7)])
    measured(sweep, volume(tmp_path / "a.seg.nrrd", outlined, texts=texts))
    said = capsys.readouterr().out
    assert "Cyst, frame 2: " in said
    assert "Nodule, frame 1: " in said
    assert "Nothing, frame 0: The object is empty" in said


@pytest.mark.parametrize("layers", [2, 3])
def test_segments_that_overlap_lie_in_layers(tmp_path, capsys, sweep, outlined, layers):
    voxels = np.zeros((*outlined.shape, layers), np.uint8)
    voxels[..., 0], voxels[1, 2:4, 2:9, 1] = outlined, 1
    header = "\n".join(
        [
            "NRRD0004",
            "type: uint8",
            "dimension: 4",
            f"sizes: {layers} 30 20 4",
            "kinds: list domain domain domain",
            "space: left-posterior-superior",
            "space directions: none (0.25,0,0) (0,0.5,0) (0,0,2)",
            "space origin: (4,-3,1)",
            "encoding: raw",
            *(f"{name}:={text}" for name, text in segments([("A", 0, 1), ("B", 1, 1)]).items()),
        ]
    )
    (tmp_path / "a.seg.nrrd").write_bytes(header.encode() + b"\n\n" + voxels.tobytes())
    measured(sweep, tmp_path / "a.seg.nrrd", "--csv", tmp_path / "sizes.csv")
    rows = [row for row in table(tmp_path / "sizes.csv") if row["frame"] != "all"]
    assert [(row["segment"], row["frame"], row["pixels"]) for row in rows] == [
        ("A", "1", "72"),
        ("A", "2", "72"),
        ("B", "1", "14"),
    ]


def test_a_segmentation_that_covers_a_part_is_put_in_its_place(tmp_path, sweep, outlined):
    origin = (4 + 8 * 0.25, -3 + 5 * 0.5, 1 + 2.0)
    cut = outlined[1:3, 5:11, 8:20].copy()
    measured(sweep, volume(tmp_path / "part.nrrd", cut, origin=origin), "--csv", tmp_path / "sizes.csv")
    rows = table(tmp_path / "sizes.csv")
    assert [row["frame"] for row in rows] == ["1", "2", "all"]
    assert float(rows[0]["skin_distance"]) == 5 * 0.5


def test_what_segment_writes_is_measured(tmp_path, sweep, outlined):
    frame = frames.read(sweep, 2)
    masks.write_mask(tmp_path / "mask.seg.nrrd", outlined[2] > 0, frame)
    masks.write_mask(tmp_path / "mask.png", outlined[2] > 0, frame)
    for name in ("mask.seg.nrrd", "mask.png"):
        measured(sweep, tmp_path / name, "--frame", 2, "--csv", tmp_path / "sizes.csv")
        (row,) = table(tmp_path / "sizes.csv")
        assert (row["frame"], row["pixels"], row["unit"]) == ("2", "72", "mm")


REFUSED = {
    "one frame of several": (np.ones((1, 20, 30), np.uint8), {}, "say which with --frame"),
    "another size": (np.ones((4, 20, 31), np.uint8), {}, "give the mask of this image"),
    "beyond the image": (np.ones((2, 6, 12), np.uint8), {"origin": (11.0, -3.0, 1.0)}, "give the mask"),
    "other voxels": (np.ones((2, 6, 12), np.uint8), {"spacing": (0.3, 0.5, 2.0)}, "give the mask"),
    "a picture": (np.arange(2400).reshape(4, 20, 30).astype(np.uint8), {}, "is no mask"),
    "an image": (np.arange(2400, dtype=np.uint16).reshape(4, 20, 30), {}, "is no mask"),
    "fractions": (np.full((4, 20, 30), 0.5, np.float32), {}, "is no mask"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_no_mask_of_the_image_is_refused_in_a_sentence(tmp_path, capsys, sweep, name):
    voxels, place, sentence = REFUSED[name]
    mask = volume(tmp_path / "mask.nrrd", voxels, **place)
    assert main(["measure", sweep, mask, "--csv", str(tmp_path / "sizes.csv")]) == 2
    said = capsys.readouterr().err
    assert sentence in said
    assert said.count("\n") == 1
    assert not (tmp_path / "sizes.csv").exists()


def test_a_mask_that_lies_in_other_directions_is_refused(tmp_path, capsys, sweep, outlined):
    image = SimpleITK.GetImageFromArray(outlined)
    image.SetDirection((-1, 0, 0, 0, -1, 0, 0, 0, 1))
    SimpleITK.WriteImage(image, str(tmp_path / "mask.nrrd"))
    assert main(["measure", sweep, str(tmp_path / "mask.nrrd")]) == 2
    assert "other directions" in capsys.readouterr().err


def test_a_frame_that_does_not_exist_is_refused(tmp_path, capsys, sweep, outlined):
    mask = volume(tmp_path / "mask.nrrd", outlined)
    assert main(["measure", sweep, mask, "--frame", "4"]) == 2
    assert "frame 4 does not exist" in capsys.readouterr().err


def test_the_table_is_not_written_over_the_mask(tmp_path, capsys, sweep, outlined):
    mask = volume(tmp_path / "mask.nrrd", outlined)
    assert main(["measure", sweep, mask, "--csv", mask]) == 2
    assert "is what is read as" in capsys.readouterr().err


def test_no_volume_where_the_distance_of_frames_is_not_known(tmp_path, capsys, outlined):
    header = "NRRD0004\ntype: uint8\ndimension: 3\nsizes: 30 20 4\nspacings: 0.25 0.5 0\nencoding: raw\n\n"
    (tmp_path / "sweep.nrrd").write_bytes(header.encode() + outlined.tobytes())
    measured(tmp_path / "sweep.nrrd", tmp_path / "sweep.nrrd")
    said = capsys.readouterr().out
    assert "How far the frames lie apart is not known: no volume." in said
    assert "mm³" not in said


def sizes_on(elements, folder, *also):
    """The rows of the table of a block on a DICOM screen of 60 x 100 px, with other blocks as one object."""
    saved(elements, folder / "screen.dcm")
    mask = np.zeros((60, 100), np.uint8)
    for place in (np.s_[20:30, 60:80], *also):
        mask[place] = 255
    Image.fromarray(mask).save(folder / "mask.png")
    measured(folder / "screen.dcm", folder / "mask.png", "--csv", folder / "sizes.csv")
    return table(folder / "sizes.csv")


def test_of_pictures_side_by_side_the_one_counts_that_holds_the_object(tmp_path, capsys):
    elements = picture(smooth(0, 60, 100).astype(np.uint8))
    elements.SequenceOfUltrasoundRegions = Sequence(
        [region(0, 10, 49, 59, 0.02, 0.02), region(50, 10, 99, 59, 0.05, 0.04)]
    )
    (row,) = sizes_on(elements, tmp_path)
    assert [float(row[name]) for name in ("depth", "width", "skin_distance")] == [4, 10, 4]
    rows = sizes_on(elements, tmp_path, np.s_[40:44, 10:20])
    assert {row["unit"] for row in rows} == {"px"}


@pytest.mark.parametrize("spacings", ["", "spacings: 1 1 1\n"])
def test_1_mm_in_a_file_means_that_nobody_knows(tmp_path, capsys, outlined, spacings):
    header = f"NRRD0004\ntype: uint8\ndimension: 3\nsizes: 30 20 4\n{spacings}encoding: raw\n\n"
    (tmp_path / "sweep.nrrd").write_bytes(header.encode() + outlined.tobytes())
    measured(tmp_path / "sweep.nrrd", tmp_path / "sweep.nrrd", "--csv", tmp_path / "sizes.csv")
    assert {row["unit"] for row in table(tmp_path / "sizes.csv")} == {"px"}
    assert "mm³" not in capsys.readouterr().out


def test_1_mm_in_a_dicom_file_is_1_mm(tmp_path):
    elements = picture(smooth(0, 60, 100).astype(np.uint8))
    elements.PixelSpacing = [1, 1]
    assert sizes_on(elements, tmp_path)[0]["unit"] == "mm"


@pytest.mark.parametrize(("top", "skin", "cut"), [(10, 4, ""), (20, 0, "top"), (22, 0, "top")])
def test_skin_and_edges_are_those_of_the_picture_below_a_banner(tmp_path, top, skin, cut):
    elements = picture(smooth(0, 60, 100).astype(np.uint8))
    elements.SequenceOfUltrasoundRegions = Sequence([region(5, top, 94, 59, 0.05, 0.04)])
    (row,) = sizes_on(elements, tmp_path)
    assert (float(row["skin_distance"]), row["cut_by"]) == (skin, cut)
    assert [float(row[name]) for name in ("depth", "width")] == [4, 10]


def test_what_lies_in_the_spectrum_below_a_picture_is_in_px(tmp_path, capsys):
    elements = picture(smooth(0, 60, 100).astype(np.uint8))
    spectrum = region(0, 40, 99, 59, 0.01, 2, RegionSpatialFormat=3, PhysicalUnitsXDirection=4)
    elements.SequenceOfUltrasoundRegions = Sequence([region(0, 0, 99, 39, 0.05, 0.04), spectrum])
    saved(elements, tmp_path / "screen.dcm")
    mask = np.zeros((60, 100), np.uint8)
    mask[45:50, 60:80] = 255
    Image.fromarray(mask).save(tmp_path / "mask.png")
    measured(tmp_path / "screen.dcm", tmp_path / "mask.png", "--csv", tmp_path / "sizes.csv")
    (row,) = table(tmp_path / "sizes.csv")
    assert (row["unit"], row["area"]) == ("px", "100.0")
    assert "lies beside the image on this screen: lengths are in px" in capsys.readouterr().out
