"""Averaged weights and the learning rate over a run."""

import pytest
import torch

from samca.training.averaging import Average, learning_rate_factor


def parameter(value: float) -> torch.nn.Parameter:
    return torch.nn.Parameter(torch.tensor(value))


def test_the_average_follows_the_parameter():
    weight = parameter(0.0)
    average = Average([weight], decay=0.05)
    with torch.no_grad():
        weight.fill_(1.0)
    average.update()
    with average.in_use():
        assert float(weight.detach()) == pytest.approx(0.95)
    assert float(weight.detach()) == 1.0


def test_early_updates_forget_the_start():
    weight = parameter(0.0)
    average = Average([weight], decay=0.999)
    with torch.no_grad():
        weight.fill_(1.0)
    average.update()
    with average.in_use():
        assert float(weight.detach()) == pytest.approx(10 / 11)


def test_no_average_uses_the_parameters():
    weight = parameter(3.0)
    average = Average([weight], decay=0.0)
    average.update()
    with average.in_use():
        assert float(weight.detach()) == 3.0
    assert average.state()["copies"] == []


@pytest.mark.parametrize("decay", [0.0, 0.05])
def test_a_share_of_what_was_learned_lies_between_before_and_after(decay):
    weight = parameter(1.0)
    average = Average([weight], decay, share=0.25)
    with torch.no_grad():
        weight.fill_(3.0)
    average.update()
    with average.in_use():
        assert float(weight.detach()) == pytest.approx(1.5 - 0.25 * 2 * decay)
    assert float(weight.detach()) == 3.0, "training goes on from all that was learned"
    with average.in_use():
        assert float(weight.detach()) == pytest.approx(1.5 - 0.25 * 2 * decay)


def test_an_average_comes_back():
    first, second = Average([parameter(2.0)], 0.9), Average([parameter(0.0)], 0.9)
    first.update()
    second.load(first.state())
    assert second.updates == 1
    assert float(second.copies[0]) == 2.0


def test_the_learning_rate_falls_by_a_factor_every_so_many_epochs():
    factors = [learning_rate_factor("step", 0.0, epoch, 0.1, 50) for epoch in (0, 49, 50, 99, 100, 199)]
    assert factors == pytest.approx([1, 1, 0.1, 0.1, 0.01, 0.001])


def test_the_learning_rate_is_constant_or_one_cycle():
    assert [learning_rate_factor("constant", done) for done in (0, 0.5, 0.99)] == [1, 1, 1]
    cycle = [learning_rate_factor("one_cycle", done / 100) for done in range(101)]
    assert cycle[0] == pytest.approx(1e-3)
    assert cycle[5] == pytest.approx(0.5)
    assert max(cycle) == cycle[10] == 1
    assert cycle[55] == pytest.approx(0.5)
    assert cycle[100] == pytest.approx(0)
