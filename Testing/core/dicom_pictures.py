"""Small DICOM files of every kind, written by pydicom, for the tests of reading them."""

import io
from pathlib import Path

import numpy as np
from PIL import Image
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.encaps import encapsulate
from pydicom.uid import ExplicitVRLittleEndian
from scipy.ndimage import gaussian_filter

ULTRASOUND, ENHANCED_VOLUME = "1.2.840.10008.5.1.4.1.1.3.1", "1.2.840.10008.5.1.4.1.1.6.2"


def smooth(seed: int = 0, height: int = 48, width: int = 64, top: int = 255) -> np.ndarray:
    """(height, width) float64 in 0..top, smooth as JPEG likes it."""
    noise = gaussian_filter(np.random.default_rng(seed).random((height, width)), 3)
    return (noise - noise.min()) / np.ptp(noise) * top


def picture(
    pixels: np.ndarray, photometric: str = "", syntax: str = ExplicitVRLittleEndian, frames: int = 0
) -> Dataset:
    """The data set of (H, W), (H, W, 3) or so many frames of it; pixels as they are unless encapsulated."""
    elements = Dataset()
    elements.file_meta = FileMetaDataset()
    elements.file_meta.TransferSyntaxUID = syntax
    elements.file_meta.MediaStorageSOPClassUID = elements.SOPClassUID = ULTRASOUND
    elements.file_meta.MediaStorageSOPInstanceUID = elements.SOPInstanceUID = "1.2.3.4"
    elements.Modality = "US"
    shape = pixels.shape[bool(frames) :]
    elements.SamplesPerPixel = 3 if len(shape) == 3 else 1
    elements.PhotometricInterpretation = photometric or ("RGB" if len(shape) == 3 else "MONOCHROME2")
    if len(shape) == 3:
        elements.PlanarConfiguration = 0
    elements.Rows, elements.Columns = shape[:2]
    if frames:
        elements.NumberOfFrames = frames
    bits = 8 * pixels.dtype.itemsize
    elements.BitsAllocated = elements.BitsStored = bits
    elements.HighBit, elements.PixelRepresentation = bits - 1, int(pixels.dtype.kind == "i")
    elements.PixelData = pixels.tobytes()
    return elements


def compressed(elements: Dataset, *streams: bytes) -> Dataset:
    """The same with these compressed frames as pixels."""
    elements.PixelData = encapsulate(list(streams))
    elements["PixelData"].is_undefined_length = True
    return elements


def stream(pixels: np.ndarray, kind: str = "JPEG", **options) -> bytes:
    """A picture as JPEG or JPEG2000."""
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, kind, **options)
    return file.getvalue()


def saved(elements: Dataset, path: Path) -> Path:
    """The path it was written to."""
    elements.save_as(path, enforce_file_format=True)
    return path


def region(x0: int, y0: int, x1: int, y1: int, delta_x: float, delta_y: float, **others) -> Dataset:
    """An item of the sequence of regions: 2D tissue from its first pixel to its last, deltas in cm."""
    item = Dataset()
    item.RegionSpatialFormat, item.RegionDataType, item.RegionFlags = 1, 1, 0
    item.RegionLocationMinX0, item.RegionLocationMinY0 = x0, y0
    item.RegionLocationMaxX1, item.RegionLocationMaxY1 = x1, y1
    item.PhysicalUnitsXDirection = item.PhysicalUnitsYDirection = 3
    item.PhysicalDeltaX, item.PhysicalDeltaY = delta_x, delta_y
    for name, value in others.items():
        setattr(item, name, value)
    return item
