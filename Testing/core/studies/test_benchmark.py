"""The benchmark: turns, warm-up, medians and ratios, with clocks and models that are known."""

import json
import subprocess
import sys
import types

import pytest
import torch

from samca.__main__ import main
from samca.commands.benchmark import EFFECT, MISSING, busy
from samca.studies import benchmark
from samca.studies.benchmark import PLAIN, Contestant, Timing, ours, summary
from samca.studies.importing import Import


@pytest.fixture
def steps(monkeypatch):
    """Two models that note their turns and take a known time."""
    now, turns = [0.0], []
    monkeypatch.setattr(benchmark.time, "perf_counter", lambda: now[0])

    def taking(name, seconds):
        def act(*features):
            turns.append((name, *features))
            now[0] += seconds
            return f"features of {name}"

        return act

    rows = [Contestant(n, 64, taking(n, s), taking(n, s / 4)) for n, s in ((PLAIN, 4.0), ("ours", 1.0))]
    return rows, turns


def test_models_take_turns_and_click_on_their_own_features(steps):
    rows, turns = steps
    timings = list(benchmark.benchmark(rows, repeats=2))
    once = [(PLAIN,), (PLAIN, f"features of {PLAIN}"), ("ours",), ("ours", "features of ours")]
    assert turns == once * 3  # the first round warms up
    assert len(timings) == 2 * 4
    assert timings[0] == Timing(PLAIN, 64, "encode", 4.0)
    assert timings[3] == Timing("ours", 64, "click", 0.25)


def test_a_summary_has_medians_and_ratios(steps):
    rows, _ = steps
    timings = [*benchmark.benchmark(rows, repeats=3), Timing("ours", 64, "click", 99.0)]  # one hiccup
    assert summary(timings)[1] == {
        "model": "ours",
        "image_size": 64,
        "engine": "torch",
        "encode_ms": 1000.0,
        "click_ms": 250.0,
        "encode_times_faster": 4.0,
        "click_times_faster": 4.0,
    }


def test_a_model_of_ours_encodes_and_clicks(tiny_model):
    row = ours("tiny", tiny_model())
    logits, _ = row.click(row.encode())
    assert logits.shape == (32, 32)


@pytest.mark.parametrize(("zoom", "decoded"), [(0.0, 1), (1.5, 2)])
def test_all_looks_of_a_click_are_measured(tiny_model, monkeypatch, zoom, decoded):
    model, calls = tiny_model({"mirror": True, "zoom": zoom}), []
    decode = model.decode_fully
    monkeypatch.setattr(model, "decode_fully", lambda *given: calls.append(given[0]) or decode(*given))
    row = ours("tiny", model)
    logits, _ = row.click(row.encode())
    assert logits.shape == (2, 32, 32)
    assert [len(features.embedding) for features in calls] == [2] * decoded


@pytest.fixture
def imported(monkeypatch):
    """Times of an import of torch that are known."""
    monkeypatch.setattr("samca.commands.benchmark.importing", lambda: Import(2.5, 0.2))


@pytest.fixture
def slicer_side(monkeypatch):
    """The room that knows Slicer, with times that are known; it is given the shipped model."""
    model, setting = (
        types.SimpleNamespace(engine="torch"),
        types.SimpleNamespace(name="512 x 400", isMasked=True),
    )
    monkeypatch.setattr("samca.commands.benchmark.small", lambda: model)
    monkeypatch.setattr("samca.commands.benchmark.fastest", lambda given: "bfloat16")

    def measure(given, repeats):
        assert given is model
        assert given.precision == "bfloat16"
        known = {"first": 0.02, "next": 0.01 * repeats, "last": 0.05, "gap": 0.03}
        times = types.SimpleNamespace(_asdict=lambda: known)
        return [(setting, times)]

    effect = types.SimpleNamespace(measure=measure, following=lambda given: (17.5, 0.04), RATE=25)
    monkeypatch.setitem(sys.modules, EFFECT, effect)


@pytest.mark.parametrize("as_json", [False, True])
def test_the_command_prints_a_row_for_each_model(steps, slicer_side, imported, monkeypatch, capsys, as_json):
    rows, _ = steps
    monkeypatch.setattr("samca.commands.benchmark.contestants", lambda *_: rows)
    assert main(["benchmark", "--repeats", "2", *(["--json"] if as_json else [])]) == 0
    printed = capsys.readouterr().out
    if as_json:
        result = json.loads(printed)
        assert [row["model"] for row in result["rows"]] == [PLAIN, "ours"]
        times = {"first_ms": 20.0, "next_ms": 20.0, "last_ms": 50.0, "gap_ms": 30.0}
        assert result["clicks"] == [{"image": "512 x 400", "masks": True, **times}]
        assert result["instructions"] == torch.backends.cpu.get_cpu_capability()
        assert result["peak_mb"] > 10
        assert result["in_slicer"] == "torch"
        assert result["following"] == {"of": 25, "images_a_second": 17.5, "gap_ms": 40.0}
        assert result["loading"] == {"seconds": 2.5, "gap": 0.2}
    else:
        assert printed.splitlines()[2].split() == ["ours", "torch", "64", "1000.0", "250.0", "4.00", "4.00"]
        assert f"torch {torch.__version__} with {torch.backends.cpu.get_cpu_capability()}" in printed
        *_, clicked, followed, loaded = printed.splitlines()
        assert followed.endswith("25 images of 512 x 400 a second: 17.5 of them, longest gap 40 ms")
        assert loaded.startswith("torch imported")
        assert loaded.endswith(": 2.5 s, longest gap meanwhile 200 ms")
        assert clicked.split() == ["512", "x", "400", "yes", "20.0", "20.0", "50.0", "30.0"]


def test_without_slicer_it_says_what_was_not_measured_and_how_it_would_be(
    steps, imported, monkeypatch, capsys
):
    rows, _ = steps
    monkeypatch.setattr("samca.commands.benchmark.contestants", lambda *_: rows)
    monkeypatch.setitem(sys.modules, EFFECT, None)
    assert main(["benchmark", "--repeats", "1"]) == 0
    assert MISSING in capsys.readouterr().out


@pytest.mark.parametrize(
    ("option", "number", "sentence"),
    [
        ("--repeats", "0", "repeats is 0: expected at least 1"),
        ("--threads", "-1", "threads is -1: expected 0 or more"),
    ],
)
def test_numbers_that_are_too_small_are_refused_before_a_model_is_built(
    monkeypatch, capsys, option, number, sentence
):
    monkeypatch.setattr(benchmark, "plain", lambda size: pytest.fail("a model was built"))
    assert main(["benchmark", option, number]) == 2
    assert sentence in capsys.readouterr().err


def test_backbones_are_measured_at_every_size_beside_the_plain_one(monkeypatch, tiny_model):
    built = []
    monkeypatch.setattr(benchmark, "plain", lambda size: Contestant(PLAIN, size, None, None))
    monkeypatch.setattr(benchmark, "build", lambda config: built.append(config) or tiny_model())
    monkeypatch.setattr(benchmark, "small", tiny_model)
    monkeypatch.setattr(benchmark, "small_without_torch", lambda: None)
    names = [row.name for row in benchmark.contestants([256, 512], ["mobile_sam", "sam2_tiny"])]
    assert names == [PLAIN, "samca mobile_sam", "samca sam2_tiny"] * 2
    expected = [(name, size) for size in (256, 512) for name in ("mobile_sam", "sam2_tiny")]
    assert [(config.backbone.name, config.image_size) for config in built] == expected


@pytest.mark.parametrize("formats", [["torch"], ["torch", "torch in bfloat16"]])
def test_the_shipped_model_is_measured_on_both_engines(monkeypatch, formats):
    monkeypatch.setattr(benchmark, "plain", lambda size: Contestant(PLAIN, size, None, None))
    monkeypatch.setattr(benchmark, "can_be_faster", lambda device: len(formats) > 1)
    _plain, by_torch, *others, by_graph = benchmark.contestants([256], [])
    assert [row.engine for row in (by_torch, *others, by_graph)] == [*formats, "ONNX Runtime"]
    assert by_torch.name == by_graph.name
    logits, _ = by_graph.click(by_graph.encode())
    assert logits.shape == (2, 128, 128)


def test_where_there_is_no_onnx_runtime_the_other_engine_is_measured_alone(monkeypatch):
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    assert benchmark.small_without_torch() is None


def test_a_wrong_backbone_is_refused_before_a_model_is_built(monkeypatch, capsys):
    monkeypatch.setattr(benchmark, "plain", lambda size: pytest.fail("a model was built"))
    assert main(["benchmark", "--backbones", "mobile_sam", "tiny_vit"]) == 2
    assert "backbone 'tiny_vit' is not one of mobile_sam, sam2_base_plus" in capsys.readouterr().err


def test_busy_programs_compute_beside_it_and_end_with_it(monkeypatch):
    started, popen = [], subprocess.Popen

    def start(words):
        started.append(popen(words))
        return started[-1]

    monkeypatch.setattr(subprocess, "Popen", start)
    with busy(2):
        assert [program.poll() for program in started] == [None, None]
    assert all(program.poll() is not None for program in started)


@pytest.mark.parametrize(
    "option", [["--sizes", "256"], ["--frames", "512"], ["--repeats", "3"], ["--threads", "1"]]
)
def test_training_is_measured_by_itself(option, capsys):
    assert main(["benchmark", "--training", *option]) == 2
    assert f"leave {option[0]} out" in capsys.readouterr().err


def test_less_than_no_busy_programs_are_refused(capsys):
    assert main(["benchmark", "--sizes", "--busy", "-1"]) == 2
    assert "busy is -1: expected 0 or more" in capsys.readouterr().err
