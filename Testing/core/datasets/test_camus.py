"""CAMUS in both its releases, written small: patients, views, splits, and what can be missing or damaged."""

from pathlib import Path

import numpy as np
import pytest
import SimpleITK

from dataset_files import HEIGHT, WIDTH, ids, only_problem, picture
from samca import datasets
from samca.datasets.loops import loops_of
from samca.images import frames

FRAMES = ("2CH_ED", "2CH_ES", "4CH_ED", "4CH_ES")
SPACING = (0.25, 0.5)  # mm
LISTS = {"training": "train", "validation": "val", "testing": "test"}


def heart() -> np.ndarray:
    """(HEIGHT, WIDTH) uint8: ventricle 1 within muscle 2, atrium 3 below."""
    labels = np.zeros((HEIGHT, WIDTH), np.uint8)
    labels[1:9, 3:12] = 2
    labels[3:9, 5:10] = 1
    labels[9:13, 4:11] = 3
    return labels


def volume(path: Path, pixels: np.ndarray) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    image = SimpleITK.GetImageFromArray(pixels[None] if path.suffix == ".mhd" else pixels)
    image.SetSpacing((*SPACING, 1.0)[: image.GetDimension()])
    SimpleITK.WriteImage(image, str(path))
    return path


def patient(folder: Path, number: int, suffix: str, truth: bool = True) -> Path:
    """A patient's folder as published, with a sequence and a text beside the frames."""
    place = folder / f"patient{number:04d}"
    for index, frame in enumerate(FRAMES):
        volume(place / f"{place.name}_{frame}{suffix}", picture(4 * number + index))
        if truth:
            volume(place / f"{place.name}_{frame}_gt{suffix}", heart())
    volume(place / f"{place.name}_2CH_{'half_' * (suffix != '.mhd')}sequence{suffix}", picture())
    (place / "Info_2CH.cfg").write_text("ED: 1\nES: 18\n")
    return place


@pytest.fixture
def first(tmp_path):
    """The first release: patients are counted from 1 in both folders, those to test with have no truth."""
    for number in (1, 2):
        patient(tmp_path / "training", number, ".mhd")
    patient(tmp_path / "testing", 1, ".mhd", truth=False)
    return tmp_path


@pytest.fixture
def newer(tmp_path):
    for number in (1, 2, 3):
        patient(tmp_path / "database_nifti", number, ".nii.gz")
    (tmp_path / "database_split").mkdir()
    for number, word in enumerate(LISTS, 1):
        (tmp_path / f"database_split/subgroup_{word}.txt").write_text(f"patient{number:04d}\n")
    return tmp_path


def test_the_first_release_has_its_frames_truth_spacing_and_split(first):
    dataset = datasets.checked(first)
    assert ids(dataset) == [
        f"{name}_{frame}"
        for name in ("patient0001", "patient0002", "testing_patient0001")
        for frame in FRAMES
    ]
    assert [case.split for case in dataset.cases] == ["train"] * 8 + ["test"] * 4
    assert [case.has_truth for case in dataset.cases] == [True] * 8 + [False] * 4
    case = dataset.cases[1]
    assert (case.source, case.group, case.loop, case.spacing_mm) == ("camus", "patient0001", "2CH", SPACING)
    assert np.array_equal(case.pixels(), picture(5))
    assert dataset.left_out == ()


@pytest.mark.parametrize("layout", ["first", "newer"])
def test_each_structure_is_a_target_with_its_name(layout, request):
    case = datasets.checked(request.getfixturevalue(layout)).cases[0]
    assert {case.kind_of(target): int(target.sum()) for target in case.targets()} == {
        "left ventricle": 30,
        "myocardium": 42,
        "left atrium": 28,
    }
    assert np.array_equal(case.structures()[3], heart() == 3)


def test_the_newer_release_has_the_authors_split_of_patients(newer):
    dataset = datasets.checked(newer)
    assert {case.group: case.split for case in dataset.cases} == {
        "patient0001": "train",
        "patient0002": "val",
        "patient0003": "test",
    }
    assert all(case.spacing_mm == SPACING for case in dataset.cases)
    assert dataset.left_out == ()


@pytest.mark.parametrize(("layout", "folder"), [("newer", "database_nifti"), ("first", "testing")])
def test_a_folder_of_patients_by_itself_says_the_same(layout, folder, request):
    root = request.getfixturevalue(layout)
    of_part = datasets.checked(root / folder).cases
    assert of_part == tuple(
        case for case in datasets.checked(root).cases if case.image.is_relative_to(root / folder)
    )
    assert of_part


def test_without_lists_no_split_is_known(tmp_path):
    patient(tmp_path, 7, ".nii.gz")
    assert {case.split for case in datasets.checked(tmp_path).cases} == {""}


def test_views_of_a_patient_are_loops_of_their_own(newer):
    cases = datasets.checked(newer).cases[:4]
    assert loops_of(cases) == [(0, 1), (2, 3)]


@pytest.mark.parametrize("suffix", [".mhd", ".nii.gz", ".nii"])
def test_spacing_by_the_header_alone_is_that_of_the_whole_file(tmp_path, suffix):
    path = volume(tmp_path / f"frame{suffix}", picture())
    assert datasets.images.read_spacing(path) == frames.read(path).spacing_mm == SPACING


@pytest.mark.parametrize(
    ("lost", "expected"),
    [("4CH_ES.nii.gz", "no patient0002_4CH_ES:"), ("2CH_ED_gt.nii.gz", "no patient0002_2CH_ED_gt:")],
)
def test_a_lost_frame_or_its_truth_is_named_and_the_others_are_read(newer, lost, expected):
    (newer / "database_nifti/patient0002" / f"patient0002_{lost}").unlink()
    assert expected in only_problem(newer)
    assert len(datasets.read(newer).cases) == 11


def test_truth_that_is_lost_of_one_frame_to_test_with_is_named(first):
    volume(first / "testing/patient0001/patient0001_2CH_ED_gt.mhd", heart())
    assert "no patient0001_2CH_ES_gt, patient0001_4CH_ED_gt, patient0001_4CH_ES_gt:" in only_problem(first)


def test_voxels_that_are_lost_or_cut_off_are_named(first):
    place = first / "training/patient0001"
    (place / "patient0001_2CH_ED.raw").unlink()
    assert "voxels are in patient0001_2CH_ED.raw, which is not beside it" in only_problem(first)
    volume(place / "patient0001_2CH_ED.mhd", picture())
    (raw := place / "patient0001_4CH_ES_gt.raw").write_bytes(raw.read_bytes()[:-9])
    assert only_problem(first).startswith(f"{raw} cannot")


def test_a_damaged_volume_is_named(newer):
    path = newer / "database_nifti/patient0001/patient0001_2CH_ED.nii.gz"
    path.write_bytes(path.read_bytes()[:40])
    assert only_problem(newer).startswith(f"{path} cannot be read")


def test_truth_of_another_size_or_without_anything_is_named(newer):
    place = newer / "database_nifti/patient0001"
    volume(place / "patient0001_2CH_ED_gt.nii.gz", heart()[:-1])
    volume(place / "patient0001_2CH_ES_gt.nii.gz", 0 * heart())
    size, empty = datasets.read(newer).problems
    assert f"is {WIDTH} x {HEIGHT - 1} px" in size
    assert "every pixel is 0" in empty


def test_a_sequence_in_a_frames_place_is_named(newer):
    volume(newer / "database_nifti/patient0001/patient0001_2CH_ED.nii.gz", np.stack([picture()] * 3))
    assert "has 3 pages" in only_problem(newer)


def test_one_frame_in_two_formats_is_named(newer):
    volume(newer / "database_nifti/patient0001/patient0001_2CH_ED.nii", picture())
    assert "is the same frame" in only_problem(newer)


@pytest.mark.parametrize(
    ("word", "content", "expected", "left"),
    [
        ("training", "", "patient0001: is in none of subgroup_training.txt", {"patient0002", "patient0003"}),
        (
            "validation",
            "patient0002\npatient0003",
            "is in the splits test and val",
            {"patient0001", "patient0002"},
        ),
        (
            "testing",
            "patient0003\npatient0009",
            "no folder of patient0009:",
            {f"patient000{n}" for n in (1, 2, 3)},
        ),
        ("training", "patient0001\n42", "'42' is no patient", {f"patient000{n}" for n in (1, 2, 3)}),
    ],
)
def test_a_list_that_does_not_fit_is_named_and_who_is_doubtful_is_left_out(
    newer, word, content, expected, left
):
    (newer / f"database_split/subgroup_{word}.txt").write_text(content)
    assert expected in only_problem(newer)
    assert {case.group for case in datasets.read(newer).cases} == left


@pytest.mark.parametrize("content", [b"\xff\xfe\xfa", None], ids=["no text", "lost"])
def test_a_list_that_is_lost_or_no_text_leaves_its_patients_out(newer, content):
    path = newer / "database_split/subgroup_testing.txt"
    path.unlink()
    if content:
        path.write_bytes(content)
    unread, unlisted = datasets.read(newer).problems
    assert unread.startswith(f"{path}: cannot be read as a list of patients")
    assert "patient0003: is in none of" in unlisted
    assert {case.split for case in datasets.read(newer).cases} == {"train", "val"}


def test_what_systems_leave_behind_is_not_there_and_what_nobody_reads_is_told(newer):
    place = newer / "database_nifti/patient0001"
    (place / "._patient0001_2CH_ED.nii.gz").write_bytes(b"\0")
    (place / "notes.txt").write_text("-")
    (sentence,) = datasets.checked(newer).left_out
    assert sentence == f"{place}: not read: notes.txt, 1 hidden or of the system"
