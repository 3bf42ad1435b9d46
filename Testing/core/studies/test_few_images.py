"""What few images bring: each draw a user's whole data, judged by images that were never drawn."""

import json
from dataclasses import replace

import numpy as np
import pytest

from samca import datasets
from samca.__main__ import main
from samca.datasets import Case
from samca.methods.presets import PRESETS, SCHEDULE
from samca.studies import few_images
from samca.studies.few_images import Judged

pytestmark = pytest.mark.usefixtures("drawn")


def cases(count, of_group=1):
    return [Case(f"c{n:02d}", f"c{n:02d}.png", f"g{n // of_group}", source="set") for n in range(count)]


def test_the_images_that_judge_are_the_same_for_all_draws_and_never_drawn():
    judges, pool = few_images.divided(cases(40), [10, 20], 5, 8)
    assert len(judges) == 8
    assert few_images.divided(cases(40), [10, 20], 5, 8) == (judges, pool)
    draws = [few_images.drawn(pool, 20, draw) for draw in range(1, 6)]
    assert {len(draw) for draw in draws} == {20}
    assert not {case.id for case in judges} & {case.id for draw in draws for case in draw}
    assert len({tuple(case.id for case in draw) for draw in draws}) == 5
    fewer = few_images.drawn(pool, 10, 3)
    assert fewer == draws[2][:10]


def test_groups_stay_whole():
    judges, pool = few_images.divided(cases(40, of_group=4), [10], 1, 6)
    drawn = few_images.drawn(pool, 10, 1)
    assert (len(judges), len(drawn)) == (8, 12)
    for part in (judges, drawn):
        counts = {case.group: sum(c.group == case.group for c in part) for case in part}
        assert set(counts.values()) == {4}


@pytest.mark.parametrize(
    ("numbers", "draws", "rest", "message"),
    [
        ([39], 1, 5, "35 images are left beside 5"),
        ([1], 1, 5, "from 2"),
        ([9], 0, 5, "draws 0"),
        ([9], 1, 0, "rest 0"),
    ],
)
def test_wrong_numbers_are_refused(numbers, draws, rest, message):
    with pytest.raises(ValueError, match=message):
        few_images.divided(cases(40), numbers, draws, rest)


def test_a_draw_is_written_as_a_data_set_of_nobodys_split(discs, tmp_path):
    given = [
        replace(case, split="train", group=f"patient {n // 2}")
        for n, case in enumerate(datasets.read(discs).cases)
    ]
    few_images.write_data(tmp_path / "data", given)
    found = datasets.checked(tmp_path / "data").cases
    assert [(case.group, case.split) for case in found] == [(case.group, "") for case in given]
    for ours, theirs in zip(found, given, strict=True):
        assert np.array_equal(ours.pixels(), theirs.pixels())
        assert np.array_equal(ours.mask(), theirs.mask())


def judged(kept, gain):
    return Judged(20, 1, 3, kept, {"1": 60.0}, {"1": 60.0 + gain}, gain, 1.0, 99.0)


def test_who_keeps_the_model_before_is_not_worse_off():
    found = [judged(0, 0.0), judged(3, 2.0), judged(2, -1.0)]
    assert [each.is_kept_or_better for each in found] == [True, True, False]
    assert few_images.verdict(found) == "2 of 3 draws gained or kept the model before (1 kept it): +0.3 Dice"
    assert few_images.table(found)[2] == ["20", "1", "3", "3", "1", "60.0", "62.0", "+2.0 ± 1.0", "99"]


def test_the_study_is_one_command_that_goes_on_where_it_was(settings, base, tmp_path, capsys):
    path, out = tmp_path / "run.json", tmp_path / "out"
    given = settings(base=str(base), out=str(out), validation_clicks=[1, 3]) | {"model": {}}
    path.write_text(json.dumps(given))
    words = ["few-shot", str(path), "--frames", "4", "--draws", "2", "--rest", "2", "--preset", "quick"]
    words += ["--set", "epochs=1", "--set", "windows=0"]
    assert main(words) == 0
    records = [json.loads(line) for line in capsys.readouterr().out.splitlines() if line.startswith("{")]
    assert [r["variant"] for r in records if r["event"] == "finish"] == ["4 images #1", "4 images #2"]
    run = json.loads((out / "4 images #1" / "run" / "run.json").read_text())
    assert (run["keep"], run["schedule"], run["epochs"]) == ("best", SCHEDULE, 1)
    assert run["learning_rate"] == PRESETS["quick"]["learning_rate"]
    found = json.loads((out / "draws.json").read_text())
    assert [(each["images"], each["draw"]) for each in found] == [(4, 1), (4, 2)]
    for each in found:
        after = np.mean(list(each["after"].values())) - np.mean(list(each["before"].values()))
        assert each["gain"] == pytest.approx(after, abs=0.02)
        assert each["kept"] or each["gain"] == 0
    table = (out / "draws.md").read_text()
    assert "of 2 draws gained or kept the model before" in table
    assert main(words) == 0
    assert '"event": "epoch"' not in capsys.readouterr().out
    assert (out / "draws.md").read_text() == table
