"""NIfTI files that end too early."""

import contextlib
import gzip
import struct

import numpy as np
import pytest
import SimpleITK
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from samca.images import frames
from samca.images.nifti import is_cut_off

VOXELS = np.random.default_rng(0).integers(1, 200, (3, 20, 30))


@pytest.mark.parametrize("suffix", [".nii", ".nii.gz"])
@pytest.mark.parametrize("dtype", [np.uint8, np.int16, np.float64])
@pytest.mark.parametrize("shape", [(3, 20, 30), (20, 90), (20, 30, 3)])
def test_a_whole_file_is_not_cut_off(tmp_path, suffix, dtype, shape):
    path = tmp_path / f"frame{suffix}"
    image = SimpleITK.GetImageFromArray(VOXELS.reshape(shape).astype(dtype), isVector=shape[-1] == 3)
    SimpleITK.WriteImage(image, str(path))
    assert not is_cut_off(path)


@pytest.mark.parametrize("cut", [0, 1])
@pytest.mark.parametrize(
    ("size", "layout", "fields"),
    [
        (348, ">i36x8h16xh34xf", (348, 3, 4, 3, 2, 1, 1, 1, 1, 16, 352.0)),
        (540, "<i10xh8q88xq", (540, 16, 3, 4, 3, 2, 1, 1, 1, 1, 544)),
    ],
)
def test_other_byte_orders_and_nifti_2_are_read(tmp_path, cut, size, layout, fields):
    voxels = int(fields[-1]) + 4 * 3 * 2 * 2
    content = struct.pack(layout, *fields).ljust(voxels, b"\1")
    (tmp_path / "frame.nii").write_bytes(content[: len(content) - cut])
    assert is_cut_off(tmp_path / "frame.nii") == bool(cut)


@pytest.mark.parametrize("suffix", [".nii", ".nii.gz", ".mha", ".nrrd"])
@given(data=st.data())
@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_volume_that_was_cut_off_is_refused_or_gives_the_same_pixels(tmp_path, suffix, data):
    path = tmp_path / f"frame{suffix}"
    SimpleITK.WriteImage(SimpleITK.GetImageFromArray(VOXELS.astype(np.uint8)), str(path))
    content = path.read_bytes()
    path.write_bytes(content[: data.draw(st.integers(0, len(content) - 1))])
    with contextlib.suppress(ValueError):
        np.testing.assert_array_equal(frames.read(path, 2).pixels, VOXELS[2])


@given(st.binary(max_size=700))
@settings(max_examples=50, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_bytes_are_a_frame_or_cut_off(tmp_path, content):
    for path, written in ((tmp_path / "a.nii", content), (tmp_path / "a.nii.gz", gzip.compress(content))):
        path.write_bytes(written)
        assert is_cut_off(path) in (True, False)


def nifti(
    path, dim=(3, 30, 20, 3), kind=(2, 8), pixdim=(1, 0.2, 0.3, 1), codes=(0, 1), rows=(), slope=(1, 0)
):
    """A NIfTI-1 file of VOXELS with these fields."""
    rows = rows or (0.2, 0, 0, 5, 0, 0.3, 0, 6, 0, 0, 1, 7)
    head = bytearray(352)
    struct.pack_into("<i", head, 0, 348)
    struct.pack_into("<8h", head, 40, *(*dim, 1, 1, 1, 1, 1, 1, 1)[:8])
    struct.pack_into("<2h", head, 70, *kind)
    struct.pack_into("<8f", head, 76, *(*pixdim, 0, 0, 0, 0)[:8])
    struct.pack_into("<3f", head, 108, 352, *slope)
    struct.pack_into("<2h", head, 252, *codes)
    struct.pack_into("<12f", head, 280, *rows)
    head[344:348] = b"n+1\0"
    path.write_bytes(bytes(head) + VOXELS.astype(np.uint8).tobytes())
    return path


NAN = float("nan")
ROWS = {  # that SimpleITK takes no axes from
    "flat": (0.2, 0, 0, 0, 0, 0.3, 0, 0, 0, 0, 0, 0),
    "sheared": (0.2, 0.05, 0, 0, 0, 0.3, 0, 0, 0, 0, 1, 0),
    "all zero": (0.0,) * 12,
    "no numbers": (NAN,) * 12,
    "one axis twice": (0.2, 0.2, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0),
}


@pytest.mark.parametrize("name", ROWS)
@pytest.mark.parametrize("suffix", [".nii", ".nii.gz"])
def test_axes_that_cannot_be_right_do_not_keep_the_pixels_away(tmp_path, capfd, suffix, name):
    path = nifti(tmp_path / "a.nii", rows=ROWS[name])
    if suffix == ".nii.gz":
        path.with_suffix(".nii.gz").write_bytes(gzip.compress(path.read_bytes()))
    frame = frames.read(tmp_path / f"a{suffix}", 2)
    np.testing.assert_array_equal(frame.pixels, VOXELS[2])
    direction = np.reshape(frame.grid.direction, (3, 3))
    np.testing.assert_allclose(direction.T @ direction, np.eye(3), atol=1e-6)
    assert min(frame.grid.spacing) > 0
    if name != "one axis twice":
        assert frame.spacing_mm == pytest.approx((0.2, 0.3), abs=0.01)
    assert "M is" not in capfd.readouterr().err


@pytest.mark.parametrize("pixdim", [(1, 0, 0, 1), (1, -0.2, 0.3, 1), (1, NAN, 0.3, 1), (-1, -0.2, -0.3, -1)])
@pytest.mark.parametrize("codes", [(0, 0), (1, 0)])
def test_pixels_backwards_or_without_a_length_are_read(tmp_path, pixdim, codes):
    frame = frames.read(nifti(tmp_path / "a.nii", pixdim=pixdim, codes=codes), 1)
    np.testing.assert_array_equal(frame.pixels, VOXELS[1])
    assert min(frame.grid.spacing) > 0


@pytest.mark.parametrize("slope", [(0, 0), (NAN, NAN), (float("inf"), 0)])
def test_a_scale_that_is_none_is_left_out(tmp_path, slope):
    frame = frames.read(nifti(tmp_path / "a.nii", slope=slope), 1)
    np.testing.assert_array_equal(frame.pixels, VOXELS[1])


def test_a_scale_is_applied(tmp_path):
    frame = frames.read(nifti(tmp_path / "a.nii", slope=(2, -5)), 1)
    np.testing.assert_allclose(frame.pixels, VOXELS[1] * 2 - 5)


@pytest.mark.parametrize("kind", [(4, 8), (2, 16), (32, 64), (1, 1), (0, 0), (9999, 8)])
def test_a_type_that_is_not_its_bits_is_refused(tmp_path, capfd, kind):
    with pytest.raises(ValueError, match=r"a\.nii cannot be read: its voxels are of type"):
        frames.read(nifti(tmp_path / "a.nii", kind=kind))
    assert capfd.readouterr().err == ""


@pytest.mark.parametrize("dim", [(3, 30000, 30000, 30000), (3, -30, 20, 3), (7, 99, 99, 99, 99, 99, 99, 99)])
def test_sides_that_lie_are_refused_at_once(tmp_path, dim):
    path = nifti(tmp_path / "a.nii", dim=dim)
    (tmp_path / "b.nii.gz").write_bytes(gzip.compress(path.read_bytes()))
    for name in ("a.nii", "b.nii.gz"):
        with pytest.raises(ValueError, match=r"cannot be read"):
            frames.read(tmp_path / name)
