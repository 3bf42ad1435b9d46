"""What Slicer's terminology says a segment is."""

from __future__ import annotations

import slicer

from samca.dicom_objects import Terms, terms_of

from ..Segments.ItemState import tagOf
from ..Texts import Refusal, _


def termsOf(segment) -> Terms:
    """The coded terms of a vtkSegment; Refusal for an entry that is damaged."""
    try:
        return terms_of(tagOf(segment, slicer.vtkSegment.GetTerminologyEntryTagName()))
    except ValueError as error:
        raise Refusal(_("{name}: {error}.").format(name=segment.GetName(), error=error)) from error
