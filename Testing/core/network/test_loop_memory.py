"""A memory reads what is like a cell and near to it, whatever the number of frames."""

import pytest
import torch

from samca.network.backbones.sites import Features
from samca.network.loop_memory import CELL, PROMPTED, RECENT, LoopMemory


@pytest.fixture
def memory():
    with torch.random.fork_rng():
        torch.manual_seed(0)
        yield LoopMemory(16, 4, 8, keys=8, values=8).eval()


def features(seed, batch=1, side=6):
    numbers = torch.Generator().manual_seed(seed)
    shapes = (16, side, side), (4, 4 * side, 4 * side), (8, 2 * side, 2 * side)
    embedding, *fine = (torch.randn(batch, *shape, generator=numbers) for shape in shapes)
    return Features(embedding, tuple(fine))


def square(side=6):
    mask = torch.zeros(1, 1, CELL * side, CELL * side)
    mask[..., 4:13, 6:15] = 1
    return mask


@torch.no_grad()
def test_the_same_frame_with_sharp_looks_brings_its_mask_back(memory):
    memory.sharpness.fill_(8.0)
    bank = [memory.remember(features(1), square())]
    cells = memory._read(memory.key(features(1).embedding), *bank[0], torch.tensor([PROMPTED]))[:, -16:]
    assert torch.nn.functional.pixel_shuffle(cells, CELL).sub(2 * square() - 1).abs().max() < 1e-3


@torch.no_grad()
def test_the_shares_are_those_of_the_two_distances(memory):
    asked, kept = memory.key(features(1).embedding), memory.remember(features(2), square())
    q, k = asked.flatten(2)[0].T, kept.keys[0]
    at = torch.cartesian_prod(torch.arange(6.0), torch.arange(6.0)) / 6
    scale, reach = memory.sharpness.exp() / 8**0.5, memory.reach.exp()[RECENT]
    distances = scale * torch.cdist(q, k) ** 2 + torch.cdist(at, at) ** 2 / (2 * reach**2)
    expected = (-distances).softmax(-1) @ kept.values[0]
    read = memory._read(asked, *kept, torch.tensor([RECENT]))
    torch.testing.assert_close(read.flatten(2)[0].T, expected, atol=1e-4, rtol=1e-4)


@torch.no_grad()
def test_a_frame_that_is_remembered_twice_changes_nothing(memory):
    kept = memory.remember(features(2), square())
    once, twice = (memory.recall(features(1), [kept] * n, [PROMPTED] * n) for n in (1, 2))
    assert once[0].shape == (1, 1, 24, 24)
    for one, two in zip(once, twice, strict=True):
        torch.testing.assert_close(one, two, atol=1e-4, rtol=1e-4)


@torch.no_grad()
def test_objects_of_a_batch_do_not_meet(memory):
    both = features(3, batch=2)
    single = both._replace(embedding=both.embedding[1:], fine=tuple(f[1:] for f in both.fine))
    masks = torch.cat([square(), square().flip(-1)])
    bank, alone = memory.remember(both, masks), memory.remember(single, masks[1:])
    said, found = memory.recall(both, [bank], [PROMPTED])
    one, also = memory.recall(single, [alone], [PROMPTED])
    torch.testing.assert_close(said[1:], one, atol=1e-4, rtol=1e-4)
    torch.testing.assert_close(found[1:], also, atol=1e-4, rtol=1e-4)


def test_an_encoder_without_finer_maps_is_refused():
    with pytest.raises(ValueError, match="reads finer maps beside the embedding, Identity gives none"):
        LoopMemory.of(torch.nn.Identity())
