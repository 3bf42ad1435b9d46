"""Samples are drawn beside the step before them, and training is the same as where they are not."""

import threading

import numpy as np
import pytest

from samca.training import train
from samca.training.ahead import Ahead
from samca.training.learner import Learner
from training_runs import config_of, learned, run, same


def test_what_was_begun_is_done_in_another_thread_once_and_what_was_not_when_it_is_taken():
    done = []
    ahead = Ahead(lambda *given: done.append((given, threading.current_thread())) or sum(given))
    ahead.begin(1, 2)
    assert ahead.take(1, 2) == 3
    assert ahead.take(4, 5) == 9
    assert [given for given, _ in done] == [(1, 2), (4, 5)]
    assert threading.main_thread() not in [thread for _, thread in done]


def test_what_was_taken_is_done_again_if_it_is_asked_for_again():
    done = []
    ahead = Ahead(done.append)
    ahead.begin(1)
    for _ in range(2):
        ahead.take(1)
    assert done == [1, 1]


def test_an_error_comes_where_its_result_is_taken():
    ahead = Ahead(lambda name: {}[name])
    ahead.begin("nowhere")
    with pytest.raises(KeyError, match="nowhere"):
        ahead.take("nowhere")


def test_drawing_ahead_changes_nothing_of_what_is_learned(settings, tmp_path, monkeypatch):
    given = {"batch": 2, "epochs": 2, "augment": "ultrasound", "windows": 0.5}
    ahead, later = (settings(out=str(tmp_path / name), **given) for name in ("ahead", "later"))
    prepared = []
    with monkeypatch.context() as patch:
        plain = Learner.prepare
        patch.setattr(Learner, "prepare", lambda self, *of: prepared.append(of) or plain(self, *of))
        run(ahead)
    assert prepared
    monkeypatch.setattr(Learner, "prepare", lambda self, *of: None)
    run(later)
    assert same(learned(ahead), learned(later))


def test_the_next_batch_is_prepared_for_the_moment_at_which_it_is_learned(settings, monkeypatch):
    prepared, stepped = [], []
    monkeypatch.setattr(Learner, "prepare", lambda self, *of: prepared.append(of))
    step = Learner.step
    monkeypatch.setattr(Learner, "step", lambda self, *of: stepped.append(of) or step(self, *of))
    list(train.train(config_of(settings(batch=2, epochs=1))))
    for (indices, moment), (theirs, at) in zip(prepared, stepped[1:], strict=True):
        np.testing.assert_array_equal(indices, theirs)
        assert moment == at
