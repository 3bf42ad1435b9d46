"""TN-SCUI 2020: thyroid nodules of the MICCAI challenge, 3,644 training images.

Layout: image/1273.PNG with mask/1273.PNG; the table of benign and malignant (train.csv) is not needed.
Patients and spacing are not given, so each image is a group.
"""

from __future__ import annotations

from pathlib import Path

from .pairing import Found, paired_cases

LAYOUT = "image/ and mask/"


def matches(folder: Path) -> bool:
    """Whether the folder looks like TN-SCUI."""
    return (folder / "image").is_dir() and (folder / "mask").is_dir()


def find(folder: Path) -> Found:
    """All cases."""
    return paired_cases(folder / "image", folder / "mask", "tnscui")
