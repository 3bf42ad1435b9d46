"""Cine loops and sweeps: simulated ones, windows of their frames, and training and evaluation on them."""

import csv
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from PIL import Image

from phantom_scenes import VIEW, scene_with
from samca import datasets, phantoms
from samca.__main__ import main
from samca.datasets import Case, loops_of, window_around, windows_of
from samca.evaluation.evaluate import Sessions, evaluate, validate
from samca.interaction.session import Session
from samca.phantoms.loops import Motion
from samca.training.samples import LoopSamples, Samples, samples_for
from training_runs import events, learned, run, same

STRUCTURE = {"depth": 3, "method": "med_sa", "adapter": {"name": "med_sa", "rank": 4}, "fusion": "single"}


@pytest.fixture(scope="module")
def loops(tmp_path_factory):
    """A dataset folder of four loops of four frames of 64 x 64 px."""
    folder = tmp_path_factory.mktemp("data") / "loops"
    words = ["phantoms", "--loops", "4", "--frames", "4", "--size", "64", "--out", str(folder)]
    assert main(words) == 0
    return folder


def centroids(loop, label=1) -> np.ndarray:
    return np.array([np.argwhere(p.labels == label).mean(0) for p in loop])


# Simulated loops


@pytest.mark.parametrize("kind", ["cine", "sweep"])
def test_a_loop_moves_and_deforms_from_frame_to_frame(kind):
    loop = phantoms.make_loop(np.random.default_rng(3), 6, 128, 128, lesions=1, kind=kind)
    assert len(loop) == 6
    assert all(p.image.shape == p.labels.shape == (128, 128) for p in loop)
    areas = [int((p.labels == 1).sum()) for p in loop]
    assert min(areas) > 30
    assert len(set(areas)) > 3
    steps = np.linalg.norm(np.diff(centroids(loop), axis=0), axis=1)
    assert 0 < steps.max() < 20
    again = phantoms.make_loop(np.random.default_rng(3), 6, 128, 128, lesions=1, kind=kind)
    assert all(np.array_equal(one.image, other.image) for one, other in zip(loop, again, strict=True))


def test_a_sweep_cuts_ellipsoids_small_at_its_ends():
    loop = phantoms.make_loop(np.random.default_rng(1), 7, 128, 128, lesions=1, kind="sweep")
    areas = [int((p.labels == 1).sum()) for p in loop]
    assert max(areas[0], areas[-1]) < 0.7 * max(areas[2:5])


@pytest.mark.parametrize(("speckle", "low", "high"), [(7, 0.8, 1.0), (None, -0.2, 0.3)])
def test_speckle_moves_with_the_tissue_only_where_the_motion_says_so(speckle, low, high):
    step = VIEW.spacing_mm
    rest, moved = (Motion(pixels * step, 0.0, 0.0, 1, (), speckle) for pixels in (0, 5))
    rng = np.random.default_rng(0)
    before, after = (phantoms.render(scene_with(), rng, motion)[0] for motion in (rest, moved))
    deep = slice(120, 200)  # tissue near the probe does not move
    alike = np.corrcoef(before[deep, 50:200].ravel(), after[deep, 55:205].ravel())[0, 1]
    assert low < alike < high


@pytest.mark.parametrize(
    ("arguments", "message"),
    [({"frames": 0}, "0 frames: expected 1 to 1000"), ({"kind": "loop"}, "'loop' is not one of cine, sweep")],
)
def test_a_loop_that_cannot_be_made_is_refused(arguments, message):
    with pytest.raises(ValueError, match=message):
        phantoms.make_loop(np.random.default_rng(0), **arguments)


def test_the_command_writes_groups_with_truth_and_keeps_what_is_there(loops, capsys):
    dataset = datasets.checked(loops)
    assert [len(loop) for loop in loops_of(dataset.cases)] == [4] * 4
    assert {case.group for case in dataset.cases} == {
        "cine_00000", "sweep_00001", "cine_00002", "sweep_00003",
    }  # fmt: skip
    picture = loops / "images" / "cine_00000_000.png"
    before = picture.stat().st_mtime_ns
    main(["phantoms", "--loops", "4", "--frames", "4", "--size", "64", "--out", str(loops)])
    assert picture.stat().st_mtime_ns == before
    assert str(picture) in capsys.readouterr().out
    assert len(list(csv.DictReader((loops / "cases.csv").open()))) == 16


# Windows


def case(name, group="a", size=(8, 8), source="s", loop=""):
    pixels = np.zeros(size, np.uint8)
    return SimpleNamespace(id=name, group=group, source=source, loop=loop, pixels=lambda: pixels)


def test_frames_are_in_the_order_of_their_numbers():
    cases = [case("f10"), case("f9"), case("x1", "b"), case("f2")]
    assert loops_of(cases) == [(3, 1, 0), (2,)]
    assert windows_of(cases[:2] + cases[3:], 2) == [(2, 1), (1, 0)]


def test_times_are_numbers_and_a_group_may_have_several_loops_of_which_short_ones_are_left_out():
    cases = [case("t0.1"), case("t0.067"), case("t0.0"), case("t0.1b", loop="other", size=(9, 9))]
    assert loops_of(cases) == [(2, 1, 0), (3,)]
    assert windows_of(cases, 2) == [(2, 1), (1, 0)]


def test_a_depth_larger_than_the_volume_is_refused_with_its_name():
    with pytest.raises(ValueError, match=r"model.depth is 3, but s group 'b' has 1 frame\(s\): lower"):
        windows_of([case("1"), case("2"), case("3"), case("4", "b")], 3)


def test_frames_of_different_size_in_one_group_are_refused():
    with pytest.raises(ValueError, match="s group 'a' has frames of 8 x 8 px and of 9 x 8 px"):
        windows_of([case("1"), case("2", size=(8, 9))], 2)


@pytest.mark.parametrize(
    ("place", "count", "depth", "expected"),
    [
        (0, 9, 3, [0, 1, 2]),
        (4, 9, 3, [3, 4, 5]),
        (8, 9, 3, [6, 7, 8]),
        (5, 9, 4, [4, 5, 6, 7]),
        (1, 2, 5, [0, 1]),
    ],
)
def test_a_window_lies_around_its_frame_and_inside_the_loop(place, count, depth, expected):
    assert list(window_around(place, count, depth)) == expected


@pytest.mark.parametrize("augmentation", ["none", "ultrasound"])
def test_a_sample_is_a_window_with_one_structure_moved_alike(loops, augmentation):
    cases = [c for c in datasets.checked(loops).cases if c.group == "sweep_00001"]
    samples = LoopSamples(cases, 64, "squash", augmentation, 3)
    assert len(samples) == 2
    images, masks = samples.sample(1, np.random.default_rng(0))
    assert (images.shape, masks.shape) == ((3, 64, 64, 1), (3, 64, 64))
    assert masks.any((1, 2)).all()
    if augmentation == "none":
        assert np.array_equal(images[2, ..., 0], cases[3].pixels())
        wanted = [c.structures() for c in cases[1:]]
        assert any(
            all(np.array_equal(m, w[v]) for m, w in zip(masks, wanted, strict=True)) for v in wanted[0]
        )


def test_still_images_are_sampled_as_before(loops, tiny_config):
    assert type(samples_for(datasets.checked(loops).cases, tiny_config, "none", 0.0)) is Samples
    with pytest.raises(ValueError, match=r"run.windows is 0.3, but the 2 frames that go together stay whole"):
        samples_for([], replace(tiny_config, depth=2), "none", 0.3)


# Sessions, evaluation, training


def test_a_session_takes_a_frame_among_its_neighbours(tiny_model):
    model = tiny_model(STRUCTURE)
    frames = [np.random.default_rng(i).integers(0, 255, (40, 50), np.uint8) for i in range(3)]
    session = Session(model)
    session.set_frames(frames, 1)
    together = session.click(20, 20)
    session.set_image(frames[1])
    assert not np.array_equal(session.embedding[0].embedding, embedded(model, frames, 1))
    assert together.shape == (40, 50)
    session.set_frames(frames[1:2], 0)
    alone = session.embedding[0].embedding
    session.set_image(frames[1])
    assert torch.equal(alone, session.embedding[0].embedding)
    with pytest.raises(ValueError, match="expected frames of one size"):
        session.set_frames([frames[0], frames[1][:, 1:]], 0)
    with pytest.raises(ValueError, match="frame 3 of 3"):
        session.set_frames(frames, 3)


def embedded(model, frames, index):
    session = Session(model)
    session.set_frames(frames, index)
    return session.embedding[0].embedding


def test_evaluation_gives_each_frame_with_its_neighbours(loops, tiny_model):
    model, dataset = tiny_model(STRUCTURE), datasets.checked(loops)
    cases = [c for c in dataset.cases if c.group == "cine_00000"]
    session = Sessions(model, dataset.cases).on(cases[3])
    expected = embedded(model, [c.pixels() for c in cases[1:]], 2)
    assert torch.equal(session.embedding[0].embedding, expected)
    still = Case(id="alone", image=cases[0].image, group="alone", masks=cases[0].masks)
    session = Sessions(model, [still]).on(still)
    assert torch.equal(session.embedding[0].embedding, embedded(model, [still.pixels()], 0))
    scores = validate(model, cases, clicks=(1,))
    records = list(evaluate(model, [datasets.Dataset("loops", tuple(cases))], clicks=(1,), seeds=1))
    assert scores[1] == pytest.approx(np.mean([record.scores["dice"] for record in records]))


def test_training_takes_loops_as_groups_of_frames_and_goes_on_after_a_stop(
    loops, settings, tmp_path, drawn, monkeypatch
):
    schedule = {"name": "iterative", "iterations": 2}
    how = {"data": [str(loops)], "schedule": schedule, "augment": "samus", "model": STRUCTURE}
    whole = settings(**how)
    records = run(whole)
    assert events(records) == ["start", "base", "epoch", "epoch", "finish"]
    halved = settings(**how, out=str(tmp_path / "halved"))
    (tmp_path / "halved").mkdir()
    (tmp_path / "halved" / "stop").touch()
    assert events(run(halved)) == ["start", "base", "stopped"]
    assert events(run(halved)) == ["resume", "epoch", "epoch", "finish"]
    assert same(learned(whole), learned(halved))


def test_training_refuses_single_images_drawn_from_loops(loops, settings):
    with pytest.raises(ValueError, match=r"run.frames is 4, which draws single .* model.depth is 3: set it"):
        run(settings(data=[str(loops)], model=STRUCTURE, frames=4))


def test_training_refuses_groups_that_are_too_short_or_uneven(discs, settings, tmp_path):
    with pytest.raises(ValueError, match=r"model.depth is 3, but discs group 'disc\d' has 1 frame"):
        run(settings(data=[str(discs)], model=STRUCTURE))
    folder = tmp_path / "uneven"
    for kind in ("images", "masks"):
        (folder / kind).mkdir(parents=True)
        for index in range(6):
            side = 50 if index == 4 else 40
            Image.fromarray(np.full((40, side), 200, np.uint8)).save(folder / kind / f"{index}.png")
    groups = "\n".join(f"{index},{'ab'[index // 3]}" for index in range(6))
    (folder / "cases.csv").write_text(f"id,group\n{groups}\n")
    with pytest.raises(ValueError, match="uneven group 'b' has frames of 40 x 40 px and of 50 x 40 px"):
        run(settings(data=[str(folder)], validation=[str(discs)], model=STRUCTURE))


def test_loops_without_frames_are_refused(tmp_path):
    assert main(["phantoms", "--loops", "1", "--frames", "0", "--out", str(tmp_path / "out")]) == 2
    assert not (tmp_path / "out").exists()
