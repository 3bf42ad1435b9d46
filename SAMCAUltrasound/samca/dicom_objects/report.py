"""A structured report (SR, TID 1500) by highdicom: sizes, a group for each segment and frame, and volumes."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ..measures import Measurements
from .segmentation import MAKER, SERIES, Place, code
from .source import Source
from .terms import Term, Terms

ULTRASONOGRAPHY = Term("16310003", "SCT", "Ultrasonography")
MILLIMETRE, SQUARE_MILLIMETRE = Term("mm", "UCUM", "millimeter"), Term("mm2", "UCUM", "square millimeter")
CUBIC_MILLIMETRE = Term("mm3", "UCUM", "cubic millimeter")
PIXELS, NO_UNITS = Term("{pixels}", "UCUM", "pixels"), Term("1", "UCUM", "no units")
OWN = "99SAMCA"  # scheme of what no other has a code for
LENGTHS = {  # of Measurements
    "long_axis": Term("103339001", "SCT", "Long axis"),
    "short_axis": Term("103340004", "SCT", "Short axis"),
    "perimeter": Term("131191004", "SCT", "Perimeter"),
    "depth": Term("131197000", "SCT", "Depth"),
    "width": Term("103355008", "SCT", "Width"),
    "skin_distance": Term("121243", "DCM", "Distance from skin"),
}
NUMBERS = {  # of Measurements, without a unit
    "depth_to_width": Term("depth_to_width", OWN, "Depth to width ratio"),
    "circularity": Term("circularity", OWN, "Circularity, 4 pi area / perimeter squared"),
    "mean_inside": Term("Q4LE", "IBSI", "Mean intensity"),
    "mean_ring": Term("mean_ring", OWN, "Mean intensity in a ring around the outline"),
}
AREA, VOLUME = Term("42798000", "SCT", "Area"), Term("118565006", "SCT", "Volume")
BY_VOXELS = Term("126030", "DCM", "Sum of segmented voxel volumes")


def values_of(measured: Measurements) -> list[tuple[Term, float, Term]]:
    """(name, value, unit) of what a report has; without known spacing lengths and area are in pixels."""
    length, square = (MILLIMETRE, SQUARE_MILLIMETRE) if measured.unit == "mm" else (PIXELS, PIXELS)
    found = [(AREA, measured.area, square)]
    for name, term in LENGTHS.items():
        value = getattr(measured, name)
        if value is not None:
            found.append((term, float(getattr(value, "length", value)), length))
    plain = [(term, getattr(measured, name), NO_UNITS) for name, term in NUMBERS.items()]
    return found + [each for each in plain if each[1] is not None]


def report(
    source: Source,
    made,
    where: Sequence[Place],
    measured: Sequence[Measurements],
    names: Sequence[str],
    terms: Sequence[Terms],
    step_mm: float | None,
    version: str,
):
    """The data set of a report about a segmentation: a group of sizes for each of its frames.

    step_mm: from frame to frame, for a group with the volume of each segment of known spacing; None: of none.
    """
    import highdicom as hd
    import pydicom
    from highdicom import sr
    from pydicom.sr.codedict import codes

    device = sr.ObserverContext(
        codes.DCM.Device, sr.DeviceObserverIdentifyingAttributes(hd.UID(), name=MAKER, model_name=MAKER)
    )
    groups = [
        _group(source, made, place, sizes, names[place.segment - 1], terms[place.segment - 1], version)
        for place, sizes in zip(where, measured, strict=True)
    ]
    for number, (name, kinds) in enumerate(zip(names, terms, strict=True), start=1):
        sizes = [one for place, one in zip(where, measured, strict=True) if place.segment == number]
        if step_mm and all(one.unit == "mm" for one in sizes):
            volume = step_mm * sum(one.area for one in sizes)
            groups.append(_volume_group(source, made, number, volume, name, kinds, version))
    content = sr.MeasurementReport(
        observation_context=sr.ObservationContext(observer_device_context=device),
        procedure_reported=code(ULTRASONOGRAPHY),
        imaging_measurements=groups,
        title=codes.DCM.ImagingMeasurementReport,
    )
    found = sr.ComprehensiveSR(
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
    scheme = pydicom.Dataset()
    scheme.CodingSchemeDesignator, scheme.CodingSchemeName = OWN, MAKER
    found.CodingSchemeIdentificationSequence = [scheme]
    return found


def _group(source: Source, made, place: Place, measured: Measurements, name: str, terms: Terms, version: str):
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
    shown = name if source.frames == 1 else f"{name}, frame {place.frame + 1}"
    return sr.PlanarROIMeasurementsAndQualitativeEvaluations(
        referenced_segment=segment,
        measurements=[_measurement(*each) for each in values_of(measured)],
        **_about(made, place.segment, shown, terms, version),
    )


def _volume_group(source: Source, made, number: int, volume: float, name: str, terms: Terms, version: str):
    import highdicom as hd
    from highdicom import sr

    series = sr.SourceSeriesForSegmentation(hd.UID(source.elements[0].SeriesInstanceUID))
    return sr.VolumetricROIMeasurementsAndQualitativeEvaluations(
        referenced_segment=sr.ReferencedSegment(
            str(made.SOPClassUID), str(made.SOPInstanceUID), number, source_series=series
        ),
        measurements=[_measurement(VOLUME, volume, CUBIC_MILLIMETRE, method=code(BY_VOXELS))],
        **_about(made, number, name, terms, version),
    )


def _about(made, number: int, shown: str, terms: Terms, version: str) -> dict:
    """What a group says of its segment, by number from 1."""
    import highdicom as hd
    from highdicom import sr

    tracked = made.SegmentSequence[number - 1].TrackingUID
    site = [sr.FindingSite(code(terms.region), terms.side and code(terms.side))] if terms.region else None
    return {
        "tracking_identifier": sr.TrackingIdentifier(hd.UID(tracked), shown),
        "finding_type": code(terms.type),
        "finding_category": code(terms.category),
        "finding_sites": site,
        "algorithm_id": sr.AlgorithmIdentification(MAKER, version),
    }


def _measurement(name: Term, value: float, unit: Term, **more):
    from highdicom import sr

    return sr.Measurement(name=code(name), value=float(np.round(value, 6)), unit=code(unit), **more)
