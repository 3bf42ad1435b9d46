"""Two downloads of one file, large ones, and encrypted ones."""

from __future__ import annotations

import ssl
import threading
import time
import urllib.error
import urllib.request

import pytest
from downloads import CONTENT, HALF, PATIENCE, SHA256, assertNothing, assertRight, partIn, ranges
from faulty_server import FaultyServer, offered

from samca.files import locks
from SAMCALib.Models import PartFile
from SAMCALib.Models.Download import Download

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
