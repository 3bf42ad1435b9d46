"""Draws the samples' thumbnails from their files: python Resources/draw_thumbnails.py."""

import json
from pathlib import Path

import numpy as np
import SimpleITK
from PIL import Image

from samca.files import replacing

RESOURCES = Path(__file__).resolve().parent.parent / "SAMCAUltrasound" / "Resources"
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
    for sample in json.loads((RESOURCES / "Samples" / "samples.json").read_text(encoding="utf-8")):
        pixels = SimpleITK.GetArrayFromImage(SimpleITK.ReadImage(str(RESOURCES / "Samples" / sample["file"])))
        frame = pixels[0] if pixels.ndim == 3 else pixels[0, ..., 0]  # frames of a loop are its components
        with replacing(RESOURCES / "Icons" / f"{sample['name']}.png") as temporary:
            thumbnail(frame).save(temporary, optimize=True)
