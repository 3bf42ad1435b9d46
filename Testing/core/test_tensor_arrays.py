"""Files of weights are read as arrays, to the bit as with torch."""

import numpy as np
import pytest
import torch
from safetensors.torch import save_file

from samca import tensor_arrays, tensor_files
from samca.weights.storage import int8


def file_of(tensors, folder):
    path = folder / "weights.safetensors"
    save_file(tensors, path)
    return path


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float32, torch.float64])
def test_floating_point_numbers_become_float32(dtype, tmp_path):
    given = torch.randn(3, 5).to(dtype)
    (array,) = tensor_arrays.read(file_of({"a": given}, tmp_path))[0].values()
    assert array.dtype == np.float32
    assert np.array_equal(array, given.float().numpy())


def test_whole_numbers_stay_as_they_are(tmp_path):
    arrays, _ = tensor_arrays.read(file_of({"a": torch.tensor([[1, -2]]), "b": torch.tensor(True)}, tmp_path))
    assert arrays["a"].tolist() == [[1, -2]]
    assert arrays["a"].dtype == np.int64
    assert arrays["b"].shape == ()


def test_bytes_become_what_torch_makes_of_them(tmp_path):
    path = file_of(int8({"a": torch.randn(4, 3, 2), "b": torch.randn(7)}), tmp_path)
    arrays, _ = tensor_arrays.read(path)
    for name, tensor in tensor_arrays.restored(tensor_files.read(path)[0], path).items():
        assert np.array_equal(arrays[name], tensor.float().numpy())


def test_bytes_without_scales_are_refused(tmp_path):
    with pytest.raises(ValueError, match="a has no scale for each row; copy it again"):
        tensor_arrays.read(file_of({"a": torch.zeros(2, 2, dtype=torch.int8)}, tmp_path))


def test_a_type_that_numpy_lacks_needs_torch(tmp_path):
    with pytest.raises(ValueError, match="F8_E5M2, which is read with torch alone: install torch"):
        tensor_arrays.read(file_of({"a": torch.zeros(2).to(torch.float8_e5m2)}, tmp_path))
