"""Headers that say one thing of the colours and pixels that hold another."""

import numpy as np
import pytest
from PIL import Image
from pydicom.uid import JPEG2000, ExplicitVRLittleEndian, JPEG2000Lossless, JPEGBaseline8Bit

from dicom_pictures import compressed, picture, saved, smooth, stream
from samca.images import frames
from samca.images.stream_colours import colours_of

GREY = smooth(0).astype(np.uint8)
COLOUR = np.dstack([smooth(seed) for seed in (1, 2, 3)]).astype(np.uint8)
CHROMATIC = np.asarray(Image.fromarray(COLOUR).convert("YCbCr"))
SAID = ("RGB", "YBR_FULL", "YBR_FULL_422")


def without_marks(jpeg: bytes) -> bytes:
    """The same JPEG without its JFIF segment."""
    assert jpeg[2:4] == b"\xff\xe0"
    return jpeg[:2] + jpeg[4 + int.from_bytes(jpeg[4:6], "big") :]


def with_adobe(jpeg: bytes, transform: int) -> bytes:
    body = b"Adobe" + bytes([0, 100, 0, 0, 0, 0, transform])
    return jpeg[:2] + b"\xff\xee" + (len(body) + 2).to_bytes(2, "big") + body + jpeg[2:]


def unnamed(jpeg: bytes) -> bytes:
    """A JPEG in RGB with Adobe's mark whose components have numbers for names."""
    assert b"Adobe" in jpeg
    in_frame, in_scan = b"\x03R\x11\0G\x11\0B\x11\0", b"\x03R\0G\0B\0"
    numbered = jpeg.replace(in_frame, b"\x03\1\x11\0\2\x11\0\3\x11\0").replace(in_scan, b"\x03\1\0\2\0\3\0")
    assert numbered.count(b"R") < jpeg.count(b"R")
    return numbered


STREAMS = {
    "JFIF": stream(COLOUR, quality=95, subsampling=0),
    "coarse chrominance": without_marks(stream(COLOUR, quality=95, subsampling=2)),
    "progressive": stream(COLOUR, quality=95, subsampling=0, progressive=True),
    "Adobe's mark": with_adobe(without_marks(stream(COLOUR, quality=95, subsampling=0)), 1),
    "RGB by its names": stream(COLOUR, quality=95, keep_rgb=True),
    "RGB by Adobe's mark": unnamed(stream(COLOUR, quality=95, keep_rgb=True)),
}


@pytest.mark.parametrize("said", SAID)
@pytest.mark.parametrize("name", STREAMS)
def test_a_jpeg_is_what_its_own_marks_say_whatever_the_header_says(tmp_path, name, said):
    elements = compressed(picture(COLOUR, said, JPEGBaseline8Bit), STREAMS[name])
    seen = frames.read(saved(elements, tmp_path / "a.dcm")).pixels
    np.testing.assert_allclose(seen.astype(int), COLOUR, atol=16 if name == "coarse chrominance" else 8)


@pytest.mark.parametrize("said", SAID)
def test_every_frame_of_a_loop_is_mended(tmp_path, said):
    loop = np.stack([COLOUR, COLOUR[::-1], COLOUR[:, ::-1]])
    streams = [stream(frame, quality=95, subsampling=0) for frame in loop]
    path = saved(compressed(picture(loop, said, JPEGBaseline8Bit, 3), *streams), tmp_path / "a.dcm")
    for index, expected in enumerate(loop):
        np.testing.assert_allclose(frames.read(path, index).pixels.astype(int), expected, atol=8)


@pytest.mark.parametrize("said", ["RGB", "YBR_FULL", "YBR_RCT"])
def test_a_jpeg_2000_that_is_transformed_holds_rgb(tmp_path, said):
    codestream = stream(COLOUR, "JPEG2000", no_jp2=True, irreversible=False, mct=1)
    elements = compressed(picture(COLOUR, said, JPEG2000Lossless), codestream)
    np.testing.assert_array_equal(frames.read(saved(elements, tmp_path / "a.dcm")).pixels, COLOUR)


def test_a_jpeg_2000_that_is_not_transformed_holds_what_the_header_says(tmp_path):
    for said, held in (("RGB", COLOUR), ("YBR_FULL", CHROMATIC)):
        codestream = stream(held, "JPEG2000", no_jp2=True, irreversible=False, mct=0)
        elements = compressed(picture(COLOUR, said, JPEG2000), codestream)
        seen = frames.read(saved(elements, tmp_path / "a.dcm")).pixels
        np.testing.assert_allclose(seen.astype(int), COLOUR, atol=4)


NEUTRAL = np.dstack([GREY, np.full_like(GREY, 128), np.full_like(GREY, 128)])
WITH_FLOW = np.where((COLOUR[..., :1] > 200), CHROMATIC, NEUTRAL)


@pytest.mark.parametrize("held", [NEUTRAL, WITH_FLOW], ids=["grey", "with flow"])
def test_grey_in_luminance_and_chrominance_is_not_taken_for_rgb(tmp_path, held):
    expected = np.asarray(Image.fromarray(held, "YCbCr").convert("RGB")).astype(int)
    uncompressed = picture(held, "RGB")
    unmarked = compressed(
        picture(held, "RGB", JPEGBaseline8Bit),
        without_marks(stream(expected.astype(np.uint8), quality=95, subsampling=0)),
    )
    for elements in (uncompressed, unmarked):
        seen = frames.read(saved(elements, tmp_path / "a.dcm")).pixels
        assert np.abs(seen.astype(int) - expected).mean() < 3


@pytest.mark.parametrize("colour", [(128, 128, 128), (0, 0, 0), (200, 128, 60), (90, 140, 128)])
def test_true_rgb_stays_as_it_is(tmp_path, colour):
    flat = np.broadcast_to(np.uint8(colour), (20, 30, 3))
    elements = picture(np.ascontiguousarray(flat), "RGB", ExplicitVRLittleEndian)
    np.testing.assert_allclose(frames.read(saved(elements, tmp_path / "a.dcm")).pixels, flat, atol=1)


def test_a_stream_that_says_nothing_or_ends_too_early_leaves_it_to_the_header():
    assert colours_of(b"") is None
    assert colours_of(b"\x89PNG") is None
    assert colours_of(stream(GREY)) is None
    for name, jpeg in STREAMS.items():
        answers = {colours_of(jpeg[:size]) for size in range(0, 700, 5)}
        assert answers <= {None, colours_of(jpeg)}, name
