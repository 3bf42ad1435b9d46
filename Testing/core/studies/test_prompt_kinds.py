"""One model asked by click, box and words."""

import numpy as np
import pytest

from samca.datasets import checked
from samca.evaluation.contestants import Contestant
from samca.prompts import Box
from samca.studies.prompt_kinds import ask, table


class Finder:
    """Finds the same box in every image but the first, where there is none."""

    def __init__(self):
        self.asked = []

    def find(self, pixels, target):
        self.asked.append(target)
        return Box(20, 20, 44, 44) if len(self.asked) > 1 else None


@pytest.fixture
def dataset(discs):
    return checked(discs)


def test_each_target_is_asked_by_click_box_and_words(dataset, tiny_model):
    model, finder = tiny_model(), Finder()
    answers = list(ask(model, [dataset], 2, finder, "disc"))
    assert [sum(a.kind == kind for a in answers) for kind in ("click", "box", "text")] == [16, 16, 8]
    assert finder.asked == ["disc"] * 8
    by_words = [a for a in answers if a.kind == "text"]
    assert [a.prompted for a in by_words] == [False] + [True] * 7
    assert by_words[0].dice == 0
    assert all(0 <= a.dice <= 100 for a in answers)
    assert answers == list(ask(model, [dataset], 2, Finder(), "disc"))


def test_the_table_counts_what_words_did_not_find(dataset, tiny_model):
    models = [Contestant(name, tiny_model(), {}) for name in ("a", "b")]
    with_words = list(ask(models[0].model, [dataset], 1, Finder(), "disc"))
    without = list(ask(models[1].model, [dataset], 1))
    heading, a, b = table(models, {"a": with_words, "b": without})
    assert heading == ["model", "DSC by click", "DSC by box", "DSC by text", "nothing found"]
    assert float(a[1]) == pytest.approx(np.mean([x.dice for x in with_words if x.kind == "click"]), abs=0.01)
    assert (a[4], b[3:]) == ("1", ["", ""])


def test_a_data_set_without_a_known_target_asks_for_its_name(dataset, tiny_model):
    with pytest.raises(ValueError, match="has no target among busi"):
        list(ask(tiny_model(), [dataset], 1, Finder()))
