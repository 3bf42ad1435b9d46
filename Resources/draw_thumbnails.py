"""Draws the samples' thumbnails: PYTHONPATH=SAMCAUltrasound python Resources/draw_thumbnails.py."""

from pathlib import Path

import numpy as np
from PIL import Image

from SAMCALib.Models.SampleLogic import SAMPLES, loop, phantom

FOLDER = Path(__file__).resolve().parent.parent / "SAMCAUltrasound" / "Resources" / "Icons"
SIZE_PX = (260, 280)  # of the buttons in Slicer's Sample Data module


def thumbnail(image: np.ndarray) -> Image.Image:
    """The middle of an (H, W) frame, as high as the picture."""
    width, height = SIZE_PX
    picture = Image.fromarray(image)
    picture = picture.resize(
        (round(image.shape[1] * height / image.shape[0]), height), Image.Resampling.LANCZOS
    )
    left = (picture.width - width) // 2
    return picture.crop((left, 0, left + width, height))


if __name__ == "__main__":
    for sample in SAMPLES:
        frame = loop(sample)[0] if sample.isLoop else phantom(sample)
        thumbnail(frame.image).save(FOLDER / f"{sample.name}.png", optimize=True)
