"""Pixels of DICOM files: SimpleITK decodes what scanners write, by a header that is right.

A header may hold anything besides, lengths that take all memory and colours that the pixels do not have. So
pydicom writes the picture alone anew, in the colours that it shows, and SimpleITK sees nothing else; pixels
that it has no reader for, pydicom decodes.
"""

from __future__ import annotations

import os
import struct
from pathlib import Path
from typing import BinaryIO

import numpy as np

from ..files import DiskFullError, scratch, stream
from . import by_simpleitk, dicom
from .bounds import PACKED, check_size
from .chrominance import is_ybr
from .dicom import Header
from .grid import Grid, Volume
from .stream_colours import RGB, YBR, colours_of

VIDEO = ("1.2.840.10008.1.2.4.10", "1.2.840.10008.1.2.7.")  # MPEG-2, H.264, H.265; over SMPTE ST 2110
CHUNK = 1 << 20  # bytes
UNDEFINED, ITEM, END = 0xFFFFFFFF, 0xFFFEE000, 0xFFFEE0DD
HALVED = "YBR_FULL_422"  # two neighbours share their chrominance: two values a pixel instead of three
IN_RGB = (RGB, "YBR_RCT", "YBR_ICT")  # what JPEG 2000 turns back into RGB by itself
GROUPS = (
    0x0020,
    0x0028,
    0x5200,
    0x7FE0,
)  # where a picture lies, how it is stored, both of single frames, pixels
IDENTITY = (0x00080016, 0x00080018, 0x00080060, 0x00180088)  # what a reader asks for besides


def read(path: Path, header: Header) -> Volume:
    """All frames of the file; ValueError says what it is instead of a picture, or that it is damaged."""
    _check_kind(path, header)
    _check_size(path, header)
    said, shown = header.get("PhotometricInterpretation", ""), _colours_shown(header)
    volume = _decoded(path, header, shown if shown and (said in IN_RGB) != (shown == RGB) else said)
    if said == RGB and not shown and is_ybr(volume.voxels[len(volume.voxels) // 2]):
        return _decoded(path, header, YBR)
    return volume


def _check_kind(path: Path, header: Header) -> None:
    if header.syntax.startswith(VIDEO):
        raise ValueError(
            f"{path} is a video ({dicom.name_of(header.syntax)}): export it from the scanner as images or as "
            "a loop that is uncompressed or of JPEG images"
        )
    if header.start is None and header.syntax != dicom.DEFLATED:
        kind = dicom.name_of(str(header.get("SOPClassUID", ""))) or "of no known kind"
        raise ValueError(
            f"{path} cannot be read: it holds no picture ({kind}): export it from the scanner as an image "
            "or a loop, or copy it again if it was cut off"
        )


def _check_size(path: Path, header: Header) -> None:
    sides = [header.number(name, 1) for name in ("NumberOfFrames", "Rows", "Columns", "SamplesPerPixel")]
    packed = 1 if header.syntax in dicom.UNCOMPRESSED else PACKED
    stored = 2 / 3 if packed == 1 and header.get("PhotometricInterpretation", "") == HALVED else 1
    check_size(path, sides, header.number("BitsAllocated", 8) / 8 * stored, packed)


def _colours_shown(header: Header) -> str | None:
    """RGB or YBR where the compressed pixels themselves say so."""
    if len(header.pixels) < 20 or struct.unpack_from("<I", header.pixels, 8)[0] != UNDEFINED:
        return None
    (table,) = struct.unpack_from("<I", header.pixels, 16)  # of offsets; the first fragment comes behind it
    return colours_of(header.pixels[28 + table :])


def _decoded(path: Path, header: Header, colours: str) -> Volume:
    import pydicom

    try:
        with dicom.quietly(), scratch() as folder:
            picture = folder / "picture.dcm"
            _write_alone(picture, path, header, colours)
            try:
                return by_simpleitk.read(picture)
            except ValueError:
                return _by_pydicom(pydicom.dcmread(picture))
    except DiskFullError:
        raise
    except Exception as error:  # what damaged bytes raise differs from tag to tag
        kind = dicom.name_of(header.syntax) or "of no known transfer syntax"
        raise ValueError(
            f"{path} cannot be read: its pixels ({kind}) are damaged, cut off, or of a kind that is not read "
            "here: export it from the scanner uncompressed"
        ) from error


def _write_alone(picture: Path, path: Path, header: Header, colours: str) -> None:
    """Write what belongs to the picture, in these colours, the pixels as they are."""
    import pydicom
    from pydicom.uid import UID, ExplicitVRLittleEndian

    deflated = header.syntax == dicom.DEFLATED
    elements = pydicom.dcmread(path) if deflated else header.elements
    syntax = UID(ExplicitVRLittleEndian if deflated else header.syntax)
    meta = pydicom.dataset.FileMetaDataset()
    meta.TransferSyntaxUID = syntax
    meta.MediaStorageSOPClassUID, meta.MediaStorageSOPInstanceUID = header.get("SOPClassUID", ""), "1.2.3"
    own = {tag: elements.get_item(tag) for tag in list(elements.keys()) if _is_own(tag)}
    encoding = syntax.is_implicit_VR, syntax.is_little_endian
    alone = pydicom.FileDataset("", own, b"\0" * dicom.PREAMBLE, meta, *encoding)
    if colours:
        alone.PhotometricInterpretation = colours
    alone.save_as(picture)
    if not deflated:
        with path.open("rb") as file, stream(picture, "ab") as target:
            _copy(file, target, header.start, _end_of_pixels(file, header, *encoding))


def _is_own(tag) -> bool:
    return tag.group in GROUPS or tag in IDENTITY


def _end_of_pixels(file: BinaryIO, header: Header, implicit: bool, little: bool) -> int:
    """Where the pixels' element ends; ValueError if that is beyond the file's end."""
    order, size = "<" if little else ">", os.fstat(file.fileno()).st_size
    (length,) = struct.unpack_from(f"{order}I", header.pixels, 4 if implicit else 8)
    at = header.start + (8 if implicit else 12)
    if length != UNDEFINED:
        at += length
    else:
        tag = ITEM
        while tag == ITEM:
            file.seek(at)
            group, element, length = struct.unpack(f"{order}HHI", file.read(8))
            tag, at = group << 16 | element, at + 8 + length
        if tag != END:
            raise ValueError(f"a fragment of the pixels is followed by {tag:08x}")
    if at > size:
        raise ValueError(f"the pixels end at byte {at} of {size}")
    return at


def _copy(file: BinaryIO, target: BinaryIO, start: int, end: int) -> None:
    file.seek(start)
    for at in range(start, end, CHUNK):
        target.write(file.read(min(CHUNK, end - at)))


def _by_pydicom(elements) -> Volume:
    """What SimpleITK has no reader for, as pixels that are fractions."""
    sides = [int(elements.get("NumberOfFrames", 1) or 1), elements.Rows, elements.Columns]
    colours = [3] if elements.SamplesPerPixel == 3 else []
    voxels = np.reshape(elements.pixel_array, sides + colours)
    if elements.PhotometricInterpretation == "MONOCHROME1":
        voxels = voxels.max() - voxels + voxels.min()
    return Volume(voxels, Grid((sides[2], sides[1], sides[0])), None)
