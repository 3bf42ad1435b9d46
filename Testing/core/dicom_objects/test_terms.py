"""What a segment is: the terminology entries of 3D Slicer."""

import pytest

from samca.dicom_objects import TISSUE, Term, Terms, terms_of

LISTS = (
    "Segmentation category and type - 3D Slicer General Anatomy list",
    "Anatomic codes - DICOM master list",
)


def entry(category: str, kind: str, modifier="^^", region="^^", side="^^") -> str:
    return "~".join([LISTS[0], category, kind, modifier, LISTS[1], region, side])


def test_an_entry_has_category_type_modifier_and_place():
    text = entry(
        "SCT^49755003^Morphologically Altered Structure",
        "SCT^4147007^Mass",
        "SCT^86049000^Primary",
        "SCT^76752008^Breast",
        "SCT^7771000^Left",
    )
    assert terms_of(text) == Terms(
        Term("49755003", "SCT", "Morphologically Altered Structure"),
        Term("4147007", "SCT", "Mass"),
        Term("86049000", "SCT", "Primary"),
        Term("76752008", "SCT", "Breast"),
        Term("7771000", "SCT", "Left"),
    )


@pytest.mark.parametrize("text", ["", entry("^^", "^^"), entry("SCT^85756007^Tissue", "SCT^85756007^Tissue")])
def test_where_nobody_has_said_what_it_is_it_is_tissue(text):
    assert terms_of(text) == TISSUE


@pytest.mark.parametrize("text", ["Mass", "a~b", entry("SCT", "SCT^1^Mass"), entry("SCT^1^a", "SCT-1-Mass")])
def test_what_is_no_entry_is_a_sentence(text):
    with pytest.raises(ValueError, match=r"its terminology has .* choose a term again"):
        terms_of(text)
