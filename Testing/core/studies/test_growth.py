"""What larger frames and further clicks cost is measured with any model, and hardly grows."""

from types import SimpleNamespace

import pytest

from dots import Dots
from samca.__main__ import main
from samca.studies import growth
from samca.studies.growth import CLICKS, Cost
from samca.studies.importing import Import


def test_each_size_has_its_times_and_memory_from_the_smallest_on():
    small, large = growth.growth(Dots(), [256, 64])
    assert (small.side, large.side) == (64, 256)
    for cost in (small, large):
        assert cost.encode_ms >= 0
        assert set(cost.click_ms) == set(CLICKS)
    assert 0 < small.kept_mb < large.kept_mb
    assert 0 < small.peak_mb <= large.peak_mb


def test_nothing_is_measured_where_nothing_is_asked_for():
    assert list(growth.growth(None, [])) == []


def test_no_frame_is_smaller_than_what_can_be_worked_on():
    with pytest.raises(ValueError, match="frames of 4 px: expected sides of 8 px and more"):
        next(growth.growth(None, [512, 4]))


def test_the_command_prints_a_line_for_each_size(monkeypatch, capsys):
    costs = [
        Cost(256, 40.0, {1: 20.0, 5: 15.0}, 14.0, 400.0),
        Cost(512, 41.0, {1: 21.0, 5: 15.0}, 16.0, 401.0),
    ]
    monkeypatch.setattr("samca.commands.benchmark.growth", lambda model, sides: costs)
    monkeypatch.setattr("samca.commands.benchmark.small", lambda: None)
    monkeypatch.setattr("samca.commands.benchmark.as_in_slicer", lambda: SimpleNamespace(engine="torch"))
    monkeypatch.setattr("samca.commands.benchmark.clicks_in_slicer", lambda model, repeats: [])
    monkeypatch.setattr("samca.commands.benchmark.following_in_slicer", lambda model: None)
    monkeypatch.setattr("samca.commands.benchmark.importing", lambda: Import(2.5, 0.2))
    assert main(["benchmark", "--sizes", "--frames", "256", "512"]) == 0
    heads, first, second = capsys.readouterr().out.strip().splitlines()[-3:]
    assert heads.split() == [
        "frame",
        "px,",
        "ms",
        "encode",
        "click",
        "1",
        "click",
        "5",
        "kept",
        "MB",
        "peak",
        "MB",
    ]
    assert first.split() == ["256", "40.0", "20.0", "15.0", "14.0", "400.0"]
    assert second.split()[0] == "512"
