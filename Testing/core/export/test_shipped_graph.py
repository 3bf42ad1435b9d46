"""The graph that comes with the package is the one that the network makes now, and holds no weights."""

import onnx
import pytest
from torch import nn

from samca import model_files, typed_json
from samca.export import halves, shipped
from samca.network.loop_memory import LoopMemory
from samca.runtime import loading
from samca.weights import checkpoint

PARTS = (*loading.HALVES, *loading.REMEMBERING)
MOST = 2**20  # bytes of all its files
ADVICE = "the network has changed: run `python Resources/make_graph.py`"


@pytest.fixture(scope="module")
def made():
    model = checkpoint.load()
    provenance = model_files.describe_file(model_files.source_path("shipped"))[1]
    return shipped.files(model, memory_for(model), halves.about_of(model, provenance))


def memory_for(model):
    return LoopMemory.of(model.image_encoder).eval()


def there(name):
    return (model_files.shipped_folder() / name).read_bytes()


def content(graph):
    """All that is computed, by which program it was written aside."""
    graph = onnx.load_from_string(graph)
    return [
        graph.graph.SerializeToString(deterministic=True),
        [(o.domain, o.version) for o in graph.opset_import],
    ]


@pytest.mark.parametrize("half", PARTS)
def test_each_half_is_what_the_network_makes(half, made):
    name = half + loading.SUFFIX
    assert content(there(name)) == content(made[name]), ADVICE


def test_what_is_known_of_it_is_what_the_network_makes(made):
    known, now = (
        typed_json.parse(text.decode(), "").plain for text in (there("graph.json"), made["graph.json"])
    )
    assert known == now, ADVICE


def test_a_change_of_the_network_is_noticed(made):
    model = checkpoint.load()
    model.mask_decoder.transformer.layers[0].mlp.act = nn.GELU()
    files = shipped.files(model, memory_for(model), halves.about_of(model, model_files.Provenance()))
    assert content(files["decode.onnx"]) != content(made["decode.onnx"])


def test_it_is_small_and_holds_no_weights():
    assert sum(len(there(name)) for name in ("graph.json", *(f"{part}.onnx" for part in PARTS))) < MOST
    for half in PARTS:
        tensors = onnx.load_from_string(there(f"{half}.onnx")).graph.initializer
        assert sum(len(tensor.raw_data) for tensor in tensors) < 1000
        assert {t.name for t in tensors if t.external_data} == set(loading.shipped_graph().lacks[half])
