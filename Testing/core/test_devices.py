"""How many threads a model computes with."""

import pytest
import torch
from torch import nn

from samca.devices import SMALL, threads_for


@pytest.fixture
def two_threads():
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    yield
    torch.set_num_threads(before)


def test_a_small_model_takes_one_thread_and_gives_the_others_back(two_threads, tiny_model):
    with threads_for(tiny_model()):
        assert torch.get_num_threads() == 1
    assert torch.get_num_threads() == 2


def test_threads_come_back_after_an_error(two_threads, tiny_model):
    with pytest.raises(ZeroDivisionError), threads_for(tiny_model()):
        1 / 0  # noqa: B018
    assert torch.get_num_threads() == 2


def test_a_large_model_takes_all(two_threads):
    with threads_for(nn.Linear(SMALL // 1000, 1001, device="cpu")):
        assert torch.get_num_threads() == 2


def test_on_a_gpu_the_processors_threads_are_left_alone(two_threads):
    with threads_for(nn.Linear(2, 2, device="meta")):
        assert torch.get_num_threads() == 2
