"""What every reader does alike: hidden files, order, accents, stacks, levels, and telling of the rest."""

import json
import unicodedata

import numpy as np
import pytest
from PIL import Image

from dataset_files import HEIGHT, WIDTH, ids, lesion, picture, save
from samca import datasets

LAYOUTS = {  # images and masks by name
    "folder": ("images/{}.png", "masks/{}.png"),
    "busi": ("benign/{}.png", "benign/{}_mask.png"),
    "tn3k": ("trainval-image/{}.png", "trainval-mask/{}.png"),
    "tg3k": ("thyroid-image/{}.png", "thyroid-mask/{}.png"),
    "ddti": ("p_image/{}.png", "p_mask/{}.png"),
    "udiat": ("original/{}.png", "GT/{}.png"),
    "tnscui": ("image/{}.png", "mask/{}.png"),
}
OF_SYSTEMS = (".DS_Store", "Thumbs.db", "desktop.ini")


@pytest.fixture(params=LAYOUTS)
def layout(request):
    return LAYOUTS[request.param]


@pytest.fixture
def data(layout, tmp_path):
    """`data(names)` writes cases of a layout and returns the folder."""

    def write(*names: str, masks: tuple[str, ...] = ()):
        for name, of_mask in zip(names, masks or names, strict=True):
            save(tmp_path / layout[0].format(name), picture())
            save(tmp_path / layout[1].format(of_mask), lesion())
        return tmp_path

    return write


def names_of(dataset) -> list[str]:
    return [name.removeprefix("trainval_") for name in ids(dataset)]


def test_what_systems_leave_behind_is_not_there_and_is_told(data, layout, tmp_path):
    data("a", "b")
    for place in {(tmp_path / pattern).parent for pattern in layout}:
        for name in ("._a.png", "._b.png", *OF_SYSTEMS):
            (place / name).write_bytes(b"\x00\x05\x16\x07")
        (place / "read me.txt").write_text("notes")
    save(tmp_path / "__MACOSX" / layout[0].format("._a"), picture())
    dataset = datasets.checked(tmp_path)
    assert names_of(dataset) == ["a", "b"]
    told = [sentence for sentence in dataset.left_out if "read me.txt, 5 hidden or of the system" in sentence]
    assert len(told) == len({pattern.split("/")[0] for pattern in layout})


def test_names_are_in_the_order_of_their_numbers(data):
    folder = data("f10", "f2", "f1.5", "f1.25", "e3", "f02")
    assert names_of(datasets.checked(folder)) == ["e3", "f1.25", "f1.5", "f02", "f2", "f10"]


def test_accents_are_the_same_composed_and_decomposed(data):
    name = "Kn\u00f6chel \u00e9 \u304c"
    folder = data(name, masks=(unicodedata.normalize("NFD", name),))
    assert names_of(datasets.checked(folder)) == [name]


def test_two_files_that_differ_in_the_form_of_an_accent_are_one_id_twice(data):
    name = "caf\u00e9"
    folder = data(name, unicodedata.normalize("NFD", name))
    assert any(f"duplicate id {name!r}" in problem for problem in datasets.read(folder).problems)


@pytest.mark.parametrize("part", [0, 1], ids=["image", "mask"])
def test_a_stack_of_pages_is_a_problem_and_none_of_its_pages_a_case(data, layout, tmp_path, part):
    data("a", "b")
    path = tmp_path / layout[part].format("b")
    path.unlink()
    pages = [Image.fromarray(lesion()) for _ in range(3)]
    pages[0].save(path.with_suffix(".tif"), save_all=True, append_images=pages[1:])
    dataset = datasets.read(tmp_path)
    assert names_of(dataset) == ["a"]
    assert any("3 pages" in problem for problem in dataset.problems)


def test_a_mask_of_several_levels_is_a_problem_and_one_dark_level_is_mask(data, layout, tmp_path):
    data("dark", "many")
    save(tmp_path / layout[1].format("dark"), lesion() // 5)
    levels = lesion(1, 1, 5, 5) // 4
    levels[8:12, 8:14] = 200
    save(tmp_path / layout[1].format("many"), levels)
    dataset = datasets.read(tmp_path)
    assert names_of(dataset) == ["dark"]
    assert np.array_equal(dataset.cases[0].mask(), lesion() > 0)
    assert any("levels beside black are 63, 200" in problem for problem in dataset.problems)


def test_a_folder_that_nobody_reads_is_told(data, tmp_path):
    data("a")
    (tmp_path / "extra" / "deep").mkdir(parents=True)
    assert f"{tmp_path}: not read: extra" in datasets.checked(tmp_path).left_out


def test_what_is_left_out_is_in_the_log_of_who_trains(data, caplog):
    folder = data("a")
    (folder / "extra").mkdir()
    datasets.checked(folder)
    assert "not read: extra" in caplog.text


def test_published_ddti_has_no_hidden_reports_and_tells_of_images_without_a_mark(tmp_path):
    square = [{"points": [{"x": x, "y": y} for x, y in ((2, 2), (9, 2), (9, 9), (2, 9))]}]
    xml = f"<case><mark><image>1</image><svg>{json.dumps(square)}</svg></mark></case>"
    for name in ("2.xml", "10.xml"):
        (tmp_path / name).write_text(xml)
    (tmp_path / "._2.xml").write_bytes(b"\x00")
    for name in ("10_1.jpg", "2_1.jpg", "2_2.jpg", "._2_1.jpg"):
        save(tmp_path / name, np.zeros((HEIGHT, WIDTH), np.uint8))
    dataset = datasets.checked(tmp_path)
    assert ids(dataset) == ["2_1", "10_1"]
    assert dataset.left_out == (f"{tmp_path}: not read: 2_2.jpg, 2 hidden or of the system",)
