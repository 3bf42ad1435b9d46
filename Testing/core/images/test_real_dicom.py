"""Real ultrasound of five makers: every file is read, with its frames and its spacing.

SimpleITK alone refuses the two of fo-dicom, for what stands behind their pixels; of the others the pixels are
those that it gives.
"""

from pathlib import Path

import pytest

from samca.images import frames

REAL = Path(__file__).parents[3].parent / "shared/data/dicom"
FILES = {  # name: (dtype, shape, frames, (x, y) mm, mean of the middle frame)
    "fodicom_DIRW0007": ("uint8", (456, 576, 3), 65, (0.5248, 0.5248), 27.5),
    "fodicom_GH364": ("uint8", (768, 1024), 1, None, 11.2),
    "pydicom_examples_jpeg2k": ("uint8", (480, 640, 3), 1, None, 34.5),
    "pydicom_examples_palette": ("uint8", (350, 800, 3), 1, (0.2623, 0.2623), 20.5),
    "pydicom_examples_rgb_color": ("uint8", (240, 320, 3), 1, None, 34.3),
    "pydicom_examples_ybr_color": ("uint8", (240, 320, 3), 30, (0.5105, 0.5105), 10.7),
    "pydicomdata_OBXXXX1A_rle_2frame": ("uint8", (600, 800, 3), 2, (0.2623, 0.2623), 43.8),
    "pydicomdata_gdcm-US-ALOKA-16": ("uint16", (480, 640, 3), 1, (0.3827, 0.3827), 7641.7),
}


@pytest.mark.skipif(not REAL.is_dir(), reason=f"no real frames: {REAL} is not there")
@pytest.mark.parametrize("name", FILES)
def test_a_real_file_has_its_frames_and_its_spacing(name):
    dtype, shape, count, spacing, mean = FILES[name]
    frame = frames.read(REAL / f"{name}.dcm", count // 2)
    assert (frame.pixels.dtype, frame.pixels.shape, frame.count) == (dtype, shape, count)
    assert frame.spacing_mm == (spacing and pytest.approx(spacing, abs=1e-4))
    assert frame.pixels.mean() == pytest.approx(mean, abs=1)


@pytest.mark.skipif(not REAL.is_dir(), reason=f"no real frames: {REAL} is not there")
def test_of_real_screens_one_has_two_pictures_side_by_side():
    regions = {name: len(frames.read(REAL / f"{name}.dcm").regions) for name in FILES}
    assert {name: count for name, count in regions.items() if count} == {"pydicomdata_gdcm-US-ALOKA-16": 2}
