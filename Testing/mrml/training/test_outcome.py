"""Whether a training has helped, in a word and a sentence."""

from __future__ import annotations

import pytest

from SAMCATrainingLib.Outcome import BETTER, LIKELY, UNSURE, WORSE, Outcome, changes, fewText
from SAMCATrainingLib.RunState import History

BEFORE, AFTER = {1: 71.1, 3: 80.0, 5: 84.0}, {1: 75.0, 3: 80.0, 5: 83.0}


@pytest.mark.parametrize(
    ("kept", "gain", "error", "word", "says"),
    [
        (4, 3.0, 1.2, BETTER, "Better than before: Dice +3.0 ± 1.2, epoch 4 is kept."),
        (4, 3.0, 1.8, LIKELY, "Probably better than before"),
        (4, 3.0, None, LIKELY, "How sure that is cannot be said"),
        (0, -7.7, 2.0, WORSE, "the last epoch is at Dice -7.7 ± 2.0. The old model is kept."),
        (0, 0.8, 1.8, UNSURE, "No epoch is surely better, the last is at Dice +0.8 ± 1.8."),
        (9, -2.0, 1.0, WORSE, "Worse than before: Dice -2.0 ± 1.0. Keep the old model."),
    ],
)
def test_each_end_has_its_word_and_says_what_to_do(kept, gain, error, word, says):
    outcome = Outcome(BEFORE, AFTER if kept else BEFORE, kept, gain, error, 20)
    assert outcome.word == word
    assert says in outcome.text
    assert "chance" not in outcome.text


def test_below_ten_structures_there_is_a_warning():
    assert [bool(fewText(count)) for count in (1, 9, 10, 200)] == [True, True, False, False]
    assert "Only 9 structures validate" in Outcome(BEFORE, AFTER, 4, 3.0, 1.0, 9).text


def test_each_number_of_clicks_has_its_change():
    found = changes(Outcome(BEFORE, AFTER, 4, 1.0, 0.5, 20))
    assert found == [(1, 71.1, 75.0, BETTER), (3, 80.0, 80.0, "same"), (5, 84.0, 83.0, WORSE)]


def record(event, **more):
    losses = {"of": 9, "loss": 0.5, "initial": 0.3, "guided": 0.2, "seconds": 1.0}
    return {"event": event, "time": 1e9, **(losses if event == "epoch" else {}), **more}


def test_the_history_of_a_run_knows_what_is_kept_and_how_good_that_is():
    history = History()
    history.add(record("start"), 9)
    assert history.outcome() is None
    history.add(record("base", dice={"1": 60.0}, targets=12, groups=4), 9)
    assert (history.before, history.outcome()) == ({1: 60.0}, None)
    history.add(record("epoch", epoch=1, dice={"1": 66.0}, gain=6.0, error=2.0, kept=1), 9)
    history.add(record("epoch", epoch=2, dice={"1": 62.0}, gain=2.0, error=2.0, kept=1), 9)
    assert history.outcome() == Outcome({1: 60.0}, {1: 66.0}, 1, 6.0, 2.0, 12)
    history.add(record("start"), 9)
    assert (history.before, history.outcome()) == ({}, None)


@pytest.mark.parametrize("more", [("step", {"step": 2}), ("stopped", {"step": 2}), ("resume", {})])
def test_what_an_epoch_has_brought_is_known_within_the_next_one(more):
    history, (event, words) = History(), more
    history.add(record("start"), 9)
    history.add(record("base", dice={"1": 60.0}, targets=12, groups=4), 9)
    history.add(record("epoch", epoch=1, dice={"1": 66.0}, gain=6.0, error=2.0, kept=1), 9)
    history.add(record("step", epoch=2, step=1, of=3, loss=0.4), 9)
    history.add(record(event, epoch=2, of=3, loss=0.4, **words), 9)
    assert history.outcome() == Outcome({1: 60.0}, {1: 66.0}, 1, 6.0, 2.0, 12)


def test_an_older_run_without_epoch_0_has_no_outcome():
    history = History()
    history.add(record("start"), 9)
    history.add(record("epoch", epoch=1, dice={"1": 66.0}), 9)
    assert history.outcome() is None
