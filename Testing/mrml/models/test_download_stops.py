"""Downloads that end before there is a file: cancelled, given up, or by what the disk says."""

from __future__ import annotations

import shutil
import threading
import time
import types
from pathlib import Path

import pytest
from downloads import CONTENT, HALF, PATIENCE, SHA256, assertNothing, assertRight, left
from faulty_server import offered

from SAMCALib.Models import PartFile, Transfer
from SAMCALib.Models.Download import Download

ERRORS = MemoryError(), SystemExit(), KeyboardInterrupt(), RecursionError()


# Cancelled


STALLS = {
    "at once": lambda talk: talk.stall(),
    "in the status line": lambda talk: (talk.send("HTTP/1.1 2"), talk.stall()),
    "in the headers": lambda talk: (talk.send("HTTP/1.1 200 OK\r\nX: "), talk.stall()),
    "before the body": lambda talk: (talk.answer(Content_Length=len(CONTENT)), talk.stall()),
    "in the body": lambda talk: (talk.answer(body=CONTENT[:9], Content_Length=len(CONTENT)), talk.stall()),
    "in a chunk": lambda talk: (talk.answer(body=b"ff\r\nabc", Transfer_Encoding="chunked"), talk.stall()),
    "headers without an end": lambda talk: (talk.send("HTTP/1.1 200 OK\r\nX: "), talk.repeat(b"y", 0.01)),
    "moments without an end": lambda talk: talk.repeat(b"HTTP/1.1 100 Continue\r\n\r\n", 0.001),
    "trailers without an end": lambda talk: (
        talk.answer(body=b"0\r\n", Transfer_Encoding="chunked"),
        talk.repeat(b"X: y\r\n", 0.001),
    ),
    "a byte now and then": lambda talk: (talk.answer(), talk.repeat(b"x", 0.01)),
}


@pytest.mark.parametrize("stall", STALLS.values(), ids=STALLS.keys())
def test_cancel_answers_at_once_whatever_the_server_does(fetch, folder, server, stall, monkeypatch):
    monkeypatch.setattr(Transfer, "TIMEOUT", 60.0)
    before = threading.active_count()
    download = fetch(stall)
    while not server.asked:
        time.sleep(0.001)
    time.sleep(0.02)
    start = time.monotonic()
    download.cancel()
    assert not download.wait(PATIENCE)
    assert time.monotonic() - start < 2, "at once, on a busy machine too"
    assert download.error == "The download was cancelled; nothing was kept."
    assert left(folder) == []
    assert server.gone.wait(PATIENCE), "the connection has been given up, too"
    give_up = time.monotonic() + PATIENCE
    while any(thread.name.startswith("SAMCA") for thread in threading.enumerate()):
        assert time.monotonic() < give_up
        time.sleep(0.001)
    assert threading.active_count() <= before + len(server.asked)


@pytest.mark.parametrize("stall", STALLS.values(), ids=STALLS.keys())
def test_a_server_that_stalls_is_given_up(fetch, folder, stall, monkeypatch):
    monkeypatch.setattr(Transfer, "TIMEOUT", 0.2)
    download = fetch(stall)
    assertNothing(download, folder)
    assert "Check network" in download.error


def test_a_file_whose_end_is_not_told_is_there_all_the_same(fetch, folder, monkeypatch):
    monkeypatch.setattr(Transfer, "TIMEOUT", 0.2)
    assertRight(fetch(lambda talk: (talk.answer(body=CONTENT), talk.stall())), folder)


def test_a_host_that_does_not_even_refuse_is_cancelled_at_once(folder, monkeypatch):
    """A name or an address that nobody answers for: the operating system waits for minutes."""
    import socket

    gate = threading.Event()
    monkeypatch.setattr(socket, "create_connection", lambda *words, **more: gate.wait(PATIENCE))
    download = Download("http://127.0.0.1:1/w", folder / "w.pth", len(CONTENT), SHA256)
    time.sleep(0.02)
    download.cancel()
    start = time.monotonic()
    assert not download.wait(PATIENCE)
    assert time.monotonic() - start < 2
    gate.set()


def test_cancel_after_a_drop_keeps_nothing(fetch, folder, monkeypatch):
    monkeypatch.setattr(Transfer, "PAUSES", (PATIENCE,))
    download = fetch(offered(CONTENT, cut=HALF))
    while "trying again" not in download.status:
        time.sleep(0.001)
    download.cancel()
    assertNothing(download, folder)


def test_a_part_from_before_goes_with_a_cancel(fetch, folder, halfway):
    download = fetch(lambda talk: talk.stall())
    download.cancel()
    assertNothing(download, folder)


def test_cancel_when_all_is_done_changes_nothing(fetch, folder):
    download = fetch(offered(CONTENT))
    assert download.wait(PATIENCE)
    download.cancel()
    assertRight(download, folder)


def test_a_slow_disk_is_not_a_slow_server(fetch, folder, monkeypatch):
    monkeypatch.setattr(Transfer, "TIMEOUT", 0.3)
    write = PartFile.PartFile.write
    slowly = lambda self, block: (time.sleep(0.1), write(self, block))  # noqa: E731
    monkeypatch.setattr(PartFile.PartFile, "write", slowly)
    assertRight(fetch(offered(CONTENT)), folder)


def test_an_application_that_stands_still_is_no_slow_server(fetch, server, monkeypatch):
    """A dialog keeps Python's lock for as long as it is open: minutes pass between two lines."""
    clock, content = types.SimpleNamespace(now=0.0), bytes(4000)

    def inPieces(talk):
        talk.answer()
        for start in range(0, len(content), 1000):
            talk.send(content[start : start + 1000])
            time.sleep(0.01)

    def later():
        clock.now += 100.0
        return clock.now

    monkeypatch.setattr(Transfer, "time", types.SimpleNamespace(monotonic=later))
    download = fetch(inPieces, content=content)
    assert download.wait(PATIENCE), download.error
    assert len(server.asked) == 1


# The disk


def test_free_space_is_looked_at_first(fetch, folder, server, monkeypatch):
    monkeypatch.setattr(shutil, "disk_usage", lambda path: types.SimpleNamespace(free=len(CONTENT) - 1))
    download = fetch(offered(CONTENT))
    assertNothing(download, folder)
    assert "w.pth needs 1.5 MB" in download.error
    assert server.asked == []


def test_only_the_rest_needs_space(fetch, folder, server, halfway, monkeypatch):
    monkeypatch.setattr(shutil, "disk_usage", lambda path: types.SimpleNamespace(free=HALF))
    assertRight(fetch(offered(CONTENT)), folder)


def test_a_disk_that_does_not_tell_is_tried(fetch, folder, monkeypatch):
    def refuse(path):
        raise OSError(95, "Operation not supported")

    monkeypatch.setattr(shutil, "disk_usage", refuse)
    assertRight(fetch(offered(CONTENT)), folder)


def test_a_disk_that_gets_full_is_told_and_what_came_is_kept(fetch, folder, server, monkeypatch):
    class Small:
        """A file on a disk that takes half of it."""

        def __init__(self, path, mode):
            self.file, self.left = path.open(mode), HALF

        def write(self, block):
            if self.left < len(block):
                raise OSError(28, "No space left on device")
            self.left -= self.file.write(block)

        def __getattr__(self, name):
            return getattr(self.file, name)

    with monkeypatch.context() as patch:
        patch.setattr(PartFile, "stream", Small)
        download = fetch(offered(CONTENT))
        assert not download.wait(PATIENCE)
    assert f"{folder / 'w.pth'} cannot be written, its disk is full" in download.error
    assert "free some space there, then try again" in download.error
    assert "kB of it are kept: download it again" in download.error
    assertRight(fetch(offered(CONTENT)), folder)


@pytest.mark.parametrize("name", ["replace", "mkdir"])
def test_a_folder_that_refuses_is_told(fetch, folder, monkeypatch, name):
    def refuse(self, *words, **more):
        raise PermissionError(13, "Permission denied", str(self))

    folder.mkdir()
    if name == "mkdir":
        folder.rmdir()
    with monkeypatch.context() as patch:
        patch.setattr(Path, name, refuse)
        download = fetch(offered(CONTENT))
        assert not download.wait(PATIENCE)
    assert "Permission denied" in download.error
    assert not (folder / "w.pth").exists()


def test_a_file_where_the_folder_should_be_is_told(fetch, folder):
    folder.write_bytes(b"")
    assert not fetch(offered(CONTENT)).wait(PATIENCE)


@pytest.mark.parametrize(
    "error", [MemoryError(), SystemExit(), KeyboardInterrupt(), RecursionError()], ids=repr
)
def test_whatever_is_raised_inside_somebody_is_told(fetch, folder, monkeypatch, error):
    def fail(self, block):
        raise error

    monkeypatch.setattr(PartFile.PartFile, "write", fail)
    assertNothing(fetch(offered(CONTENT)), folder)
