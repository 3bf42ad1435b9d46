"""Lines of a log, ours and others: a record of the right types, or none."""

from __future__ import annotations

import json

import pytest
from hypothesis import given

from any_json import damaged
from samca.training import run_records
from samca.training.run_folder import RunFolder

STEP = {"event": "step", "epoch": 1, "step": 2, "of": 9, "loss": 0.5, "time": 1.7e9}
EPOCH = {"event": "epoch", "epoch": 1, "of": 9, "loss": 0.5, "initial": 0.5, "guided": 0.5, "seconds": 1.0}
EPOCH |= {"dice": {"1": 80.0, "3": 90.0}, "time": 1.7e9}
BAD = {
    "no object": [1],
    "no event": {"time": 0},
    "event of another type": {"event": ["step"]},
    "time in words": {"event": "start", "time": "now"},
    "time before all": {"event": "start", "time": -1},
    "time after all": {"event": "start", "time": 1e15},
    "device as list": {"event": "start", "device": ["cpu"]},
    "half an epoch": {**STEP, "epoch": 0.5},
    "no steps": {**STEP, "of": 0},
    "loss in words": {**STEP, "loss": "small"},
    "step alone": {"event": "step"},
    "epoch alone": {"event": "epoch", "epoch": 1},
    "resume alone": {"event": "resume"},
    "dice as list": {**EPOCH, "dice": [80.0]},
    "dice in words": {**EPOCH, "dice": {"1": "good"}},
    "dice of no clicks": {**EPOCH, "dice": {"many": 80.0}},
}


def test_a_record_comes_back_as_it_was_with_what_else_it_says():
    for record in (STEP, EPOCH, {"event": "finish", "best": 80.0}, {**STEP, "kl_vit": 0.1, "note": None}):
        assert run_records.parse(json.dumps(record).encode()) == record


@pytest.mark.parametrize("record", BAD.values(), ids=BAD)
def test_a_record_of_other_types_is_none(record):
    with pytest.raises(ValueError, match=r"^the line"):
        run_records.parse(json.dumps(record).encode())


@pytest.mark.parametrize(
    "line", [b"", b"\xff", b'{"event": "sto', b"[" * 10_000, b'{"event": NaN}', b" " * 2**21]
)
def test_what_is_no_record_is_a_sentence(line):
    with pytest.raises(ValueError, match=r"^the line"):
        run_records.parse(line)


def test_a_run_goes_on_over_foreign_lines_in_its_log(tmp_path):
    folder = RunFolder(tmp_path)
    folder.append({"event": "start"})
    folder.append(EPOCH)
    with folder.log.open("ab") as file:
        file.writelines(json.dumps(record).encode() + b"\n" for record in BAD.values())
        file.write(b"\xff\xfe\n" + b"[" * 10_000 + b"\n7\nnull\n")
    folder.append({**EPOCH, "epoch": 2})
    assert [record["epoch"] for record in folder.epochs()] == [1, 2]


@given(damaged(EPOCH) | damaged(STEP))
def test_whatever_a_line_holds_it_is_a_record_or_none(text):
    try:
        record = run_records.parse(text.encode("utf-8", "surrogatepass"))
    except ValueError:
        return
    assert isinstance(record["event"], str)
    assert all(isinstance(record[name], int) for name in ("epoch", "step") if name in record)
