"""How many threads and in which precision a model computes."""

import threading
import time
from itertools import count

import numpy as np
import pytest
import torch
from torch import nn

from samca import Session
from samca.network import devices
from samca.network.devices import SMALL, threads_for


@pytest.fixture
def two_threads():
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    yield
    torch.set_num_threads(before)


@pytest.fixture
def leaves(monkeypatch):
    """Other programs that leave so many processors free, where nobody has asked before."""
    monkeypatch.setattr(devices, "_helped", [])
    return lambda free: monkeypatch.setattr(devices.LOAD, "free", lambda: free)


def test_a_small_model_takes_one_thread_beside_others_and_gives_the_rest_back(
    two_threads, tiny_model, leaves
):
    for free in (0.0, 1.0, 1.6):
        leaves(free)
        with threads_for(tiny_model()):
            assert torch.get_num_threads() == 1
        assert torch.get_num_threads() == 2


@pytest.mark.parametrize("free", [1.8, 2, 64])
def test_where_nothing_else_goes_on_it_takes_two(two_threads, tiny_model, leaves, free):
    leaves(free)
    torch.set_num_threads(2)
    with threads_for(tiny_model()):
        assert torch.get_num_threads() == 2


def test_of_two_who_ask_the_first_has_helpers_until_it_has_ended(two_threads, tiny_model, leaves):
    leaves(2)
    model, seen, goes_on = tiny_model(), [], threading.Event()

    def ask():
        torch.set_num_threads(2)
        with threads_for(model):
            seen.append(torch.get_num_threads())

    def ask_and_stay():
        ask()
        goes_on.wait(60)

    first = threading.Thread(target=ask_and_stay)
    first.start()
    while not seen:
        time.sleep(0.001)
    ask()
    goes_on.set()
    first.join()
    ask()
    assert seen == [2, 1, 2]


def test_a_user_who_allows_one_thread_gets_one(tiny_model, leaves):
    leaves(64)
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    with threads_for(tiny_model()):
        assert torch.get_num_threads() == 1
    torch.set_num_threads(before)


def test_threads_come_back_after_an_error(two_threads, tiny_model, leaves):
    leaves(1)
    with pytest.raises(ZeroDivisionError), threads_for(tiny_model()):
        1 / 0  # noqa: B018
    assert torch.get_num_threads() == 2


def test_a_large_model_takes_all(two_threads, leaves):
    leaves(0)
    with threads_for(nn.Linear(SMALL // 1000, 1001, device="cpu")):
        assert torch.get_num_threads() == 2


def test_on_a_gpu_the_processors_threads_are_left_alone(two_threads, leaves):
    leaves(0)
    with threads_for(nn.Linear(2, 2, device="meta")):
        assert torch.get_num_threads() == 2


def test_whoever_asks_a_small_model_beside_others_gets_its_answer_from_one_thread(
    two_threads, tiny_model, leaves
):
    leaves(1)
    model, threads = tiny_model(), []
    for part in (model.image_encoder, model.mask_decoder.transformer):
        part.register_forward_pre_hook(lambda *_: threads.append(torch.get_num_threads()))
    session = Session(model)
    session.set_image(np.zeros((40, 60), np.uint8))
    session.click(30, 20)
    assert set(threads) == {1}
    assert torch.get_num_threads() == 2


@pytest.mark.parametrize("faster", ["float32", "bfloat16"])
@pytest.mark.parametrize("disturbed", [range(4), range(3, 9), range(8, 12)])
def test_other_programs_do_not_decide_in_which_precision_a_run_trains(faster, disturbed, monkeypatch):
    calls = count()

    def seconds(_, precision):
        busy = 10 if next(calls) in disturbed else 1
        return busy * (1.0 if precision == faster else 1.2)

    monkeypatch.setattr(devices, "_seconds", seconds)
    devices.faster_precision.cache_clear()
    assert devices.faster_precision(torch.device("cpu")) == faster
    devices.faster_precision.cache_clear()
