"""Pictures as cameras and drawing tools leave them: turned, deep, with palettes, in stacks, damaged."""

import contextlib
import struct
import time
import zlib

import numpy as np
import pytest
import SimpleITK
from PIL import Image

from samca.images import frames
from samca.images.pictures import decoded

UPRIGHT = np.arange(6 * 8, dtype=np.uint8).reshape(6, 8) * 5
STORED = {  # an upright picture as files of each EXIF orientation hold it
    1: UPRIGHT,
    2: UPRIGHT[:, ::-1],
    3: UPRIGHT[::-1, ::-1],
    4: UPRIGHT[::-1],
    5: UPRIGHT.T,
    6: np.rot90(UPRIGHT),
    7: UPRIGHT[::-1, ::-1].T,
    8: np.rot90(UPRIGHT, -1),
}


def save(path, pixels, orientation, **options):
    exif = Image.Exif()
    exif[0x0112] = orientation
    Image.fromarray(np.ascontiguousarray(pixels)).save(path, exif=exif, **options)
    return path


@pytest.mark.parametrize("orientation", STORED)
@pytest.mark.parametrize("suffix", ["png", "jpg", "tif"])
def test_a_picture_is_turned_as_a_viewer_shows_it(tmp_path, suffix, orientation):
    large = np.kron(STORED[orientation], np.ones((8, 8), np.uint8))  # blocks of JPEG
    path = save(tmp_path / f"a.{suffix}", large, orientation, quality=100)
    pixels = frames.read(path).pixels
    np.testing.assert_allclose(pixels, np.kron(UPRIGHT, np.ones((8, 8), np.uint8)), atol=3)


@pytest.mark.parametrize("orientation", STORED)
def test_deep_colours_are_kept_and_turned(tmp_path, orientation):
    deep = np.dstack([STORED[orientation].astype(np.uint16) * 3 + step for step in (0, 1, 2)])
    plain = tmp_path / "plain.png"
    SimpleITK.WriteImage(SimpleITK.GetImageFromArray(deep, isVector=True), str(plain))
    path = tmp_path / "turned.png"
    path.write_bytes(with_exif(plain.read_bytes(), orientation))
    np.testing.assert_array_equal(decoded(path).pixels[..., 0], UPRIGHT.astype(np.uint16) * 3)
    np.testing.assert_array_equal(decoded(path).pixels[..., 2], UPRIGHT.astype(np.uint16) * 3 + 2)


def with_exif(png: bytes, orientation: int) -> bytes:
    """The same PNG with an orientation in it."""
    body = b"MM\0*\0\0\0\x08" + struct.pack(">HHHIHHI", 1, 0x0112, 3, 1, orientation, 0, 0)
    chunk = struct.pack(">I", len(body)) + b"eXIf" + body
    chunk += struct.pack(">I", zlib.crc32(b"eXIf" + body))
    return png[:33] + chunk + png[33:]


def test_a_damaged_exif_block_leaves_the_picture_as_it_is(tmp_path):
    path = save(tmp_path / "a.jpg", np.kron(UPRIGHT, np.ones((8, 8), np.uint8)), 3, quality=100)
    data = path.read_bytes()
    start = data.index(b"Exif\0\0") + 6
    path.write_bytes(data[:start] + b"\xff" * 12 + data[start + 12 :])
    assert frames.read(path).pixels.shape == (48, 64)


@pytest.mark.parametrize(
    "mode", ["1", "L", "LA", "P", "RGB", "RGBA", "CMYK", "YCbCr", "LAB", "I;16", "I", "F"]
)
def test_every_mode_of_a_tiff_is_a_frame(tmp_path, mode):
    picture = Image.fromarray(UPRIGHT)
    picture = picture.convert("RGB") if mode == "YCbCr" else picture
    picture = Image.new("LAB", (8, 6)) if mode == "LAB" else picture.convert(mode)
    picture.save(tmp_path / "a.tif")
    assert frames.as_rgb(frames.read(tmp_path / "a.tif").pixels).shape == (6, 8, 3)


@pytest.mark.parametrize("byteorder", ["<", ">"])
def test_sixteen_bits_of_either_byte_order_are_the_same_numbers(tmp_path, byteorder):
    values = UPRIGHT.astype(np.uint16) * 200
    head = {"<": b"II*\0", ">": b"MM\0*"}[byteorder]
    path = tmp_path / "a.tif"
    path.write_bytes(head + tiff(byteorder, values.astype(f"{byteorder}u2")))
    pixels = frames.read(path).pixels
    np.testing.assert_array_equal(pixels, values)
    assert pixels.dtype.isnative


def tiff(order: str, values: np.ndarray, leave_out: tuple[int, ...] = ()) -> bytes:
    """A TIFF of grey values behind its first four bytes, without the tags to leave out."""
    height, width = values.shape
    tags = {256: width, 257: height, 258: 16, 259: 1, 262: 1, 273: 8, 277: 1, 278: height, 279: values.nbytes}
    tags = {tag: value for tag, value in tags.items() if tag not in leave_out}
    entries = b"".join(struct.pack(f"{order}HHII", tag, 4, 1, value) for tag, value in tags.items())
    directory = struct.pack(f"{order}H", len(tags)) + entries + bytes(4)
    return struct.pack(f"{order}I", 8 + values.nbytes) + values.tobytes() + directory


@pytest.mark.parametrize("missing", [(256,), (257,), (256, 257), (258,), (259,), (262,), (273,), (279,)])
def test_a_tiff_without_one_of_its_numbers_is_a_frame_or_refused_by_name(tmp_path, missing):
    path = tmp_path / "a.tif"
    path.write_bytes(b"II*\0" + tiff("<", UPRIGHT.astype("<u2"), missing))
    if 256 in missing or 257 in missing:
        with pytest.raises(ValueError, match=r"a\.tif cannot be read as an image"):
            frames.read(path)
    else:
        with contextlib.suppress(ValueError):
            assert frames.read(path).pixels.shape == UPRIGHT.shape


def test_a_stack_says_how_many_pages_it_has(tmp_path):
    pages = [Image.fromarray(UPRIGHT + step) for step in (0, 1, 2)]
    pages[0].save(tmp_path / "a.tif", save_all=True, append_images=pages[1:])
    frame = frames.read(tmp_path / "a.tif", 2)
    assert (frame.count, frame.index, frame.grid.size) == (3, 0, (8, 6, 1))
    np.testing.assert_array_equal(frame.pixels, UPRIGHT + 2)


@pytest.mark.parametrize("index", [-1, 3])
def test_a_page_that_is_not_there_is_refused_with_the_count(tmp_path, index):
    pages = [Image.fromarray(UPRIGHT)] * 3
    pages[0].save(tmp_path / "a.tif", save_all=True, append_images=pages[1:])
    with pytest.raises(ValueError, match="it has 3, counted from 0"):
        frames.read(tmp_path / "a.tif", index)


@pytest.mark.filterwarnings("ignore::PIL.Image.DecompressionBombWarning")
@pytest.mark.parametrize("name", ["a.tif", "a.png", "a.bmp"])
def test_a_picture_that_says_it_is_huge_is_refused_at_once(tmp_path, name):
    path = tmp_path / name
    Image.fromarray(UPRIGHT).save(path)
    content, size = bytearray(path.read_bytes()), struct.pack("<II", 13000, 13000)
    if name == "a.tif":
        content = bytearray(b"II*\0" + tiff("<", UPRIGHT.astype("<u2")))
        for tag in (256, 257, 278):
            at = content.index(struct.pack("<HHI", tag, 4, 1)) + 8
            content[at : at + 4] = struct.pack("<I", 13000)
    elif name == "a.png":
        head = b"IHDR" + size[3::-1] + size[7:3:-1] + bytes(content[24:29])
        content[12:29], content[29:33] = head, struct.pack(">I", zlib.crc32(head))
    else:
        content[18:26] = size
    path.write_bytes(content)
    started = time.monotonic()
    with pytest.raises(ValueError, match=r"13000 x 13000 x 1 values of . bytes, more than there can be"):
        frames.read(path)
    assert time.monotonic() - started < 2


def test_deep_colours_are_kept_where_no_orientation_is_stored(tmp_path):
    deep = np.dstack([UPRIGHT.astype(np.uint16) * 3 + step for step in (0, 1, 2)])
    path = tmp_path / "plain.png"
    SimpleITK.WriteImage(SimpleITK.GetImageFromArray(deep, isVector=True), str(path))
    np.testing.assert_array_equal(decoded(path).pixels, deep)


def test_deep_grey_with_transparency_is_refused_and_not_cut_down(tmp_path):
    path = tmp_path / "a.png"
    deep = np.dstack([UPRIGHT.astype(np.uint16) * 200] * 2)
    SimpleITK.WriteImage(SimpleITK.GetImageFromArray(deep, isVector=True), str(path))
    with pytest.raises(ValueError, match="16 bits with transparency"):
        decoded(path)
