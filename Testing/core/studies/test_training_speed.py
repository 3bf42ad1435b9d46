"""A training of ours and a plain loop over the package learn the same, and both are measured."""

import pytest

from samca.commands.benchmark import training_as_text
from samca.studies import training_speed
from samca.studies.training_speed import Row, Run


@pytest.fixture
def small_vit(monkeypatch):
    """An encoder of the package's form that fits into a test."""
    tiny = {"embed_dim": 32, "depth": 2, "num_heads": 2, "global_attn_indexes": (1,)}
    monkeypatch.setitem(training_speed.SIZES, "sam_vit_b", tiny)


@pytest.mark.parametrize("tuned", [["mask_decoder"], ["image_encoder", "prompt_encoder", "mask_decoder"]])
def test_from_the_same_weights_and_clicks_both_loops_come_to_the_same_losses(small_vit, tuned, tmp_path):
    training_speed._write_frames(tmp_path / "frames", 8)
    settings = {"backbone": "sam_vit_b", "tuned": tuned}
    runs = [
        training_speed._run(take, settings, str(tmp_path), "cpu", "float32")
        for take in (training_speed._plain, training_speed._ours)
    ]
    row = Row("small", *runs)
    assert len(row.plain.losses) == training_speed.EPOCHS * training_speed.FRAMES // training_speed.BATCH
    assert row.plain.losses[0] != row.plain.losses[-1]
    assert row.apart < 1e-3


def test_a_table_has_speeds_memory_and_how_far_losses_are_apart():
    row = Row("ViT-B, decoder", Run(1.0, 2.0, 900.0, [1.0, 0.5]), Run(1.5, 8.0, 300.0, [1.0, 0.505]))
    *_head, line = training_as_text([row]).splitlines()
    assert line.split() == ["ViT-B,", "decoder", "2.00", "8.00", "4.00", "1.50", "900", "300", "0.0100"]
