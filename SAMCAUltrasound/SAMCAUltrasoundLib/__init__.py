"""The Qt side of SAMCA Ultrasound; Slicer makes the effect from this package's `SegmentEditorEffect`."""

from .ModuleWidget import ModuleWidget
from .SegmentEditorEffect import SegmentEditorEffect

__all__ = ["ModuleWidget", "SegmentEditorEffect"]
