"""DICOM ultrasound: pixels of gray and colour loops, and spacing from where ultrasound keeps it."""

from __future__ import annotations

import struct

import numpy as np
import pytest

from samca.images import dicom, frames

MULTI_FRAME_ULTRASOUND = "1.2.840.10008.5.1.4.1.1.3.1"
EXPLICIT, IMPLICIT = "1.2.840.10008.1.2.1", "1.2.840.10008.1.2"
LONG = ("OB", "OW", "SQ", "UN")
NUMBERS = {"US": "<H", "UL": "<I", "FD": "<d"}


def encode(value, vr, explicit, undefined):
    if vr == "SQ":
        return b"".join(item(members, explicit, undefined) for members in value)
    if vr in NUMBERS:
        return struct.pack(NUMBERS[vr], value)
    data = value if isinstance(value, bytes) else str(value).encode()
    return data + b"\0" * (len(data) % 2)


def item(members, explicit, undefined):
    body = b"".join(element(*member, explicit, undefined) for member in members)
    if undefined:
        return struct.pack("<HHI", 0xFFFE, 0xE000, 0xFFFFFFFF) + body + struct.pack("<HHI", 0xFFFE, 0xE00D, 0)
    return struct.pack("<HHI", 0xFFFE, 0xE000, len(body)) + body


def element(tag, vr, value, explicit=True, undefined=False):
    data = encode(value, vr, explicit, undefined)
    length, end = len(data), b""
    if vr == "SQ" and undefined:
        length, end = 0xFFFFFFFF, struct.pack("<HHI", 0xFFFE, 0xE0DD, 0)
    head = struct.pack("<HH", tag >> 16, tag & 0xFFFF)
    if not explicit:
        return head + struct.pack("<I", length) + data + end
    if vr in LONG:
        return head + vr.encode() + struct.pack("<HI", 0, length) + data + end
    return head + vr.encode() + struct.pack("<H", length) + data


def region(delta_x, delta_y, side=100, units=3, spatial=1):
    return [
        (0x00186012, "US", spatial),
        (0x00186014, "US", 1),
        (0x00186018, "UL", 0),
        (0x0018601A, "UL", 0),
        (0x0018601C, "UL", side),
        (0x0018601E, "UL", side),
        (0x00186024, "US", units),
        (0x00186026, "US", units),
        (0x0018602C, "FD", delta_x),
        (0x0018602E, "FD", delta_y),
    ]


def write(
    path, pixels, regions=(), spacing=None, syntax=EXPLICIT, undefined=False, photometric=None, extra=()
):
    """An ultrasound loop of (frames, H, W[, 3]) uint8 or uint16."""
    colour, bits = pixels.ndim == 4, pixels.dtype.itemsize * 8
    members = [
        (0x00080016, "UI", MULTI_FRAME_ULTRASOUND),
        (0x00080018, "UI", "1.2.3.4"),
        (0x00080060, "CS", "US"),
        *extra,
        *([(0x00186011, "SQ", regions)] if regions else []),
        (0x00280002, "US", 3 if colour else 1),
        (0x00280004, "CS", photometric or ("RGB" if colour else "MONOCHROME2")),
        *([(0x00280006, "US", 0)] if colour else []),
        (0x00280008, "IS", len(pixels)),
        (0x00280010, "US", pixels.shape[1]),
        (0x00280011, "US", pixels.shape[2]),
        *([(0x00280030, "DS", spacing)] if spacing else []),
        (0x00280100, "US", bits),
        (0x00280101, "US", bits),
        (0x00280102, "US", bits - 1),
        (0x00280103, "US", 0),
        (0x7FE00010, "OB" if bits == 8 else "OW", pixels.tobytes()),
    ]
    meta = element(0x00020001, "OB", b"\0\1") + element(0x00020002, "UI", MULTI_FRAME_ULTRASOUND)
    meta += element(0x00020003, "UI", "1.2.3.4") + element(0x00020010, "UI", syntax)
    body = b"".join(element(*member, syntax == EXPLICIT, undefined) for member in sorted(members))
    path.write_bytes(b"\0" * 128 + b"DICM" + element(0x00020000, "UL", len(meta)) + meta + body)
    return path


def spacing_of(path):
    return dicom.spacing_mm(dicom.header_of(path))


@pytest.fixture
def gray():
    return np.random.default_rng(0).integers(0, 256, (4, 20, 30), np.uint8)


@pytest.fixture
def colour():
    return np.random.default_rng(1).integers(0, 256, (3, 20, 30, 3), np.uint8)


def test_every_frame_of_a_gray_loop_is_read(tmp_path, gray):
    path = write(tmp_path / "loop.dcm", gray, [region(0.02, 0.03)])
    for index, expected in enumerate(gray):
        np.testing.assert_array_equal(frames.read(path, index).pixels, expected)


def test_every_frame_of_a_colour_loop_is_read(tmp_path, colour):
    path = write(tmp_path / "loop.dcm", colour, [region(0.02, 0.03)])
    for index, expected in enumerate(colour):
        np.testing.assert_array_equal(frames.read(path, index).pixels, expected)


def test_a_luma_chroma_loop_becomes_rgb(tmp_path, gray):
    neutral = np.stack([gray, np.full_like(gray, 128), np.full_like(gray, 128)], axis=-1)
    path = write(tmp_path / "loop.dcm", neutral, photometric="YBR_FULL")
    expected = np.repeat(gray[1][..., None], 3, axis=-1).astype(int)
    np.testing.assert_allclose(frames.read(path, 1).pixels, expected, atol=1)


def test_sixteen_bits_are_kept(tmp_path, gray):
    path = write(tmp_path / "loop.dcm", gray.astype(np.uint16) * 100)
    np.testing.assert_array_equal(frames.read(path, 2).pixels, gray[2].astype(np.uint16) * 100)


def test_a_file_without_a_suffix_is_known_by_its_mark(tmp_path, gray):
    path = write(tmp_path / "IM0001", gray, [region(0.02, 0.03)])
    assert frames.read(path).spacing_mm == pytest.approx((0.2, 0.3))


@pytest.mark.parametrize("syntax", [EXPLICIT, IMPLICIT])
@pytest.mark.parametrize("undefined", [False, True])
def test_the_region_gives_the_spacing_in_every_encoding(tmp_path, gray, syntax, undefined):
    path = write(tmp_path / "loop.dcm", gray, [region(0.02, 0.03)], syntax=syntax, undefined=undefined)
    frame = frames.read(path, 3)
    assert frame.spacing_mm == pytest.approx((0.2, 0.3))
    assert frame.grid.spacing[:2] == pytest.approx((0.2, 0.3))
    assert (frame.grid.size, frame.index) == ((30, 20, 4), 3)


def test_sequences_before_the_regions_are_walked_over(tmp_path, gray):
    nested = [
        (0x00081140, "SQ", [[(0x00081150, "UI", "1.2"), (0x0008114A, "SQ", [[(0x00081155, "UI", "1.3")]])]])
    ]
    for undefined in (False, True):
        path = write(tmp_path / "a.dcm", gray, [region(0.02, 0.02)], extra=nested, undefined=undefined)
        assert spacing_of(path) == pytest.approx((0.2, 0.2))


def test_an_unknown_sequence_in_implicit_encoding_is_walked_over(tmp_path, gray):
    body = item([(0x00090010, "LO", "MAKER")], explicit=False, undefined=True)
    end = struct.pack("<HHI", 0xFFFE, 0xE0DD, 0)
    path = write(tmp_path / "a.dcm", gray, [region(0.02, 0.02)], extra=[(0x00091001, "UN", body + end)])
    data = path.read_bytes()
    known_length = struct.pack("<HH2sHI", 0x0009, 0x1001, b"UN", 0, len(body + end))
    assert known_length in data
    path.write_bytes(data.replace(known_length, known_length[:-4] + b"\xff" * 4))
    assert spacing_of(path) == pytest.approx((0.2, 0.2))


def test_the_largest_region_that_is_measured_in_centimetres_counts(tmp_path, gray):
    regions = [region(1, 1, side=900, units=4), region(0.5, 0.5, side=10), region(0.01, -0.02, side=500)]
    regions.append(region(2, 2, side=900, spatial=3))  # an M-mode strip: its x is time
    assert spacing_of(write(tmp_path / "a.dcm", gray, regions)) == pytest.approx((0.1, 0.2))


def test_pixel_spacing_is_rows_then_columns(tmp_path, gray):
    path = write(tmp_path / "a.dcm", gray, [region(0.5, 0.5)], spacing="0.4\\0.25")
    assert spacing_of(path) == (0.25, 0.4)


@pytest.mark.parametrize("spacing", ["0\\0", "nan\\1", "1", "a\\b", "-1\\1"])
def test_spacing_that_makes_no_sense_is_unknown(tmp_path, gray, spacing):
    assert spacing_of(write(tmp_path / "a.dcm", gray, spacing=spacing)) is None


def test_without_calibration_the_spacing_is_unknown(tmp_path, gray):
    frame = frames.read(write(tmp_path / "a.dcm", gray))
    assert frame.spacing_mm is None
    assert frame.grid.spacing[:2] == (1, 1)


def test_a_header_that_is_cut_off_anywhere_has_no_spacing_and_no_traceback(tmp_path, gray):
    whole = write(tmp_path / "a.dcm", gray, [region(0.02, 0.03)]).read_bytes()
    answers = set()
    for size in range(0, len(whole) - gray.size, 7):
        (tmp_path / "cut.dcm").write_bytes(whole[:size])
        answers.add(spacing_of(tmp_path / "cut.dcm"))
    assert {None} < answers <= {None, (0.2, 0.3)}


def test_a_file_that_is_cut_off_is_refused_by_name(tmp_path, gray):
    path = write(tmp_path / "cut.dcm", gray)
    path.write_bytes(path.read_bytes()[:300])
    with pytest.raises(ValueError, match=r"cut\.dcm cannot be read"):
        frames.read(path)


def test_a_frame_that_is_not_there_is_refused_with_the_count(tmp_path, gray):
    path = write(tmp_path / "loop.dcm", gray)
    for index in (-1, 4):
        with pytest.raises(ValueError, match=r"does not exist: it has 4"):
            frames.read(path, index)
