"""Real frames with objects that nobody has labelled: in bounds, apart from each other, and visible."""

import numpy as np
import pytest
from PIL import Image
from scipy import ndimage

from samca import datasets
from samca.__main__ import main
from samca.phantoms.patchwork import AREA, BLACK, CHANGES, blob, patchwork, regions

SIDE = 96


def frame(seed):
    """A speckled frame with a dark and a bright region in it, black at its edges."""
    rng = np.random.default_rng(seed)
    rows, columns = np.mgrid[:SIDE, :SIDE]
    mean = np.full((SIDE, SIDE), 90.0)
    mean[np.hypot(rows - 35, columns - 30) < 16] = 30
    mean[np.hypot(rows - 60, columns - 66) < 14] = 170
    mean *= (columns > 4) & (columns < SIDE - 5)
    return (mean * rng.rayleigh(0.8, mean.shape)).clip(0, 255).astype(np.uint8)


def made(seed):
    return patchwork(frame(1), frame(2), np.random.default_rng(seed))


def test_the_same_generator_makes_the_same_frame():
    for one, other in zip(made(3), made(3), strict=True):
        np.testing.assert_array_equal(one, other)
    assert not np.array_equal(made(3)[0], made(4)[0])


def test_objects_are_single_parts_of_a_size_in_bounds():
    counts = set()
    for seed in range(40):
        image, labels = made(seed)
        assert image.shape == labels.shape == (SIDE, SIDE)
        assert image.dtype == labels.dtype == np.uint8
        counts.add(int(labels.max()))
        assert set(np.unique(labels)) == set(range(labels.max() + 1))
        for number in range(1, labels.max() + 1):
            own = labels == number
            assert AREA[0] / 2 <= own.mean() <= AREA[1]
            assert ndimage.label(own)[1] == 1
    assert {1, 2, 3} <= counts


def test_where_nothing_can_be_seen_there_is_no_object():
    black = np.zeros((SIDE, SIDE), np.uint8)
    for seed in range(5):
        image, labels = patchwork(black, frame(2), np.random.default_rng(seed))
        assert not image.any()
        assert not labels.any()


def test_where_nothing_was_put_the_frame_is_as_it_was():
    original = frame(1)
    for seed in range(20):
        image, labels = made(seed)
        far = ndimage.distance_transform_edt(labels == 0) > 15
        np.testing.assert_array_equal(image[far], original[far])


def test_regions_of_the_frame_are_what_a_person_would_outline():
    found = [region for seed in range(20) for region in regions(frame(1), np.random.default_rng(seed))]
    rows, columns = np.mgrid[:SIDE, :SIDE]
    for row, column, radius in ((35, 30, 16), (60, 66, 14)):
        disc = np.hypot(rows - row, columns - column) < radius
        best = max(2 * (region & disc).sum() / (region.sum() + disc.sum()) for region in found)
        assert best > 0.85


@pytest.mark.parametrize("change", CHANGES)
def test_a_change_shows_in_the_shape(change):
    shape = np.hypot(*(np.mgrid[:SIDE, :SIDE] - 48)) < 14
    before = frame(1).astype(np.float32)
    differences = [
        np.abs(change(before, frame(2).astype(np.float32), shape, np.random.default_rng(seed)) - before)[
            shape
        ].mean()
        for seed in range(20)
    ]
    assert np.mean(differences) > 10


def test_blobs_are_of_many_sizes_and_some_reach_out_of_the_frame():
    blobs = [blob((SIDE, SIDE), np.random.default_rng(seed)) for seed in range(60)]
    areas = [each.mean() for each in blobs if each.any()]
    assert min(areas) < 0.02 < 0.15 < max(areas)
    edges = [each[0].any() or each[-1].any() or each[:, 0].any() or each[:, -1].any() for each in blobs]
    assert 0.1 < np.mean(edges) < 0.9


# The command


def folder_of(path, count, split=""):
    for number in range(count):
        for kind, pixels in (("images", frame(number)), ("masks", np.full((SIDE, SIDE), 255, np.uint8))):
            (path / kind).mkdir(parents=True, exist_ok=True)
            Image.fromarray(pixels).save(path / kind / f"{number}.png")
    if split:
        rows = "\n".join(f"{number},{split}" for number in range(count))
        (path / "cases.csv").write_text(f"id,split\n{rows}\n")
    return path


def asked(out, *data, count=3, seed=0, **more):
    words = [word for folder in data for word in ("--data", str(folder))]
    words += [word for name, value in more.items() for word in (f"--{name}", str(value))]
    return main(["patchwork", *words, "--count", str(count), "--seed", str(seed), "--out", str(out)])


def written(out):
    return {path.relative_to(out): path.read_bytes() for path in sorted(out.rglob("*.png"))}


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    return folder_of(tmp_path_factory.mktemp("data") / "real", 3)


def test_the_command_writes_a_dataset_folder_with_an_object_in_every_frame(data, tmp_path, capsys):
    assert asked(tmp_path / "out", data, count=4, size=80) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines == [str(tmp_path / "out" / "images" / f"patchwork_0000{n}.png") for n in range(4)]
    cases = datasets.checked(tmp_path / "out").cases
    assert len(cases) == 4
    for case in cases:
        assert case.pixels().shape == (80, 80)
        assert case.targets()
        assert (case.pixels() > BLACK).mean() > 0.3


def test_a_frame_depends_on_seed_and_number_alone_and_those_that_are_there_stay(data, tmp_path):
    assert asked(tmp_path / "all", data, count=4) == 0
    assert asked(tmp_path / "some", data, count=2) == 0
    first = tmp_path / "some" / "images" / "patchwork_00000.png"
    before = first.stat().st_mtime_ns
    assert asked(tmp_path / "some", data, count=4) == 0
    assert first.stat().st_mtime_ns == before
    assert written(tmp_path / "some") == written(tmp_path / "all")
    assert asked(tmp_path / "other", data, count=2, seed=1) == 0
    assert not set(written(tmp_path / "other").values()) & set(written(tmp_path / "all").values())


def test_only_training_images_are_taken(data, tmp_path, tmp_path_factory, capsys):
    kept = folder_of(tmp_path_factory.mktemp("data") / "kept", 2, split="val")
    assert asked(tmp_path / "out", data, kept) == 2
    assert "kept has no training images" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"count": 0}, "count 0, seed 0: expected a count of at least 1"),
        ({"seed": -1}, "count 3, seed -1"),
        ({"size": 20}, "size 20: expected at least 64 px"),
    ],
)
def test_numbers_that_are_too_small_are_refused(data, tmp_path, capsys, options, says):
    assert asked(tmp_path / "out", data, **options) == 2
    assert says in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


def test_a_single_image_and_black_ones_are_refused(tmp_path, capsys):
    assert asked(tmp_path / "out", folder_of(tmp_path / "one", 1)) == 2
    assert "one training image in all: expected two" in capsys.readouterr().err
    black = folder_of(tmp_path / "black", 2)
    for path in (black / "images").iterdir():
        Image.fromarray(np.zeros((SIDE, SIDE), np.uint8)).save(path)
    assert asked(tmp_path / "dark", black) == 2
    assert "no object fits into any of 50 frames" in capsys.readouterr().err
