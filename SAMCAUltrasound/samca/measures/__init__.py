"""Sizes of outlined objects: axes, area, outline, brightness, volume, and the words that follow from them."""

from .axes import Axis, hull_of
from .ellipse import Ellipse
from .measure import Measurements, measure
from .volume import ellipsoid_volume, three_diameters, voxel_volume
from .wording import rounded, sentence_of, sizes_of

__all__ = [
    "Axis",
    "Ellipse",
    "Measurements",
    "ellipsoid_volume",
    "hull_of",
    "measure",
    "rounded",
    "sentence_of",
    "sizes_of",
    "three_diameters",
    "voxel_volume",
]
