"""Files of weights from anywhere: refused from their header, before anything is built, or loaded whole."""

from __future__ import annotations

import json
import sys
import time
import zipfile

import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from safetensors.torch import load_file, save_file

import samca
from any_json import damaged
from samca import model_files, tensor_files, tensor_header
from samca.config import to_json, with_settings
from samca.methods import METHODS
from samca.network.model import build, build_base
from samca.network.outline import outlined
from samca.weights import checkpoint
from samca.weights.checkpoint import Provenance

KEEPS_FOLDER = settings(max_examples=80, suppress_health_check=[HealthCheck.function_scoped_fixture])


@pytest.fixture
def files(tiny_model, tmp_path):
    """A folder with the base and the adapter file of a tiny model."""
    model, base = tiny_model(), tmp_path / "base.safetensors"
    checkpoint.save_base(build_base(model.config), base, Provenance())
    checkpoint.save_adapter(model, tmp_path / "tuned.safetensors", base, Provenance())
    return tmp_path


def rewritten(path, tensors=None, **metadata):
    """The same file with these tensors and metadata changed, and no SHA256 of its own."""
    state, old = checkpoint.read(path)
    state |= tensors or {}
    old.pop(tensor_header.SHA256, None)
    save_file({name: tensor.contiguous() for name, tensor in state.items()}, path, old | metadata)
    return path


def with_config(path, settings):
    """The same file with these settings of its model changed, unchecked."""
    config = json.loads(tensor_header.read(path).metadata["config"])
    for dotted, value in settings.items():
        *groups, last = dotted.split(".")
        target = config
        for group in groups:
            target = target[group]
        target[last] = value
    return rewritten(path, config=json.dumps(config))


def peak() -> int:
    """Bytes that this process has had at most; 0 where the system does not tell."""
    try:
        import resource
    except ImportError:
        return 0
    kilo = 1 if sys.platform == "darwin" else 1024
    return kilo * resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


HUGE = [
    {"backbone.depth": 10**6},
    {"backbone.width": 10**9},
    {"backbone.heads": 10**5},
    {"backbone.out_channels": 32 * 10**6},
    {"backbone.channels": [8, 8, 8 * 10**6]},
    {"backbone": {"name": "sam_vit_h", "position_grid": 10**5}},
    {"adapter.rank": 10**8},
    {"adapter.kernel": 10**6 + 1},
    {"adapter": {"name": "samus", "grid": 10**6}},
    {"adapter": {"name": "bottleneck", "ratio": 1e30}},
    {"decoder_adapter": {"name": "lora", "rank": 10**8}},
    {"decoder_adapter": {"name": "hyper_prompting", "rank": 10**8}},
    {"predictor": {"name": "single_block", "tokens": 10**9}},
    {"predictor": {"name": "single_block", "classes": ["x"] * 10**5}},
    {"branch": {"name": "resnet", "latent": 10**9}},
    {"tuned": ["mask_decoder"] * 10**5},
    {"image_size": 4096},
    {"image_size": 1024, "depth": 64},
    {"zoom": 1e9},
    {"method": "x" * 10**6},
]


@pytest.mark.parametrize("settings", HUGE, ids=str)
def test_settings_beyond_all_measure_are_refused_at_once(files, settings, monkeypatch):
    path = with_config(files / "tuned.safetensors", settings)
    monkeypatch.setattr(checkpoint, "read", lambda path: pytest.fail(f"{path} was read"))
    before, started = peak(), time.process_time()
    with pytest.raises(ValueError, match=r"expected|holds") as error:
        samca.load(path)
    assert time.process_time() - started < 3
    assert peak() - before < 100_000_000
    assert len(str(error.value)) < 1000


@pytest.mark.parametrize(
    "settings",
    [
        {"backbone.depth": 64, "backbone.width": 2048, "backbone.heads": 64},
        {"backbone": "sam_vit_h"},
        {"backbone.width": 32},
        {"adapter.rank": 1024},
        {"predictor": "single_block"},
    ],
    ids=str,
)
def test_a_header_of_other_shapes_is_refused_before_a_model_is_built(files, settings, monkeypatch):
    path = with_config(files / "tuned.safetensors", settings)
    monkeypatch.setattr(checkpoint, "read", lambda path: pytest.fail(f"{path} was read"))
    before, started = peak(), time.perf_counter()
    with pytest.raises(ValueError, match=r"has shape|is missing|has no place|holds weights of"):
        samca.load(path)
    assert time.perf_counter() - started < 3
    assert peak() - before < 100_000_000


@KEEPS_FOLDER
@given(st.data())
def test_whatever_settings_a_file_holds_they_fit_its_tensors_or_are_refused(files, tiny_config, data):
    text = data.draw(damaged(to_json(tiny_config)))
    path = rewritten(files / "tuned.safetensors", config=text)
    try:
        samca.load(path)
    except ValueError as error:
        assert ".safetensors" in str(error)  # noqa: PT017
        assert len(str(error)) < 1000  # noqa: PT017


# Numbers


@pytest.mark.parametrize("name", ["base", "tuned"])
@pytest.mark.parametrize("value", [float("nan"), float("inf"), -float("inf")])
def test_weights_that_are_not_finite_are_refused_by_name(files, name, value):
    path = files / f"{name}.safetensors"
    state = load_file(path)
    victim = next(n for n, t in state.items() if t.is_floating_point() and t.numel() and t.isfinite().all())
    broken = state[victim].clone()
    broken.view(-1)[-1] = value
    given = files / "base.safetensors" if name == "base" else None
    rewritten(path, {victim: broken})
    with pytest.raises(ValueError, match=rf"{name}\.safetensors is damaged: {victim} holds numbers that"):
        samca.load(path, base=given)


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16, torch.float64, torch.float16])
def test_floating_point_numbers_of_any_precision_become_the_models(files, dtype):
    path = files / "base.safetensors"
    state = load_file(path)
    plain = samca.load(path)
    rewritten(path, {name: t.to(dtype) for name, t in state.items() if t.is_floating_point()})
    loaded = samca.load(path)
    for name in state:
        ours, tensor = plain.state_dict()[name], loaded.state_dict()[name]
        assert tensor.dtype == ours.dtype
        torch.testing.assert_close(tensor, ours, rtol=0.01, atol=1e-3)


def test_numbers_that_only_float64_can_hold_are_not_finite_here(files):
    path = files / "base.safetensors"
    name, tensor = next((n, t) for n, t in load_file(path).items() if t.is_floating_point())
    rewritten(path, {name: torch.full_like(tensor, 1e300, dtype=torch.float64)})
    with pytest.raises(ValueError, match=rf"{name} holds numbers that are not finite"):
        samca.load(path)


@pytest.mark.parametrize("dtype", [torch.int64, torch.int32, torch.uint8, torch.bool])
def test_whole_numbers_in_the_place_of_others_are_refused(files, dtype):
    path = files / "base.safetensors"
    state = tensor_files.read(path)[0]
    name = next(n for n, t in state.items() if t.is_floating_point())
    metadata = tensor_header.read(path).metadata
    metadata.pop(tensor_header.SHA256)
    save_file({**state, name: state[name].to(dtype)}, path, metadata)
    with pytest.raises(ValueError, match=rf"does not fit: {name} holds torch\.\w+, expected torch\.float32"):
        samca.load(path)


# SHA256


def test_what_is_written_has_the_sha256_of_its_tensors_and_loads(files):
    for name in ("base", "tuned"):
        path = files / f"{name}.safetensors"
        with path.open("rb") as file:
            header = tensor_header.header_in(file, name)
            assert header.metadata[tensor_header.SHA256] == tensor_header.sha256(file, header)
        samca.load(path)


@pytest.mark.parametrize("name", ["base", "tuned"])
def test_a_byte_that_was_lost_on_the_way_is_noticed(files, name):
    path = files / f"{name}.safetensors"
    content = bytearray(path.read_bytes())
    content[-5] ^= 1
    path.write_bytes(bytes(content))
    with pytest.raises(ValueError, match=r"is damaged: its tensors have another SHA256|is another file"):
        samca.load(path)


def test_a_file_without_a_sha256_loads_as_before(files):
    path = rewritten(files / "tuned.safetensors")
    assert tensor_header.SHA256 not in tensor_header.read(path).metadata
    samca.load(path)


def test_the_shipped_files_are_those_of_before_and_load():
    folder = model_files.shipped_folder()
    for path in folder.glob("*.safetensors"):
        tensor_header.check_sha256(path)
    samca.load()


# Names


@pytest.mark.parametrize("base", ["../base.safetensors", "/base.pth", "..", "C:base", "a\\b", "NUL", ""])
def test_a_base_whose_name_leads_elsewhere_is_not_looked_for(files, base):
    (files / "in").mkdir()
    path = (files / "tuned.safetensors").rename(files / "in" / "tuned.safetensors")
    rewritten(path, base=base)
    with pytest.raises(ValueError, match=r"the base of tuned\.safetensors is .* without any folder"):
        samca.load(path)
    assert samca.load(path, base=files / "base.safetensors").tuned  # given by the user


# Torch files


def pack(path):
    """The same zip, packed."""
    with zipfile.ZipFile(path) as archive:
        entries = [(entry.filename, archive.read(entry)) for entry in archive.infolist()]
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in entries:
            archive.writestr(name, content)


def test_a_packed_file_that_would_fill_the_memory_is_not_unpacked(tmp_path):
    path = tmp_path / "sam.pth"
    torch.save({"image_encoder.pos_embed": torch.zeros(100_000_000, dtype=torch.uint8)}, path)
    pack(path)
    assert path.stat().st_size < 1_000_000
    with pytest.raises(ValueError, match=r"sam\.pth is damaged .*its tensors are packed"):
        samca.load(path)


@pytest.mark.parametrize(
    "tensor",
    [torch.zeros(1).expand(10**6, 10**6), torch.zeros(4, 4).to_sparse()],
    ids=["expanded", "sparse"],
)
def test_tensors_of_another_form_are_refused(tmp_path, tensor):
    path = tmp_path / "sam.pth"
    torch.save({"image_encoder.pos_embed": tensor}, path)
    with pytest.raises(ValueError, match=r"sam\.pth is (damaged|no SAM)"):
        samca.load(path)


def test_a_file_that_claims_more_than_it_holds_is_refused(tmp_path):
    path = tmp_path / "sam.pth"
    torch.save({"image_encoder.pos_embed": torch.zeros(7, 5)}, path)
    with zipfile.ZipFile(path) as archive:
        entries = [(entry.filename, archive.read(entry)) for entry in archive.infolist()]
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in entries:
            archive.writestr(name, content.replace(b"K\x07K\x05\x86", b"J\x00\x00\x00\x40K\x05\x86"))
    with pytest.raises(ValueError, match=r"sam\.pth is damaged .*fewer numbers than it says"):
        samca.load(path)


@KEEPS_FOLDER
@given(st.data())
def test_whatever_bytes_of_a_file_are_others_it_loads_or_is_named(files, data):
    name = data.draw(st.sampled_from(["base", "tuned"]))
    content = bytearray((files / f"{name}.safetensors").read_bytes())
    for _ in range(data.draw(st.integers(1, 4))):
        content[data.draw(st.integers(0, min(len(content), 20_000) - 1))] = data.draw(st.integers(0, 255))
    path = files / "other.safetensors"
    path.write_bytes(bytes(content[: data.draw(st.integers(1, len(content)))]))
    try:
        samca.load(path, base=files / "base.safetensors")
    except ValueError as error:
        assert "safetensors" in str(error) or "expected" in str(error)  # noqa: PT017


# The outline


@pytest.mark.parametrize("method", [name for name in METHODS if name != "cc_sam"])
def test_an_outline_has_the_names_shapes_and_types_of_the_model(method):
    small = {"backbone": {"name": "sam_vit_small"}, "image_size": 64}
    config = with_settings(METHODS[method], "model", small)
    with outlined():
        form = build(config)
    model = build(config)
    assert form.tuned == model.tuned
    assert {name: (t.shape, t.dtype) for name, t in form.state_dict().items()} == {
        name: (t.shape, t.dtype) for name, t in model.state_dict().items()
    }
    assert all(tensor.is_meta for tensor in form.state_dict().values())


def test_settings_are_compared_with_a_file_without_its_numbers(files):
    state, metadata = tensor_files.outline(files / "tuned.safetensors")
    read, same = tensor_files.read(files / "tuned.safetensors")
    assert metadata == same
    assert {n: (t.shape, t.dtype) for n, t in state.items()} == {
        n: (t.shape, t.dtype) for n, t in read.items()
    }
    assert all(tensor.is_meta for tensor in state.values())
