"""Whose an image is, for what must never be split: a digest of the patient's identity, without a name."""

from __future__ import annotations

import hashlib
from pathlib import Path

import slicer

from samca.images import dicom

DIGITS = 12


def ofFile(path: Path) -> str:
    """The patient of a DICOM file; "" where nobody says."""
    try:
        identity = str(dicom.header_of(path).get("PatientID", "")) if dicom.is_dicom(path) else ""
    except (OSError, ValueError):
        return ""
    return _named(identity)


def ofNode(volumeNode) -> str:
    """The patient of a volume in the subject hierarchy; "" where there is none above it."""
    hierarchy = slicer.vtkMRMLSubjectHierarchyNode.GetSubjectHierarchyNode(slicer.mrmlScene)
    item = hierarchy.GetItemByDataNode(volumeNode) if hierarchy else 0
    patient = hierarchy.GetItemAncestorAtLevel(item, "Patient") if item else 0
    if not patient:
        return ""
    return _named(hierarchy.GetItemAttribute(patient, "DICOM.PatientID") or hierarchy.GetItemName(patient))


def _named(identity: str) -> str:
    return f"patient_{hashlib.sha256(identity.encode()).hexdigest()[:DIGITS]}" if identity else ""
