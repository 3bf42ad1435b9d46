"""Weights as bytes: how far they move, what they take, and that nobody has to know."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from safetensors.torch import load_file, save_file

import samca
from samca.network.model import build_base
from samca.tensor_arrays import SCALE, restored
from samca.weights import checkpoint
from samca.weights.checkpoint import Provenance
from samca.weights.storage import STEPS, int8


@given(
    seed=st.integers(0, 999),
    shape=st.lists(st.integers(1, 6), min_size=2, max_size=4),
    size=st.sampled_from([1e-3, 1.0, 300.0]),
)
@settings(deadline=None, max_examples=40)
def test_no_value_moves_by_more_than_half_a_step_of_its_row(seed, shape, size):
    tensor = size * torch.randn(shape, generator=torch.Generator().manual_seed(seed))
    moved = (restored(int8({"w": tensor}), "file")["w"] - tensor).abs().flatten(1)
    step = tensor.abs().flatten(1).amax(1, keepdim=True) / STEPS
    assert (moved <= 0.501 * step).all()


def test_vectors_stay_in_half_precision_and_whole_numbers_as_they_are():
    tensors = {"b": torch.rand(5), "n": torch.arange(3)}
    stored = int8(tensors)
    assert {name: t.dtype for name, t in stored.items()} == {"b": torch.float16, "n": torch.int64}
    assert torch.equal(restored(stored, "file")["b"], tensors["b"].half())


def test_rows_of_zeros_stay_zeros():
    tensor = torch.tensor([[0.0, 0.0], [1.0, -1.0]])
    assert torch.equal(restored(int8({"w": tensor}), "file")["w"][0], torch.zeros(2))


def test_a_parameter_that_is_called_scale_is_no_scale_of_bytes():
    tensors = {"adapter.scale": torch.ones(4), "adapter": torch.ones(4)}
    assert sorted(restored(int8(tensors), "file")) == ["adapter", "adapter.scale"]


def test_a_base_of_bytes_loads_as_any_other_at_half_the_size(tiny_model, tmp_path):
    base = build_base(tiny_model().config)
    for storage in ("half", "int8"):
        checkpoint.save_base(base, tmp_path / f"{storage}.safetensors", Provenance(), storage)
    half, small = (samca.load(tmp_path / f"{name}.safetensors") for name in ("half", "int8"))
    assert half.config == small.config
    names = list(load_file(tmp_path / "half.safetensors"))
    for name in names:
        tensor = half.state_dict()[name]
        assert torch.allclose(small.state_dict()[name], tensor, atol=tensor.abs().max() / STEPS), name
    stored = load_file(tmp_path / "int8.safetensors")
    assert {stored[name].dtype for name in names if stored[name].dim() > 1} == {torch.int8}
    sizes = [(tmp_path / f"{name}.safetensors").stat().st_size for name in ("half", "int8")]
    assert sizes[1] < 0.7 * sizes[0]


def test_an_adapter_finds_its_base_of_bytes(tiny_model, tmp_path):
    model = tiny_model()
    base = build_base(model.config)
    checkpoint.save_base(base, tmp_path / "base.safetensors", Provenance(), "int8")
    tuned = tmp_path / "tuned.safetensors"
    checkpoint.save_adapter(model, tuned, tmp_path / "base.safetensors", Provenance(), "int8")
    assert samca.load(tuned).tuned == model.tuned


def test_bytes_without_their_scales_are_damage(tiny_model, tmp_path):
    path = tmp_path / "base.safetensors"
    checkpoint.save_base(build_base(tiny_model().config), path, Provenance(), "int8")
    state, metadata = checkpoint.read(path)
    lost = next(name for name in state if name.endswith(SCALE))
    save_file({name: t for name, t in state.items() if name != lost}, path, metadata)
    with pytest.raises(ValueError, match=rf"damaged: {lost.removesuffix(SCALE)} has no scale for each row"):
        samca.load(path)


def test_an_unknown_storage_is_named(tiny_model, tmp_path):
    with pytest.raises(ValueError, match="storage 'int4' is not one of half, int8"):
        checkpoint.save_base(build_base(tiny_model().config), tmp_path / "b", Provenance(), "int4")
