"""Sizes of segments in Slicer's module Segment Statistics: one row a segment, of its largest frame."""

from __future__ import annotations

import slicer
from SegmentStatisticsPlugins import SegmentStatisticsPluginBase

from SAMCALib.Texts import Refusal, _

WORDS = ("frame", "shape", "notes")  # keys of texts: Slicer's table takes nothing else for a missing one
CODES = {  # key -> (SNOMED CT, its meaning)
    "long_axis": ("103339001", "Long Axis"),
    "short_axis": ("103340004", "Short Axis"),
    "area": ("42798000", "Area"),
    "volume": ("118565006", "Volume"),
}
POWERS = {"area": 2, "volume": 3, "depth_to_width": 0, "circularity": 0, "mean_inside": 0, "mean_ring": 0}
MILLIMETRES = {
    1: ("mm", "millimeter"),
    2: ("mm2", "square millimeter"),
    3: ("mm3", "cubic millimeter"),
}


class SAMCASegmentStatisticsPlugin(SegmentStatisticsPluginBase):
    """Slicer's logic makes one for each table, and asks it for segments by their ids."""

    def __init__(self):
        super().__init__()
        self.name = "SAMCA"
        self.title = _("SAMCA sizes in the largest frame")
        self.keys = list(_descriptions())
        self.defaultKeys = self.keys
        self._unit = "mm"  # of the volume that was measured last: a table is of one

    def computeStatistics(self, segmentID):
        """Measurements by key of this segment in the volume that is chosen, {} without one."""
        from SAMCALib.Measures import MeasureLogic  # scipy is not loaded while Slicer starts

        parameters, scene = self.getParameterNode(), slicer.mrmlScene
        segmentation = scene.GetNodeByID(parameters.GetParameter("Segmentation"))
        volume = scene.GetNodeByID(parameters.GetParameter("ScalarVolume") or "")
        wanted = self.getRequestedKeys()
        if volume is None or not wanted:
            return {}
        try:
            sizes = MeasureLogic.ofShown(segmentation, segmentID, volume)
        except Refusal as why:
            found = {"notes": str(why)}
        else:
            found = self._values(sizes)
        found = {**dict.fromkeys(WORDS, ""), **found}
        return {key: found[key] for key in wanted if found.get(key) is not None}

    def _values(self, sizes) -> dict:
        from samca.measures.table import values_of
        from SAMCALib.Measures.MeasureLogic import numberOf

        frame, measured = sizes.largest
        self._unit = measured.unit
        values = values_of(measured) | {"volume": sum(each.size for each in sizes.volumes) or None}
        numbers = {
            key: None if values[key] is None else float(values[key]) for key in self.keys if key not in WORDS
        }
        return {**numbers, "frame": numberOf(frame), "shape": values["shape"], "notes": values["notes"]}

    def getMeasurementInfo(self, key):
        """Name, description, units and codes of a measurement, None for a key that is not ours."""
        if key not in self.keys:
            return None
        name, description = _descriptions()[key]
        power = 0 if key in WORDS else POWERS.get(key, 1)
        codes, units = {}, "" if not power else self._unit + (str(power) if power > 1 else "")
        if key in CODES:
            code, meaning = CODES[key]
            codes["quantityDicomCode"] = self.createCodedEntry(code, "SCT", meaning, True)
            if self._unit == "mm":
                codes["unitsDicomCode"] = self.createCodedEntry(
                    MILLIMETRES[power][0], "UCUM", MILLIMETRES[power][1], True
                )
        return self.createMeasurementInfo(name, description, units, **codes)


def _descriptions() -> dict[str, tuple[str, str]]:
    """key -> (name, description), in the order of the columns."""
    return {
        "frame": (_("Frame"), _("Frame in which the segment is largest; the sizes are of it")),
        "long_axis": (_("Long axis"), _("Longest line in the convex hull")),
        "short_axis": (_("Short axis"), _("Longest line in it at right angles to that")),
        "area": (_("Area"), _("Area of whole pixels")),
        "depth": (_("Depth"), _("Extent along the columns of the image")),
        "width": (_("Width"), _("Extent along the rows of the image")),
        "depth_to_width": (_("Depth / width"), _("Above 1: taller than wide")),
        "perimeter": (_("Perimeter"), _("Length of the outer outline")),
        "circularity": (_("Circularity"), _("4 pi area / perimeter squared; 1 for a disc")),
        "skin_distance": (_("Skin distance"), _("From the top of the image down to the segment")),
        "mean_inside": (_("Mean inside"), _("Brightness in the segment")),
        "mean_ring": (_("Mean in a ring"), _("Brightness around it, as far as a tenth of its long axis")),
        "ellipse_circumference": (
            _("Ellipse circumference"),
            _("Of the ellipse that fits the outline best, as a fetal head is measured"),
        ),
        "volume": (_("Volume by voxels"), _("Of all frames of a sweep")),
        "shape": (_("Shape"), _("Oval, round or irregular, by a rule; no category")),
        "notes": (_("Notes"), _("What to heed, as an unknown size of pixels")),
    }
