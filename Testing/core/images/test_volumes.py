"""Volumes of every format: as SimpleITK writes and reads them, and damaged, crafted and strange ones."""

import bz2
import contextlib
import gzip
import time
import zlib

import numpy as np
import pytest
import SimpleITK
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from scipy.spatial.transform import Rotation

from samca.images import bounds, frames

GRAY = np.random.default_rng(0).integers(0, 255, (4, 9, 11), np.uint8)
BYTES = GRAY.tobytes()
SLOW = [HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
SUFFIXES = (".mha", ".mhd", ".nrrd", ".nhdr", ".nii", ".nii.gz")


def image_of(data, dtype, colour, flat):
    shape = data.draw(st.tuples(*[st.integers(2, 5)] * (2 if flat else 3)))
    rng = np.random.default_rng(data.draw(st.integers(0, 99)))
    voxels = (rng.random(shape + ((3,) if colour else ())) * 200).astype(dtype)
    image = SimpleITK.GetImageFromArray(voxels, isVector=colour)
    sizes = st.floats(0.01, 50)
    places = st.floats(-500, 500)
    axes = len(shape)
    image.SetSpacing(data.draw(st.lists(sizes, min_size=axes, max_size=axes)))
    image.SetOrigin(data.draw(st.lists(places, min_size=axes, max_size=axes)))
    if not flat:
        image.SetDirection(Rotation.random(random_state=rng.integers(99)).as_matrix().ravel().tolist())
    return voxels, image


@pytest.mark.parametrize("suffix", SUFFIXES)
@given(data=st.data())
@settings(max_examples=25, deadline=None, suppress_health_check=SLOW)
def test_a_volume_lies_and_looks_as_simpleitk_wrote_it(tmp_path, suffix, data):
    dtype = data.draw(st.sampled_from([np.uint8, np.int16, np.uint16, np.int32, np.float32, np.float64]))
    colour, packed = data.draw(st.booleans()), data.draw(st.booleans())
    if suffix.startswith(".nii") and colour:
        dtype = np.uint8
    voxels, image = image_of(data, dtype, colour, data.draw(st.booleans()))
    path = tmp_path / f"a{suffix}"
    SimpleITK.WriteImage(image, str(path), packed)
    read = SimpleITK.ReadImage(str(path))
    stack = voxels if read.GetDimension() == 3 else voxels[None]
    for index, expected in enumerate(stack):
        frame = frames.read(path, index)
        np.testing.assert_array_equal(frame.pixels, expected)
        assert (frame.index, frame.count) == (index, len(stack))
    axes = read.GetDimension()
    assert frame.grid.size[:axes] == read.GetSize()
    assert frame.grid.spacing[:axes] == pytest.approx(read.GetSpacing(), rel=1e-5)
    assert frame.grid.origin[:axes] == pytest.approx(read.GetOrigin(), rel=1e-5, abs=1e-4)
    assert frame.spacing_mm == pytest.approx(read.GetSpacing()[:2], rel=1e-5)
    direction = np.reshape(frame.grid.direction, (3, 3))[:axes, :axes].ravel()
    assert tuple(direction) == pytest.approx(read.GetDirection(), abs=1e-5)


@pytest.mark.parametrize("suffix", [".mha", ".nrrd", ".nii", ".nii.gz"])
@given(data=st.data())
@settings(max_examples=60, deadline=None, suppress_health_check=SLOW)
def test_a_damaged_header_gives_a_frame_or_a_sentence_at_once(tmp_path, suffix, data):
    path = tmp_path / f"a{suffix}"
    packed = data.draw(st.booleans())
    SimpleITK.WriteImage(SimpleITK.GetImageFromArray(GRAY), str(path), packed)
    content = bytearray(gzip.decompress(path.read_bytes()) if suffix == ".nii.gz" else path.read_bytes())
    for _ in range(data.draw(st.integers(1, 5))):
        at = data.draw(st.integers(0, min(len(content), 350) - 1))
        content[at] = data.draw(st.sampled_from([*b"0123456789 -.\n=:%/aL", 0, 255, 127, 65]))
    path.write_bytes(gzip.compress(content) if suffix == ".nii.gz" else content)
    started = time.monotonic()
    with contextlib.suppress(ValueError):
        assert frames.as_bytes(frames.read(path).pixels).ndim in (2, 3)
    assert time.monotonic() - started < 5


@pytest.mark.parametrize("suffix", [".mha", ".nrrd", ".nii.gz"])
@given(data=st.data())
@settings(max_examples=40, deadline=None, suppress_health_check=SLOW)
def test_damaged_compressed_voxels_are_refused_or_right(tmp_path, suffix, data):
    path = tmp_path / f"a{suffix}"
    SimpleITK.WriteImage(SimpleITK.GetImageFromArray(GRAY), str(path), True)
    content = bytearray(path.read_bytes())
    at = data.draw(st.integers(len(content) - 200, len(content) - 1))
    content[at] ^= data.draw(st.integers(1, 255))
    path.write_bytes(content)
    with contextlib.suppress(ValueError):
        for index, expected in enumerate(GRAY):
            np.testing.assert_array_equal(frames.read(path, index).pixels, expected)


def metaimage(path, data=BYTES, **fields):
    head = {
        "ObjectType": "Image",
        "NDims": "3",
        "DimSize": "11 9 4",
        "ElementSpacing": "0.2 0.3 1",
        "ElementType": "MET_UCHAR",
        "ElementDataFile": "LOCAL",
    } | {name: str(value) for name, value in fields.items()}
    last = head.pop("ElementDataFile")
    lines = [f"{name} = {value}\n" for name, value in head.items() if value != "None"]
    path.write_bytes("".join([*lines, f"ElementDataFile = {last}\n"]).encode() + data)
    return path


def nrrd(path, data=BYTES, **fields):
    head = {
        "type": "uchar",
        "dimension": "3",
        "sizes": "11 9 4",
        "spacings": "0.2 0.3 1",
        "encoding": "raw",
    } | {name.replace("_", " "): str(value) for name, value in fields.items()}
    lines = [f"{name}: {value}\n" for name, value in head.items() if value != "None"]
    path.write_bytes("".join(["NRRD0005\n", *lines, "\n"]).encode() + data)
    return path


@pytest.fixture
def secret(tmp_path):
    """A file that a header must not lead to."""
    folder = tmp_path / "elsewhere"
    folder.mkdir()
    (folder / "secret.raw").write_bytes(bytes(GRAY.size))
    return folder / "secret.raw"


ELSEWHERE = (
    "{0}",
    "elsewhere/secret.raw",
    "../{1}/elsewhere/secret.raw",
    "LIST",
    "LIST 2",
    "a%02d.raw 1 4 1",
    "",
)


@pytest.mark.parametrize("name", ELSEWHERE)
@pytest.mark.parametrize(("write", "field"), [(metaimage, "ElementDataFile"), (nrrd, "data_file")])
def test_a_header_leads_nowhere_else(tmp_path, secret, write, field, name):
    path = tmp_path / ("a.mhd" if write is metaimage else "a.nhdr")
    write(path, b"", **{field: name.format(secret, tmp_path.name)})
    with pytest.raises(ValueError, match="only one file beside it is read"):
        frames.read(path)


@pytest.mark.parametrize("name", ["voxels.raw", "./voxels.raw", "two words.raw"])
@pytest.mark.parametrize(("write", "field"), [(metaimage, "ElementDataFile"), (nrrd, "data_file")])
def test_a_file_beside_the_header_is_read_and_missed(tmp_path, write, field, name):
    path = write(tmp_path / ("a.mhd" if write is metaimage else "a.nhdr"), b"", **{field: name})
    with pytest.raises(ValueError, match="which is not beside it"):
        frames.read(path)
    (tmp_path / name).write_bytes(GRAY.tobytes())
    np.testing.assert_array_equal(frames.read(path, 3).pixels, GRAY[3])


TOO_MUCH = (
    "100000 100000 100000",
    "65535 65535 4",
    "-11 9 4",
    "0 9 4",
    "11 9",
    "11 9 4 4",
    "eleven 9 4",
    "1e9 1 1",
    "9" * 5000,
)


@pytest.mark.parametrize("sizes", TOO_MUCH, ids=range(len(TOO_MUCH)))
@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize("kind", ["mha", "nrrd"])
def test_sizes_that_lie_are_refused_at_once(tmp_path, sizes, packed, kind):
    started = time.monotonic()
    if kind == "mha":
        path = metaimage(tmp_path / "a.mha", zlib.compress(GRAY), DimSize=sizes, CompressedData=packed)
    else:
        path = nrrd(
            tmp_path / "a.nrrd", gzip.compress(GRAY), sizes=sizes, encoding="gzip" if packed else "raw"
        )
    with pytest.raises(ValueError, match=r"a\.(mha|nrrd) cannot be read"):
        frames.read(path)
    assert time.monotonic() - started < 2


def test_a_bomb_is_refused_before_it_goes_off(tmp_path, monkeypatch):
    monkeypatch.setattr(bounds, "LARGEST", 1 << 20)
    zeros = bytes(64 << 20)
    for path in (
        metaimage(tmp_path / "a.mha", zlib.compress(zeros), CompressedData=True),
        nrrd(tmp_path / "a.nrrd", gzip.compress(zeros), encoding="gzip"),
        nrrd(tmp_path / "b.nrrd", bz2.compress(zeros), encoding="bzip2"),
    ):
        with pytest.raises(ValueError, match="unpacks to more than the 396 bytes"):
            frames.read(path)
        too_large = path.with_name(f"large_{path.name}")
        too_large.write_bytes(path.read_bytes().replace(b"11 9 4", b"8192 8192 1"))
        with pytest.raises(ValueError, match="8192 x 8192"):
            frames.read(too_large)


@pytest.mark.parametrize("axes", ["1", "4", "10", "100000", "-3", "x"])
def test_other_counts_of_axes_are_refused(tmp_path, axes):
    for path in (metaimage(tmp_path / "a.mha", NDims=axes), nrrd(tmp_path / "a.nrrd", dimension=axes)):
        with pytest.raises(ValueError, match=r"axes|expected|cannot be read"):
            frames.read(path)


@pytest.mark.parametrize("channels", ["0", "2", "5", "1000000000", "-1"])
def test_other_counts_of_values_are_refused(tmp_path, channels):
    with pytest.raises(ValueError, match="values a pixel"):
        frames.read(metaimage(tmp_path / "a.mha", ElementNumberOfChannels=channels))
    sizes = f"{channels} 11 9 4"
    with pytest.raises(ValueError, match=r"values a pixel|each side is at least 1"):
        frames.read(
            nrrd(
                tmp_path / "a.nrrd",
                sizes=sizes,
                dimension=4,
                kinds="vector domain domain domain",
                spacings="nan 1 1 1",
            )
        )


@pytest.mark.parametrize("spacing", ["0.2 0.3 0", "0.2 0.3 nan", "-0.2 0.3 1", "0.2 -0.3 -1", "0.2 0.3 inf"])
def test_voxels_without_a_length_and_backwards_are_read(tmp_path, spacing):
    for path in (
        metaimage(tmp_path / "a.mha", ElementSpacing=spacing),
        nrrd(tmp_path / "a.nrrd", spacings=spacing),
    ):
        frame = frames.read(path, 1)
        np.testing.assert_array_equal(frame.pixels, GRAY[1])
        assert frame.spacing_mm == pytest.approx((0.2, 0.3))
        assert frame.grid.spacing == pytest.approx((0.2, 0.3, 1))


@pytest.mark.parametrize("spacing", ["0 0 1", "0 0.3 1", "nan nan nan", "-0 0.3 1", "x y z"])
def test_pixels_without_a_length_have_none(tmp_path, spacing):
    for path in (
        metaimage(tmp_path / "a.mha", ElementSpacing=spacing),
        nrrd(tmp_path / "a.nrrd", spacings=spacing),
    ):
        frame = frames.read(path)
        assert frame.spacing_mm is None
        assert min(frame.grid.spacing) > 0


def test_axes_at_odd_angles_become_the_nearest_right_ones(tmp_path, caplog):
    path = metaimage(tmp_path / "a.mha", TransformMatrix="1 0 0 0.2 1 0 0 0 1")
    frame = frames.read(path)
    direction = np.reshape(frame.grid.direction, (3, 3))
    np.testing.assert_allclose(direction.T @ direction, np.eye(3), atol=1e-9)
    assert np.abs(direction - np.eye(3)).max() < 0.2
    assert "a.mha has axes that are not at right angles" in caplog.text


def test_text_and_other_byte_orders_are_read(tmp_path):
    deep = GRAY.astype(np.uint16) * 200
    words = " ".join(map(str, deep.ravel())).encode()
    for path in (
        metaimage(
            tmp_path / "a.mha",
            deep.astype(">u2").tobytes(),
            ElementType="MET_USHORT",
            ElementByteOrderMSB=True,
        ),
        metaimage(tmp_path / "b.mha", words, ElementType="MET_USHORT", BinaryData=False),
        nrrd(tmp_path / "a.nrrd", deep.astype(">u2").tobytes(), type="unsigned short", endian="big"),
        nrrd(tmp_path / "b.nrrd", words, type="uint16", encoding="ascii"),
        nrrd(tmp_path / "c.nrrd", b"a line\n" + deep.tobytes(), type="ushort", endian="little", line_skip=1),
        nrrd(tmp_path / "d.nrrd", b"anything" + deep.tobytes(), type="ushort", endian="little", byte_skip=-1),
        metaimage(tmp_path / "c.mha", b"x" * 7 + deep.tobytes(), ElementType="MET_USHORT", HeaderSize=-1),
    ):
        np.testing.assert_array_equal(frames.read(path, 2).pixels, deep[2])


@pytest.mark.parametrize(
    "content", [b"", b"NRRD", b"NRRD0004\n", b"ObjectType = Image\n", b"\0" * 400, b"=" * 400]
)
@pytest.mark.parametrize("suffix", SUFFIXES)
def test_what_is_no_volume_is_refused_by_name(tmp_path, suffix, content):
    (tmp_path / f"a{suffix}").write_bytes(content)
    with pytest.raises(ValueError, match=rf"a{suffix} cannot be read"):
        frames.read(tmp_path / f"a{suffix}")


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_a_folder_is_no_file(tmp_path, suffix):
    (tmp_path / f"a{suffix}").mkdir()
    with pytest.raises(FileNotFoundError, match="is not a file"):
        frames.read(tmp_path / f"a{suffix}")


@pytest.mark.parametrize("skipped", [10**12, 10**22])
@pytest.mark.parametrize("packed", [False, True])
def test_voxels_far_behind_the_end_are_refused_in_words(tmp_path, skipped, packed):
    content = zlib.compress(GRAY.tobytes()) if packed else GRAY.tobytes()
    for path in (
        metaimage(tmp_path / "a.mha", content, HeaderSize=skipped, CompressedData=packed),
        nrrd(tmp_path / "a.nrrd", b"0 " * 999, encoding="text" if packed else "raw", byte_skip=skipped),
    ):
        with pytest.raises(ValueError, match="cannot be read"):
            frames.read(path)
