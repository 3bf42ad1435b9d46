"""UDIAT (Dataset B): breast lesions of the UDIAT Diagnostic Centre, Sabadell (Yap 2018), 163 images.

Layout: original/000001.png with GT/000001.png. Patients and spacing are not given, so each image is a group.
"""

from __future__ import annotations

from pathlib import Path

from .pairing import Found, paired_cases

LAYOUT = "original/ and GT/"


def matches(folder: Path) -> bool:
    """Whether the folder looks like UDIAT."""
    return (folder / "original").is_dir() and (folder / "GT").is_dir()


def find(folder: Path) -> Found:
    """All cases."""
    return paired_cases(folder / "original", folder / "GT", "udiat")
