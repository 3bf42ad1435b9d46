"""One of torch and ONNX Runtime does not start, for instance for want of AVX: the other one answers."""

import platform
import sys

import numpy as np
import pytest
from numpy._core import _multiarray_umath as told_by_numpy

import samca
from samca.runtime import loading, starting

FAILURES = (ImportError("DLL load failed"), OSError("WinError 1114"), RuntimeError("built for X86_V3"))


@pytest.fixture
def breakdown(monkeypatch, tmp_path):
    """breakdown(package, error): importing the package raises this."""

    def make(package, error):
        (tmp_path / f"{package}.py").write_text(f"raise {error!r}")
        monkeypatch.syspath_prepend(tmp_path)
        for name in (package, "samca.network.devices"):
            monkeypatch.delitem(sys.modules, name, raising=False)

    return make


def processor(monkeypatch, machine, **features):
    monkeypatch.setattr(platform, "machine", lambda: machine)
    monkeypatch.setattr(told_by_numpy, "__cpu_features__", features)


def answers(model):
    session = samca.Session(model)
    session.set_image(np.zeros((60, 80), np.uint8))
    return session.click(40, 30).shape == (60, 80)


@pytest.mark.parametrize("error", FAILURES)
def test_onnx_runtime_answers_where_torch_does_not_start_and_it_is_told(
    breakdown, monkeypatch, caplog, error
):
    processor(monkeypatch, "AMD64", AVX=False)
    breakdown("torch", error)
    model = samca.load()
    says = f"torch is installed, but does not start: {error}; this processor has no AVX"
    assert model.engine == "ONNX Runtime"
    assert model.instead.startswith(says)
    assert says in caplog.text
    assert answers(model)


@pytest.mark.parametrize("error", FAILURES)
def test_torch_answers_where_onnx_runtime_does_not_start(breakdown, error):
    breakdown("onnxruntime", error)
    model = samca.load()
    assert str(model.device) == "cpu"
    assert answers(model)


@pytest.mark.parametrize("error", FAILURES)
def test_where_neither_starts_a_sentence_names_both(breakdown, monkeypatch, error):
    processor(monkeypatch, "x86_64", AVX=False)
    breakdown("torch", error)
    breakdown("onnxruntime", error)
    with pytest.raises(RuntimeError, match=r"ONNX Runtime .* no AVX.* or torch\. torch is installed, but"):
        samca.load()


@pytest.mark.parametrize(
    ("machine", "features", "lacks"),
    [
        ("x86_64", {"AVX": False}, True),
        ("AMD64", {"AVX": True}, False),
        ("arm64", {"AVX": False}, False),
        ("x86_64", {}, False),
    ],
)
def test_only_a_processor_that_could_have_avx_lacks_it(monkeypatch, machine, features, lacks):
    processor(monkeypatch, machine, **features)
    assert starting.lacks_avx() is lacks
    assert ("no AVX" in starting.why_not(OSError("c10.dll"))) is lacks


def test_a_package_that_is_not_there_has_nothing_to_do_with_the_processor(monkeypatch):
    processor(monkeypatch, "x86_64", AVX=False)
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    with pytest.raises(RuntimeError, match="install onnxruntime") as told:
        loading.load()
    assert "AVX" not in str(told.value)
