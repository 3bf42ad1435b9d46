"""DICOM ultrasound: what the header says of a picture, read by pydicom."""

from __future__ import annotations

import contextlib
import math
import warnings
from dataclasses import astuple, dataclass
from pathlib import Path
from typing import Any

from ..prompts.windows import Window
from .bounds import RAW, inflates_beyond
from .grid import positive
from .regions import Region, pictures_on, side_by_side

SUFFIXES = (".dcm", ".dicom")
PREAMBLE = 128
UNCOMPRESSED = tuple(
    f"1.2.840.10008.1.2{more}" for more in ("", ".1", ".2")
)  # implicit; explicit; big endian
DEFLATED = "1.2.840.10008.1.2.1.99"  # transfer syntax of a file that is compressed behind its first group
LARGEST_INFLATED = 1 << 30  # bytes
PIXELS = (0x7FE00008, 0x7FE00009, 0x7FE00010)  # as float, as double, as whole numbers
ENOUGH = 1 << 16  # bytes behind the header that tell how the pixels are stored
TWO_DIMENSIONAL, CENTIMETRES, MM_PER_CM = 1, 3, 10.0
IMAGES = (1, 2)  # kinds of region: tissue and colour flow


@dataclass(frozen=True)
class Header:
    """The data set before the pixels, empty where it cannot be understood.

    start: where the pixels' element begins in the file, None if there is none; pixels: the first bytes there.
    """

    elements: Any
    start: int | None = None
    pixels: bytes = b""

    def get(self, keyword: str, default=None):
        """The value of an element; the default where it is missing or damaged."""
        try:
            with quietly():
                value = self.elements.get(keyword, default)
            return default if value is None else value
        except Exception:  # what damaged bytes raise differs from element to element
            return default

    def number(self, keyword: str, default: float = 0) -> float:
        """The value of an element that is one finite number; else the default."""
        value = self.get(keyword)
        try:
            return float(value) if math.isfinite(float(value)) else default
        except (TypeError, ValueError):
            return default

    def items(self, keyword: str) -> list[Header]:
        """The items of a sequence."""
        try:
            return [Header(item) for item in self.get(keyword, ())]
        except TypeError:
            return []

    @property
    def syntax(self) -> str:
        """The transfer syntax' UID; of a file that lacks it, by its first element."""
        said = Header(getattr(self.elements, "file_meta", {})).get("TransferSyntaxUID")
        return str(said or UNCOMPRESSED[0 if self.get("is_implicit_VR") else 1])


def is_dicom(path: Path) -> bool:
    """Whether the file is named as DICOM or carries the mark of PS3.10."""
    return path.suffix.lower() in SUFFIXES or _has_mark(path)


def _has_mark(path: Path) -> bool:
    with open(path, "rb") as file:
        file.seek(PREAMBLE)
        return file.read(4) == b"DICM"


def header_of(path: Path) -> Header:
    """What a file says before its pixels, empty if damaged; ValueError if it would inflate beyond bounds."""
    import pydicom
    from pydicom.filereader import read_partial

    _check_inflated(path)
    try:
        with quietly(), path.open("rb") as file:
            elements = read_partial(file, lambda tag, vr, length: tag in PIXELS, force=True)
            start, pixels = file.tell(), file.read(ENOUGH)
            return Header(elements, start if pixels else None, pixels)
    except Exception:
        return Header(pydicom.Dataset())


def name_of(uid: str) -> str:
    """What the standard calls it; the UID itself where it does not know it."""
    from pydicom.uid import UID

    with quietly():
        return UID(uid).name


def _check_inflated(path: Path) -> None:
    with path.open("rb") as file:
        start = file.read(PREAMBLE + 16)  # up to the length of the first group
        first = file.read(min(int.from_bytes(start[-4:], "little"), ENOUGH))
        if DEFLATED.encode() in first and inflates_beyond(file, LARGEST_INFLATED, RAW):
            raise ValueError(
                f"{path} cannot be read: it inflates to more than {LARGEST_INFLATED >> 30} GiB: export it "
                "from the scanner uncompressed, if it is whole"
            )


@contextlib.contextmanager
def quietly():
    """Without what pydicom has to say of values that break the standard."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


def spacing_mm(header: Header, index: int = 0) -> tuple[float, float] | None:
    """(x, y) mm of a pixel of frame `index`, None if unknown.

    From Pixel Spacing, of the file or of the functional groups of an enhanced one (PS3.3 C.7.6.16.2.1), else
    from the largest region that is calibrated (C.8.5.5).
    """
    groups = header.items("SharedFunctionalGroupsSequence")
    groups += header.items("PerFrameFunctionalGroupsSequence")[index : index + 1]
    measures = [measured for group in groups for measured in group.items("PixelMeasuresSequence")]
    stated = [_pixel_spacing(place) for place in (header, *measures)]
    return next((spacing for spacing in stated if spacing), None) or _region_spacing(header)


def _pixel_spacing(place: Header) -> tuple[float, float] | None:
    try:
        rows, columns = place.get("PixelSpacing", ())
    except (TypeError, ValueError):
        return None
    return positive(columns, rows)


def _region_spacing(header: Header) -> tuple[float, float] | None:
    calibrated = [region for region in _regions(header) if region.spacing_mm]
    return max(calibrated, key=lambda region: region.area).spacing_mm if calibrated else None


def pictures(header: Header, height: int, width: int) -> tuple[Region, ...]:
    """The pictures side by side on a screen of (height, width) px; none if there is only one."""
    return side_by_side(_regions(header, IMAGES), height, width)


def only_window(header: Header, height: int, width: int) -> tuple[int, int, int, int] | None:
    """(x0, y0, x1, y1) px, ends excluded, of the only picture on such a screen.

    None where there are several, where nobody says, and where regions are of a larger screen than this, as of
    one that was cropped or made smaller since; some end a pixel beyond it.
    """
    regions = _regions(header, IMAGES)
    found = pictures_on(regions, height, width)
    fits = all(each.window.x1 <= width + 1 and each.window.y1 <= height + 1 for each in regions)
    return astuple(found[0].window) if len(found) == 1 and fits else None


def _regions(header: Header, kinds: tuple[int, ...] = ()) -> list[Region]:
    """What shows space, not time or a spectrum, of these kinds."""
    return [
        Region(window_of(item), _delta_mm(item))
        for item in header.items("SequenceOfUltrasoundRegions")
        if item.number("RegionSpatialFormat", TWO_DIMENSIONAL) == TWO_DIMENSIONAL
        and (not kinds or item.number("RegionDataType") in kinds)
    ]


def window_of(region: Header) -> Window:
    """Where a region lies on the screen."""
    names = ("MinX0", "MinY0", "MaxX1", "MaxY1")
    x0, y0, x1, y1 = (int(region.number(f"RegionLocation{name}")) for name in names)
    return Window(x0, y0, x1 + 1, y1 + 1)


def _delta_mm(region: Header) -> tuple[float, float] | None:
    units = [region.number(f"PhysicalUnits{axis}Direction") for axis in "XY"]
    if units != [CENTIMETRES] * 2:
        return None
    return positive(*(abs(region.number(f"PhysicalDelta{axis}")) * MM_PER_CM for axis in "XY"))
