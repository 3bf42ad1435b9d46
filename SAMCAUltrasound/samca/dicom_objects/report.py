"""A structured report (SR, TID 1500) by highdicom: sizes, a group for each segment and frame."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ..measures import Measurements
from .segmentation import MAKER, SERIES, Place, code
from .source import Source
from .terms import Term, Terms

ULTRASONOGRAPHY = Term("16310003", "SCT", "Ultrasonography")
MILLIMETRE, SQUARE_MILLIMETRE = Term("mm", "UCUM", "millimeter"), Term("mm2", "UCUM", "square millimeter")
PIXELS = Term("{pixels}", "UCUM", "pixels")
LENGTHS = {  # of Measurements
    "long_axis": Term("103339001", "SCT", "Long axis"),
    "short_axis": Term("103340004", "SCT", "Short axis"),
    "perimeter": Term("131191004", "SCT", "Perimeter"),
    "depth": Term("131197000", "SCT", "Depth"),
    "width": Term("103355008", "SCT", "Width"),
}
AREA = Term("42798000", "SCT", "Area")


def values_of(measured: Measurements) -> list[tuple[Term, float, Term]]:
    """(name, value, unit) of what a report has; without known spacing all is in pixels."""
    length, square = (MILLIMETRE, SQUARE_MILLIMETRE) if measured.unit == "mm" else (PIXELS, PIXELS)
    found = [(AREA, measured.area, square)]
    for name, term in LENGTHS.items():
        value = getattr(measured, name)
        if value is not None:
            found.append((term, float(getattr(value, "length", value)), length))
    return found


def report(
    source: Source,
    made,
    where: Sequence[Place],
    measured: Sequence[Measurements],
    names: Sequence[str],
    terms: Sequence[Terms],
    version: str,
):
    """The data set of a report about a segmentation: a group of sizes for each of its frames."""
    import highdicom as hd
    from highdicom import sr
    from pydicom.sr.codedict import codes

    device = sr.ObserverContext(
        codes.DCM.Device, sr.DeviceObserverIdentifyingAttributes(hd.UID(), name=MAKER, model_name=MAKER)
    )
    groups = [
        _group(source, made, place, sizes, names[place.segment - 1], terms[place.segment - 1], version)
        for place, sizes in zip(where, measured, strict=True)
    ]
    content = sr.MeasurementReport(
        observation_context=sr.ObservationContext(observer_device_context=device),
        procedure_reported=code(ULTRASONOGRAPHY),
        imaging_measurements=groups,
        title=codes.DCM.ImagingMeasurementReport,
    )
    return sr.ComprehensiveSR(
        evidence=[*source.elements, made],
        content=content,
        series_instance_uid=hd.UID(),
        series_number=SERIES + 1,
        sop_instance_uid=hd.UID(),
        instance_number=1,
        manufacturer=MAKER,
        is_complete=True,
        is_final=False,
        is_verified=False,
        manufacturer_model_name=MAKER,
        software_versions=version,
        device_serial_number=MAKER,
    )


def _group(source: Source, made, place: Place, measured: Measurements, name: str, terms: Terms, version: str):
    import highdicom as hd
    from highdicom import sr

    uid, number = source.frame(place.frame)
    image = next(one for one in source.elements if one.SOPInstanceUID == uid)
    of_image = sr.SourceImageForSegmentation(
        str(image.SOPClassUID), uid, referenced_frame_numbers=None if number is None else [number]
    )
    segment = sr.ReferencedSegmentationFrame(
        str(made.SOPClassUID), str(made.SOPInstanceUID), place.number, place.segment, of_image
    )
    del segment[0].ReferencedSOPSequence[0].ReferencedSegmentNumber  # its frame says which (PS3.3 C.18.4)
    site = [sr.FindingSite(code(terms.region), terms.side and code(terms.side))] if terms.region else None
    tracked = made.SegmentSequence[place.segment - 1].TrackingUID
    shown = name if source.frames == 1 else f"{name}, frame {place.frame + 1}"
    return sr.PlanarROIMeasurementsAndQualitativeEvaluations(
        sr.TrackingIdentifier(hd.UID(tracked), shown),
        referenced_segment=segment,
        finding_type=code(terms.type),
        finding_category=code(terms.category),
        finding_sites=site,
        algorithm_id=sr.AlgorithmIdentification(MAKER, version),
        measurements=[
            sr.Measurement(name=code(term), value=float(np.round(value, 6)), unit=code(unit))
            for term, value, unit in values_of(measured)
        ],
    )
