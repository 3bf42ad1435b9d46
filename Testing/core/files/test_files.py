"""Files that are whole, whatever happens while they are written, and names that stay in their folder."""

import contextlib
import errno
import os
import stat
import subprocess
import sys

import pytest

from killed import ROOT, at_every_step
from samca import files
from samca.files import append, plain_name, replacing, workshops, write_atomically
from samca.files.disks import DiskFullError

WRITE = "from samca.files import write_atomically; write_atomically({path!r}, b'new')"
HOLD = """
import sys
sys.path.insert(0, {source!r})
from pathlib import Path
from samca.files import replacing
with replacing(Path({path!r})) as temporary:
    temporary.write_bytes(b"half")
    print("writing", flush=True)
    sys.stdin.read()
    temporary.write_bytes(b"whole")
"""


@pytest.fixture
def writer(tmp_path):
    """Another process that is in the middle of writing a file."""
    code = HOLD.format(source=str(ROOT / "SAMCAUltrasound"), path=str(tmp_path / "file"))
    process = subprocess.Popen([sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert process.stdout.readline().strip() == b"writing"
    yield process
    process.kill()
    process.communicate()


@pytest.fixture(autouse=True)
def _as_a_new_process(monkeypatch):
    monkeypatch.setattr(files, "_swept", set())


def names(folder) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def failing(number: int):
    def fail(*_):
        raise OSError(number, os.strerror(number))

    return fail


def test_writing_is_all_or_nothing(tmp_path, monkeypatch):
    path = tmp_path / "new folder" / "file"
    write_atomically(path, b"old")
    monkeypatch.setattr(os, "fsync", failing(errno.EIO))
    with pytest.raises(OSError, match=os.strerror(errno.EIO)):
        write_atomically(path, b"new")
    assert path.read_bytes() == b"old"
    assert names(path.parent) == ["file"]


def test_a_kill_at_any_step_leaves_the_old_or_the_new_and_the_next_writer_cleans_up(tmp_path):
    path, found = tmp_path / "file", []
    path.write_bytes(b"old")
    for _steps in at_every_step(tmp_path, WRITE.format(path=str(path))):
        found.append(path.read_bytes())
        files._swept.clear()
        write_atomically(path, b"old")
        assert names(tmp_path) == ["file"]
    assert found[0] == b"old"
    assert found[-1] == b"new"
    assert set(found) == {b"old", b"new"}


def test_what_a_living_process_is_writing_is_never_swept(tmp_path, writer):
    write_atomically(tmp_path / "other", b"")
    assert len(names(tmp_path)) == 2  # and the hidden folder
    writer.communicate(b"")
    assert (tmp_path / "file").read_bytes() == b"whole"
    assert names(tmp_path) == ["file", "other"]


def test_what_a_killed_process_was_writing_goes_with_the_next_file(tmp_path, writer):
    writer.kill()
    writer.wait()
    assert len(names(tmp_path)) == 1
    write_atomically(tmp_path / "other", b"")
    assert names(tmp_path) == ["other"]


def test_a_sweep_that_comes_between_a_folder_and_its_lock_costs_nothing(tmp_path, monkeypatch):
    make, swept = workshops.tempfile.mkdtemp, []

    def make_and_sweep(**options):
        folder = make(**options)
        if not swept:
            workshops.sweep(tmp_path)
            swept.append(folder)
        return folder

    monkeypatch.setattr(workshops.tempfile, "mkdtemp", make_and_sweep)
    write_atomically(tmp_path / "file", b"content")
    assert not os.path.exists(swept[0])
    assert (tmp_path / "file").read_bytes() == b"content"


def test_content_and_entry_are_with_the_disk_before_the_writer_returns(tmp_path, monkeypatch):
    said, sync, rename = [], os.fsync, os.rename

    def synced(descriptor):
        said.append("folder" if stat.S_ISDIR(os.fstat(descriptor).st_mode) else "content")
        sync(descriptor)

    monkeypatch.setattr(os, "fsync", synced)
    monkeypatch.setattr(os, "replace", lambda *names: (said.append("rename"), rename(*names)))
    write_atomically(tmp_path / "a" / "file", b"content")
    folders = ["folder"] if os.name != "nt" else []
    assert said == [*folders, "content", "rename", *folders]


@pytest.mark.parametrize(
    ("number", "says"),
    [(errno.ENOSPC, "its disk is full"), (errno.EDQUOT, "is used"), (errno.EFBIG, "no file of that size")],
)
def test_a_full_disk_is_told_with_file_need_and_what_to_do(tmp_path, monkeypatch, number, says):
    write_atomically(tmp_path / "file", b"old")
    monkeypatch.setattr(os, "fsync", failing(number))
    with pytest.raises(DiskFullError) as error:
        write_atomically(tmp_path / "file", bytes(19_000_000))
    text = str(error.value)
    assert text.startswith(f"{tmp_path / 'file'} cannot be written, ")
    assert says in text
    assert "19 MB are needed" in text
    assert "are free" in text
    assert "then try again; what was there before is whole" in text
    assert (tmp_path / "file").read_bytes() == b"old"


def test_a_library_that_only_says_that_it_failed_met_a_full_disk_where_nothing_is_free(tmp_path, monkeypatch):
    def fail(free):
        monkeypatch.setattr("samca.files.disks._free", lambda folder: free)
        with replacing(tmp_path / "file"):
            raise RuntimeError("could not write")

    with pytest.raises(DiskFullError, match=r"disk is full \(more is needed, 0 bytes are free\)"):
        fail(0)
    with pytest.raises(RuntimeError, match="could not write"):
        fail(10**9)


def test_an_error_names_the_file_and_not_the_hidden_one(tmp_path):
    with pytest.raises(FileNotFoundError) as error, replacing(tmp_path / "nowhere" / "file"):
        pass
    assert error.value.filename == str(tmp_path / "nowhere" / "file")


def test_lines_are_added_whole_or_not_at_all(tmp_path, monkeypatch):
    path = tmp_path / "log"
    append(path, b"one\n")
    with monkeypatch.context() as broken:
        broken.setattr(os, "fsync", failing(errno.ENOSPC))
        with pytest.raises(DiskFullError):
            append(path, b"two\n")
    assert path.read_bytes() == b"one\n"
    path.write_bytes(b"one\ntw")  # cut by a power cut
    append(path, b"three\n")
    assert path.read_bytes() == b"one\ntw\nthree\n"


def test_a_scratch_folder_goes_and_so_does_that_of_a_killed_process(tmp_path, monkeypatch):
    monkeypatch.setattr(workshops.tempfile, "tempdir", str(tmp_path))
    code = "from samca.files import scratch\nwith scratch() as folder: (folder / 'big').write_bytes(b'x')"
    prepare = f"import tempfile; tempfile.tempdir = {str(tmp_path)!r}"
    for _steps in at_every_step(tmp_path, code, prepare):
        with files.scratch() as folder:
            (folder / "a" / "b").mkdir(parents=True)
            assert len(names(tmp_path)) == 1
        assert names(tmp_path) == []


def test_a_disk_without_locks_is_written_to_and_never_swept(tmp_path, monkeypatch):
    monkeypatch.setattr("samca.files.locks.take", failing(errno.ENOLCK))
    left = tmp_path / f"{workshops.PART}left"
    left.mkdir()
    (left / workshops.LOCK).touch()
    with contextlib.suppress(KeyError), replacing(tmp_path / "file"):
        raise KeyError
    write_atomically(tmp_path / "file", b"content")
    assert names(tmp_path) == [left.name, "file"]


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


OWNED = """
import sys, time
sys.path.insert(0, {source!r})
from pathlib import Path
from samca.files import locks
locks.end_with(Path({path!r}), every=0.02)
print("working", flush=True)
time.sleep(120)
"""


def test_a_process_ends_with_its_owner(tmp_path, writer):
    (lock,) = tmp_path.glob(f".*/{workshops.LOCK}")
    code = OWNED.format(source=str(ROOT / "SAMCAUltrasound"), path=str(lock))
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE) as owned:
        assert owned.stdout.readline().strip() == b"working"
        assert owned.poll() is None
        writer.kill()
        assert owned.wait(60) == 1


def test_a_process_without_an_owner_goes_on(tmp_path):
    code = OWNED.format(source=str(ROOT / "SAMCAUltrasound"), path=str(tmp_path / "nobody"))
    code = code.replace("time.sleep(120)", "time.sleep(0.2)")
    assert subprocess.run([sys.executable, "-c", code], stdout=subprocess.DEVNULL).returncode == 0
