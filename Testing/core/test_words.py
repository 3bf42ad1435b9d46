"""Numbers of things in sentences."""

from samca.words import counted


def test_one_thing_has_no_s():
    assert [counted(number, "image") for number in (0, 1, 2)] == ["0 images", "1 image", "2 images"]
