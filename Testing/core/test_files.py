"""Files that are whole, whatever happens while they are written."""

import os

import pytest

from samca.files import write_atomically


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
