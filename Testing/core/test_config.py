"""Settings that are checked by name, type and range, and travel through JSON unchanged."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from samca.config import (
    FEEDBACK,
    ModelConfig,
    Part,
    TrainConfig,
    check_options,
    from_json,
    parse_setting,
    to_json,
    with_settings,
)
from samca.methods import METHODS
from samca.network.adapters import ADAPTERS
from samca.network.fusion import FUSIONS
from samca.prompts.geometry import FITS

words = st.from_regex(r"[a-z_]{1,12}", fullmatch=True)
option_values = st.one_of(
    st.integers(-99, 99),
    st.booleans(),
    words,
    st.floats(-9, 9),
    st.lists(st.integers(), max_size=3).map(tuple),
)
parts = st.builds(
    Part, words, st.dictionaries(words.filter(lambda w: w != "name"), option_values, max_size=3)
)
configs = st.builds(
    ModelConfig,
    method=words,
    backbone=parts,
    adapter=parts,
    fusion=parts,
    tuned=st.lists(words, max_size=3).map(tuple),
    image_size=st.integers(2, 64).map(lambda n: 16 * n),
    fit=st.sampled_from(FITS),
    intensities=st.sampled_from(["normalized", "unit"]),
    best_of_three=st.booleans(),
    feedback=st.sampled_from(FEEDBACK),
)
FIELDS = set(to_json(ModelConfig()))
SHARES = ("sure_iou", "sure_stability")


@given(configs)
def test_a_config_comes_back_from_json(config):
    assert from_json(ModelConfig, json.loads(json.dumps(to_json(config))), "model") == config


@given(words.filter(lambda word: word not in FIELDS))
def test_an_unknown_key_is_named_with_the_right_ones(key):
    with pytest.raises(
        ValueError, match=rf"model\.{key} is unknown: expected one of adapter, backbone"
    ) as error:
        from_json(ModelConfig, {key: 1}, "model")
    assert "image_size" in str(error.value)


@given(
    st.sampled_from(sorted(FIELDS - {"zoom", *SHARES})),  # in these a float may be right
    st.one_of(st.none(), st.floats(), st.complex_numbers(), st.binary()),
)
def test_a_wrong_type_is_named(key, value):
    with pytest.raises(ValueError, match=rf"model\.{key} is "):
        from_json(ModelConfig, {key: value}, "model")


@pytest.mark.parametrize("zoom", ["2", None, True, -1.0, 0.5, 11.0, float("nan")])
def test_a_zoom_that_would_cut_a_structure_or_is_no_number_is_refused(zoom):
    with pytest.raises(ValueError, match=r"model\.zoom is "):
        from_json(ModelConfig, {"zoom": zoom}, "model")


@pytest.mark.parametrize("key", SHARES)
@given(value=st.one_of(st.none(), st.booleans(), st.text(), st.floats().filter(lambda x: not 0 <= x <= 1)))
def test_a_share_that_is_none_or_of_wrong_type_is_refused(key, value):
    with pytest.raises(ValueError, match=rf"model\.{key} is "):
        from_json(ModelConfig, {key: value}, "model")


@given(st.one_of(st.integers(max_value=31), st.integers(min_value=1025)))
def test_an_image_size_out_of_range_is_refused(size):
    with pytest.raises(ValueError, match=rf"model\.image_size is {size}: expected at (least 32|most 1024)"):
        ModelConfig(image_size=size)


@given(st.integers(32, 1024).filter(lambda size: size % 16))
def test_an_image_size_must_be_a_multiple_of_the_patch(size):
    with pytest.raises(ValueError, match="expected a multiple of 16"):
        ModelConfig(image_size=size)


def test_yes_is_not_a_number():
    with pytest.raises(ValueError, match=r"model\.image_size is True"):
        ModelConfig(image_size=True)


def test_a_choice_lists_what_may_be_chosen():
    with pytest.raises(ValueError, match=r"model\.fit is 'crop': expected one of squash, pad"):
        ModelConfig(fit="crop")


def test_settings_by_dotted_name_reach_into_parts():
    config = with_settings(
        ModelConfig(), "model", {"adapter.rank": 64, "adapter.tied": False, "image_size": 512}
    )
    assert config.adapter == Part("shared_weight", {"rank": 64, "tied": False})
    assert config.image_size == 512
    assert config.fusion == ModelConfig().fusion


@pytest.mark.parametrize("setting", [{"adapter": "bottleneck"}, {"adapter.name": "bottleneck"}])
def test_naming_another_part_drops_the_options_of_the_old_one(setting):
    config = with_settings(ModelConfig(adapter=Part("shared_weight", {"rank": 7})), "model", setting)
    assert config.adapter == Part("bottleneck")


def test_naming_the_same_part_keeps_its_options():
    part = Part("shared_weight", {"rank": 7})
    assert (
        with_settings(ModelConfig(adapter=part), "model", {"adapter.name": "shared_weight"}).adapter == part
    )


@pytest.mark.parametrize("dotted", ["adaptor.rank", "image_size.px", "adapter.rank.value"])
def test_a_dotted_name_that_leads_nowhere_is_named(dotted):
    with pytest.raises(ValueError, match=dotted.replace(".", r"\.")):
        with_settings(ModelConfig(adapter=Part("shared_weight", {"rank": 7})), "model", {dotted: 1})


def test_setting_leaves_the_defaults_of_methods_alone():
    before = to_json(METHODS["samca"])
    with_settings(METHODS["samca"], "model", {"adapter.rank": 1, "tuned": ["image_encoder"]})
    assert to_json(METHODS["samca"]) == before


@pytest.mark.parametrize(
    ("text", "parsed"),
    [
        ("adapter.rank=64", ("adapter.rank", 64)),
        ("adapter.tie_sites=true", ("adapter.tie_sites", True)),
        ("adapter=bottleneck", ("adapter", "bottleneck")),
        ('tuned=["mask_decoder"]', ("tuned", ["mask_decoder"])),
        ("data=a=b", ("data", "a=b")),
    ],
)
def test_a_setting_is_read_from_text(text, parsed):
    assert parse_setting(text) == parsed


@pytest.mark.parametrize("text", ["", "rank", "=3"])
def test_text_that_is_no_setting_is_refused(text):
    with pytest.raises(ValueError, match="expected NAME=VALUE"):
        parse_setting(text)


@pytest.mark.parametrize("value", [3, None, [], {}, {"name": 3}, {"rank": 4}])
def test_a_part_is_a_name_or_an_object_with_one(value):
    with pytest.raises(ValueError, match=r"model\.adapter is .*: expected a name or an object with 'name'"):
        from_json(ModelConfig, {"adapter": value}, "model")


def test_options_are_those_of_the_entry_itself():
    with pytest.raises(ValueError, match=r"fusion\.zeta is unknown: expected one of no option"):
        Part("single", {"zeta": 1.0}).make("fusion", FUSIONS)
    with pytest.raises(ValueError, match=r"fusion\.args is unknown"):
        Part("joined", {"args": 1}).make("fusion", FUSIONS)
    with pytest.raises(ValueError, match=r"adapter\.encoder is unknown"):
        check_options("adapter", ADAPTERS["shared_weight"], {"encoder": 1}, skip=1)
    with pytest.raises(ValueError, match=r"fusion 'sun' is not one of concat, dynamic, joined, single, sum"):
        Part("sun").make("fusion", FUSIONS)


def test_whole_numbers_pass_where_fractions_are_expected():
    assert Part("joined", {"zeta": 5}).make("fusion", FUSIONS).zeta == 5


def test_every_method_names_parts_that_exist():
    for name, method in METHODS.items():
        assert method.method == name
        assert method.adapter.name in ADAPTERS
        assert method.fusion.name in FUSIONS


def test_training_settings_come_back_from_json():
    settings = {"learning_rate": 1e-3, "loss.dice": 0.5, "schedule": "iterative"}
    config = with_settings(TrainConfig(data=("frames",), out="run"), "run", settings)
    assert config.loss.dice == 0.5
    assert from_json(TrainConfig, json.loads(json.dumps(to_json(config))), "run") == config


def test_a_setting_without_a_default_that_is_missing_is_named():
    with pytest.raises(ValueError, match=r"run\.out is missing"):
        from_json(TrainConfig, {"data": ["frames"]}, "run")
