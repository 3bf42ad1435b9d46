"""Augmentations by name: each makes a transform, of MONAI where it has one, of {"image": (C, S, S) 0..1,
"mask": (1, S, S)}."""

from __future__ import annotations

import numpy as np

from ..images.disturbances import attenuation, colour_doppler, marks, speckle
from ..images.frames import as_rgb

RADIANS = np.pi / 180


def none():
    """Leave images as they are."""
    return None


def samus():
    """What SAMUS (and so SAMCA) trains with: gamma, rotation by 30 degrees, zoom, contrast, each at .5."""
    from monai.transforms import Compose, RandAdjustContrastd, RandRotated, RandScaleIntensityd, RandZoomd

    keys, modes = ["image", "mask"], ["bilinear", "nearest"]
    return Compose(
        [
            RandAdjustContrastd("image", prob=0.5, gamma=(0.5, 2.0)),
            RandRotated(keys, range_x=30 * RADIANS, prob=0.5, mode=modes, padding_mode="zeros"),
            RandZoomd(keys, prob=0.5, min_zoom=1.0, max_zoom=1.3, mode=["bilinear", "nearest"]),
            RandScaleIntensityd("image", factors=0.3, prob=0.5),
        ]
    )


def ultrasound():
    """Wider than `samus`: left-right flips, an affine map, gamma, gain, shading, blur, speckle-like noise."""
    from monai.transforms import (
        Compose,
        RandAdjustContrastd,
        RandAffined,
        RandBiasFieldd,
        RandFlipd,
        RandGaussianSmoothd,
        RandRicianNoised,
        RandScaleIntensityd,
    )

    keys, modes = ["image", "mask"], ["bilinear", "nearest"]
    return Compose(
        [
            RandFlipd(keys, prob=0.5, spatial_axis=1),
            RandAffined(
                keys, prob=0.8, rotate_range=20 * RADIANS, shear_range=0.15, translate_range=24,
                scale_range=((-0.35, 0.25), (-0.35, 0.25)), mode=modes, padding_mode="zeros",
            ),
            RandAdjustContrastd("image", prob=0.5, gamma=(0.6, 1.7)),
            RandScaleIntensityd("image", factors=0.3, prob=0.5),
            RandBiasFieldd("image", prob=0.2, coeff_range=(-0.4, 0.4)),
            RandGaussianSmoothd("image", prob=0.15, sigma_x=(0.4, 1.2), sigma_y=(0.4, 1.2)),
            RandRicianNoised("image", prob=0.15, std=0.06),
        ]
    )  # fmt: skip


def sam2rad():
    """Sam2Rad's: flips along both axes, shift by 20 %, rotation by 90 degrees, crop of 0.8 to 1."""
    return _Sized(_sam2rad)


def _sam2rad(side: int):
    from monai.transforms import Compose, RandAffined, RandFlipd, RandZoomd

    keys, modes = ["image", "mask"], ["bilinear", "nearest"]
    moved = {"mode": modes, "padding_mode": "zeros"}
    return Compose(
        [
            RandFlipd(keys, prob=0.5, spatial_axis=0),
            RandFlipd(keys, prob=0.5, spatial_axis=1),
            RandAffined(keys, prob=0.5, translate_range=0.2 * side, **moved),
            RandAffined(keys, prob=0.5, rotate_range=90 * RADIANS, **moved),
            RandZoomd(keys, prob=0.5, min_zoom=1.0, max_zoom=1 / 0.8, mode=modes),
        ]
    )


class _Sized:
    """A transform that is made when the side of the images is known."""

    def __init__(self, make):
        self.make, self.made = make, {}

    def set_random_state(self, seed: int) -> None:
        self.seed = seed

    def __call__(self, data: dict) -> dict:
        side = data["image"].shape[-1]
        self.made[side] = transform = self.made.get(side) or self.make(side)
        transform.set_random_state(seed=self.seed)
        return transform(data)


def disturbed():
    """`ultrasound`, then what scanners and their users add: speckle, attenuation, colour flow, marks."""
    return _Disturbed(ultrasound(), {speckle: 0.25, attenuation: 0.2, colour_doppler: 0.2, marks: 0.3})


class _Disturbed:
    """A transform, and after it each of these disturbances with its chance; frames of loops get none."""

    def __init__(self, transform, chances: dict):
        self.transform, self.chances = transform, chances

    def set_random_state(self, seed: int) -> None:
        self.transform.set_random_state(seed=seed)
        self.rng = np.random.default_rng(seed)

    def __call__(self, data: dict) -> dict:
        data = self.transform(data)
        changes = [change for change, chance in self.chances.items() if self.rng.random() < chance]
        if not changes or len(data["mask"]) > 1:
            return data
        planes = np.asarray(data["image"]).clip(0, 1) * 255
        pixels = as_rgb(planes.round().astype(np.uint8).transpose(1, 2, 0).squeeze())
        for change in changes:
            pixels = change(pixels, self.rng).clip(0, 255)
        return {**data, "image": pixels.transpose(2, 0, 1) / 255}


AUGMENTS = {
    "none": none,
    "samus": samus,
    "ultrasound": ultrasound,
    "sam2rad": sam2rad,
    "disturbed": disturbed,
}


def apply(
    transform, image: np.ndarray, mask: np.ndarray, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Image (S, S, C) uint8 and mask (S, S) bool through a transform whose random numbers come from `rng`.

    Frames of a loop go through it as channels, with a mask (S, S, frames). Where the structure would leave
    the image, or one of its frames, both stay as they are.
    """
    import torch

    transform.set_random_state(seed=int(rng.integers(2**31)))
    planes = torch.from_numpy(image.transpose(2, 0, 1).astype(np.float32) / 255)
    masks = mask.reshape(*mask.shape[:2], -1).transpose(2, 0, 1)
    out = transform({"image": planes, "mask": torch.from_numpy(masks.astype(np.float32))})
    moved = (np.asarray(out["mask"]) > 0.5).transpose(1, 2, 0).reshape(mask.shape)
    if (mask.any((0, 1)) & ~moved.any((0, 1))).any():
        return image, mask
    pixels = np.asarray(out["image"]).transpose(1, 2, 0).clip(0, 1) * 255
    return pixels.round().astype(np.uint8), moved
