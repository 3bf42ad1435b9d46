"""Own dataset folders: what is read from them, and damage of every kind."""

import io
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

from dataset_files import HEIGHT, WIDTH, ids, lesion, only_problem, picture, save
from samca import datasets

REAL = Path(__file__).parents[3].parent / "shared/data"


def folder_of(root: Path, *ids: str) -> Path:
    for seed, name in enumerate(ids):
        save(root / "images" / f"{name}.png", picture(seed))
        save(root / "masks" / f"{name}.png", lesion())
    return root


def test_an_own_folder_gives_pixels_and_one_target_per_image(tmp_path):
    dataset = datasets.checked(folder_of(tmp_path / "mine", "a", "b"))
    assert (dataset.name, ids(dataset)) == ("mine", ["a", "b"])
    case = dataset.cases[0]
    assert (case.group, case.split, case.spacing_mm, case.source) == ("a", "", None, "mine")
    assert np.array_equal(case.pixels(), picture(0))
    (target,) = case.targets()
    assert np.array_equal(target, lesion() > 0)


@pytest.mark.parametrize("suffix", ["jpg", "JPEG", "bmp", "tif"])
def test_other_formats_than_png_are_read_and_may_be_mixed(tmp_path, suffix):
    save(tmp_path / f"images/a.{suffix}", picture())
    save(tmp_path / "masks/a.png", lesion())
    save(tmp_path / "images/b.png", picture())
    save(tmp_path / f"masks/b.{suffix}", lesion())
    dataset = datasets.checked(tmp_path)
    assert ids(dataset) == ["a", "b"]
    assert np.array_equal(dataset.cases[1].mask(), lesion() > 0)


def test_each_connected_part_of_each_label_is_a_target(tmp_path):
    folder_of(tmp_path, "a")
    labels = np.zeros((HEIGHT, WIDTH), np.uint8)
    labels[1:3, 1:3] = labels[3:5, 3:5] = 1  # touch at a corner: one part
    labels[10:12, 1:3] = 1
    labels[1:3, 3:6] = 2  # touches the first, but is another kind
    save(tmp_path / "labels/a.png", labels)
    targets = datasets.checked(tmp_path).cases[0].targets()
    assert [int(target.sum()) for target in targets] == [8, 4, 6]


def test_labels_alone_are_enough(tmp_path):
    save(tmp_path / "images/a.png", picture())
    save(tmp_path / "labels/a.png", lesion() // 255 * 3)
    case = datasets.checked(tmp_path).cases[0]
    assert np.array_equal(case.mask(), lesion() > 0)
    assert len(case.targets()) == 1


def test_cases_csv_gives_group_split_spacing_and_source(tmp_path):
    folder_of(tmp_path, "a", "b")
    table = "\ufeffid,group,split,spacing_x_mm,spacing_y_mm,source\na,p1,train,0.1,0.2,clinic\nb,,,,,\n"
    (tmp_path / "cases.csv").write_text(table, "utf-8")
    a, b = datasets.checked(tmp_path).cases
    assert (a.group, a.split, a.spacing_mm, a.source) == ("p1", "train", (0.1, 0.2), "clinic")
    assert (b.group, b.split, b.spacing_mm, b.source) == ("b", "", None, tmp_path.name)


@pytest.mark.parametrize(
    ("table", "expected"),
    [
        ("id,group\na,1\na,2\n", "duplicate id 'a'"),
        ("id,group\na,1\nz,2\n", "no image and mask for id 'z'"),
        ("id,group\n", "no rows"),
        ("name,group\na,1\n", "no column id"),
        ("group,id\n1\n", "no row for"),
        ("id,spacing_x_mm,spacing_y_mm\na,0.1,-1\n", r"spacing 0.1 x -1 mm, expected two positive"),
        ("id,spacing_x_mm,spacing_y_mm\na,nan,1\n", "two positive"),
        ("id,spacing_x_mm,spacing_y_mm\na,0.1,\n", "two positive"),
        (b"id\n\xff\xfe\x00", "cannot be read as a table"),
    ],
)
def test_a_wrong_table_is_named_with_what_is_wrong(tmp_path, table, expected):
    folder_of(tmp_path, "a")
    (tmp_path / "cases.csv").write_bytes(table if isinstance(table, bytes) else table.encode())
    with pytest.raises(ValueError, match=rf"cases\.csv: .*{expected}"):
        datasets.checked(tmp_path)


def test_images_alone_are_cases_without_truth(tmp_path):
    save(tmp_path / "images/a.png", picture())
    (case,) = datasets.checked(tmp_path).cases
    assert not case.has_truth
    assert case.targets() == []
    assert not case.mask().any()


def test_images_beside_an_empty_masks_folder_lack_their_masks(tmp_path):
    save(tmp_path / "images/a.png", picture())
    (tmp_path / "masks").mkdir()
    assert "a.png: no mask named a" in only_problem(tmp_path)


@pytest.fixture
def collection(tmp_path):
    """Two datasets with splits, a group in each, and a splits.csv; as published beside this project."""
    folder_of(tmp_path / "breast/train", "a", "b")
    folder_of(tmp_path / "breast/val", "c")
    save(tmp_path / "normal/train/images/n.png", picture())
    rows = ["breast,a,train,g1", "breast,b,train,g1", "breast,c,val,g2", "normal,n,train,g3"]
    (tmp_path / "splits.csv").write_text("\n".join(["dataset,id,split,group", *rows]))
    return tmp_path


def test_a_folder_of_datasets_is_read_at_every_level(collection):
    every = datasets.checked(collection)
    assert [(c.source, c.id, c.split, c.group) for c in every.cases] == [
        ("breast", "a", "train", "g1"),
        ("breast", "b", "train", "g1"),
        ("breast", "c", "val", "g2"),
        ("normal", "n", "train", "g3"),
    ]
    breast, part = datasets.checked(collection / "breast"), datasets.checked(collection / "breast/train")
    assert (breast.name, part.name) == ("breast", "breast/train")
    assert breast.cases == every.cases[:3]
    assert part.cases == every.cases[:2]
    assert not datasets.checked(collection / "normal").cases[0].has_truth


def test_a_splits_table_of_someone_else_further_up_is_left_alone(collection):
    (collection / "splits.csv").write_text("file,fold\nx,1\n")
    assert [case.group for case in datasets.checked(collection / "breast/train").cases] == ["a", "b"]


def test_a_table_that_contradicts_the_folders_is_a_problem(collection):
    text = (collection / "splits.csv").read_text().replace("a,train", "a,val")
    (collection / "splits.csv").write_text(text)
    assert "puts 'a' in val" in only_problem(collection)


def test_a_group_in_two_splits_is_a_problem(collection):
    text = (collection / "splits.csv").read_text().replace("g2", "g1")
    (collection / "splits.csv").write_text(text)
    assert only_problem(collection) == "breast: group 'g1' is in the splits train and val"


def test_an_id_in_two_splits_is_a_problem(collection):
    folder_of(collection / "breast/val", "a")
    problems = datasets.read(collection / "breast").problems
    assert any("duplicate id 'a'" in p and "in the splits train and val" in p for p in problems)


# damage: each breaks case a of a folder and returns the sentence that is expected


def damage_missing_mask(root):
    (root / "masks/a.png").unlink()
    return "images/a.png: no mask named a"


def damage_stray_mask(root):
    (root / "images/a.png").unlink()
    return "masks/a.png: no image named a"


def damage_size(root):
    save(root / "masks/a.png", lesion()[:, :-1])
    return "masks/a.png: is 23 x 16 px, its image a.png is 24 x 16 px"


def damage_empty_mask(root):
    save(root / "masks/a.png", np.zeros((HEIGHT, WIDTH), np.uint8))
    return "masks/a.png: empty mask"


def damage_duplicate(root):
    save(root / "images/a.bmp", picture())
    return "images/a.png: duplicate id 'a', a.bmp has it too"


def damage_truncated_image(root):
    path = root / "images/a.png"
    path.write_bytes(path.read_bytes()[:100])
    return "images/a.png cannot be read as an image"


def damage_truncated_mask(root):
    path = root / "masks/a.png"
    path.write_bytes(path.read_bytes()[:50])
    return "masks/a.png cannot be read as an image"


def damage_no_image_at_all(root):
    (root / "images/a.png").write_text("not a picture")
    return "images/a.png cannot be read as an image"


def damage_empty_file(root):
    (root / "masks/a.png").write_bytes(b"")
    return "masks/a.png cannot be read as an image"


def damage_labels(root):
    save(root / "labels/a.png", np.zeros((HEIGHT, WIDTH), np.uint8))
    return "labels/a.png: empty labels"


def damage_coloured_labels(root):
    save(root / "labels/a.png", np.zeros((HEIGHT, WIDTH, 3), np.uint8))
    return "labels/a.png: labels must be one whole number per pixel"


def damage_stray_labels(root):
    save(root / "labels/z.png", lesion())
    return "labels/z.png: no image named z"


DAMAGES = [value for name, value in list(globals().items()) if name.startswith("damage_")]


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_file_is_named_and_left_out_and_the_others_stay(tmp_path, damage):
    folder_of(tmp_path, "a", "b")
    expected = damage(tmp_path)
    assert expected in only_problem(tmp_path).replace("\\", "/")
    assert "b" in ids(datasets.read(tmp_path))
    for case in datasets.read(tmp_path).cases:
        assert case.mask().shape == case.pixels().shape


def test_checked_lists_every_problem(tmp_path):
    folder_of(tmp_path, "a", "b", "c")
    expected = [damage_size(tmp_path), "images/b.png: no mask"]
    (tmp_path / "masks/b.png").unlink()
    with pytest.raises(ValueError, match=r"2 problem\(s\)") as error:
        datasets.checked(tmp_path)
    assert all(sentence in str(error.value).replace("\\", "/") for sentence in expected)


def test_an_empty_dataset_is_a_problem(tmp_path):
    (tmp_path / "images").mkdir()
    assert "no cases" in only_problem(tmp_path)


def test_hidden_files_and_other_files_are_not_images(tmp_path):
    folder_of(tmp_path, "a")
    for name in ("._a.png", ".DS_Store", "Thumbs.db", "notes.txt"):
        (tmp_path / "images" / name).write_bytes(b"x")
    assert ids(datasets.checked(tmp_path)) == ["a"]


def test_a_folder_that_is_not_there_or_not_a_dataset_is_refused(tmp_path):
    with pytest.raises(FileNotFoundError, match="nowhere does not exist"):
        datasets.read(tmp_path / "nowhere")
    with pytest.raises(ValueError, match=r"no known dataset.*busi: benign/"):
        datasets.read(tmp_path)
    with pytest.raises(ValueError, match="'bussi' is not one of coco, folder, busi"):
        datasets.read(tmp_path, reader="bussi")


def encoded(array: np.ndarray, format: str) -> bytes:
    file = io.BytesIO()
    Image.fromarray(array).save(file, format)
    return file.getvalue()


@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data(), part=st.sampled_from(["images", "masks"]))
def test_a_truncated_png_is_a_problem_or_still_whole(tmp_path, data, part):
    folder_of(tmp_path, "a")
    path = tmp_path / part / "a.png"
    whole = path.read_bytes()
    path.write_bytes(whole[: data.draw(st.integers(0, len(whole) - 1))])
    dataset = datasets.read(tmp_path)
    assert bool(dataset.problems) != bool(dataset.cases)
    for case in dataset.cases:
        assert np.array_equal(case.pixels(), picture(0))
        assert np.array_equal(case.mask(), lesion() > 0)


@pytest.mark.filterwarnings("ignore::UserWarning")  # Pillow warns before it gives up
@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data(), format=st.sampled_from(["png", "jpeg", "bmp", "tiff"]))
def test_whatever_happens_to_bytes_read_does_not_raise(tmp_path, data, format):
    content = bytearray(encoded(picture(), format))
    for _ in range(data.draw(st.integers(1, 5))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    folder_of(tmp_path, "a")
    (tmp_path / "images/a.png").write_bytes(content)
    dataset = datasets.read(tmp_path)
    assert len(dataset.cases) + len(dataset.problems) == 1


@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(content=st.binary(max_size=200))
def test_any_bytes_may_stand_in_the_tables(tmp_path, content):
    folder_of(tmp_path, "a")
    for name in ("cases.csv", "labels.csv", "splits.csv", "structures.csv"):
        (tmp_path / name).write_bytes(content)
    assert ids(datasets.read(tmp_path)) == ["a"]


def test_label_values_have_names_if_a_table_says_so(tmp_path):
    folder_of(tmp_path, "a")
    save(tmp_path / "labels/a.png", lesion() // 255 * 2)
    (tmp_path / "labels.csv").write_text("Value,Name\n1,vessel\n2,nerve\n")
    dataset = datasets.checked(tmp_path)
    (case,) = dataset.cases
    assert [case.kind_of(target) for target in case.targets()] == ["nerve"]
    assert dataset.left_out == ()


@pytest.mark.parametrize(
    ("rows", "says"),
    [("0,nerve", "a number from 1 to 65535"), ("2,\n", "and a name"), ("1,a\n1,b", "keep one")],
)
def test_names_of_label_values_that_make_no_sense_are_a_problem(tmp_path, rows, says):
    folder_of(tmp_path, "a")
    (tmp_path / "labels.csv").write_text(f"value,name\n{rows}\n")
    assert says in only_problem(tmp_path)


# real frames


@pytest.mark.skipif(not REAL.is_dir(), reason=f"no real frames: {REAL} is not there")
def test_the_real_frames_are_read_without_a_problem():
    dataset = datasets.checked(REAL / "usgra")
    assert len(dataset.cases) == 194
    assert {case.split for case in dataset.cases} == {"train", "val"}
    assert len({case.group for case in dataset.cases}) < 194  # near-duplicates share a group
    val = datasets.checked(REAL / "usgra/val")
    assert val.cases == tuple(case for case in dataset.cases if case.split == "val")
    assert sum(len(case.targets()) for case in dataset.cases) == 267 + 224  # nerves and vessels


def test_a_spacing_table_beside_the_datasets_gives_the_size_of_square_pixels(collection):
    (collection / "breast/val/cases.csv").write_text("id,spacing_x_mm,spacing_y_mm\nc,0.3,0.4\n")
    rows = ["breast,a,0.25", "breast,c,9", "elsewhere,b,-1", "normal,n,0.5"]
    (collection / "spacing.csv").write_text("\n".join(["dataset,id,spacing_mm", *rows]))
    spacings = [case.spacing_mm for case in datasets.checked(collection).cases]
    assert spacings == [(0.25, 0.25), None, (0.3, 0.4), (0.5, 0.5)]
    (case,) = datasets.checked(collection / "normal/train").cases
    assert case.spacing_mm == (0.5, 0.5)


@pytest.mark.parametrize("cell", ["0", "-0.1", "nan", "wide"])
def test_what_is_no_size_in_the_spacing_table_is_a_problem(collection, cell):
    (collection / "spacing.csv").write_text(f"dataset,id,spacing_mm\nbreast,a,{cell}\n")
    assert "expected two positive numbers" in only_problem(collection)


def test_a_spacing_table_of_someone_else_is_left_alone(collection):
    (collection / "spacing.csv").write_text("probe,mm\nx,0.1\n")
    assert {case.spacing_mm for case in datasets.checked(collection).cases} == {None}
