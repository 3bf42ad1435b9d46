"""Which axis of an NRRD file is which: space, frames, colours."""

import numpy as np
import pytest

from samca.images import frames

GREY = np.random.default_rng(0).integers(0, 255, (3, 6, 8), np.uint8)
COLOUR = np.random.default_rng(1).integers(0, 255, (2, 6, 8, 3), np.uint8)


def write(path, voxels, kinds="", directions="", **others):
    """voxels: the slowest axis first, so that kinds and directions run the other way round."""
    sizes = " ".join(map(str, reversed(voxels.shape)))
    lines = ["NRRD0005", "type: uchar", f"dimension: {voxels.ndim}", f"sizes: {sizes}", "encoding: raw"]
    lines += [f"kinds: {kinds}"] if kinds else []
    lines += [f"space directions: {directions}"] if directions else []
    lines += [f"{name.replace('_', ' ')}: {value}" for name, value in others.items()]
    path.write_bytes("\n".join([*lines, "", ""]).encode() + np.ascontiguousarray(voxels).tobytes())
    return path


def read(path):
    count = frames.read(path).count
    return np.stack([frames.read(path, index).pixels for index in range(count)])


def test_a_list_that_runs_fastest_is_frames_in_a_sequence_and_colours_elsewhere(tmp_path):
    fastest = np.moveaxis(GREY, 0, -1)[None]
    kinds = "list domain domain domain"
    np.testing.assert_array_equal(read(write(tmp_path / "a.seq.nrrd", fastest, kinds)), GREY)
    np.testing.assert_array_equal(read(write(tmp_path / "a.nrrd", fastest, kinds)), fastest)


def test_a_list_of_ten_that_runs_fastest_is_frames_everywhere(tmp_path):
    ten = np.random.default_rng(2).integers(0, 255, (10, 6, 8), np.uint8)
    path = write(tmp_path / "a.nrrd", np.moveaxis(ten, 0, -1), "list domain domain")
    np.testing.assert_array_equal(read(path), ten)


@pytest.mark.parametrize("kind", ["list", "time"])
def test_a_list_of_three_that_runs_slowest_is_frames(tmp_path, kind):
    np.testing.assert_array_equal(read(write(tmp_path / "a.nrrd", GREY, f"domain domain {kind}")), GREY)
    volume = write(tmp_path / "b.nrrd", GREY[:, None], f"domain domain domain {kind}")
    np.testing.assert_array_equal(read(volume), GREY)


@pytest.mark.parametrize(
    "kind", ["vector", "RGB-color", "3-color", "3-vector", "covariant-vector", "list", "???"]
)
def test_three_values_a_pixel_are_colours(tmp_path, kind):
    path = write(tmp_path / "a.nrrd", COLOUR, f"{kind} domain domain domain")
    np.testing.assert_array_equal(read(path), COLOUR)


def test_without_kinds_directions_tell(tmp_path):
    steps = "(0.2,0,0) (0,0.3,0) (0,0,1)"
    np.testing.assert_array_equal(read(write(tmp_path / "a.nrrd", COLOUR, "", f"none {steps}")), COLOUR)
    np.testing.assert_array_equal(read(write(tmp_path / "b.nrrd", GREY, "", steps)), GREY)
    np.testing.assert_array_equal(read(write(tmp_path / "c.nrrd", GREY)), GREY)


def test_one_value_a_pixel_on_an_axis_of_its_own_is_grey(tmp_path):
    path = write(tmp_path / "a.nrrd", GREY[..., None], "vector domain domain domain")
    np.testing.assert_array_equal(read(path), GREY)


@pytest.mark.parametrize(
    "kinds",
    [
        "list domain domain list",
        "domain domain domain domain",
        "vector domain vector domain",
        "list list list list",
    ],
)
def test_other_sets_of_axes_are_refused_in_words(tmp_path, kinds):
    path = write(tmp_path / "a.seq.nrrd", np.zeros((2, 3, 4, 5), np.uint8), kinds)
    with pytest.raises(ValueError, match="expected a 2D or 3D file, or a Sequence of such"):
        frames.read(path)


@pytest.mark.parametrize(
    ("space", "signs"), [("RAS", (-1, -1, 1)), ("LPS", (1, 1, 1)), ("left-anterior-superior", (1, -1, 1))]
)
def test_every_space_becomes_lps(tmp_path, space, signs):
    steps = "(0.2,0,0) (0,0.3,0) (0,0,1)"
    frame = frames.read(write(tmp_path / "a.nrrd", GREY, "", steps, space=space, space_origin="(5,6,7)"))
    assert frame.grid.origin == pytest.approx(np.multiply((5, 6, 7), signs))
    assert np.diag(np.reshape(frame.grid.direction, (3, 3))) == pytest.approx(signs)


@pytest.mark.parametrize(
    "vectors", ["(1,0,0) (0,1,0)", "none none none", "(1,0,0) none (0,0,1)", "(a,b,c) (0,1,0) (0,0,1)"]
)
def test_directions_that_do_not_fit_are_refused_or_left_out(tmp_path, vectors):
    path = write(tmp_path / "a.nrrd", GREY, "domain domain domain", vectors)
    if vectors.count(" ") == 1:
        with pytest.raises(ValueError, match="3 axes and 2 space directions"):
            frames.read(path)
    else:
        assert frames.read(path).spacing_mm is None


@pytest.mark.parametrize("kinds", ["domain domain", "list domain domain"])
def test_a_frame_that_stands_upright_in_space_lies_where_its_two_axes_point(tmp_path, kinds):
    first = "none " * kinds.startswith("list")
    voxels = GREY[0] if not first else np.repeat(GREY[0][..., None], 10, -1)
    grid = frames.read(write(tmp_path / "a.nrrd", voxels, kinds, f"{first}(0,0.2,0) (0,0,0.3)")).grid
    np.testing.assert_allclose(grid.spacing[:2], (0.2, 0.3))
    np.testing.assert_allclose(np.reshape(grid.direction, (3, 3)), [[0, 0, 1], [1, 0, 0], [0, 1, 0]])
