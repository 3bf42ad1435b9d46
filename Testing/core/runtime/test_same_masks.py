"""ONNX Runtime and torch say the same of every prompt, on simulated frames and on real ones."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from pointed import every_kind
from samca import Session, model_files, phantoms
from samca.export import halves, whole
from samca.network.devices import threads_for
from samca.runtime import loading
from samca.runtime.graph_model import GraphModel
from samca.weights import checkpoint

REAL = Path(__file__).parents[3].parent / "shared/data"
SETS = ("busi", "ddti", "dltrack", "hc18", "mmotu", "psfhs", "usgra")
CLOSE = 1e-3  # of logits


@pytest.fixture(scope="module")
def by_torch():
    return checkpoint.load()


@pytest.fixture(scope="module")
def by_graph():
    return loading.load()


@pytest.fixture(scope="module")
def given_away(by_torch, tmp_path_factory):
    path = tmp_path_factory.mktemp("given") / "model.onnx"
    whole.write(by_torch, path, halves.about_of(by_torch, model_files.Provenance()))
    return loading.load(path)


def phantom(seed):
    return phantoms.make(np.random.default_rng(seed), lesions=2).image


def compare(one, other, frame):
    """Assert that two engines say the same of a frame, and of the windows in it."""
    with threads_for(one):
        sessions = Session(one), Session(other)
        for session in sessions:
            session.set_image(frame)
        for name, prompts in every_kind(*frame.shape[:2]).items():
            said, also = (session.predict(prompts) for session in sessions)
            assert np.abs(said.logits - also.logits).max() < CLOSE, name
            assert abs(said.iou - also.iou) < CLOSE, name
            assert (said.mask == also.mask).mean() > 0.9999, name


@pytest.mark.parametrize("seed", [0, 1])
def test_of_a_simulated_frame_the_same_is_said_for_every_prompt(seed, by_torch, by_graph):
    compare(by_torch, by_graph, phantom(seed))


def test_a_file_to_give_away_says_the_same(by_torch, given_away):
    compare(by_torch, given_away, phantom(2))


@pytest.mark.skipif(not REAL.is_dir(), reason="the frames in ../shared/data are not here")
@pytest.mark.parametrize("name", SETS)
def test_of_the_first_frame_of_a_validation_set_the_same_is_said(name, by_torch, by_graph):
    first = min((REAL / name / "val" / "images").iterdir())
    compare(by_torch, by_graph, np.asarray(Image.open(first)))


def test_a_click_after_another_uses_the_logits_before_it(by_torch, by_graph):
    frame, clicks = phantom(3), every_kind(384, 512)["clicks with ones outside"].clicks
    masks = []
    for model in (by_torch, by_graph):
        session = Session(model)
        session.set_image(frame)
        masks.append([session.click(click.x, click.y, click.positive) for click in clicks][-1])
    assert by_graph.config.feedback == "last"
    assert (masks[0] == masks[1]).mean() > 0.9999


def test_a_file_from_before_there_were_other_outlines_has_one(by_graph):
    older = GraphModel(replace(by_graph.about, alternatives=False), by_graph._encoder, by_graph._decoder)
    session, also = Session(older), Session(by_graph)
    for each in (session, also):
        each.set_image(phantom(4))
        each.click(256, 192)
        each.another()
    assert older.about.decoded == ("logits", "iou")
    assert session.predict(session.prompts).outline == (0, 1)
    also.undo()
    assert (session.mask == also.mask).mean() > 0.9999


def test_all_objects_of_a_batch_are_answered_as_each_alone(by_graph):
    rng = np.random.default_rng(0)
    pictures = rng.uniform(0, 255, (3, 256, 256, 3)).astype(np.float32)
    given = every_kind(256, 256)["clicks with ones outside"]
    prompts = [given, given.mirrored(256), given.moved(0, 40.0, 200.0)]
    together, _ = by_graph.predict_each(by_graph.embed_each(pictures), prompts, None)
    for picture, each, logits in zip(pictures, prompts, together, strict=True):
        alone, _ = by_graph.predict(by_graph.embed(picture), each)
        assert np.abs(logits - alone).max() < CLOSE
