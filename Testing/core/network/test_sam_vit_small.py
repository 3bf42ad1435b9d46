"""The compact encoder: which sizes it refuses."""

import pytest

from samca.__main__ import main


@pytest.mark.parametrize(
    ("setting", "sentence"),
    [
        ("heads=0", "backbone.heads 0: expected at least 1"),
        ("depth=-3", "backbone.depth -3: expected at least 1"),
        ("width=0", "backbone.width 0: expected at least 1"),
        ("out_channels=-32", "backbone.out_channels -32: expected at least 1"),
        ("channels=[8,-8,8]", "expected multiples of 8, at least 8"),
        ("heads=7", "must be a multiple of backbone.heads 7"),
        ("out_channels=48", "backbone.out_channels 48: expected a multiple of 32"),
        ("channels=[8,8]", "expected tuple"),
    ],
)
def test_a_size_that_cannot_be_built_is_one_sentence(capsys, setting, sentence):
    assert main(["describe", "--backbone", "sam_vit_small", "--set", f"backbone.{setting}"]) == 2
    said = capsys.readouterr().err
    assert sentence in said
    assert said.count("\n") == 1
