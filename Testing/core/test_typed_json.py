"""JSON of any origin: what it holds is given as one type, or refused by its place in one sentence."""

from __future__ import annotations

import json
import os

import pytest
from hypothesis import given
from hypothesis import strategies as st

from any_json import TEXTS, VALUES
from samca import typed_json
from samca.typed_json import Value, parse, read

SETTINGS = {"epochs": 3, "rate": 0.5, "name": "Müller", "data": ["a", "b"], "model": {"tidy": True}}


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32"])
def test_the_ways_in_which_editors_save_a_text_are_read(tmp_path, encoding):
    path = tmp_path / "settings.json"
    path.write_bytes(json.dumps(SETTINGS, ensure_ascii=False).encode(encoding))
    assert read(path).plain == SETTINGS


def test_another_encoding_is_told_with_what_to_do(tmp_path):
    path = tmp_path / "settings.json"
    path.write_bytes('{"name": "Müller"}'.encode("latin-1"))
    with pytest.raises(ValueError, match=r"settings\.json is neither UTF-8 nor UTF-16: save it as UTF-8"):
        read(path)


def test_each_type_is_given_as_itself():
    value = parse(json.dumps(SETTINGS), "run")
    assert value["epochs"].whole(1, 10) == 3
    assert value["epochs"].number() == 3.0
    assert value["rate"].number(0, 1) == 0.5
    assert value["name"].text() == "Müller"
    assert [item.text() for item in value["data"].items(at_most=2)] == ["a", "b"]
    assert value["model"]["tidy"].flag() is True
    assert value.get("device", "auto").text() == "auto"
    assert set(value.fields()) == set(SETTINGS)
    assert "model" in value
    assert "device" not in value


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        (lambda v: v["epochs"].text(), r"run\.epochs is 3: expected a text"),
        (lambda v: v["epochs"].whole(4), r"run\.epochs is 3: expected a whole number of 4\.\."),
        (lambda v: v["rate"].whole(), r"run\.rate is 0\.5: expected a whole number"),
        (lambda v: v["rate"].number(1, 2), r"run\.rate is 0\.5: expected a number of 1\.\.2"),
        (lambda v: v["model"]["tidy"].number(), r"run\.model\.tidy is bool: expected a number"),
        (lambda v: v["model"]["tidy"].whole(), r"run\.model\.tidy is bool: expected a whole number"),
        (lambda v: v["epochs"].flag(), r"run\.epochs is 3: expected true or false"),
        (lambda v: v["name"].text(3), r"run\.name is 'Müller': expected a text of up to 3"),
        (lambda v: v["data"].items(at_most=1), r"run\.data is list: expected a list of 0\.\.1 values"),
        (lambda v: v["data"].items(3), r"run\.data is list: expected a list of 3\.\."),
        (lambda v: v["data"].items()[1].flag(), r"run\.data\[1\] is 'b'"),
        (lambda v: v["data"].fields(), r"run\.data is list: expected an object"),
        (lambda v: v["data"].get("a", 1), r"run\.data is list: expected an object"),
        (lambda v: v["device"], r"run is dict: expected an object with device"),
        (lambda v: v["data"]["device"], r"run\.data is list: expected an object with device"),
    ],
)
def test_another_type_is_refused_by_its_place(wrong, sentence):
    with pytest.raises(ValueError, match=sentence):
        wrong(parse(json.dumps(SETTINGS), "run"))


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("", "cannot be read as JSON"),
        ("{'a': 1}", "cannot be read as JSON"),
        ("[1, 2", "cannot be read as JSON"),
        ("[NaN]", "NaN is no finite number"),
        ("[-Infinity]", "-Infinity is no finite number"),
        ("[1e999]", "1e999 is no finite number"),
        ("[" + "9" * 5000 + "]", "more than 19 digits"),
        ("[" * 33 + "]" * 33, "more than 32 deep"),
        ("[" * 1_000_000, "more than 32 deep"),
        ('{"a":' * 100_000, "more than 32 deep"),
        ("[" + "[]," * typed_json.MOST + "[]]", "more than 2000000 values"),
        (r'["\ud83d"]', "ends within a character"),
        ('{"a": "' + r"\"" * 50_000, "cannot be read as JSON"),
    ],
)
def test_what_is_no_json_or_beyond_its_bounds_is_a_sentence(text, sentence):
    with pytest.raises(ValueError, match=sentence) as error:
        parse(text, "the tag")
    assert str(error.value).startswith("the tag")
    assert len(str(error.value)) < 200


def test_brackets_in_texts_are_no_depth():
    text = json.dumps({"a": "[" * 100 + '"{' * 100 + "\\"})
    assert parse(text, "tag")["a"].text() == "[" * 100 + '"{' * 100 + "\\"


def test_a_large_text_is_refused_by_its_size(tmp_path):
    path = tmp_path / "large.json"
    with path.open("wb") as file:
        file.truncate(2**40)  # a terabyte that takes no place
    with pytest.raises(ValueError, match="has 1099511627776 bytes"):
        read(path)
    with pytest.raises(ValueError, match="has 6 bytes: expected JSON of up to 5"):
        parse('"1234"', "text", at_most=5)


def test_what_is_no_file_is_not_waited_for(tmp_path):
    odd = [tmp_path]
    if hasattr(os, "mkfifo"):  # not on Windows
        os.mkfifo(tmp_path / "pipe")
        odd += [tmp_path / "pipe", "/dev/zero"]
    for path in odd:
        with pytest.raises(ValueError, match="is no file"):
            read(path)
    with pytest.raises(FileNotFoundError):
        read(tmp_path / "nothing")


@given(TEXTS | st.binary(max_size=60))
def test_whatever_a_text_holds_it_is_a_value_or_a_sentence(content):
    try:
        value = parse(content, "it")
    except ValueError as error:
        assert str(error).startswith("it ")  # noqa: PT017
    else:
        json.dumps(value.plain, allow_nan=False, ensure_ascii=False).encode()


@given(VALUES)
def test_whatever_a_value_is_each_type_takes_it_or_refuses_it_by_its_place(content):
    value = Value(content, "here")
    takings = (
        value.text, value.number, value.whole, value.flag, value.items, value.fields,
        lambda: value["a"], lambda: value.get("a", 0), lambda: value.get("a", 0).whole(),
    )  # fmt: skip
    for take in takings:
        try:
            take()
        except ValueError as error:
            assert str(error).startswith("here")  # noqa: PT017
            assert "expected" in str(error)  # noqa: PT017
