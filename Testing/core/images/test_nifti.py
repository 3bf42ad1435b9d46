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
