"""Pixel spacing of a DICOM ultrasound file, read from its header.

SimpleITK gives the pixels of every transfer syntax but no sequences, and ultrasound keeps its calibration in
one (DICOM PS3.3 C.8.5.5, US Region Calibration). So the header is walked here, by PS3.5 section 7.
"""

from __future__ import annotations

import mmap
import struct
from pathlib import Path

PREAMBLE = 128
IMPLICIT_LITTLE_ENDIAN = "1.2.840.10008.1.2"
UNREADABLE_SYNTAXES = ("1.2.840.10008.1.2.2", "1.2.840.10008.1.2.1.99")  # big endian, deflated
LONG_LENGTH = (b"OB", b"OD", b"OF", b"OL", b"OV", b"OW", b"SQ", b"SV", b"UC", b"UN", b"UR", b"UT", b"UV")
UNDEFINED = 0xFFFFFFFF
TRANSFER_SYNTAX, PIXEL_SPACING, REGIONS = 0x00020010, 0x00280030, 0x00186011
SPATIAL_FORMAT, X0, Y0, X1, Y1 = 0x00186012, 0x00186018, 0x0018601A, 0x0018601C, 0x0018601E
UNITS_X, UNITS_Y, DELTA_X, DELTA_Y = 0x00186024, 0x00186026, 0x0018602C, 0x0018602E
ITEM, ITEM_END, SEQUENCE_END = 0xFFFEE000, 0xFFFEE00D, 0xFFFEE0DD
TWO_DIMENSIONAL, CENTIMETRES, MM_PER_CM = 1, 3, 10.0


class Header:
    """A walk over the elements of a data set that starts at a byte offset."""

    def __init__(self, data, offset: int, explicit: bool):
        self.data, self.offset, self.explicit = data, offset, explicit

    def elements(self, end: int, last: int = SEQUENCE_END):
        """Yield (tag, value) up to byte `end` or tag `last`; a sequence's value is a list of {tag: value}."""
        while self.offset + 8 <= end:
            tag, vr, length = self._start()
            if tag in (ITEM_END, SEQUENCE_END) or tag > last:
                return
            yield tag, self._value(vr, length)

    def _unpack(self, layout: str):
        values = struct.unpack_from(layout, self.data, self.offset)
        self.offset += struct.calcsize(layout)
        return values

    def _start(self) -> tuple[int, bytes, int]:
        """Tag, value representation and length of the next element; the offset moves to its value."""
        group, element = self._unpack("<HH")
        tag = group << 16 | element
        if group == 0xFFFE or not self.explicit:
            return tag, b"", self._unpack("<I")[0]
        (vr,) = self._unpack("<2s")
        return tag, vr, self._unpack("<2xI" if vr in LONG_LENGTH else "<H")[0]

    def _value(self, vr: bytes, length: int):
        if (
            vr == b"UN" and length == UNDEFINED
        ):  # a sequence in implicit encoding, whatever the file's is (PS3.5 6.2.2)
            hidden = Header(self.data, self.offset, explicit=False)
            items, self.offset = list(hidden._items(length)), hidden.offset
            return items
        if vr == b"SQ" or length == UNDEFINED or self._looks_like_items(vr, length):
            return list(self._items(length))
        value = self.data[self.offset : self.offset + length]
        self.offset += length
        return value

    def _looks_like_items(self, vr: bytes, length: int) -> bool:
        """Without a value representation a sequence shows itself only by its first item."""
        return vr == b"" and length >= 8 and self.data[self.offset : self.offset + 4] == b"\xfe\xff\x00\xe0"

    def _items(self, length: int):
        end = len(self.data) if length == UNDEFINED else self.offset + length
        while self.offset + 8 <= end:
            tag, _, size = self._start()
            if tag != ITEM:
                return
            stop = end if size == UNDEFINED else self.offset + size
            yield dict(self.elements(stop))


def is_dicom(path: Path) -> bool:
    """Whether the file is named as DICOM or carries the mark of PS3.10."""
    return path.suffix.lower() in (".dcm", ".dicom") or _has_mark(path)


def _has_mark(path: Path) -> bool:
    with open(path, "rb") as file:
        file.seek(PREAMBLE)
        return file.read(4) == b"DICM"


def spacing_mm(path: Path) -> tuple[float, float] | None:
    """(x, y) mm of a pixel from Pixel Spacing, else from the largest calibrated 2D region, else None."""
    if not _has_mark(path):
        return None
    with open(path, "rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
        try:
            header = _header(data)
            return _pixel_spacing(header) or _region_spacing(header.get(REGIONS, []))
        except (
            struct.error,
            RecursionError,
            TypeError,
            ValueError,
        ):  # a broken header has no spacing to believe
            return None


def _header(data) -> dict:
    """{tag: value} of the data set up to Pixel Spacing; empty in encodings that are not read here."""
    walk = Header(data, PREAMBLE + 4, explicit=True)
    (_, size) = next(
        walk.elements(len(data)), (0, b"")
    )  # (0002,0000): length of the rest of the meta information
    end = walk.offset + struct.unpack("<I", size)[0]
    meta = dict(walk.elements(end))
    syntax = _text(meta.get(TRANSFER_SYNTAX, b""))
    if syntax in UNREADABLE_SYNTAXES:
        return {}
    walk = Header(data, end, explicit=syntax != IMPLICIT_LITTLE_ENDIAN)
    return dict(walk.elements(len(data), last=PIXEL_SPACING))


def _text(value: bytes) -> str:
    return bytes(value).decode("ascii", "replace").strip("\0 ")


def _pixel_spacing(header: dict) -> tuple[float, float] | None:
    rows_and_columns = _text(header.get(PIXEL_SPACING, b"")).split("\\")
    if len(rows_and_columns) != 2:
        return None
    return _positive(float(rows_and_columns[1]), float(rows_and_columns[0]))


def _region_spacing(regions: list[dict]) -> tuple[float, float] | None:
    usable = [region for region in regions if _is_calibrated(region)]
    if not usable:
        return None
    best = max(usable, key=_area)
    return _positive(*(abs(_number("<d", best[tag])) * MM_PER_CM for tag in (DELTA_X, DELTA_Y)))


def _is_calibrated(region: dict) -> bool:
    units = [_number("<H", region.get(tag, b"\0\0")) for tag in (UNITS_X, UNITS_Y)]
    flat = _number("<H", region.get(SPATIAL_FORMAT, b"\1\0")) == TWO_DIMENSIONAL
    return flat and units == [CENTIMETRES] * 2 and DELTA_X in region and DELTA_Y in region


def _area(region: dict) -> int:
    x0, y0, x1, y1 = (_number("<I", region.get(tag, b"\0\0\0\0")) for tag in (X0, Y0, X1, Y1))
    return (x1 - x0) * (y1 - y0)


def _number(layout: str, value: bytes) -> float:
    return struct.unpack(layout, value)[0]


def _positive(x: float, y: float) -> tuple[float, float] | None:
    return (x, y) if 0 < x < float("inf") and 0 < y < float("inf") else None
