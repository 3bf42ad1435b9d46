"""What is wrong with ONNX Runtime, a graph or a file is told in a sentence that says what to do."""

import shutil
import sys
from types import SimpleNamespace

import onnx
import pytest
from onnx import helper

import samca
from samca import model_files
from samca.config import ModelConfig
from samca.export import halves, whole
from samca.prompts import Prompts
from samca.runtime import loading, sessions
from samca.runtime.about import About, to_text
from samca.runtime.header import about_of
from samca.weights import checkpoint


def graph_of_others(path, opset=17, ir_version=8, known=None):
    """A graph that hands on its input."""
    place = [helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, [1]) for name in ("x", "y")]
    graph = helper.make_graph([helper.make_node("Identity", ["x"], ["y"])], "others", place[:1], place[1:])
    file = helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)])
    file.ir_version = ir_version
    if known:
        helper.set_model_props(file, {"samca": known})
    path.write_bytes(file.SerializeToString())
    return path


ANY = to_text(About(ModelConfig(), 64))


@pytest.fixture
def adapter(tiny_model, base, tmp_path):
    path = tmp_path / "tiny.safetensors"
    shutil.copy(base, tmp_path)
    checkpoint.save_adapter(tiny_model({"fusion": "single"}), path, base, model_files.Provenance())
    return path


def test_without_onnx_runtime_it_is_asked_for(monkeypatch):
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    with pytest.raises(RuntimeError, match=r"install onnxruntime 1\.23 or later .*, or torch"):
        loading.load()


def test_an_old_onnx_runtime_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "onnxruntime", SimpleNamespace(__version__="1.9.0"))
    with pytest.raises(RuntimeError, match=r"1\.9\.0 is too old: install onnxruntime 1\.23 or later"):
        loading.load()


def test_a_graph_of_another_program_is_refused(tmp_path):
    with pytest.raises(ValueError, match="is a graph of another program: give one that `samca export` wrote"):
        loading.load(graph_of_others(tmp_path / "other.onnx"))


@pytest.mark.parametrize("version", [{"opset": 999}, {"ir_version": 999}])
def test_a_graph_of_an_unknown_opset_or_version_is_refused(version, tmp_path):
    with pytest.raises(ValueError, match=r"cannot be run by ONNX Runtime .*: update onnxruntime, or export"):
        loading.load(graph_of_others(tmp_path / "new.onnx", known=ANY, **version))


def test_a_graph_that_says_what_it_is_in_a_newer_format_is_refused(tmp_path):
    known = '{"format": 99, "config": {}, "mask_side": 16}'
    with pytest.raises(ValueError, match="has format 99, this program reads up to 2: update the program"):
        loading.load(graph_of_others(tmp_path / "new.onnx", known=known))


def test_a_cut_graph_is_refused(tmp_path, tiny_model):
    path, model = tmp_path / "cut.onnx", tiny_model()
    whole.write(model, path, halves.about_of(model, model_files.Provenance()))
    content = path.read_bytes()
    for length in (len(content) - 100, len(content) // 2, 1):
        path.write_bytes(content[:length])
        with pytest.raises(ValueError, match=r"cut\.onnx is damaged or no ONNX file .*: copy it again"):
            loading.load(path)


def test_other_content_under_that_name_is_refused(tmp_path):
    path = tmp_path / "picture.onnx"
    for content in (b"\x89PNG\r\n\x1a\n" + bytes(40), b"\xff" * 40, b"PK\x03\x04" + bytes(26)):
        path.write_bytes(content)
        with pytest.raises(ValueError, match=r"picture\.onnx is (damaged or no ONNX|a graph of another)"):
            loading.load(path)


def test_what_a_file_says_is_read_without_onnx_runtime(tmp_path, tiny_model, monkeypatch):
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    path, model = tmp_path / "model.onnx", tiny_model()
    told = model_files.Provenance(name="tiny", data="discs", figures={"dice": 80.5})
    whole.write(model, path, halves.about_of(model, told))
    about = about_of(path)
    assert about.provenance == told
    assert about.config == model.config


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"absent\.onnx"):
        samca.load(tmp_path / "absent.onnx")


def test_what_another_model_needs_is_torch(adapter):
    expected = r"tiny\.safetensors has another model\.backbone .*: it needs torch"
    with pytest.raises(loading.NeedsTorch, match=expected):
        loading.load(adapter)


def test_an_adapter_with_a_tensor_that_the_graph_has_no_place_for_needs_torch(monkeypatch):
    graph, name = loading.shipped_graph(), "image_encoder.blocks.0.before_attention.offset"
    del graph.lacks["encode"][name]
    monkeypatch.setattr(loading, "shipped_graph", lambda: graph)
    with pytest.raises(loading.NeedsTorch, match=rf"{name}, which the graph for it has not"):
        loading.load()


def test_a_base_needs_torch(base):
    with pytest.raises(loading.NeedsTorch, match="it needs torch"):
        loading.load(base)


def test_a_setting_that_changes_what_is_computed_needs_torch():
    with pytest.raises(ValueError, match=r"another model\.image_size .*: it needs torch"):
        loading.load(settings={"image_size": 128})
    assert not loading.load(settings={"mirror": False}).config.mirror


def test_a_suggestion_is_refused_in_words_by_a_model_that_makes_none(tiny_model, tmp_path):
    plain = tiny_model({"fusion": "single"})
    whole.write(plain, tmp_path / "plain.onnx", halves.about_of(plain, model_files.Provenance()))
    model = loading.load(tmp_path / "plain.onnx")
    with pytest.raises(
        ValueError, match="makes no suggestion, it has no prompt predictor: click on the object"
    ):
        model.predict(None, Prompts(suggestion=0))


def test_what_is_asked_for_is_the_release_that_the_package_names():
    text = (model_files.PACKAGE.parents[1] / "pyproject.toml").read_text()
    assert f"onnxruntime>={sessions.OLDEST}" in text
