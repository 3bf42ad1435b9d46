"""What a training run is said to take, beside what it takes."""

import json
import time

import numpy as np
import pytest
import torch

from samca.__main__ import main
from samca.training import estimate as estimate_module
from samca.training.estimate import estimate
from samca.training.learner import Learner
from samca.training.memory import peak_bytes, total_bytes
from training_runs import config_of, run, write_case

CPU = torch.device("cpu")


@pytest.fixture
def many(tmp_path):
    """A dataset folder of 20 discs."""
    for number in range(20):
        write_case(tmp_path / "many", f"disc{number:02d}", number)
    return tmp_path / "many"


def test_the_time_is_within_a_factor_of_two_of_the_run(settings, many, drawn):
    wanted = settings(data=[str(many)], augment="samus", epochs=4, batch=4)
    estimate(config_of(wanted))  # what only the first training of a process pays for is not asked
    found = estimate(config_of(wanted))
    started = time.perf_counter()
    run(wanted)
    taken = time.perf_counter() - started
    assert taken / 2.2 < found.seconds < taken * 2.2, (found, taken)


def test_memory_is_what_the_process_uses_and_what_the_machine_has(settings, many):
    found = estimate(config_of(settings(data=[str(many)])))
    assert 50e6 < found.memory < found.memory_of
    assert found.memory_of == total_bytes(CPU)
    before = peak_bytes(CPU)
    block = np.ones(200_000_000, np.uint8)
    assert peak_bytes(CPU) >= before
    assert peak_bytes(CPU) > block.nbytes


def test_a_trial_leaves_nothing_behind(settings, many, tmp_path):
    before = torch.get_rng_state()
    estimate(config_of(settings(data=[str(many)])))
    assert not (tmp_path / "run").exists()
    assert torch.equal(before, torch.get_rng_state())


def test_memory_that_is_out_halves_the_batch_as_training_does(settings, many, monkeypatch):
    step = Learner.step

    def short(learner, indices, moment):
        return step(learner, indices, moment) if learner.parts > 1 else None

    monkeypatch.setattr(Learner, "step", short)
    assert estimate(config_of(settings(data=[str(many)]))).parts == 2


def test_the_command_prints_it_and_writes_it(settings, many, tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(estimate_module, "MOST_STEPS", 2)
    path = tmp_path / "settings.json"
    path.write_text(json.dumps(settings(data=[str(many)])))
    assert main(["estimate", str(path), "--set", "epochs=7", "--out", str(tmp_path / "answer.json")]) == 0
    printed = json.loads(capsys.readouterr().out)
    assert printed == json.loads((tmp_path / "answer.json").read_text())
    assert printed["seconds"] > 7 * printed["seconds_per_step"]
