"""Pixels of DICOM: every way to store them, and files without any that could be shown."""

import contextlib
import time
import zlib

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydicom.uid import (
    UID,
    DeflatedExplicitVRLittleEndian,
    ExplicitVRBigEndian,
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
    JPEG2000Lossless,
    JPEGBaseline8Bit,
    RLELossless,
)

from dicom_pictures import compressed, picture, saved, smooth, stream
from samca.images import dicom, frames

GREY = smooth(0).astype(np.uint8)
DEEP = smooth(1, top=4095).astype(np.uint16)
COLOUR = np.dstack([smooth(seed) for seed in (1, 2, 3)]).astype(np.uint8)


def fewer_bits(elements, bits):
    elements.BitsStored, elements.HighBit = bits, bits - 1
    return elements


def changed(elements, **values):
    for name, value in values.items():
        setattr(elements, name, value)
    return elements


def with_palette(elements):
    ramp = (np.arange(256) * 256).astype(np.uint16)
    for colour, share in (("Red", 1.0), ("Green", 0.5), ("Blue", 0.25)):
        setattr(elements, f"{colour}PaletteColorLookupTableDescriptor", [256, 0, 16])
        data = (ramp * share).astype(np.uint16).tobytes()
        setattr(elements, f"{colour}PaletteColorLookupTableData", data)
    return elements


def of_floats(values):
    elements = picture(values)
    del elements.PixelData, elements.BitsStored, elements.HighBit, elements.PixelRepresentation
    name = "FloatPixelData" if values.dtype == np.float32 else "DoubleFloatPixelData"
    return changed(elements, **{name: values.tobytes()})


def shortened(elements):
    """By run lengths."""
    elements.compress(RLELossless)
    return elements


WAYS = {  # how it is stored: what is to be seen
    "12 of 16 bits": (fewer_bits(picture(DEEP), 12), DEEP),
    "signed": (picture(DEEP.astype(np.int16) - 2000), DEEP.astype(int) - 2000),
    "32 bits": (picture(DEEP.astype(np.uint32)), DEEP),
    "rescaled": (changed(picture(DEEP), RescaleSlope="0.5", RescaleIntercept="-9"), DEEP * 0.5 - 9),
    "with a window": (changed(picture(GREY), WindowCenter=["40", "9"], WindowWidth=["10", "3"]), GREY),
    "white is 0": (picture(GREY, "MONOCHROME1"), 255 - GREY),
    "white is 0, 12 bits": (fewer_bits(picture(DEEP, "MONOCHROME1"), 12), 4095 - DEEP),
    "plane by plane": (
        changed(picture(COLOUR), PlanarConfiguration=1, PixelData=np.moveaxis(COLOUR, 2, 0).copy().tobytes()),
        COLOUR,
    ),
    "deep colours": (picture(COLOUR.astype(np.uint16) * 200), COLOUR.astype(int) * 200),
    "a palette": (
        with_palette(picture(GREY, "PALETTE COLOR")),
        np.dstack([GREY, GREY * 0.5, GREY * 0.25]).astype(int),
    ),
    "big endian": (picture(DEEP.byteswap(), syntax=ExplicitVRBigEndian), DEEP),
    "deflated": (picture(DEEP, syntax=DeflatedExplicitVRLittleEndian), DEEP),
    "implicit": (picture(DEEP, syntax=ImplicitVRLittleEndian), DEEP),
    "run lengths": (shortened(picture(DEEP)), DEEP),
    "run lengths of colours": (shortened(picture(COLOUR)), COLOUR),
    "JPEG 2000 of 16 bits": (
        compressed(
            picture(DEEP, syntax=JPEG2000Lossless), stream(DEEP, "JPEG2000", no_jp2=True, irreversible=False)
        ),
        DEEP,
    ),
    "floats": (of_floats(DEEP.astype(np.float32) / 7), DEEP.astype(np.float32) / 7),
    "doubles": (of_floats(DEEP.astype(np.float64) / 7), DEEP / 7),
}


@pytest.mark.parametrize("way", WAYS)
def test_however_pixels_are_stored_they_are_what_was_to_be_seen(tmp_path, way):
    elements, expected = WAYS[way]
    frame = frames.read(saved(elements, tmp_path / "a.dcm"))
    np.testing.assert_allclose(frame.pixels, expected, atol=1 if way == "a palette" else 1e-9)
    assert frames.as_rgb(frame.pixels).shape == (48, 64, 3)


def test_a_loop_of_floats_has_its_frames(tmp_path):
    loop = np.stack([DEEP, DEEP[::-1]]).astype(np.float32)
    elements = of_floats(loop[0])
    changed(elements, NumberOfFrames=2, FloatPixelData=loop.tobytes())
    frame = frames.read(saved(elements, tmp_path / "a.dcm"), 1)
    np.testing.assert_array_equal(frame.pixels, loop[1])
    assert (frame.count, frame.grid.size) == (2, (64, 48, 2))


def test_what_stands_behind_the_picture_does_not_keep_it_from_being_read(tmp_path):
    path = saved(picture(COLOUR), tmp_path / "a.dcm")
    path.write_bytes(path.read_bytes() + b"\xfe\xff\xdd\xe0\0\0\0\0" * 3)
    np.testing.assert_array_equal(frames.read(path).pixels, COLOUR)


@pytest.mark.parametrize("syntax", [ImplicitVRLittleEndian, ExplicitVRLittleEndian])
def test_a_file_without_a_preamble_is_known_by_its_name(tmp_path, syntax):
    elements = picture(DEEP, syntax=syntax)
    elements.PixelSpacing = [0.3, 0.2]
    path = saved(elements, tmp_path / "a.dcm")
    data = path.read_bytes()
    path.write_bytes(data[144 + int.from_bytes(data[140:144], "little") :])
    frame = frames.read(path)
    np.testing.assert_array_equal(frame.pixels, DEEP)
    assert frame.spacing_mm == (0.2, 0.3)


@pytest.mark.parametrize("syntax", ["100", "101", "102", "104.1", "107", "108"])
def test_a_video_is_called_one(tmp_path, syntax):
    elements = picture(np.stack([COLOUR] * 2), syntax=UID(f"1.2.840.10008.1.2.4.{syntax}"), frames=2)
    with pytest.raises(
        ValueError, match=r"a\.dcm is a video \(.*(MPEG2|MPEG-4|HEVC|\d).*\): export"
    ) as caught:
        frames.read(saved(compressed(elements, b"\0\0\0\x18ftypmp42" + bytes(90)), tmp_path / "a.dcm"))
    assert "damaged" not in str(caught.value)


@pytest.mark.parametrize("kind", ["1.2.840.10008.5.1.4.1.1.3.1", "1.2.840.10008.5.1.4.1.1.88.11", "1.2.3.99"])
def test_a_file_without_a_picture_is_called_one(tmp_path, kind):
    elements = picture(GREY)
    del elements.PixelData
    elements.SOPClassUID = elements.file_meta.MediaStorageSOPClassUID = kind
    elements.add_new(0x7FE10010, "LO", "Maker 3D")
    with pytest.raises(ValueError, match=r"it holds no picture \(.+\): export it") as caught:
        frames.read(saved(elements, tmp_path / "a.dcm"))
    assert "damaged" not in str(caught.value)


@pytest.mark.parametrize("sides", [(65535, 65535, 1000), (40000, 40000, 3), (0, 64, 1), (48, 64, 10**9)])
@pytest.mark.parametrize("syntax", [ImplicitVRLittleEndian, RLELossless])
def test_a_header_that_says_too_much_is_refused_at_once(tmp_path, sides, syntax):
    elements = picture(GREY, syntax=syntax)
    if syntax == RLELossless:
        compressed(elements, bytes(64))
    elements.Rows, elements.Columns, elements.NumberOfFrames = sides
    started = time.monotonic()
    with pytest.raises(ValueError, match=r"a\.dcm cannot be read"):
        frames.read(saved(elements, tmp_path / "a.dcm"))
    assert time.monotonic() - started < 5


def test_a_deflated_bomb_is_refused_before_it_goes_off(tmp_path, monkeypatch):
    monkeypatch.setattr(dicom, "LARGEST_INFLATED", 1 << 20)
    path = saved(picture(GREY, syntax=DeflatedExplicitVRLittleEndian), tmp_path / "a.dcm")
    np.testing.assert_array_equal(frames.read(path).pixels, GREY)
    data = path.read_bytes()
    start = 144 + int.from_bytes(data[140:144], "little")
    deflate = zlib.compressobj(9, zlib.DEFLATED, -15)
    path.write_bytes(data[:start] + deflate.compress(bytes(2 << 20)) + deflate.flush())
    with pytest.raises(ValueError, match=r"a\.dcm cannot be read: it inflates to more than"):
        frames.read(path)


SAMPLES = {
    "uncompressed": picture(np.stack([COLOUR] * 2), frames=2),
    "deep": fewer_bits(picture(DEEP), 12),
    "RLE": shortened(picture(COLOUR)),
    "JPEG": compressed(picture(COLOUR, "YBR_FULL_422", JPEGBaseline8Bit), stream(COLOUR)),
    "deflated": picture(DEEP, syntax=DeflatedExplicitVRLittleEndian),
    "palette": with_palette(picture(GREY, "PALETTE COLOR")),
}


@pytest.mark.parametrize("name", SAMPLES)
@given(data=st.data())
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_damaged_file_is_a_frame_or_refused_in_a_sentence(tmp_path, name, data):
    path = tmp_path / f"{name}.dcm"
    if not path.exists():
        saved(SAMPLES[name], path)
    content = bytearray(path.read_bytes())
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(0, min(len(content), 1200) - 1))
        content[at] = data.draw(st.integers(0, 255))
    content = content[: data.draw(st.sampled_from([len(content), len(content) // 2, 400]))]
    damaged = tmp_path / "damaged.dcm"
    damaged.write_bytes(content)
    with contextlib.suppress(ValueError):
        assert frames.as_rgb(frames.read(damaged).pixels).ndim == 3


def test_neighbours_that_share_their_chrominance_are_read(tmp_path):
    bright, blue, red = smooth(4).astype(np.uint8), GREY[:, ::2], GREY[:, 1::2]
    wide = [np.repeat(half, 2, 1) for half in (blue, red)]
    saved(picture(np.dstack([bright, *wide]), "YBR_FULL"), tmp_path / "a.dcm")
    elements = picture(np.dstack([bright, *wide]), "YBR_FULL_422")
    elements.PixelData = np.stack([bright[:, ::2], bright[:, 1::2], blue, red], -1).tobytes()
    saved(elements, tmp_path / "b.dcm")
    np.testing.assert_array_equal(
        frames.read(tmp_path / "b.dcm").pixels, frames.read(tmp_path / "a.dcm").pixels
    )
