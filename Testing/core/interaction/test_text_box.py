"""Boxes from words: the real Grounding DINO class with random weights, and what happens without it."""

import json

import numpy as np
import pytest
import torch
from PIL import Image

import samca
from samca.__main__ import main
from samca.interaction import text_box
from samca.interaction.text_box import TextBox, default_target, sentence_for
from samca.prompts import Box

GRAY = np.random.default_rng(0).integers(0, 256, (48, 64), np.uint8)
SMALL = {
    "num_queries": 6, "d_model": 32, "encoder_layers": 1, "decoder_layers": 2, "encoder_ffn_dim": 16,
    "decoder_ffn_dim": 16, "encoder_attention_heads": 2, "decoder_attention_heads": 2,
}  # fmt: skip
SWIN = {
    "image_size": 64, "embed_dim": 8, "depths": [1, 1, 1, 1], "num_heads": [1, 1, 1, 1], "window_size": 4,
    "out_features": ["stage2", "stage3", "stage4"],
}  # fmt: skip
BERT = {"hidden_size": 16, "num_hidden_layers": 1, "num_attention_heads": 2, "intermediate_size": 16}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A detector as its authors publish it, but tiny and of random weights."""
    import transformers
    from transformers.models.grounding_dino.image_processing_pil_grounding_dino import (
        GroundingDinoImageProcessorPil,
    )

    folder = tmp_path_factory.mktemp("detector")
    words = sorted({*sentence_for("breast lesion").replace(",", " , ").replace(".", " . ").split(), "nerve"})
    vocabulary = {w: i for i, w in enumerate(["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *words])}
    tokenizer = transformers.BertTokenizerFast(vocab=vocabulary)
    processor = transformers.GroundingDinoProcessor(
        GroundingDinoImageProcessorPil(size={"shortest_edge": 64, "longest_edge": 96}), tokenizer
    )
    processor.save_pretrained(folder)
    torch.manual_seed(0)
    config = transformers.GroundingDinoConfig(
        backbone_config=transformers.SwinConfig(**SWIN),
        text_config=transformers.BertConfig(vocab_size=len(vocabulary), **BERT),
        **SMALL,
    )
    transformers.GroundingDinoForObjectDetection(config).save_pretrained(folder)
    return folder


def test_the_target_stands_in_the_sentence_in_small_letters():
    text = sentence_for("  Breast   Lesion ")
    assert "the breast lesion in an ultrasound image" in text
    assert "[" not in text
    assert text.endswith(".")


@pytest.mark.parametrize("target", ["", "   ", ".", "\n"])
def test_an_empty_target_is_refused(target):
    with pytest.raises(ValueError, match="is empty: say what to look for"):
        sentence_for(target)


def test_each_dataset_has_its_target():
    assert default_target("busi") == default_target("BUSI/val") == "breast lesion"
    assert default_target("tn3k") == "thyroid nodule"
    with pytest.raises(ValueError, match="'knees' has no target among busi"):
        default_target("knees")


def test_the_best_box_is_that_of_the_highest_score_over_the_words_of_the_target(folder):
    detector = TextBox(folder)
    text = sentence_for("breast lesion")
    words = detector._words_of_target(text)
    tokens = detector.processor.tokenizer(text)["input_ids"]
    names = detector.processor.tokenizer.convert_ids_to_tokens([tokens[i] for i in words])
    assert names == ["breast", "lesion"]
    box = detector.find(GRAY, "breast lesion", threshold=0.0)
    seen = {}

    def given(**inputs):
        seen.update(inputs)
        found = plain(**inputs)
        found.logits[:] = -9.0
        found.logits[0, 3, words[1]] = 2.0  # query 3 fits the target
        found.logits[0, 1, words[1] + 1] = 4.0  # query 1 fits another word
        found.pred_boxes[0, 3] = torch.tensor([0.5, 0.25, 0.25, 0.5])
        return found

    plain, detector.model.forward = detector.model.forward, given
    assert box is not None
    assert detector.find(GRAY, "breast lesion") == Box(24, 0, 39, 23)
    assert seen["pixel_values"].shape[:2] == (1, 3)
    assert detector.find(GRAY, "breast lesion", threshold=0.9) is None


def test_boxes_stay_inside_the_image_and_keep_a_size():
    assert text_box._in_pixels([0.0, 1.0, 3.0, 0.0], 48, 64) == Box(0, 46, 63, 47)
    assert text_box._in_pixels([1.0, 0.0, 0.0, 0.0], 48, 64) == Box(62, 0, 63, 1)


def test_a_folder_without_a_detector_is_refused(folder, tmp_path):
    with pytest.raises(FileNotFoundError, match="no detector in"):
        TextBox(tmp_path)
    (tmp_path / "config.json").write_text(json.dumps({"model_type": "bert"}))
    with pytest.raises(ValueError, match="holds no Grounding DINO that can be read"):
        TextBox(tmp_path)


def test_without_the_package_the_message_names_the_extra(monkeypatch, tmp_path):
    monkeypatch.setattr(text_box, "find_spec", lambda name: None)
    assert not text_box.available()
    with pytest.raises(RuntimeError, match=r"pip install 'samca\[text\]'"):
        TextBox(tmp_path)


# samca segment --target


class Finder:
    """Finds what it is told to."""

    def __init__(self, box):
        self.box, self.asked = box, []

    def find(self, pixels, target):
        self.asked.append((pixels.shape, target))
        return self.box


@pytest.fixture
def segment(monkeypatch, tmp_path, tiny_model, capsys):
    """`samca segment` with a detector that finds `box`: (exit code, error, detector)."""
    Image.fromarray(GRAY).save(tmp_path / "frame.png")
    monkeypatch.setattr(samca, "load", lambda *_source, **_options: tiny_model().eval())

    def run(box, *words):
        finder = Finder(box)
        monkeypatch.setattr(text_box, "TextBox", lambda folder: finder)
        line = ["segment", str(tmp_path / "frame.png"), "--out", str(tmp_path / "mask.png"), *words]
        return main(line), capsys.readouterr().err, finder

    return run


def test_words_become_the_box_of_the_mask(segment, tmp_path):
    code, _, finder = segment(Box(10, 8, 30, 28), "--target", "nerve", "--detector", "folder")
    assert code == 0
    assert finder.asked == [((48, 64), "nerve")]
    by_words = (tmp_path / "mask.png").read_bytes()
    assert segment(None, "--box", "10,8,30,28")[0] == 0
    assert (tmp_path / "mask.png").read_bytes() == by_words


def test_where_nothing_is_found_a_click_is_asked_for(segment):
    code, error, _ = segment(None, "--target", "nerve", "--detector", "folder")
    assert code == 2
    assert "no nerve was found in" in error
    assert "--click x,y" in error


def test_where_nothing_is_found_a_click_that_was_given_is_used(segment):
    code, _, finder = segment(None, "--target", "nerve", "--detector", "folder", "--click", "20,20")
    assert code == 0
    assert len(finder.asked) == 1


def test_a_target_without_a_detector_and_an_empty_target_are_refused(segment):
    code, error, _ = segment(None, "--target", "nerve")
    assert (code, "--target needs --detector" in error) == (2, True)
    code, error, finder = segment(Box(1, 1, 5, 5), "--target", " ", "--detector", "folder")
    assert (code, "is empty: say what to look for" in error, finder.asked) == (2, True, [])
