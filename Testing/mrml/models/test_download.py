"""Files fetched from a server that does everything wrong that servers and networks do."""

from __future__ import annotations

import os
import threading
import time

import pytest
from downloads import CONTENT, PATIENCE, SHA256, assertNothing, assertRight
from faulty_server import offered

from SAMCALib.Models.Download import Download

# What servers and networks do; nothing of it is a file


def head(talk, *lines, body=b""):
    talk.send("\r\n".join(["HTTP/1.1 200 OK", *lines, "", ""]))
    talk.send(body)


def page(talk):
    body = b"<html><form action=login>" + b" " * 2000
    talk.answer(body=body, Content_Type="text/html; charset=utf-8", Content_Length=len(body))


def hugePage(talk):
    """A login page of the very length of the file."""
    talk.answer(body=CONTENT, Content_Type="text/html", Content_Length=len(CONTENT))


def to(address, status="302 Found"):
    return lambda talk: talk.answer(status, Location=address)


FAULTS = {
    "cut body": lambda talk: talk.answer(body=CONTENT[:1000], Content_Length=len(CONTENT)),
    "no body": lambda talk: talk.answer(Content_Length=len(CONTENT)),
    "cut body, no length": lambda talk: talk.answer(body=CONTENT[:-1]),
    "reset": lambda talk: (talk.answer(body=CONTENT[:9], Content_Length=len(CONTENT)), talk.reset()),
    "nothing": lambda talk: None,
    "reset at once": lambda talk: talk.reset(),
    "bad chunks": lambda talk: talk.answer(body=b"5\r\nabcde\r\nzz\r\n", Transfer_Encoding="chunked"),
    "negative chunk": lambda talk: talk.answer(body=b"-5\r\nabcde\r\n", Transfer_Encoding="chunked"),
    "cut chunk": lambda talk: talk.answer(body=b"fffff\r\nabcde", Transfer_Encoding="chunked"),
    "no last chunk": lambda talk: talk.answer(body=b"5\r\nabcde\r\n", Transfer_Encoding="chunked"),
    "few chunks": lambda talk: talk.answer(body=b"5\r\nabcde\r\n0\r\n\r\n", Transfer_Encoding="chunked"),
    "long chunk line": lambda talk: talk.answer(body=b"5" * 70_000, Transfer_Encoding="chunked"),
    "bad status line": lambda talk: talk.send("HELLO\r\n\r\n"),
    "bad version": lambda talk: talk.send("HTTP/9.9 200 OK\r\n\r\n"),
    "bad status": lambda talk: talk.send("HTTP/1.1 abc OK\r\n\r\n"),
    "long status line": lambda talk: talk.send("HTTP/1.1 200 " + "O" * 70_000 + "\r\n\r\n"),
    "binary": lambda talk: talk.send(os.urandom(5000)),
    "long header": lambda talk: head(talk, "X: " + "y" * 70_000, body=CONTENT),
    "many headers": lambda talk: head(talk, *(f"X{i}: y" for i in range(200)), body=CONTENT),
    "cut headers": lambda talk: talk.send("HTTP/1.1 200 OK\r\nContent-Le"),
    "header without a colon": lambda talk: head(talk, "nonsense", body=b"x"),
    "less than said": lambda talk: talk.answer(body=CONTENT, Content_Length=len(CONTENT) - 1),
    "more than said": lambda talk: talk.answer(body=CONTENT, Content_Length=len(CONTENT) + 1),
    "length that is none": lambda talk: talk.answer(body=CONTENT[:50], Content_Length="many"),
    "negative length": lambda talk: talk.answer(body=CONTENT[:50], Content_Length=-1),
    "endless length": lambda talk: talk.answer(body=CONTENT[:50], Content_Length="9" * 5000),
    "one byte more": lambda talk: talk.answer(body=CONTENT + b"!"),
    "other bytes": lambda talk: talk.answer(body=CONTENT[:-1] + b"!", Content_Length=len(CONTENT)),
    "compressed": lambda talk: talk.answer(body=CONTENT, Content_Encoding="gzip"),
    "login page": page,
    "login page, as long": hugePage,
    "nothing to say": lambda talk: talk.answer("204 No Content"),
    "accepted": lambda talk: talk.answer("202 Accepted", b"later"),
    "half unasked": lambda talk: talk.answer("206 Partial Content", CONTENT[9:], Content_Range="bytes 9-/*"),
    "half without a word": lambda talk: talk.answer("206 Partial Content", CONTENT[9:]),
    "not modified": lambda talk: talk.answer("304 Not Modified"),
    "forbidden": lambda talk: talk.answer("403 Forbidden", b"no"),
    "gone": lambda talk: talk.answer("404 Not Found", b"no"),
    "proxy wants a password": lambda talk: talk.answer("407 Proxy Authentication Required"),
    "no such rest": lambda talk: talk.answer("416 Range Not Satisfiable", Content_Range="bytes */10"),
    "too many": lambda talk: talk.answer("429 Too Many Requests", Retry_After=3600),
    "broken": lambda talk: talk.answer("500 Internal Server Error", b"no"),
    "busy": lambda talk: talk.answer("503 Service Unavailable", Retry_After=3600),
    "odd status": lambda talk: talk.answer("799 Whatever"),
    "in a circle": to("/w"),
    "nowhere": lambda talk: talk.answer("302 Found"),
    "to a file": to("file:///etc/hostname", "307 Temporary Redirect"),
    "to ftp": to("ftp://127.0.0.1/w", "301 Moved Permanently"),
    "to data": to("data:,hello", "308 Permanent Redirect"),
    "to a bad port": to("http://127.0.0.1:port/w", "303 See Other"),
    "to a bad address": to("http://[::1/w"),
    "to nobody": to("http://127.0.0.1:9/w"),
    "to a bad name": to("http://" + "a" * 70 + ".invalid./w"),
    "to an empty name": to("http:///w"),
    "to a space": to("http://127.0.0.1 /w"),
}


@pytest.mark.parametrize("fault", FAULTS.values(), ids=FAULTS.keys())
def test_what_is_no_whole_file_is_told_and_leaves_nothing(fetch, folder, fault):
    assertNothing(fetch(fault), folder)


@pytest.mark.parametrize("fault", FAULTS.values(), ids=FAULTS.keys())
def test_what_was_there_from_before_is_left_as_it_was(fetch, folder, fault):
    folder.mkdir()
    (folder / "w.pth").write_bytes(b"before")
    assert not fetch(fault).wait(PATIENCE)
    assert (folder / "w.pth").read_bytes() == b"before"


@pytest.mark.parametrize(
    "url",
    [
        "", "w", "http://", "http:///w", "://w", "ftp://127.0.0.1/w", "file:///etc/hostname", "data:,hello",
        "http://[::1", "http://127.0.0.1:port/w", "http://127.0.0.1:99999/w", "http://127.0.0.1:9/w",
        "http://127.0.0.1/a b\r\nX: y", "http://\u00e9" + "e" * 80 + ".invalid/", "http://127.0.0.1/\u20ac",
        "http://no.such.host.invalid/w", "https://127.0.0.1:9/w", "javascript:alert(1)", None, 5,
    ],
    ids=repr,
)  # fmt: skip
def test_an_address_that_leads_nowhere_is_told_at_once(folder, url):
    download = Download(url, folder / "w.pth", len(CONTENT), SHA256)
    assertNothing(download, folder)
    assert "Check network" in download.error


@pytest.mark.parametrize("proxy", ["http://127.0.0.1:9", "http://[", "://", "x y", "http://127.0.0.1:port"])
def test_a_proxy_that_leads_nowhere_is_told(fetch, folder, monkeypatch, proxy):
    monkeypatch.setenv("http_proxy", proxy)
    monkeypatch.delenv("no_proxy", raising=False)
    assertNothing(fetch(offered(CONTENT)), folder)


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        ("gone", "404 Not Found"),
        ("other bytes", "another SHA256"),
        ("one byte more", "1500001 bytes instead of 1500000"),
        ("less than said", "1499999 bytes instead of 1500000"),
        ("no such rest", "10 bytes instead of 1500000"),
        ("login page", "open http://127.0.0.1"),
        ("to ftp", "another kind of address"),
        ("proxy wants a password", "407 Proxy Authentication Required"),
        ("in a circle", "302 Found"),
        ("bad status line", "cannot be understood (BadStatusLine)"),
    ],
)
def test_the_sentence_says_what_it_was(fetch, fault, words):
    download = fetch(FAULTS[fault])
    assert not download.wait(PATIENCE)
    assert words in download.error


def test_what_a_server_says_is_not_repeated_to_the_user(fetch):
    download = fetch(lambda talk: talk.send("HTTP/1.1 404 <b>Your licence ran out</b>\r\n\r\n"))
    download.wait(PATIENCE)
    assert "licence" not in download.error


# What is right


def chunked(talk):
    talk.answer(Transfer_Encoding="chunked")
    for start in range(0, len(CONTENT), 70_001):
        block = CONTENT[start : start + 70_001]
        talk.send(f"{len(block):x};extension=1\r\n".encode() + block + b"\r\n")
    talk.send("0\r\nTrailer: 1\r\n\r\n")


RIGHT = {
    "with its length": lambda talk: talk.answer(body=CONTENT, Content_Length=len(CONTENT)),
    "without": lambda talk: talk.answer(body=CONTENT),
    "in chunks": chunked,
    "of a good server": offered(CONTENT),
    "of an old server": lambda talk: talk.send(b"HTTP/1.0 200 OK\r\n\r\n" + CONTENT),
    "after a moment": lambda talk: (talk.send("HTTP/1.1 100 Continue\r\n\r\n"), talk.answer(body=CONTENT)),
    "with more after it": lambda talk: talk.answer(body=CONTENT + b"more", Content_Length=len(CONTENT)),
}


@pytest.mark.parametrize("does", RIGHT.values(), ids=RIGHT.keys())
def test_a_whole_file_is_there(fetch, folder, does):
    assertRight(fetch(does), folder)


@pytest.mark.parametrize("status", ["301 a", "302 b", "303 c", "307 d", "308 e"])
def test_a_file_that_has_moved_is_found_and_no_word_on_the_way_is_read(server, fetch, folder, status):
    def moved(talk):
        talk.answer(status, Location="/there")
        talk.repeat(b"x" * 100_000)

    server.does["/there"] = offered(CONTENT)
    assertRight(fetch(moved), folder)


def test_it_takes_the_place_of_what_was_there(fetch, folder):
    folder.mkdir()
    (folder / "w.pth").write_bytes(b"before")
    assertRight(fetch(offered(CONTENT)), folder)


def test_it_is_not_there_before_it_is_whole(fetch, folder):
    go = threading.Event()

    def halfway(talk):
        talk.answer(body=CONTENT[:700_000], Content_Length=len(CONTENT))
        assert go.wait(PATIENCE)
        talk.send(CONTENT[700_000:])

    download = fetch(halfway)
    while download.received < 700_000:
        time.sleep(0.001)
    assert not (folder / "w.pth").exists()
    assert not download.done
    assert download.status == "700 kB of 1.5 MB"
    go.set()
    assertRight(download, folder)


def test_the_file_and_its_name_are_on_the_disk_when_it_is_done(fetch, folder, monkeypatch):
    synced, fsync = [], os.fsync
    monkeypatch.setattr(os, "fsync", lambda number: (synced.append(os.fstat(number).st_ino), fsync(number)))
    assertRight(fetch(offered(CONTENT)), folder)
    assert (folder / "w.pth").stat().st_ino in synced
    assert synced[-1] == folder.stat().st_ino
