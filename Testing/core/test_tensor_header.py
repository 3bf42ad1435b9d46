"""The header of a .safetensors file: what safetensors writes is read, everything else is refused at once."""

from __future__ import annotations

import io
import json
import time

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from safetensors.torch import load as load_tensors
from safetensors.torch import save

from any_json import damaged
from samca import tensor_header
from samca.tensor_header import header_in, sha256, with_metadata

TENSORS = {
    "a.weight": torch.arange(6.0).reshape(2, 3).half(),
    "b": torch.tensor([1, 2, 3]),
    "c": torch.zeros(0, 4),
    "d": torch.tensor(True),
}
CONTENT = save(TENSORS, {"kind": "adapter", "provenance": '{"name": "A"}'})
HEADER = json.loads(CONTENT[8 : 8 + int.from_bytes(CONTENT[:8], "little")])


def file_of(header, tensors=CONTENT[-64:]):
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    return len(text).to_bytes(8, "little") + text + tensors


def read(content):
    return header_in(io.BytesIO(content), "it")


def test_what_safetensors_writes_is_read():
    header = read(CONTENT)
    assert header.metadata == {"kind": "adapter", "provenance": '{"name": "A"}'}
    assert {name: place.shape for name, place in header.tensors.items()} == {
        name: tuple(tensor.shape) for name, tensor in TENSORS.items()
    }
    assert header.tensors["a.weight"].dtype == "F16"


def test_a_file_without_metadata_has_none():
    assert read(save(TENSORS)).metadata == {}


def test_metadata_are_changed_and_tensors_are_not():
    changed = with_metadata(CONTENT, {"kind": "base", "base": "x.safetensors"})
    assert read(changed).metadata["kind"] == "base"
    assert read(changed).metadata["provenance"] == '{"name": "A"}'
    assert all(torch.equal(tensor, TENSORS[name]) for name, tensor in load_tensors(changed).items())
    assert sha256(io.BytesIO(changed), read(changed)) == sha256(io.BytesIO(CONTENT), read(CONTENT))


@pytest.mark.parametrize(
    "other",
    [
        {**TENSORS, "b": torch.tensor([1, 2, 4])},
        {**TENSORS, "b": torch.tensor([[1], [2], [3]])},
        {"e": TENSORS["b"], **{name: TENSORS[name] for name in "cd"}, "a.weight": TENSORS["a.weight"]},
        {**TENSORS, "a.weight": TENSORS["a.weight"].bfloat16()},
    ],
    ids=["number", "shape", "name", "type"],
)
def test_another_number_shape_name_or_type_is_another_sha256(other):
    content = save(other)
    assert sha256(io.BytesIO(content), read(content)) != sha256(io.BytesIO(CONTENT), read(CONTENT))


def test_a_file_with_another_byte_than_it_was_written_with_is_damaged(tmp_path):
    path = tmp_path / "a.safetensors"
    path.write_bytes(CONTENT)
    tensor_header.check_sha256(path)  # which older files do not have
    right = with_metadata(CONTENT, {tensor_header.SHA256: sha256(io.BytesIO(CONTENT), read(CONTENT))})
    path.write_bytes(right)
    tensor_header.check_sha256(path)
    path.write_bytes(right[:-3] + b"\1" + right[-2:])
    with pytest.raises(ValueError, match=r"a\.safetensors is damaged: its tensors have another SHA256"):
        tensor_header.check_sha256(path)


F32 = {"dtype": "F32", "shape": [2], "data_offsets": [0, 8]}


@pytest.mark.parametrize(
    ("header", "size"),
    [
        (b"{", 0),
        (b"[]", 0),
        (b"\xff\xfe{", 0),
        (b"[" * 1_000_000, 0),
        ({"__metadata__": []}, 0),
        ({"__metadata__": None}, 0),
        ({"__metadata__": {"kind": 1}}, 0),
        ({"__metadata__": {"kind": "x" * (2**20 + 1)}}, 0),
        ({"a": []}, 0),
        ({"a": {**F32, "dtype": "F31"}}, 8),
        ({"a": {**F32, "dtype": ["F32"]}}, 8),
        ({"a": {**F32, "shape": [3]}}, 8),
        ({"a": {**F32, "shape": [-2]}}, 8),
        ({"a": {**F32, "shape": [2.0]}}, 8),
        ({"a": {**F32, "shape": [1] * 9 + [2]}}, 8),
        ({"a": {**F32, "shape": [10**9, 10**9]}}, 8),
        ({"a": {**F32, "data_offsets": [0, 4]}}, 4),
        ({"a": {**F32, "data_offsets": [-8, 0]}}, 8),
        ({"a": {**F32, "data_offsets": [8, 16]}}, 16),
        ({"a": F32}, 7),
        ({"a": F32}, 9),
        ({"a": F32, "b": F32}, 8),
    ],
)
def test_a_header_that_does_not_fit_its_file_is_refused(header, size):
    with pytest.raises(ValueError, match=r"^it is damaged or no \.safetensors file: .*copy it again$"):
        read(file_of(header, bytes(size)))


@pytest.mark.parametrize("content", [b"", b"\0" * 8, b"\xff" * 40, (2**40).to_bytes(8, "little") + b"{}"])
def test_what_is_no_such_file_is_refused(content):
    with pytest.raises(ValueError, match=r"it is damaged or no \.safetensors file"):
        read(content)


def test_a_header_beyond_all_measure_is_not_read(tmp_path):
    path = tmp_path / "a.safetensors"
    with path.open("wb") as file:
        file.write((2**34).to_bytes(8, "little"))
        file.truncate(2**35)
    started = time.perf_counter()
    with pytest.raises(ValueError, match="damaged"):
        tensor_header.read(path)
    assert time.perf_counter() - started < 1


@given(damaged(HEADER) | st.just(json.dumps(HEADER)), st.binary(max_size=4))
def test_whatever_a_header_holds_it_fits_or_is_refused(text, more):
    tensors = CONTENT[-sum(place.end - place.first for place in read(CONTENT).tensors.values()) :]
    try:
        header = read(file_of(text.encode("utf-8", "surrogatepass"), tensors + more))
    except ValueError as error:
        assert str(error).startswith("it is damaged")  # noqa: PT017
    else:
        assert sum(place.end - place.first for place in header.tensors.values()) == len(tensors + more)
        assert all(isinstance(text, str) for text in header.metadata.values())
