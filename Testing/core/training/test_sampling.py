"""How often a run takes an image: all alike, or its source by the root of its size."""

from collections import Counter

import numpy as np
import pytest

from samca.training.learner import Learner
from samca.training.train import _by_roots
from training_runs import run, write_case

SOURCES = ["small"] * 4 + ["large"] * 64 + ["middle"] * 16
ROOTS = {"small": 2, "large": 8, "middle": 4}


def indices(count, seed=0):
    return _by_roots(SOURCES, count, np.random.default_rng(seed))


@pytest.mark.parametrize("count", [7, 50, 140, 1400])
def test_a_source_comes_as_often_as_the_root_of_its_size_says(count):
    order = indices(count)
    assert len(order) == count
    shares = Counter(SOURCES[index] for index in order)
    for name, root in ROOTS.items():
        assert shares[name] == pytest.approx(count * root / sum(ROOTS.values()), abs=1)


def test_within_a_source_all_images_come_equally_often():
    times = Counter(indices(500).tolist())
    for name in ROOTS:
        own = [times[index] for index, source in enumerate(SOURCES) if source == name]
        assert max(own) - min(own) <= 1


def test_over_epochs_every_image_has_its_turn():
    seen = {index for seed in range(40) for index in indices(40, seed).tolist()}
    assert seen == set(range(len(SOURCES)))


def test_the_same_seed_draws_the_same_and_another_one_others():
    np.testing.assert_array_equal(indices(60, 3), indices(60, 3))
    assert set(indices(60, 3).tolist()) != set(indices(60, 4).tolist())


@pytest.mark.usefixtures("drawn")
def test_a_run_takes_its_sources_by_their_roots(settings, tmp_path, discs, monkeypatch):
    other = tmp_path / "other"
    for number in range(2):
        write_case(other, f"other{number}", 100 + number)
    taken, step = [], Learner.step
    monkeypatch.setattr(Learner, "step", lambda *given: (taken.append(given), step(*given))[1])

    def epochs(out):
        taken.clear()
        asked = {
            "validation": [str(discs)],
            "samples_per_epoch": 12,
            "sampling": "root",
        }
        run(settings(data=[str(discs), str(other)], out=str(tmp_path / out), **asked))
        samples = taken[0][0].samples
        order = [int(index) for _, indices, *_ in taken for index in indices]
        return [Counter(samples.cases[i].source for i in order[k : k + 12]) for k in (0, 12)], order

    shares, order = epochs("one")
    assert shares == [{"discs": 8, "other": 4}] * 2  # roots of 8 and 2
    assert order[:12] != order[12:]
    assert epochs("two") == (shares, order)
