"""A new folder is there whole or not at all."""

import errno
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from samca.files import DiskFullError
from samca.files.new_folder import new_folder

CHILD = """
import os, signal, sys
from samca.files.new_folder import new_folder
with new_folder(sys.argv[1]) as files:
    files.write("a/b", b"1")
    os.kill(os.getpid(), signal.{signal})
"""


def test_it_appears_at_the_end_with_all_in_it(tmp_path):
    out = tmp_path / "deep" / "out"
    with new_folder(out) as files:
        files.write("a/b.txt", b"1")
        files.write("c.txt", b"2")
        assert not out.exists()
    assert {path.relative_to(out).as_posix() for path in out.rglob("*")} == {"a", "a/b.txt", "c.txt"}
    assert [path.name for path in out.parent.iterdir()] == ["out"]


def test_after_an_error_nothing_is_left(tmp_path):
    def fail():
        with new_folder(tmp_path / "out") as files:
            files.write("a", b"1")
            raise ValueError("stop")

    with pytest.raises(ValueError, match="stop"):
        fail()
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("make", [Path.mkdir, lambda path: path.write_bytes(b""), None])
def test_a_name_that_is_taken_is_refused_before_and_at_the_end(tmp_path, make):
    out = tmp_path / "out"
    if make is None:
        make = lambda path: path.symlink_to(tmp_path / "nowhere")  # noqa: E731

    def late():
        with new_folder(out):
            make(out)

    with pytest.raises(FileExistsError, match="does not exist yet"):
        late()
    assert [path.name for path in tmp_path.iterdir()] == ["out"]
    with pytest.raises(FileExistsError, match="does not exist yet"), new_folder(out):
        pass


def test_a_full_disk_is_a_sentence_with_the_file(tmp_path, monkeypatch):
    def full(self, content):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(self))

    monkeypatch.setattr(Path, "write_bytes", full)
    with pytest.raises(DiskFullError, match=r"out.a cannot be written, its disk is full"):  # noqa: SIM117
        with new_folder(tmp_path / "out") as files:
            files.write("a", b"1")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such signal")
def test_what_a_killed_process_leaves_goes_with_the_next(tmp_path):
    words = [sys.executable, "-c", CHILD.format(signal="SIGKILL"), str(tmp_path / "out")]
    done = subprocess.run(words, env=os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}, check=False)
    assert done.returncode == -signal.SIGKILL
    assert not (tmp_path / "out").exists()
    with new_folder(tmp_path / "other") as files:
        files.write("a", b"1")
    assert [path.name for path in tmp_path.iterdir()] == ["other"]
