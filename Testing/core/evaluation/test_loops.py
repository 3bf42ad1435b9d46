"""Structures that are carried through loops, beside the truth of each frame."""

import csv
import io
from types import SimpleNamespace

import numpy as np
import pytest
from PIL import Image

from samca.__main__ import main
from samca.datasets import checked
from samca.evaluation import loop_report
from samca.evaluation.loop_data import Loop, filmed, made
from samca.evaluation.loops import Carried, evaluate_loops


class Follower:
    """A model that finds all that is bright where it was clicked on that, and may doubt what is carried."""

    def __init__(self, doubts=False):
        self.config = SimpleNamespace(
            image_size=64, fit="squash", feedback="none", zoom=0.0, mirror=False, tidy=False, depth=1
        )
        self.doubts, self.encoded = doubts, 0

    def embed(self, pixels):
        self.encoded += 1
        return pixels[..., 0] > 128

    def predict(self, bright, prompts, previous):
        hit = any(bright[int(c.y), int(c.x)] == c.positive for c in prompts.clicks)
        return np.where(bright & hit, 5.0, -5.0).astype(
            np.float32
        ), 0.4 if self.doubts and prompts.mask is not None else 0.8


def square(at, side=64):
    labels = np.zeros((side, side), int)
    labels[20:36, at : at + 16] = 1
    return labels


def loop(*places, name="loop", kind=""):
    """A bright square at these columns, none where there is none."""
    labels = tuple(np.zeros((64, 64), int) if at is None else square(at) for at in places)
    frames = tuple(np.where(each, 200, 50).astype(np.uint8) for each in labels)
    return Loop("made up", name, kind, frames, labels)


def carried(model, *loops, **options):
    return list(evaluate_loops(model, loops, **options))


def result(dice, prompted=0, unsure=(), clicks=None, kind=""):
    return Carried(
        "busi", "a", 1, kind, prompted, tuple(dice), tuple(0.0 for _ in dice), tuple(unsure), clicks
    )


def test_what_moves_little_is_carried_to_every_frame():
    model = Follower()
    (found,) = carried(model, loop(8, 10, 13, 17, 22), most=5)
    assert found.dice == (100.0,) * 5
    assert found.hd95 == (0.0,) * 5
    assert (found.prompted, found.slip, found.announced, found.clicks) == (0, None, None, 3)
    assert model.encoded == 5  # each frame once


def test_what_jumps_is_lost_and_takes_a_click_more():
    (found,) = carried(Follower(), loop(8, 9, 40, 41), clicks=1, most=5)
    assert found.dice == (100.0, 100.0, 0.0, 0.0)
    assert found.slip == 2
    assert found.clicks == 2


def test_where_most_clicks_do_not_do_none_is_told():
    (found,) = carried(Follower(), loop(0, 30, 0, 30, 0, 30), clicks=1, most=2)
    assert found.clicks is None


def test_a_structure_that_comes_later_is_prompted_where_it_is_first():
    (found,) = carried(Follower(), loop(None, None, 8, 10))
    assert found.prompted == 2
    assert found.dice == (100.0,) * 4


def test_a_mask_without_a_structure_is_taken_away_by_a_click():
    stays = loop(8, 8, 8)
    gone = Loop(
        *(stays.dataset, stays.name, stays.kind, stays.frames), (*stays.labels[:2], 0 * stays.labels[2])
    )
    (found,) = carried(Follower(), gone, clicks=1, most=3)
    assert found.dice == (100.0, 100.0, 0.0)
    assert found.clicks == 2


def test_each_structure_of_a_loop_is_one():
    both = [square(4) + 2 * square(40) for _ in range(3)]
    frames = tuple(np.full((64, 64), 50, np.uint8) for _ in both)
    found = carried(Follower(), Loop("made up", "two", "", frames, tuple(both)))
    assert [each.target for each in found] == [1, 2]


def test_a_model_that_doubts_says_so_in_every_frame_that_was_not_prompted():
    (found,) = carried(Follower(doubts=True), loop(8, 9, 10))
    assert found.unsure == (1, 2)
    assert found.announced == 1


def test_a_slip_is_announced_by_doubt_on_the_way_to_it():
    assert result((90, 90, 70), unsure=(1,)).is_announced
    assert result((90, 90, 70), unsure=(2,)).is_announced
    assert not result((90, 90, 70, 60), unsure=(3,)).is_announced
    assert not result((70, 90, 90), prompted=1, unsure=(2,)).is_announced
    assert not result((90, 90), unsure=(1,)).is_announced


@pytest.mark.parametrize(("clicks", "most"), [(0, 0), (1, -1)])
def test_counts_that_are_too_small_are_refused(clicks, most):
    with pytest.raises(
        ValueError, match=f"clicks {clicks}, most {most}: expected at least 1, and at least 0"
    ):
        carried(Follower(), loop(8, 9), clicks=clicks, most=most)


def test_tables_tell_distance_slips_and_classes():
    found = {
        "one": [result((95, 90, 70, 70, 70, 70, 50), unsure=(2,), clicks=4), result((90, 80), kind="hard")]
    }
    heading, dice, hd95, *of_kinds = loop_report.by_distance(found)
    assert heading[5:9] == ["prompted", "carried", "1", "2-5"]
    assert dice[:4] == ["one", "busi", "all", "2"]
    assert dice[5:10] == ["92.5", "75.0±5.0", "85.0", "70.0", "50.0"]
    assert hd95[4] == "HD95 px"
    assert [row[2] for row in of_kinds] == ["", "", "hard", "hard"]
    row = loop_report.slips(found)[1]
    assert row == ["one", "busi", "all", "2", "1", "2", "1 of 1", "0 of 1", "4.0", "1"]
    unasked = loop_report.slips(found, clicks=False)
    assert unasked[1] == row[:-2]
    assert unasked[0][-1] == "announced for nothing"


def test_a_row_is_a_frame():
    text = loop_report.frames_csv({"one": [result((95, 60), prompted=1, unsure=(0,))]})
    rows = list(csv.DictReader(io.StringIO(text)))
    assert [(r["frame"], r["distance"], r["dice"], r["unsure"]) for r in rows] == [
        ("0", "1", "95", "1"), ("1", "0", "60", "0"),
    ]  # fmt: skip


def dataset(folder, groups):
    for kind in ("images", "masks"):
        (folder / kind).mkdir(parents=True)
    lines = ["id,group"]
    for number, group in enumerate(groups):
        Image.fromarray(np.where(square(8 + number), 200, 50).astype(np.uint8)).save(
            folder / f"images/{number}.png"
        )
        Image.fromarray((square(8 + number) * 255).astype(np.uint8)).save(folder / f"masks/{number}.png")
        lines.append(f"{number},{group}")
    (folder / "cases.csv").write_text("\n".join(lines))
    return folder


def test_groups_of_a_dataset_are_loops_and_single_frames_are_refused(tmp_path):
    data = checked(dataset(tmp_path / "set", "aabb"))
    assert [(each.name, len(each.frames)) for each in filmed(data)] == [("a", 2), ("b", 2)]
    alone = checked(dataset(tmp_path / "alone", "ab"))
    with pytest.raises(ValueError, match=r"0 is a loop of one frame: .*--frames"):
        list(filmed(alone))


def test_one_image_of_each_group_becomes_a_loop(tmp_path):
    loops = list(made(checked(dataset(tmp_path / "set", "aabbcd")), 4))
    assert [(each.name, each.kind, len(each.frames)) for each in loops] == [
        ("0", "plain", 4), ("2", "leaves", 4), ("4", "touches", 4), ("5", "shadow", 4),
    ]  # fmt: skip
    again = list(made(checked(tmp_path / "set"), 4))
    assert np.array_equal(loops[1].frames[3], again[1].frames[3])


def test_the_command_prints_both_tables_and_writes_a_row_for_each_frame(tmp_path, capsys):
    data = dataset(tmp_path / "set", "ab")
    options = (
        "--loops",
        "--frames",
        "2",
        "--clicks",
        "1",
        "--data",
        str(data),
        "--out",
        str(tmp_path / "out"),
    )
    assert main(["evaluate", *options]) == 0
    printed = capsys.readouterr().out
    assert "announced for nothing" in printed
    assert "from 31" in printed
    assert len((tmp_path / "out" / "loops.csv").read_text().splitlines()) == 5


def test_carriers_are_compared_on_frames_that_are_encoded_once():
    model = Follower()
    found = carried(model, loop(8, 10, 13, 17, 22), carriers=("mask", "deformation"))
    assert [each.carrier for each in found] == ["mask", "deformation"]
    assert found[0].dice == (100.0,) * 5
    assert model.encoded == 5


def test_the_command_has_a_row_for_each_carrier(tmp_path, capsys):
    data = dataset(tmp_path / "set", "a")
    words = "--loops", "--frames", "2", "--data", str(data), "--out", str(tmp_path / "out")
    assert main(["evaluate", *words, "--carrier", "mask", "--carrier", "deformation"]) == 0
    printed = capsys.readouterr().out
    assert "shipped, mask" in printed
    assert "shipped, deformation" in printed


def test_a_carrier_without_its_weights_is_told_before_anything_is_carried(tmp_path, capsys):
    data, model = dataset(tmp_path / "set", "a"), Follower()
    words = "--loops", "--frames", "2", "--data", str(data), "--out", str(tmp_path / "out")
    assert main(["evaluate", *words, "--carrier", "mask", "--carrier", f"sam2:{tmp_path}"]) == 2
    assert f"no SAM 2 in {tmp_path}" in capsys.readouterr().err
    with pytest.raises(FileNotFoundError, match="no SAM 2 in"):
        carried(model, loop(8, 10), carriers=("mask", f"sam2:{tmp_path}"))
    assert model.encoded == 0


def test_sam_2_is_compared_with_others(sam2_folder):
    found = carried(Follower(), loop(8, 10, 13), carriers=("mask", f"sam2:{sam2_folder}"))
    assert [each.carrier for each in found] == ["mask", f"sam2:{sam2_folder}"]
    assert found[1].dice[0] == 100


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (("--loops", "--seeds", "2"), "leave --user, --seeds, --single-set and --json out"),
        (("--loops", "--json"), "leave --user, --seeds, --single-set and --json out"),
        (("--loops", "--clicks", "1", "3"), "--clicks 1 3: with --loops expected one number"),
        (("--loops", "--frames", "1"), "--frames 1: expected at least 2, and --loops"),
        (("--frames", "9"), "--frames 9: expected at least 2, and --loops"),
    ],
)
def test_what_loops_do_not_have_is_refused(options, says, tmp_path, capsys):
    data = dataset(tmp_path / "set", "aa")
    assert main(["evaluate", *options, "--data", str(data), "--out", str(tmp_path / "out")]) != 0
    assert says in capsys.readouterr().err


def test_a_run_is_not_evaluated_on_loops(tmp_path, capsys):
    assert main(["evaluate", "--run", str(tmp_path), "--loops"]) != 0
    assert "--run and --loops" in capsys.readouterr().err
