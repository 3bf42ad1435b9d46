"""What comes with SAMCA in the list of models: the shipped model and its adapters for one organ."""

from __future__ import annotations

import pytest
from model_files import adapter

from samca.model_files import source_path
from SAMCALib import Texts
from SAMCALib.Engine.EngineLogic import nameOf
from SAMCALib.Models.ModelLogic import ModelLogic, detailsText, purposeOf


@pytest.fixture
def logic(tmp_path, monkeypatch):
    monkeypatch.setattr("SAMCALib.Models.ModelLogic.SHIPPED", tmp_path / "shipped" / "samca.safetensors")
    return ModelLogic(tmp_path / "models")


def test_the_shipped_model_comes_first_and_cannot_be_removed(logic, tmp_path):
    adapter(logic.folder / "a.safetensors", name="A")
    adapter(tmp_path / "shipped" / "samca.safetensors", name="SAMCA small")
    first, second = logic.models()
    assert (first.name, first.source, first.removable) == ("SAMCA small", "shipped", "")
    assert second.name == "A"
    with pytest.raises(Texts.Refusal, match="belongs to SAMCA"):
        logic.remove("shipped")


def test_shipped_adapters_are_listed_by_organ_and_stay(tmp_path, monkeypatch):
    shipped = tmp_path / "shipped"
    monkeypatch.setattr("SAMCALib.Models.ModelLogic.SHIPPED", adapter(shipped / "samca.safetensors"))
    monkeypatch.setattr("samca.model_files.MODEL_FOLDERS", (shipped,))
    path = adapter(shipped / "samca_spleen.safetensors", name="SAMCA spleen", data="41 frames")
    logic = ModelLogic(tmp_path / "models")
    _general, spleen = logic.models()
    assert (spleen.name, spleen.source, purposeOf(spleen)) == ("SAMCA spleen", "spleen", "41 frames")
    assert source_path(spleen.source) == path
    assert nameOf(spleen.source) == spleen.name
    with pytest.raises(Texts.Refusal, match="belongs to SAMCA"):
        logic.remove("spleen")


def test_the_shipped_model_has_one_name_and_says_what_it_is_for():
    shipped = ModelLogic("nowhere").models()[0]
    assert shipped.name == nameOf("shipped") == "SAMCA small"
    assert purposeOf(shipped).startswith("breast, thyroid, nerves")
    assert "Licence: Apache-2.0" in detailsText(shipped)


def test_each_organ_says_what_it_is_for_and_its_name_is_that_of_its_file():
    _shipped, *organs = ModelLogic("nowhere").models()
    assert [model.source for model in organs] == ["breast", "fetal", "nerve", "thyroid"]
    for model in organs:
        assert model.name == nameOf(model.source)
        assert purposeOf(model) != model.data
