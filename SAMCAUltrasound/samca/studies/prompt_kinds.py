"""The same model asked in three ways: by one click, by a box, by words (CC-SAM's ablation)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple

import numpy as np

from ..clicks import CLICKS
from ..datasets import Dataset
from ..evaluation import metrics
from ..evaluation.contestants import Contestant
from ..evaluation.evaluate import generator_for, named_cases
from ..evaluation.report import Rows
from ..interaction.session import Session
from ..interaction.text_box import TextBox, default_target
from ..prompts import Prompts

USERS = {"click": "random_foreground", "box": "boxes"}  # kinds and who simulates them
WORDS = "text"


class Answer(NamedTuple):
    """What one prompt for one target gave: Dice in 0..100, which is 0 where words found no box."""

    kind: str
    case: str
    target: int
    dice: float
    prompted: bool


def ask(
    model, datasets: Iterable[Dataset], seeds: int = 1, detector: TextBox | None = None, target: str = ""
) -> Iterator[Answer]:
    """Each target by a random click on it and by a jittered box, `seeds` times, and by words once.

    Words need a detector; they name `target`, by default what the case's source shows. The same box then
    stands for each target of an image.
    """
    for dataset in datasets:
        for name, case in named_cases(dataset):
            session, truths = Session(model), case.targets()
            if not truths:
                continue
            pixels = case.pixels()
            session.set_image(pixels)
            found = detector and detector.find(pixels, target or default_target(case.source or dataset.name))
            for index, truth in enumerate(truths):
                for kind, prompts in _prompts(truth, case.id, index, seeds):
                    yield Answer(kind, name, index, _dice(session, prompts, truth), True)
                if detector:
                    yield Answer(WORDS, name, index, _dice(session, Prompts(box=found), truth), bool(found))


def _prompts(truth: np.ndarray, case: str, index: int, seeds: int) -> Iterator[tuple[str, Prompts]]:
    for seed in range(seeds):
        for kind, user in USERS.items():
            yield kind, CLICKS[user](truth, None, 1, generator_for(case, index, seed))


def _dice(session: Session, prompts: Prompts, truth: np.ndarray) -> float:
    return 100 * metrics.dice(session.predict(prompts).mask, truth)


def table(contestants: Iterable[Contestant], answers: dict[str, list[Answer]]) -> Rows:
    """Heading first: a row for each model, its mean Dice by kind of prompt; last, how often words found
    nothing. Without a detector there are no words, and their cells are empty."""
    rows = [["model", *(f"DSC by {kind}" for kind in (*USERS, WORDS)), "nothing found"]]
    for contestant in contestants:
        found = answers[contestant.name]
        cells = []
        for kind in (*USERS, WORDS):
            dice = [answer.dice for answer in found if answer.kind == kind]
            cells.append(f"{np.mean(dice):.2f}" if dice else "")
        by_words = [answer for answer in found if answer.kind == WORDS]
        failed = str(sum(not answer.prompted for answer in by_words)) if by_words else ""
        rows.append([contestant.name, *cells, failed])
    return rows
