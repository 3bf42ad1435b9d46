"""Downloads that are interrupted: after a drop, and from one day to the next."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest
from downloads import CONTENT, HALF, PATIENCE, SHA256, assertNothing, assertRight, left, partIn, ranges
from faulty_server import offered

import SAMCALib
from SAMCALib.Models import PartFile, Transfer
from SAMCALib.Models.ModelLogic import ModelLogic

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


def test_a_part_is_no_model(folder, halfway):
    logic = ModelLogic(folder)
    assert not [model for model in logic.models() if Path(model.source).parent == folder]


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
