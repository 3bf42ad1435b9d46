"""Pixels of DICOM files: by SimpleITK, which decodes what scanners write, by a header that has to be right.

Where it is not, or where something beside the picture stands in SimpleITK's way, pydicom writes the picture
alone anew, with the colours that the pixels show; what SimpleITK has no reader for, pydicom decodes.
"""

from __future__ import annotations

import struct
import tempfile
from pathlib import Path

import numpy as np

from . import by_simpleitk, dicom
from .bounds import check_size
from .dicom import Header
from .grid import Grid, Volume
from .stream_colours import RGB, YBR, colours_of

VIDEO = ("1.2.840.10008.1.2.4.10", "1.2.840.10008.1.2.7.")  # MPEG-2, H.264, H.265; over SMPTE ST 2110
UNDEFINED = b"\xff" * 4  # length of compressed pixels
IN_RGB = (RGB, "YBR_RCT", "YBR_ICT")  # what JPEG 2000 turns back into RGB by itself
GROUPS = (0x0028, 0x7FE0)  # how a picture is stored, and its pixels
IDENTITY = (0x00080016, 0x00080018, 0x00080060)  # what a reader asks for besides
NEUTRAL, CLOSE, MOST = 128, 3, 0.5  # chrominance of grey, how far JPEG moves it, the share that shows it


def read(path: Path, header: Header) -> Volume:
    """All frames of the file; ValueError says what it is instead of a picture, or that it is damaged."""
    _check_kind(path, header)
    _check_size(path, header)
    said, shown = header.get("PhotometricInterpretation", ""), _colours_shown(header)
    if shown and (said in IN_RGB) != (shown == RGB):
        return _anew(path, header, shown)
    try:
        volume = by_simpleitk.read(path)
    except ValueError:
        volume = _anew(path, header)
    if said == RGB and not shown and _is_ybr(volume.voxels[len(volume.voxels) // 2]):
        volume = _anew(path, header, YBR)
    return volume


def _check_kind(path: Path, header: Header) -> None:
    from pydicom.uid import UID

    if header.syntax.startswith(VIDEO):
        raise ValueError(
            f"{path} is a video ({UID(header.syntax).name}): export it from the scanner as images, or as a "
            "loop that is uncompressed or of JPEG images"
        )
    if len(header.elements) and not header.pixels and header.syntax != dicom.DEFLATED:
        kind = UID(str(header.get("SOPClassUID", ""))).name or "no known kind"
        raise ValueError(
            f"{path} cannot be read: it holds no picture ({kind}): export it from the scanner as an image "
            "or a loop, or copy it again if it was cut off"
        )


def _check_size(path: Path, header: Header) -> None:
    names = ("NumberOfFrames", "Rows", "Columns", "SamplesPerPixel")
    try:
        sides = [int(header.get(name, 1)) for name in names]
        size = max(1, int(header.get("BitsAllocated", 8)) // 8)
    except (TypeError, ValueError):
        return  # SimpleITK will say that it is damaged
    check_size(path, sides, size)


def _colours_shown(header: Header) -> str | None:
    """RGB or YBR where the compressed pixels themselves say so."""
    if header.pixels[8:12] != UNDEFINED or len(header.pixels) < 20:
        return None
    (table,) = struct.unpack_from("<I", header.pixels, 16)  # of offsets; the first fragment comes behind it
    return colours_of(header.pixels[28 + table :])


def _is_ybr(frame: np.ndarray) -> bool:
    """Whether "RGB" is luminance and chrominance of what is grey for the most part."""
    if frame.ndim != 3 or frame.dtype != np.uint8:
        return False
    neutral = (np.abs(frame[..., 1:3].astype(int) - NEUTRAL) <= CLOSE).all(-1)
    return bool(neutral.mean() > MOST)


def _anew(path: Path, header: Header, colours: str = "") -> Volume:
    """The picture alone, written anew and read; with these colours, if the header has others."""
    import pydicom

    try:
        with dicom.quietly(), tempfile.TemporaryDirectory() as folder:
            elements = pydicom.dcmread(path, force=True)
            for tag in list(elements.keys()):
                if tag.group not in GROUPS and tag not in IDENTITY:
                    del elements[tag]
            if colours:
                elements.PhotometricInterpretation = colours
            picture = Path(folder) / "picture.dcm"
            elements.save_as(picture)
            try:
                return by_simpleitk.read(picture)
            except ValueError:
                return _by_pydicom(elements)
    except Exception as error:  # what damaged bytes raise differs from tag to tag
        kind = pydicom.uid.UID(header.syntax).name or "of no known transfer syntax"
        raise ValueError(
            f"{path} cannot be read: its pixels ({kind}) are damaged, cut off, or of a kind that is not read "
            "here: export it from the scanner uncompressed"
        ) from error


def _by_pydicom(elements) -> Volume:
    """What SimpleITK has no reader for, as pixels that are fractions."""
    sides = [int(elements.get("NumberOfFrames", 1) or 1), elements.Rows, elements.Columns]
    colours = [3] if elements.SamplesPerPixel == 3 else []
    voxels = np.reshape(elements.pixel_array, sides + colours)
    if elements.PhotometricInterpretation == "MONOCHROME1":
        voxels = voxels.max() - voxels + voxels.min()
    return Volume(voxels, Grid((sides[2], sides[1], sides[0])), None)
