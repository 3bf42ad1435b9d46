"""Files that are whole, whatever happens while they are written, and names that stay in their folder."""

import os

import pytest

from samca.files import plain_name, write_atomically


def test_writing_is_all_or_nothing(tmp_path, monkeypatch):
    path = tmp_path / "new folder" / "file"
    write_atomically(path, b"old")

    def full(descriptor):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space left"):
        write_atomically(path, b"new")
    assert path.read_bytes() == b"old"
    assert [p.name for p in path.parent.iterdir()] == ["file"]


@pytest.mark.parametrize(
    "name", ["base.safetensors", "sam_vit_b_01ec64.pth", ".hidden", "a..b", "Müller 2", "console"]
)
def test_a_name_of_a_file_stays_as_it_is(name):
    assert plain_name(name, "base") == name


@pytest.mark.parametrize(
    "name",
    [
        "", ".", "..", "../x", "a/b", "/x", "a\\b", "C:x", "C:\\x", "\\\\server\\x", "x\0y", "line\nbreak",
        "con", "NUL.safetensors", "Com1 .txt", "lpt\u00b9", "end.", "end ", "a?", "a*",
        "x" * 201, "\U0001f600" * 51,
    ],
)  # fmt: skip
def test_what_leads_elsewhere_or_is_no_name_everywhere_is_refused(name):
    with pytest.raises(ValueError, match=r"^base is .*: expected the name of a file, without any folder"):
        plain_name(name, "base")
