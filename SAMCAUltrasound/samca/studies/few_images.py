"""What a training brings to somebody who has so many images: they train and validate, others judge.

Each draw is a data set of its own, as a user has it: a share of its groups decides which epoch is kept. How
far the model that is kept is ahead of the one before is then measured on images that were never drawn.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from .. import typed_json
from ..config import TrainConfig, from_json
from ..datasets import Case
from ..evaluation.evaluate import dice_of, mean_by_clicks, trials
from ..evaluation.paired import by_group, difference_of
from ..files import make_folder, write_atomically
from ..files.changes import changing
from ..images.overlay import png
from ..spreadsheets import text_of
from ..training.choice import Dice, of_each
from ..training.run_folder import RunFolder
from ..training.starting_point import cases_of, starting_model
from ..training.train import train
from ..weights import checkpoint
from ..words import counted

JUDGED = "judged.json"
REST_SEED = 0  # the same images judge every draw


@dataclass(frozen=True)
class Judged:
    """Mean Dice in percent of one draw's model and of the one before, by number of clicks, on other images.

    gain: the mean over these numbers, with its standard error over groups. kept: an epoch, 0 is before.
    """

    images: int
    draw: int
    validated: int  # structures that decided
    kept: int
    before: dict[str, float]
    after: dict[str, float]
    gain: float
    error: float
    seconds: float  # that the epochs took, validation aside

    @property
    def is_kept_or_better(self) -> bool:
        """Whether nobody is worse off."""
        return self.kept == 0 or self.gain >= 0


def few_images(common: TrainConfig, numbers: Sequence[int], draws: int, rest: int) -> Iterator[dict | Judged]:
    """Train on `draws` choices of each number of images; yields the records of `train` with a "variant" each,
    and behind those of a run what `rest` images say of it.

    Runs lie in `common.out`; what is there is not done again. ValueError if there are too few images.
    """
    judges, pool = divided(cases_of(replace(common, frames=0))[0], numbers, draws, rest)
    before: Dice = {}
    for number in numbers:
        for draw in range(1, draws + 1):
            folder = Path(common.out) / f"{counted(number, 'image')} #{draw}"
            if not (folder / JUDGED).is_file():
                config = replace(common, data=(str(folder / "data"),), validation=(), out=str(folder / "run"))
                write_data(folder / "data", drawn(pool, number, draw))
                for record in train(config):
                    yield {"variant": folder.name, **record}
                before = before or _dice(starting_model(config, folder / "run")[0], judges, config)
                found = _judge(config, judges, before, number, draw)
                write_atomically(folder / JUDGED, json.dumps(asdict(found), indent=1).encode())
            yield from_json(Judged, typed_json.read(folder / JUDGED).plain, JUDGED)


def divided(
    cases: Sequence[Case], numbers: Sequence[int], draws: int, rest: int
) -> tuple[list[Case], list[list[Case]]]:
    """`rest` images that judge, and the groups of which is drawn."""
    if min(numbers) < 2 or draws < 1 or rest < 1:
        raise ValueError(f"images {list(numbers)}, draws {draws}, rest {rest}: expected from 2, 1 and 1 on")
    groups = _groups(cases, REST_SEED)
    judges = _first(groups, rest)
    pool = groups[len({(case.source, case.group) for case in judges}) :]
    left = sum(map(len, pool))
    if left < max(numbers):
        raise ValueError(f"{left} images are left beside {rest} that judge, and {max(numbers)} asked for")
    return judges, pool


def drawn(pool: list[list[Case]], number: int, draw: int) -> list[Case]:
    """So many images, in whole groups; of one draw the fewer are among the more."""
    order = np.random.default_rng(draw).permutation(len(pool))
    return _first([pool[i] for i in order], number)


def _groups(cases: Iterable[Case], seed: int) -> list[list[Case]]:
    of: dict[tuple[str, str], list[Case]] = {}
    for case in sorted(cases, key=lambda case: (case.source, case.id)):
        of.setdefault((case.source, case.group), []).append(case)
    order = np.random.default_rng(seed).permutation(len(of))
    return [list(of.values())[i] for i in order]


def _first(groups: Iterable[list[Case]], number: int) -> list[Case]:
    """The first groups, until there are so many cases."""
    found: list[Case] = []
    for group in groups:
        if len(found) >= number:
            break
        found += group
    return found


def write_data(folder: Path, cases: Sequence[Case]) -> None:
    """Write cases as a data set of nobody's split, which training divides itself."""
    make_folder(folder)
    names = [f"{case.source}_{case.id}" for case in cases]
    with changing(folder) as files:
        for name, case in zip(names, cases, strict=True):
            files.write(f"images/{name}.png", png(case.pixels()))
            files.write(f"masks/{name}.png", png(case.mask().astype(np.uint8) * 255))
            if case.has_values:
                values = np.zeros(case.mask().shape, np.uint8)
                for value, structure in case.structures().items():
                    values[structure] = value
                files.write(f"labels/{name}.png", png(values))
        rows = [(name, case.group, case.source) for name, case in zip(names, cases, strict=True)]
        files.write("cases.csv", text_of([("id", "group", "source"), *rows]).encode())


def _judge(config: TrainConfig, judges: list[Case], before: Dice, number: int, draw: int) -> Judged:
    folder = RunFolder(config.out)
    records = folder.records()
    kept, targets = records[-1]["kept"], next(r["targets"] for r in records if r["event"] == "base")
    after = before if kept == 0 else _dice(checkpoint.load(folder.best), judges, config)
    gain = difference_of(of_each(after), of_each(before), by_group(judges))
    seconds = sum(record["seconds"] for record in folder.epochs())
    means = _means(before), _means(after)
    return Judged(number, draw, targets, kept, *means, gain.mean, gain.standard_error, round(seconds, 1))


def _dice(model, cases: Sequence[Case], config: TrainConfig) -> Dice:
    clicks = config.validation_clicks
    return dice_of(trials(model.eval(), cases, max(clicks), 0, 0 in clicks), clicks)


def _means(dice: Dice) -> dict[str, float]:
    return {str(count): round(value, 2) for count, value in mean_by_clicks(dice).items()}


def table(found: Sequence[Judged]) -> list[list[str]]:
    """A row for each draw, heading first, and one that counts who is not worse off."""
    rows = [["images", "draw", "validated", "epoch kept", "clicks", "before", "after", "gain", "seconds"]]
    for each in found:
        clicks = " / ".join(each.before)
        dice = [" / ".join(f"{value:.1f}" for value in of.values()) for of in (each.before, each.after)]
        gain = f"{each.gain:+.1f} ± {each.error:.1f}"
        place = [str(each.images), str(each.draw), str(each.validated), str(each.kept)]
        rows.append([*place, clicks, *dice, gain, f"{each.seconds:.0f}"])
    return rows


def verdict(found: Sequence[Judged]) -> str:
    """How many draws are not worse off, and what the draws gained together."""
    fine, kept = sum(each.is_kept_or_better for each in found), sum(each.kept == 0 for each in found)
    gain = np.mean([each.gain for each in found])
    return f"{fine} of {len(found)} draws gained or kept the model before ({kept} kept it): {gain:+.1f} Dice"


def as_objects(found: Sequence[Judged]) -> list[dict[str, Any]]:
    """The same for JSON."""
    return [asdict(each) for each in found]
