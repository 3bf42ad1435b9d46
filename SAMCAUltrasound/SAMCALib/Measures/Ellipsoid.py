"""The volume of an ellipsoid from an object's outlines in two frames."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from samca import measures
from samca.measures import Measurements

from ..Frames import FrameLogic
from ..Frames.FrameLogic import Frame
from ..Texts import Refusal, _
from . import MeasureLogic

CROSSING = 0.87  # cosine of 30 degrees: planes at a smaller angle count as parallel


@dataclass(frozen=True)
class Outline:
    """An object in a frame as it was when it was looked at; hull: (N, 3) corners in world RAS mm."""

    frame: Frame
    name: str
    measured: Measurements
    normal: np.ndarray
    hull: np.ndarray


def outlineOf(mask: np.ndarray, frame: Frame) -> Outline:
    """Of an (H, W) bool mask on a frame; Refusal if it is empty."""
    if not mask.any():
        raise Refusal(_("There is no object in this frame: outline it first."))
    toRas, hull = FrameLogic.pictureToRas(frame), measures.hull_of(mask)
    normal = np.cross(toRas[:3, 0], toRas[:3, 1])
    places = np.column_stack([hull, np.full(len(hull), frame.index), np.ones(len(hull))]) @ toRas.T
    measured = MeasureLogic.ofMask(mask, frame, brightness=False)  # which no volume needs
    return Outline(frame, frame.name, measured, normal / np.linalg.norm(normal), places[:, :3])


@dataclass(frozen=True)
class Ellipsoid:
    """Three diameters, the largest first, in mm or px; name: of the frame that was held."""

    name: str
    diameters: tuple[float, float, float]
    unit: str

    @property
    def volume(self) -> float:
        """In the cube of the unit."""
        return measures.ellipsoid_volume(*self.diameters)

    @property
    def sentence(self) -> str:
        """Diameters and volume in words."""
        size = f"{self.volume / 1000:.2f} ml" if self.unit == "mm" else f"{self.volume:.0f} px\u00b3"
        shown = " x ".join(f"{each:.1f}" for each in self.diameters)
        text = _("Ellipsoid with {name}: {diameters} {unit}, {size}.")
        return text.format(name=self.name, diameters=shown, unit=self.unit, size=size)


def between(one: Outline, other: Outline) -> Ellipsoid:
    """The ellipsoid that both are outlines of.

    Frames that cross: the axes of the first, and how far the second reaches across it. Two images that lie in
    parallel, as stills do that were loaded one after the other, count as planes at right angles that share
    their depth, see `samca.measures.three_diameters`. Refusal for two frames of one image that do not cross,
    and where only one has a known spacing.
    """
    unit = one.measured.unit
    if unit != other.measured.unit:
        text = _("The size of a pixel is known of one of the two frames only: use two with it.")
        raise Refusal(text)
    if unit == "mm" and abs(one.normal @ other.normal) < CROSSING:
        axes = one.measured.long_axis.length, one.measured.short_axis.length
        diameters = tuple(sorted((*axes, float(np.ptp(other.hull @ one.normal))), reverse=True))
        return Ellipsoid(one.name, diameters, unit)
    if (one.frame.volumeId, one.frame.item) == (other.frame.volumeId, other.frame.item):
        text = _("Both frames lie in one plane or beside each other: go to a frame that crosses {name}.")
        raise Refusal(text.format(name=one.name))
    return Ellipsoid(one.name, measures.three_diameters(one.measured, other.measured), unit)
