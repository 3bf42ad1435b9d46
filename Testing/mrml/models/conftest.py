"""Downloads from a server in this process."""

from __future__ import annotations

import hashlib

import pytest
from downloads import CONTENT, HALF, PATIENCE, partIn
from faulty_server import FaultyServer, offered

from SAMCALib.Models import Transfer
from SAMCALib.Models.Download import Download


@pytest.fixture
def server():
    server = FaultyServer()
    yield server
    server.close()


@pytest.fixture
def quick(monkeypatch):
    """Nobody waits as long as a user would."""
    monkeypatch.setattr(Transfer, "PAUSES", (0.01, 0.01, 0.01, 0.01))
    monkeypatch.setattr(Transfer, "TIMEOUT", 5.0)


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "models"


@pytest.fixture
def fetch(server, folder, quick):
    """`fetch(what)` -> a Download of a path that does this, of CONTENT if nothing else is said."""
    downloads = []

    def start(does, content=CONTENT, sha256=None, url="", name="w.pth"):
        server.does["/w"] = does
        sha256 = sha256 or hashlib.sha256(content).hexdigest()
        downloads.append(Download(url or f"{server.url}/w", folder / name, len(content), sha256))
        return downloads[-1]

    yield start
    for download in downloads:
        download.cancel()
        assert download.wait(PATIENCE) or download.error


@pytest.fixture
def halfway(fetch, folder, server):
    """A part from an earlier day: half of the file."""
    offers = offered(CONTENT, cut=HALF)
    download = fetch(lambda talk: talk.answer("404 Not Found") if "range" in talk.headers else offers(talk))
    assert not download.wait(PATIENCE)
    assert partIn(folder).stat().st_size == HALF
    server.asked.clear()
