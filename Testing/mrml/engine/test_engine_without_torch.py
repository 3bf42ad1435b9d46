"""The engine where there is no torch: the shipped model answers, other models say what they need."""

from __future__ import annotations

import sys

import pytest
import volumes
from model_files import graph

import samca
from samca import model_files, tensor_header
from samca.prompts import Click, Prompts
from samca.runtime import starting
from SAMCALib.Editing.EditQueue import pictureOf
from SAMCALib.Engine import TorchLogic
from SAMCALib.Engine.EngineLogic import EngineLogic
from SAMCALib.Frames import FrameLogic
from SAMCALib.Segments.MaskLogic import MaskOptions

FAILURES = (ImportError("DLL load failed"), OSError("WinError 1114"), RuntimeError("built for X86_V3"))
PROMPTS = Prompts((Click(200, 100, True), Click(20, 30, False)))


@pytest.fixture
def picture(scene):
    return pictureOf(FrameLogic.frameOf(volumes.volume(volumes.speckle(3, 300, 380)), 1))


@pytest.fixture
def exported(tmp_path):
    """A file that says of itself what one that was exported does."""
    from samca.export import halves, whole
    from samca.weights import checkpoint

    model, path = checkpoint.load(), tmp_path / "mine.onnx"
    whole.write(model, path, halves.about_of(model, model_files.Provenance()))
    return path


@pytest.fixture
def withoutTorch(monkeypatch):
    monkeypatch.setattr(samca, "has_torch", lambda: False)


@pytest.fixture
def inFloat32(monkeypatch):
    """A processor that does not compute in bfloat16."""
    import torch

    monkeypatch.setattr(torch.cpu, "get_capabilities", dict)


def answered(picture, source="shipped"):
    """The mask of a new engine, and the model and device that it names."""
    engine = EngineLogic()
    engine.useModel(source)
    try:
        mask = engine.segment(picture, PROMPTS, MaskOptions())
        assert engine.runsOn.removeprefix("Runs on ").partition(".")[0] in engine.details
        return mask, engine.details
    finally:
        engine.stop()


def test_the_shipped_model_answers_as_with_torch_and_the_engine_says_on_what(picture, inFloat32, monkeypatch):
    monkeypatch.setattr(samca, "has_torch", lambda: False)
    mask, details = answered(picture)
    assert details.startswith("SAMCA small on CPU by ONNX Runtime;")
    monkeypatch.setattr(samca, "has_torch", lambda: True)
    expected, details = answered(picture)
    assert details.startswith("SAMCA small on CPU by torch;")
    assert (mask == expected).mean() > 0.9999
    assert expected.any()


def test_a_number_format_that_is_faster_is_taken_told_and_remembered(picture, inFloat32, speeds, monkeypatch):
    from samca.network import precision

    speeds.unlink(missing_ok=True)
    expected, _details = answered(picture)
    monkeypatch.setattr(precision, "can_be_faster", lambda device: True)
    monkeypatch.setattr(precision, "measured", lambda model: precision.Seconds(0.1, 0.05))
    mask, details = answered(picture)
    assert details.startswith("SAMCA small on CPU by torch in bfloat16;")
    assert 2 * (mask & expected).sum() / (mask.sum() + expected.sum()) > 0.97
    monkeypatch.setattr(precision, "measured", lambda model: pytest.fail("it is known"))
    assert "in bfloat16" in answered(picture)[1]
    speeds.unlink()


def test_torch_that_does_not_start_lets_onnx_runtime_answer(picture, monkeypatch):
    monkeypatch.delitem(sys.modules, "samca.network.devices", raising=False)
    monkeypatch.setitem(sys.modules, "torch", None)
    _mask, details = answered(picture)
    assert "ONNX Runtime" in details


def breakdown(monkeypatch, folder, package, error):
    """From now on, importing the package raises this, as where it is not built for the processor."""
    (folder / f"{package}.py").write_text(f"raise {error!r}")
    monkeypatch.syspath_prepend(folder)
    for name in (package, "samca.network.devices"):
        monkeypatch.delitem(sys.modules, name, raising=False)
    monkeypatch.setattr(starting, "lacks_avx", lambda: True)


@pytest.mark.parametrize("error", FAILURES)
def test_where_torch_does_not_start_the_panel_says_why_and_clicks_are_answered(
    picture, monkeypatch, tmp_path, error
):
    engine = EngineLogic()
    monkeypatch.setattr(samca, "has_torch", lambda: True)
    breakdown(monkeypatch, tmp_path, "torch", error)
    engine.useModel("shipped")
    assert engine.segment(picture, PROMPTS, MaskOptions()).any()
    begins = f"Runs on CPU by ONNX Runtime. torch is installed, but does not start: {error}; this processor"
    assert engine.runsOn.startswith(f"{begins} has no AVX")
    engine.stop()


@pytest.mark.parametrize("error", FAILURES)
def test_where_onnx_runtime_does_not_start_torch_goes_on_answering(
    picture, inFloat32, monkeypatch, tmp_path, exported, error
):
    engine = EngineLogic()
    breakdown(monkeypatch, tmp_path, "onnxruntime", error)
    engine.useModel("shipped")
    assert engine.segment(picture, PROMPTS, MaskOptions()).any()
    engine.useModel(str(exported))
    engine.waitForModel()
    assert "does not start" in engine.status
    assert "this processor has no AVX" in engine.status
    assert engine.segment(picture, PROMPTS, MaskOptions()).any()
    assert engine.runsOn == "Runs on CPU by torch."
    engine.stop()


@pytest.mark.parametrize("lacking", ["another form", "ONNX Runtime"])
def test_where_nothing_takes_the_place_of_torch_it_says_why_that_does_not_start(
    picture, monkeypatch, tmp_path, lacking
):
    path = tmp_path / "sam_vit_b.pth"
    path.write_bytes(b"weights")
    (tmp_path / "torch.py").write_text("raise OSError('c10.dll is missing')")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr(samca, "has_torch", lambda: True)
    for name in ("samca.network.devices", "torch"):
        monkeypatch.delitem(sys.modules, name, raising=False)
    if lacking == "ONNX Runtime":
        monkeypatch.setitem(sys.modules, "onnxruntime", None)
    with pytest.raises(RuntimeError, match=r"torch is installed, but does not start: c10\.dll is missing"):
        answered(picture, str(path) if lacking == "another form" else "shipped")


def test_a_foreign_checkpoint_says_that_it_needs_torch_and_where_to_get_it(withoutTorch, picture, tmp_path):
    path = tmp_path / "sam_vit_b.pth"
    path.write_bytes(b"weights")
    with pytest.raises(RuntimeError, match=r"it needs torch\. Press Install torch\.\.\. in the module SAMCA"):
        answered(picture, str(path))


def test_where_to_get_torch_is_said_in_the_users_language(withoutTorch, tmp_path, monkeypatch):
    path = tmp_path / "sam_vit_b.pth"
    path.write_bytes(b"weights")
    monkeypatch.setattr(TorchLogic, "_", lambda text: f"<{text}>")
    with pytest.raises(ValueError, match=r"it needs torch\. <Press Install torch\.\.\. in the module .*>$"):
        TorchLogic.loadModel(str(path), "cpu")


def test_torch_is_no_help_for_an_adapter_that_has_lost_its_base(withoutTorch, picture, tmp_path):
    path = tmp_path / "mine.safetensors"
    content = model_files.source_path("shipped").read_bytes()
    path.write_bytes(
        tensor_header.with_metadata(content, {"base": "lost.safetensors", "base_sha256": "0" * 64})
    )
    with pytest.raises(RuntimeError, match=r"needs its base lost\.safetensors: .*; give its path") as told:
        answered(picture, str(path))
    assert "Install torch" not in str(told.value)


def test_onnx_runtime_that_does_not_start_stops_no_click(withoutTorch, monkeypatch, tmp_path):
    (tmp_path / "onnxruntime.py").write_text("raise OSError('a library is missing')")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "onnxruntime", raising=False)
    monkeypatch.delitem(sys.modules, "torch", raising=False)
    TorchLogic.importBeside()


def test_without_onnx_runtime_too_it_says_what_to_install(withoutTorch, picture, monkeypatch):
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    with pytest.raises(RuntimeError, match="install onnxruntime"):
        answered(picture)


def test_an_exported_model_without_onnx_runtime_says_which_button_gets_it(picture, monkeypatch, tmp_path):
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    path = graph(tmp_path / "given.onnx")
    with pytest.raises(RuntimeError, match=r"given\.onnx needs ONNX Runtime, .* again by the button \.\.\."):
        answered(picture, str(path))


def test_features_of_graphs_count_in_the_cache(withoutTorch, picture):
    engine = EngineLogic()
    engine.useModel("shipped")
    engine.segment(picture, PROMPTS, MaskOptions())
    least = 4 * 2 * 128 * 32 * 32  # bytes of the embeddings of a frame and its mirror image
    assert engine.cachedBytes > least
    engine.stop()
