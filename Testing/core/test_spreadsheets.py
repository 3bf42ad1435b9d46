"""Tables for people: nothing in them is a formula, and what is read is what was written."""

import ast
import csv
import io
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from samca import spreadsheets

EVIL = [
    "=1+1",
    "+cmd|' /C calc'!A0",
    "-2+3",
    "@SUM(A1)",
    "\t=1",
    "\r=1",
    "\n=1",
    "\uff1d1+1",
    "'=1",
    "''-a",
    "-5",
]


def cells(text: str) -> list[list[str]]:
    return list(csv.reader(io.StringIO(text, newline="")))


@pytest.mark.parametrize("text", EVIL)
def test_no_text_begins_as_a_formula_does(tmp_path, text):
    table = spreadsheets.text_of_named(["id", text], [{"id": text, text: "x"}])
    assert all(cell[0] not in "=+-@\t\r\n\uff1d" for row in cells(table) for cell in row)
    (tmp_path / "a.csv").write_text(table, newline="")
    assert spreadsheets.read(tmp_path / "a.csv") == (["id", text], [{"id": text, text: "x"}])


def test_numbers_stay_numbers_and_other_texts_are_as_they_were():
    rows = [["name", -1.5, -2, None, "it's", "'quoted'", "a=b", ""]]
    assert cells(spreadsheets.text_of(rows)) == [["name", "-1.5", "-2", "", "it's", "'quoted'", "a=b", ""]]


@given(st.lists(st.lists(st.text(st.characters(codec="utf-8")), min_size=3, max_size=3), max_size=4))
def test_what_is_read_is_what_was_written(tmp_path_factory, rows):
    path = tmp_path_factory.mktemp("table") / "a.csv"
    named = [dict(zip("abc", row, strict=True)) for row in rows]
    path.write_bytes(spreadsheets.text_of_named("abc", named).encode())
    assert spreadsheets.read(path) == (["a", "b", "c"], named)


def test_short_and_long_rows_and_a_mark_of_utf_8_are_taken(tmp_path):
    (tmp_path / "a.csv").write_bytes(b"\xef\xbb\xbfid,group\r\n1\r\n\r\n2,g,more\r\n")
    assert spreadsheets.read(tmp_path / "a.csv") == (
        ["id", "group"],
        [{"id": "1", "group": ""}, {"id": "2", "group": "g"}],
    )


@pytest.mark.parametrize("content", ["größe".encode("latin-1"), b"id\n" + bytes(200_000)])
def test_what_is_no_table_is_named(tmp_path, content):
    (tmp_path / "a.csv").write_bytes(content)
    with pytest.raises(ValueError, match=r"a\.csv: cannot be read as a table"):
        spreadsheets.read(tmp_path / "a.csv")


def test_nobody_else_makes_tables():
    root = Path(__file__).resolve().parents[2]
    sources = [
        path for folder in ("SAMCAUltrasound", "SAMCATraining") for path in (root / folder).rglob("*.py")
    ]
    trees = {path: ast.walk(ast.parse(path.read_text(encoding="utf-8"))) for path in sources}
    users = {
        path.name
        for path, nodes in trees.items()
        for node in nodes
        if (isinstance(node, ast.Import) and "csv" in [alias.name for alias in node.names])
        or (isinstance(node, ast.ImportFrom) and node.module == "csv")
    }
    assert users == {"spreadsheets.py"}
