"""Several files of a folder together: all of a change or none of it."""

import json
import os
import threading
from pathlib import Path

import pytest

from killed import at_every_step
from samca.files import write_atomically
from samca.files.changes import DECIDED, PREFIX, changing, finish

CHANGE = """
from pathlib import Path
from samca.files.changes import changing
with changing(Path({folder!r})) as change:
    change.write("images/a.png", b"new a")
    change.write("masks/a.png", b"new mask")
    change.write("table", b"new table")
    change.remove("images/b.png")
    change.remove("masks/b.png")
"""
OLD = {"images/a.png": b"a", "images/b.png": b"b", "masks/b.png": b"mask", "table": b"old table"}
NEW = {"images/a.png": b"new a", "masks/a.png": b"new mask", "table": b"new table"}


def content(folder: Path) -> dict[str, bytes]:
    files = (path for path in folder.rglob("*") if path.is_file() and PREFIX not in str(path))
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in files}


def fill(folder: Path) -> None:
    for path in folder.rglob("*"):
        if path.is_file():
            path.unlink()
    for name, what in OLD.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(what)


def test_a_kill_at_any_step_leaves_all_or_nothing_to_who_comes_next(tmp_path):
    fill(tmp_path)
    found, undecided = [], 0
    for _steps in at_every_step(tmp_path, CHANGE.format(folder=str(tmp_path))):
        undecided += any((folder / DECIDED).exists() for folder in tmp_path.glob(f"{PREFIX}*"))
        finish(tmp_path)
        found.append(content(tmp_path))
        assert found[-1] in (OLD, NEW)
        fill(tmp_path)
    assert found[0] == OLD
    assert found[-1] == NEW
    assert undecided > 3  # kills in the middle of what was decided


def test_after_an_error_nothing_has_changed_and_a_new_folder_is_gone(tmp_path):
    fill(tmp_path / "old")
    for folder in (tmp_path / "old", tmp_path / "new"):
        with pytest.raises(KeyError), changing(folder) as change:  # noqa: PT012
            change.write("table", b"new")
            change.remove("images/a.png")
            raise KeyError
    assert content(tmp_path / "old") == OLD
    assert not (tmp_path / "new").exists()


def test_what_cannot_be_done_to_its_end_now_is_done_later(tmp_path, monkeypatch):
    fill(tmp_path)
    with monkeypatch.context() as broken:
        broken.setattr(os, "unlink", lambda *_, **__: (_ for _ in ()).throw(PermissionError("in use")))
        with pytest.raises(PermissionError), changing(tmp_path) as change:  # noqa: PT012
            change.write("table", b"new table")
            change.remove("images/a.png")
    finish(tmp_path)
    assert content(tmp_path) == {
        **{k: v for k, v in OLD.items() if k != "images/a.png"},
        "table": b"new table",
    }


def test_the_same_name_twice_is_the_last_and_what_is_put_in_is_not_taken_out(tmp_path):
    with changing(tmp_path / "folder") as change:
        change.write("a", b"first")
        change.remove("a")
        change.write("a", b"second")
    assert content(tmp_path) == {"folder/a": b"second"}


def test_who_comes_while_a_living_process_does_what_it_decided_waits_for_its_end(tmp_path, monkeypatch):
    replace, seen = Path.replace, []

    def slowly(self, target):
        done = replace(self, target)
        if target.name == "one":
            reader = threading.Thread(target=lambda: (finish(tmp_path), seen.append(content(tmp_path))))
            reader.start()
            reader.join(0.2)
            assert reader.is_alive()
            threads.append(reader)
        return done

    threads = []
    monkeypatch.setattr(Path, "replace", slowly)
    with changing(tmp_path) as change:
        change.write("one", b"1")
        change.write("two", b"2")
    threads[0].join()
    assert seen == [{"one": b"1", "two": b"2"}]


@pytest.mark.parametrize("name", ["../outside", "images/../../outside", "/outside", "", "link/outside", ".."])
def test_a_list_that_came_with_data_from_elsewhere_leads_nowhere_else(tmp_path, name):
    folder, outside = tmp_path / "data", tmp_path / "elsewhere"
    stage = folder / f"{PREFIX}x"
    (stage / "new").mkdir(parents=True)
    (stage / "lock").touch()
    (stage / "new" / "outside").write_bytes(b"evil")
    outside.mkdir()
    (folder / "link").symlink_to(outside)
    for what in ({"put": [name], "remove": []}, {"put": [], "remove": [name]}):
        (stage / DECIDED).write_text(json.dumps(what))
        with pytest.raises(ValueError, match="an unfinished change names"):
            finish(folder)
    assert content(outside) == {}
    assert not (tmp_path / "outside").exists()


def test_links_that_came_with_data_from_elsewhere_take_nothing_away(tmp_path):
    folder, home = tmp_path / "data", tmp_path / "home"
    home.mkdir()
    for name in ("lock", "letter"):
        (home / name).write_bytes(b"mine")
    folder.mkdir()
    for prefix in (PREFIX, ".samca_part_"):
        (folder / f"{prefix}x").symlink_to(home)
    stage = folder / f"{PREFIX}y"
    stage.mkdir()
    (stage / "lock").touch()
    (stage / "new").symlink_to(home)
    (stage / DECIDED).write_text(json.dumps({"put": ["letter"], "remove": []}))
    with pytest.raises(ValueError, match="an unfinished change names"):
        finish(folder)
    write_atomically(folder / "file", b"")
    assert content(home) == {"lock": b"mine", "letter": b"mine"}
    assert not (folder / "letter").exists()
