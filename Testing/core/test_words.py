"""Numbers of things in sentences."""

from samca.words import counted, size_text


def test_one_thing_has_no_s():
    assert [counted(number, "image") for number in (0, 1, 2)] == ["0 images", "1 image", "2 images"]


def test_sizes_have_three_digits_and_a_unit():
    assert [size_text(size) for size in (1, 12, 4200, 375_042_383, 2.56e9)] == [
        "1 byte", "12 bytes", "4.2 kB", "375 MB", "2.56 GB",
    ]  # fmt: skip
