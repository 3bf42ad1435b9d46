"""Downloads that are interrupted: what goes on, what is cancelled, and what two of them share."""

from __future__ import annotations

import os
import shutil
import ssl
import subprocess
import sys
import threading
import time
import types
import urllib.error
import urllib.request
from pathlib import Path

import pytest
from downloads import CONTENT, PATIENCE, SHA256, assertNothing, assertRight, left
from faulty_server import FaultyServer, offered

import SAMCALib
from samca.files import locks
from SAMCALib.Models import PartFile, Transfer
from SAMCALib.Models.Download import Download

HALF = len(CONTENT) // 2
ERRORS = MemoryError(), SystemExit(), KeyboardInterrupt(), RecursionError()


def ranges(server):
    return [talk.headers.get("range") for talk in server.asked]


def partIn(folder):
    (part,) = folder.glob(".*/part")
    return part


@pytest.fixture
def halfway(fetch, folder, server):
    """A part from an earlier day: half of the file."""
    offers = offered(CONTENT, cut=HALF)
    download = fetch(lambda talk: talk.answer("404 Not Found") if "range" in talk.headers else offers(talk))
    assert not download.wait(PATIENCE)
    assert partIn(folder).stat().st_size == HALF
    server.asked.clear()


# Drops


def test_after_a_drop_only_the_rest_is_asked_for(fetch, folder, server):
    download = fetch(offered(CONTENT, cut=400_000))
    assertRight(download, folder)
    assert ranges(server) == [None, *(f"bytes={400_000 * i}-" for i in (1, 2, 3))]
    assert {talk.headers.get("if-range") for talk in server.asked} == {None, '"1"'}


def test_many_drops_are_no_failure_as_long_as_something_comes(fetch, folder, server):
    assertRight(fetch(offered(CONTENT, cut=50_000)), folder)
    assert len(server.asked) == 30


@pytest.mark.parametrize("tag", ["", 'W/"1"', "Mon, 1 Jan 2024 00:00:00 GMT"], ids=["none", "weak", "date"])
def test_a_server_without_a_strong_tag_can_go_on_too(fetch, folder, server, tag):
    offers = offered(CONTENT, tag="", cut=HALF)

    def serve(talk):
        talk.headers.pop("if-range", None)
        offers(talk)

    assertRight(fetch(serve), folder)
    assert ranges(server) == [None, f"bytes={HALF}-"]
    assert "if-range" not in server.asked[0].headers


def test_a_server_that_ignores_what_is_asked_sends_all_of_it_again(fetch, folder, server):
    cuts = iter((HALF, None))
    assertRight(fetch(lambda talk: offered(CONTENT, ranges=False, cut=next(cuts))(talk)), folder)
    assert ranges(server) == [None, f"bytes={HALF}-"]


def test_a_server_that_never_sends_all_is_given_up_and_nothing_is_kept_that_it_cannot_go_on_from(
    fetch, folder, server
):
    assertNothing(fetch(offered(CONTENT, ranges=False, cut=HALF)), folder)
    assert len(server.asked) == 3


def test_a_network_that_stays_away_is_told_with_what_is_kept(fetch, folder, server):
    download = fetch(offered(CONTENT, cut=HALF))
    server.does["/w"] = lambda talk: (
        talk.reset() if "range" in talk.headers else offered(CONTENT, cut=HALF)(talk)
    )
    assert not download.wait(PATIENCE)
    assert "Check network" in download.error
    assert "750 kB of it are kept" in download.error
    assert not (folder / "w.pth").exists()
    assert len(server.asked) == 1 + len(Transfer.PAUSES)


def test_who_waits_for_a_lost_network_is_told(fetch, monkeypatch):
    monkeypatch.setattr(Transfer, "PAUSES", (PATIENCE,))
    download = fetch(offered(CONTENT, cut=HALF))
    while "trying again" not in download.status:
        time.sleep(0.001)
    assert download.status.startswith("750 kB of 1.5 MB; ")


@pytest.mark.parametrize("status", ["500 a", "502 b", "503 c", "504 d", "429 e", "408 f"])
def test_a_server_that_is_busy_in_between_is_asked_again(fetch, folder, status):
    answers = iter((offered(CONTENT, cut=HALF), lambda talk: talk.answer(status), offered(CONTENT)))
    assertRight(fetch(lambda talk: next(answers)(talk)), folder)


@pytest.mark.parametrize(
    "between",
    [
        lambda talk: talk.answer("403 Forbidden"),
        lambda talk: talk.answer(body=b"<html>" * 99, Content_Type="text/html"),
        lambda talk: talk.answer("302 Found", Location="ftp://login/"),
        lambda talk: talk.answer(body=b"login", Content_Length=5),
    ],
    ids=["forbidden", "login page", "redirection", "other file"],
)
def test_a_network_that_wants_a_login_in_between_costs_nothing_of_what_has_come(
    fetch, folder, server, halfway, between
):
    download = fetch(between)
    assert not download.wait(PATIENCE)
    assert "750 kB of it are kept" in download.error
    assertRight(fetch(offered(CONTENT)), folder)
    assert ranges(server) == [f"bytes={HALF}-"] * 2


# From one day to the next


def test_a_later_download_goes_on_where_the_last_one_was_left(fetch, folder, server, halfway):
    assertRight(fetch(offered(CONTENT)), folder)
    assert ranges(server) == [f"bytes={HALF}-"]


def test_what_is_kept_is_known_before(fetch, folder, halfway):
    assert PartFile.kept(folder / "w.pth", SHA256) == HALF
    assert PartFile.kept(folder / "w.pth", "0" * 64) == 0
    assert PartFile.kept(folder / "none" / "w.pth", SHA256) == 0


def test_a_file_that_is_another_one_on_the_server_now_is_not_mixed_with_the_old_part(
    fetch, folder, server, halfway
):
    """It has been published with this SHA256, and the half that is here is of a broken upload."""
    part = partIn(folder)
    part.write_bytes(b"x" * HALF)
    assertRight(fetch(offered(CONTENT, tag='"2"')), folder)
    assert ranges(server) == [f"bytes={HALF}-"], "If-Range: the server itself sent all of it"


@pytest.mark.parametrize("tag", ['"1"', ""], ids=["same tag", "no tag"])
def test_a_part_with_wrong_bytes_is_thrown_away_once(fetch, folder, server, halfway, tag):
    """A power cut, a disk, or a server without tags whose file has changed."""
    partIn(folder).write_bytes(b"x" * HALF)
    assertRight(fetch(offered(CONTENT, tag=tag or '"1"')), folder)
    assert ranges(server) == [f"bytes={HALF}-", None]


def test_a_server_that_says_that_it_goes_on_with_another_version_is_not_believed(
    fetch, folder, server, halfway
):
    def careless(talk):
        talk.headers.pop("if-range", None)
        offered(CONTENT, tag='"2"')(talk)

    assertRight(fetch(careless), folder)
    assert ranges(server) == [f"bytes={HALF}-", None]


@pytest.mark.parametrize("first", [0, 1, HALF - 1, HALF + 1, len(CONTENT) - 1])
def test_a_server_that_goes_on_somewhere_else_is_not_believed(fetch, folder, halfway, first):
    def elsewhere(talk):
        if "range" in talk.headers:
            talk.headers["range"] = f"bytes={first}-"
        offered(CONTENT)(talk)

    assertRight(fetch(elsewhere), folder)


def test_content_that_is_wrong_again_is_told(fetch, folder, server, halfway):
    other = CONTENT[:-1] + b"!"
    download = fetch(offered(other), sha256=SHA256)
    assertNothing(download, folder)
    assert "another SHA256" in download.error
    assert ranges(server) == [f"bytes={HALF}-", None]


def test_a_part_that_is_longer_than_the_file_is_thrown_away(fetch, folder, server, halfway):
    partIn(folder).write_bytes(CONTENT + b"more")
    assertRight(fetch(offered(CONTENT)), folder)


def test_a_part_that_is_whole_needs_no_server(fetch, folder, server, halfway):
    partIn(folder).write_bytes(CONTENT)
    assertRight(fetch(lambda talk: talk.answer("404 Not Found")), folder)
    assert server.asked == []


def test_a_part_that_is_as_long_and_wrong_is_fetched_anew(fetch, folder, server, halfway):
    partIn(folder).write_bytes(b"x" * len(CONTENT))
    assertRight(fetch(offered(CONTENT)), folder)
    assert ranges(server) == [None]


def test_a_server_whose_file_is_shorter_than_our_part_is_told(fetch, folder, halfway):
    download = fetch(offered(CONTENT[:1000]), content=CONTENT)
    assertNothing(download, folder)
    assert "1000 bytes instead of 1500000" in download.error


@pytest.mark.parametrize("version", ["", "x" * 5000, "\r\nX: y", "\u20ac", '"2'], ids=ascii)
def test_a_note_about_the_version_that_is_damaged_does_no_harm(fetch, folder, server, halfway, version):
    (partIn(folder).parent / "version").write_text(version, encoding="utf-8", newline="")
    assertRight(fetch(offered(CONTENT)), folder)


def test_a_part_of_another_content_is_not_used_and_goes(fetch, folder, server, halfway):
    other = b"other" * 1000
    download = fetch(offered(other), content=other)
    assert download.wait(PATIENCE), download.error
    assert ranges(server) == [None]
    assert left(folder) == ["w.pth"]


def test_parts_of_other_files_stay(fetch, folder, halfway):
    other = b"other" * 1000
    assert fetch(offered(other), content=other, name="other.pth").wait(PATIENCE)
    assert PartFile.kept(folder / "w.pth", SHA256) == HALF


def test_a_link_in_the_place_of_a_part_is_not_followed(fetch, folder, tmp_path, halfway):
    precious = tmp_path / "precious"
    precious.write_bytes(b"mine")
    part = partIn(folder)
    part.unlink()
    part.symlink_to(precious)
    assertRight(fetch(offered(CONTENT)), folder)
    assert precious.read_bytes() == b"mine"


def test_a_download_whose_process_was_killed_is_gone_on_with(fetch, folder, server):
    server.does["/w"] = offered(CONTENT, cut=HALF)
    code = (
        "import sys, time; from SAMCALib.Models import Transfer; Transfer.PAUSES = (60,);"
        "from SAMCALib.Models.Download import Download;"
        "download = Download(sys.argv[1], sys.argv[2], int(sys.argv[3]), sys.argv[4])\n"
        "while download.received < int(sys.argv[3]) // 2: time.sleep(0.01)\n"
        "print('half', flush=True); time.sleep(60)"
    )
    words = [f"{server.url}/w", str(folder / "w.pth"), str(len(CONTENT)), SHA256]
    environment = {**os.environ, "PYTHONPATH": str(Path(SAMCALib.__file__).parents[1])}
    child = subprocess.Popen([sys.executable, "-c", code, *words], stdout=subprocess.PIPE, env=environment)
    assert child.stdout.readline() == b"half\n"
    child.kill()
    child.communicate()
    server.asked.clear()
    assertRight(fetch(offered(CONTENT)), folder)
    assert ranges(server) == [f"bytes={HALF}-"]


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
    write = PartFile.PartFile.write

    def full(self, block):
        if self.size >= HALF:
            raise OSError(28, "No space left on device")
        write(self, block[: HALF - self.size])

    with monkeypatch.context() as patch:
        patch.setattr(PartFile.PartFile, "write", full)
        download = fetch(offered(CONTENT))
        assert not download.wait(PATIENCE)
    assert "No space left on device" in download.error
    assert "750 kB of it are kept" in download.error
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


# Two at a time


def test_two_downloads_of_one_file_share_no_part(fetch, folder, server):
    gate = threading.Event()

    def slowly(talk):
        talk.answer(body=CONTENT[:HALF], Content_Length=len(CONTENT))
        assert gate.wait(PATIENCE)
        talk.send(CONTENT[HALF:])

    downloads = [fetch(slowly) for _ in range(3)]
    while any(download.received < HALF for download in downloads):
        time.sleep(0.001)
    assert len(list(folder.glob(".*/part"))) == 3
    downloads[0].cancel()
    assert not downloads[0].wait(PATIENCE)
    gate.set()
    for download in downloads[1:]:
        assert download.wait(PATIENCE), download.error
    assertRight(downloads[2], folder)


def test_a_part_that_somebody_works_on_is_not_taken_over(fetch, folder, server, halfway):
    with locks.opened(partIn(folder).parent / "lock") as lock:
        assert locks.take(lock)
        other = fetch(offered(CONTENT))
        assert other.wait(PATIENCE), other.error
        assert ranges(server) == [None]
        assert partIn(folder).stat().st_size == HALF
    assertRight(fetch(offered(CONTENT)), folder)


def test_a_disk_without_locks_can_be_downloaded_to(fetch, folder, monkeypatch):
    def refuse(file):
        raise OSError(37, "No locks available")

    monkeypatch.setattr(locks, "take", refuse)
    assertRight(fetch(offered(CONTENT)), folder)


# Large


def test_a_large_file_takes_little_memory(fetch, folder):
    """Blocks wait for the disk in small numbers, however fast the server is."""
    tracemalloc = pytest.importorskip("tracemalloc")
    content = bytes(1 << 20) * 64
    download_peak = []
    write = PartFile.PartFile.write

    def slow(self, block):
        time.sleep(0.001)
        write(self, block)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(PartFile.PartFile, "write", slow)
        tracemalloc.start()
        try:
            download = fetch(offered(content), content=content)
            assert download.wait(2 * PATIENCE), download.error
            download_peak.append(tracemalloc.get_traced_memory()[1])
        finally:
            tracemalloc.stop()
    assert download_peak[0] < 16 << 20


# Encrypted


@pytest.fixture
def encrypted(quick, folder):
    """`encrypted(wrap)` -> a Download from a server that does this to each connection."""
    servers = []

    def fetch(wrap):
        servers.append(FaultyServer(wrap))
        servers[0].does["/w"] = offered(CONTENT)
        address = f"https://127.0.0.1:{servers[0].port}/w"
        return Download(address, folder / "w.pth", len(CONTENT), SHA256)

    yield fetch
    for server in servers:
        server.close()


def plain(connection):
    """What does not encrypt answers who does."""
    connection.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")
    return connection


def test_a_server_that_does_not_encrypt_is_told(encrypted, folder):
    download = encrypted(plain)
    assertNothing(download, folder)
    assert "SSL" in download.error


def test_a_server_that_cannot_show_who_it_is_is_told(encrypted, folder):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)  # without any certificate

    download = encrypted(lambda connection: context.wrap_socket(connection, server_side=True))
    assertNothing(download, folder)
    assert "SSL" in download.error


def test_certificates_and_names_of_servers_are_checked(encrypted, folder, monkeypatch):
    used, wrap = [], ssl.SSLContext.wrap_socket

    def watched(self, *words, **more):
        used.append((self.verify_mode, self.check_hostname))
        return wrap(self, *words, **more)

    monkeypatch.setattr(ssl.SSLContext, "wrap_socket", watched)
    assertNothing(encrypted(plain), folder)
    assert used == [(ssl.CERT_REQUIRED, True)]


def test_a_certificate_that_is_not_trusted_is_told_in_words():
    from SAMCALib.Models.Connection import words

    error = ssl.SSLCertVerificationError(1, "[SSL: CERTIFICATE_VERIFY_FAILED] self-signed certificate")
    assert "certificate is not trusted" in words(urllib.error.URLError(error))


def test_who_encrypts_is_not_left_for_who_does_not(server, monkeypatch):
    """A hospital's login may lead there; the file would be checked all the same."""
    from SAMCALib.Models.Connection import _Redirections

    request = urllib.request.Request("https://127.0.0.1/w")
    with pytest.raises(urllib.error.URLError, match="another kind of address"):
        _Redirections().redirect_request(request, None, 302, "", {}, f"{server.url}/w")
    followed = _Redirections().redirect_request(request, None, 302, "", {}, "https://127.0.0.1/there")
    assert followed.full_url == "https://127.0.0.1/there"
