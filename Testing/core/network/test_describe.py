"""The describe command: one object with the documented counts, and words where a setting is wrong."""

import json

import pytest

from samca.__main__ import main
from samca.config import with_settings
from samca.methods import METHODS
from samca.network.describe import PARTS, describe
from samca.network.model import build


def described(capsys, *words: str) -> dict:
    assert main(["describe", *words, "--json"]) == 0
    return json.loads(capsys.readouterr().out)


def test_layout_a_of_samca_on_vit_b(capsys):
    got = described(capsys, "--method", "samca", "--backbone", "sam_vit_b", "--set", "adapter.tie_sites=true")
    assert (got["trainable"], got["trainable_without_shared_projection"]) == (5_225_556, 5_148_756)
    assert got["parts"]["image_encoder"] == {"total": 89_670_912, "trainable": 0}
    assert got["parts"]["adapter"] == {"total": 1_167_216, "trainable": 1_167_216}
    assert got["parts"]["prompt_encoder"] == {"total": 6_220, "trainable": 0}
    assert got["parts"]["mask_decoder"] == {"total": 4_058_340, "trainable": 4_058_340}
    assert got["total"] == 93_735_472 + 1_167_216


def test_the_defaults_are_layout_b(capsys):
    assert described(capsys, "--backbone", "sam_vit_b")["trainable"] == 5_312_772


@pytest.mark.parametrize(
    "setting", ["adapter=bottleneck", "adapter.name=bottleneck", 'adapter={"name": "bottleneck"}']
)
def test_another_adapter_by_any_spelling(capsys, setting):
    assert described(capsys, "--backbone", "sam_vit_b", "--set", setting)["trainable"] == 11_159_268


def test_later_settings_reach_into_earlier_ones(capsys):
    words = ["--set", "backbone=sam_vit_l", "--set", "adapter=bottleneck", "--set", "adapter.sites=mlp"]
    got = described(capsys, *words)
    assert got["config"]["adapter"] == {"name": "bottleneck", "sites": "mlp"}
    assert got["parts"]["image_encoder"]["total"] == 308_278_272


def test_counts_are_those_of_a_real_model(tiny_config):
    model, got = build(tiny_config), describe(tiny_config)
    assert got["total"] == sum(p.numel() for p in model.parameters())
    assert got["trainable"] == sum(p.numel() for p in model.parameters() if p.requires_grad)
    assert tuple(got["parts"]) == PARTS


def test_plain_sam_trains_everything():
    got = describe(METHODS["sam"])
    assert got["trainable"] == got["total"] == 93_735_472
    partly = describe(with_settings(METHODS["sam"], "model", {"tuned": ["image_encoder.neck"]}))
    assert 0 < partly["trainable"] == partly["parts"]["image_encoder"]["trainable"] < 1_000_000


def test_the_table_has_a_line_for_each_part(capsys):
    assert main(["describe", "--backbone", "sam_vit_b"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines[1 : len(PARTS) + 1]] == list(PARTS)
    assert "5,312,772" in lines[len(PARTS) + 1]


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["--method", "samka"], "model.method 'samka' is not one of"),
        (["--backbone", "vit_b"], "backbone 'vit_b' is not one of"),
        (["--set", "adapter.rank=0"], "adapter.rank 0"),
        (["--set", "adapter.rnk=1"], "adapter.rnk is unknown: expected one of"),
        (["--set", "adapter"], "expected NAME=VALUE"),
        (["--set", "image_size=100"], "model.image_size is 100: expected a multiple of 16"),
        (["--set", 'tuned=["nose"]'], "tuned part 'nose' does not exist"),
    ],
)
def test_a_wrong_setting_ends_with_one_sentence(capsys, words, sentence):
    assert main(["describe", *words]) == 2
    printed = capsys.readouterr()
    assert printed.out == ""
    assert sentence in printed.err
    assert len(printed.err.splitlines()) == 1
