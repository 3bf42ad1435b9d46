"""SAM 2: names and shapes of Meta's and Hugging Face's files, equality with the model of transformers."""

import json
import math
import re
import sys
from collections import Counter

import pytest
import torch
from safetensors.torch import save_file

from sam2_names import HUGGING_FACE, META, decoder, hugging_face_file, meta_file, prompts, trunk
from samca.__main__ import main
from samca.config import TrainConfig, from_json, with_settings
from samca.interaction.session import Session
from samca.methods import METHODS
from samca.network import sam
from samca.network.backbones import BACKBONES, sam2
from samca.network.model import build, build_base
from samca.prompts import Box, Click, Prompts
from samca.prompts.pointing import collate
from samca.training.starting_point import starting_model
from samca.weights import checkpoint, published

SIZES = {  # width, blocks of the stages, first window, side of the position table
    "sam2_tiny": (96, (1, 2, 7, 2), 8, 7),
    "sam2_small": (96, (1, 2, 11, 2), 8, 7),
    "sam2_base_plus": (112, (2, 3, 16, 3), 8, 14),
    "sam2_large": (144, (2, 6, 36, 4), 8, 7),
}
NARROW = (16, (1, 2, 2, 1), 8, 7)
SIDE = 128

# Names and shapes as the public code of both projects makes them

FILES = {"meta": meta_file, "hugging_face": hugging_face_file}


def empty(shapes) -> dict[str, torch.Tensor]:
    with torch.device("meta"):
        return {name: torch.empty(shape) for name, shape in shapes.items()}


@pytest.fixture
def narrow(monkeypatch):
    """A fifth size, 16 wide."""
    sizes = {"width": 16, "heads": 1, "depths": NARROW[1], "global_blocks": (4,)}
    monkeypatch.setitem(sam2.SIZES, "sam2_16", sizes)
    monkeypatch.setitem(BACKBONES, "sam2_16", lambda: sam2.build("sam2_16"))


def random_file(kind: str) -> dict[str, torch.Tensor]:
    return {name: 0.1 * torch.randn(shape) for name, shape in FILES[kind](*NARROW).items()}


@pytest.mark.parametrize("kind", FILES)
@pytest.mark.parametrize("size", SIZES)
def test_official_names_and_shapes_fit_to_the_last_tensor(size, kind):
    state = empty(FILES[kind](*SIZES[size]))
    config, base, adapter = published.recognise({"model": state} if kind == "meta" else state, "sam2.pt")
    assert (config.backbone.name, config.image_size, config.fit, adapter) == (size, 1024, "squash", {})
    with torch.device("meta"):
        expected = {name: tensor.shape for name, tensor in build_base(config).state_dict().items()}
    assert {name: tensor.shape for name, tensor in base.items()} == expected


def test_both_files_of_the_same_tensors_are_the_same_model(narrow, tmp_path):
    meta = random_file("meta")
    hugging_face = translated(meta)
    assert {name: t.shape for name, t in hugging_face.items()} == without_memory(hugging_face_file(*NARROW))
    torch.save({"model": meta}, tmp_path / "sam2.1_hiera_tiny.pt")
    save_file(hugging_face, tmp_path / "model.safetensors", {"format": "pt"})
    first, second = (
        checkpoint.load(tmp_path / name, settings={"image_size": 64}).state_dict()
        for name in ("sam2.1_hiera_tiny.pt", "model.safetensors")
    )
    assert list(first) == list(second)
    assert all(torch.equal(tensor, second[name]) for name, tensor in first.items())


def without_memory(shapes):
    others = ("memory_", "mask_downsample", "object_", "temporal_", "no_memory_pos", "no_object", "occlusion")
    return {name: torch.Size(shape) for name, shape in shapes.items() if not name.startswith(others)}


def translated(meta: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    """Meta's tensors by Hugging Face's names: both lists are made by the same rules in the same order."""
    rules = ((trunk, NARROW), (prompts, ()), (decoder, ()))
    pairs = [
        pair
        for rule, size in rules
        for pair in zip(rule(META, *size), rule(HUGGING_FACE, *size), strict=True)
    ]
    state = {theirs: meta[name] for name, theirs in pairs}
    points = [meta[f"sam_prompt_encoder.point_embeddings.{i}.weight"] for i in range(4)]
    gaussian = meta["sam_prompt_encoder.pe_layer.positional_encoding_gaussian_matrix"]
    state |= {
        "prompt_encoder.point_embed.weight": torch.cat(points),
        "no_memory_embedding": meta["no_mem_embed"],
    }
    state["shared_image_embedding.positional_embedding"] = gaussian.clone()
    return state | {"prompt_encoder.shared_embedding.positional_embedding": gaussian.clone()}


# The public package that defines the model


@pytest.fixture(scope="module")
def theirs():
    """A narrow model of transformers with random weights, for images of SIDE px."""
    import transformers  # takes seconds

    width, depths, _, table = NARROW
    stages = [width * 2**stage for stage in range(4)]
    backbone = transformers.models.sam2.Sam2HieraDetConfig(
        hidden_size=width, blocks_per_stage=list(depths), embed_dim_per_stage=stages,
        num_attention_heads_per_stage=[1, 2, 4, 8], global_attention_blocks=[4],
        window_positional_embedding_background_size=[table, table],
    )  # fmt: skip
    vision = {
        "backbone_config": backbone,
        "backbone_channel_list": stages[::-1],
        "backbone_feature_sizes": [[SIDE // stride] * 2 for stride in (4, 8, 16)],
    }
    config = transformers.Sam2Config(vision_config=vision, prompt_encoder_config={"image_size": SIDE})
    torch.manual_seed(0)
    model = transformers.Sam2Model(config).eval()
    for parameter in model.parameters():
        parameter.data += 0.05 * torch.randn(parameter.shape)
    shared = model.shared_image_embedding.positional_embedding
    model.prompt_encoder.shared_embedding.positional_embedding.data.copy_(shared)
    return model


@pytest.fixture
def ours(theirs, narrow, tmp_path):
    save_file(
        {k: v.contiguous().clone() for k, v in theirs.state_dict().items()}, tmp_path / "model.safetensors"
    )
    return checkpoint.load(tmp_path / "model.safetensors", settings={"image_size": SIDE})


POINTING = {
    "a click": Prompts((Click(30, 40),)),
    "clicks": Prompts((Click(30, 40), Click(100, 90, False))),
    "a box": Prompts((), Box(20, 30, 100, 110)),
    "a box and a click": Prompts((Click(60, 40, False),), Box(20, 30, 100, 110)),
}


def asked(theirs, image, pointing: Prompts, **options):
    if pointing.clicks:
        options["input_points"] = torch.tensor([[[[c.x, c.y] for c in pointing.clicks]]])
        options["input_labels"] = torch.tensor([[[int(c.positive) for c in pointing.clicks]]])
    if pointing.box:
        box = pointing.box
        options["input_boxes"] = torch.tensor([[[box.x0, box.y0, box.x1, box.y1]]])
    return theirs(pixel_values=image, multimask_output=False, **options)


@pytest.mark.parametrize("stable", [True, False])
@pytest.mark.parametrize("name", POINTING)
@torch.inference_mode()
def test_masks_scores_and_features_are_those_of_transformers(name, stable, theirs, ours, monkeypatch):
    threshold = 0.0 if stable else 1.1  # of both: never, or always the best of the three
    monkeypatch.setattr(theirs.mask_decoder, "dynamic_multimask_stability_thresh", threshold)
    monkeypatch.setattr(sam, "STABLE", threshold)
    image = torch.rand(1, 3, SIDE, SIDE) * 255
    expected = asked(theirs, (image - ours.pixel_mean) / ours.pixel_std, POINTING[name])
    features = ours.encode(image)
    for got, wanted in zip((*features.fine, features.embedding), expected.image_embeddings, strict=True):
        assert wanted.std() > 0.01
        torch.testing.assert_close(got, wanted, rtol=0, atol=1e-5)
    logits, iou = ours.predict(features, POINTING[name])
    torch.testing.assert_close(torch.from_numpy(logits), expected.pred_masks[0, 0, 0], rtol=0, atol=1e-5)
    assert iou == pytest.approx(float(expected.iou_scores), abs=1e-5)
    sparse = ours._sparse(collate([POINTING[name]], ours.device))
    dense = ours._dense(None, 1)
    score = ours.mask_decoder.object_score(
        features.embedding, ours.prompt_encoder.get_dense_pe(), sparse, dense, features.fine
    )
    assert float(score) == pytest.approx(float(expected.object_score_logits), abs=1e-5)


@torch.inference_mode()
def test_the_fine_features_take_part_in_the_mask(ours):
    features = ours.encode(torch.rand(1, 3, SIDE, SIDE) * 255)
    logits, _ = ours.predict(features, POINTING["a click"])
    for index in range(2):
        fine = list(features.fine)
        fine[index] = torch.zeros_like(fine[index])
        other, _ = ours.predict(features._replace(fine=tuple(fine)), POINTING["a click"])
        assert abs(other - logits).max() > 1e-4


def test_stability_by_hand():
    logits = torch.tensor([[[[1.0, 0.06], [0.01, -0.01]]], [[[-1.0, -1.0], [-1.0, -1.0]]]])
    assert sam.stability(logits).tolist() == [[0.5], [1.0]]  # 2 of 4 pixels stay; an empty mask is stable


def test_the_trained_mask_is_not_replaced_in_training_nor_unless_asked_for(ours, monkeypatch):
    monkeypatch.setattr(sam, "STABLE", 1.1)
    features = ours.encode(torch.rand(1, 3, SIDE, SIDE) * 255)
    pointing = [collate([POINTING["a click"]], ours.device)]
    replaced, _ = ours.decode(features, pointing)
    training, _ = ours.train().decode(features, pointing)
    ours.eval().mask_decoder.replace_unstable = False
    usual, _ = ours.decode(features, pointing)
    assert torch.equal(training, usual)
    assert not torch.allclose(replaced, usual)
    assert ours.config.replace_unstable
    assert not METHODS["samca"].replace_unstable


@pytest.mark.parametrize("size", SIZES)
def test_describe_counts_the_parts(size, capsys):
    assert main(["describe", "--method", "sam", "--backbone", size, "--json"]) == 0
    parts = json.loads(capsys.readouterr().out)["parts"]
    counts = {name: math.prod(shape) for name, shape in meta_file(*SIZES[size]).items()}
    encoder = ("image_encoder.", "no_mem_embed", "sam_mask_decoder.conv_s")
    fine = sum(n for name, n in counts.items() if name.startswith("sam_mask_decoder.conv_s"))
    decoder = sum(n for name, n in counts.items() if name.startswith("sam_mask_decoder."))
    assert parts["image_encoder"]["total"] == sum(n for name, n in counts.items() if name.startswith(encoder))
    assert parts["mask_decoder"]["total"] == decoder - fine == 4_058_340 + 256 + 2 * (256 * 256 + 256) + 257
    assert parts["prompt_encoder"]["total"] == 6_220


# Use, and bad files


def test_a_session_segments_a_frame_that_is_no_square(narrow, tmp_path):
    torch.save({"model": random_file("meta")}, tmp_path / "sam2.pt")
    session = Session(checkpoint.load(tmp_path / "sam2.pt", settings={"image_size": 96}))
    session.set_image(torch.randint(0, 256, (60, 90), dtype=torch.uint8).numpy())
    assert session.click(40, 30).shape == (60, 90)
    assert session.click(50, 20, False).shape == (60, 90)
    assert 0 <= session.iou <= 1


@pytest.mark.parametrize("name", ["sam2.pt", "model.safetensors"])
def test_training_starts_from_a_published_file_at_the_size_of_the_method(name, narrow, tmp_path):
    path = tmp_path / name
    if path.suffix == ".pt":
        torch.save({"model": random_file("meta")}, path)
    else:
        save_file(random_file("hugging_face"), path, {"format": "pt"})
    run = {"data": ["d"], "out": str(tmp_path), "base": str(path), "model": {"adapter.rank": 4}}
    model, base = starting_model(from_json(TrainConfig, run, "run"), tmp_path)
    assert base == path
    assert (model.config.backbone.name, model.config.image_size) == ("sam2_16", METHODS["samca"].image_size)
    assert not model.config.replace_unstable
    table = checkpoint.load(path).image_encoder.trunk.pos_embed
    assert torch.equal(model.image_encoder.trunk.pos_embed, table)


def test_no_package_is_needed_that_sam_does_not_need(narrow, monkeypatch):
    monkeypatch.setitem(sys.modules, "transformers", None)
    model = build(with_settings(METHODS["samca"], "model", {"backbone": "sam2_16", "image_size": 64}))
    assert model.encode(torch.zeros(1, 3, 64, 64)).embedding.shape == (1, 256, 4, 4)


def test_a_side_that_windows_do_not_divide_is_refused():
    with pytest.raises(ValueError, match="image_size is 272: sam2_tiny expects a multiple of 32"):
        build(with_settings(METHODS["samca"], "model", {"backbone": "sam2_tiny", "image_size": 272}))


@pytest.mark.parametrize("kind", FILES)
def test_other_stages_are_refused_with_what_was_found_and_expected(kind):
    state = empty(FILES[kind](96, (1, 2, 9, 2), 8, 7))
    expected = re.escape("other.pt holds a SAM 2 encoder of width 96 with (1, 2, 9, 2) blocks in its stages")
    with pytest.raises(ValueError, match=expected + r".*sam2_small 96 and \(1, 2, 11, 2\)"):
        published.recognise(state, "other.pt")


def test_another_size_is_refused_by_both_names(narrow, tmp_path):
    torch.save({"model": random_file("meta")}, tmp_path / "narrow.pt")
    model = build_base(with_settings(METHODS["samca"], "model", {"backbone": "sam2_tiny"}))
    with pytest.raises(ValueError, match=r"narrow\.pt holds weights of sam2_16: expected sam2_tiny"):
        checkpoint.load_base_into(model, tmp_path / "narrow.pt")


@pytest.mark.parametrize("change", ["missing", "extra", "shape"])
def test_a_file_that_does_not_fit_is_refused_by_the_name_of_the_tensor(change, narrow, tmp_path):
    state, name = random_file("meta"), "sam_mask_decoder.obj_score_token.weight"
    if change == "missing":
        del state[name]
    elif change == "extra":
        state["sam_mask_decoder.other_token.weight"] = torch.zeros(1)
    else:
        state[name] = torch.zeros(2, 256)
    torch.save({"model": state}, tmp_path / "other.pt")
    sentences = {
        "missing": r"sam2_16 model: mask_decoder\.obj_score_token\.weight is missing",
        "extra": r"mask_decoder\.other_token\.weight has no place",
        "shape": r"obj_score_token\.weight has shape \(2, 256\), expected \(1, 256\)",
    }
    with pytest.raises(ValueError, match=sentences[change]):
        checkpoint.load(tmp_path / "other.pt")


@pytest.mark.parametrize("name", ["sam2.pt", "model.safetensors"])
def test_a_file_that_was_cut_off_is_called_damaged(name, narrow, tmp_path):
    path = tmp_path / name
    if path.suffix == ".pt":
        torch.save({"model": random_file("meta")}, path)
    else:
        save_file(random_file("hugging_face"), path)
    path.write_bytes(path.read_bytes()[:50_000])
    with pytest.raises(ValueError, match="is damaged"):
        checkpoint.load(path)


def test_blocks_have_the_places_and_widths_of_their_stages():
    with torch.device("meta"):
        sites = sam2.build("sam2_base_plus").adapter_sites()
    assert Counter(site.stage for site in sites) == {0: 2, 1: 3, 2: 16, 3: 3}
    assert {site.stage: site.width for site in sites} == {0: 112, 1: 224, 2: 448, 3: 896}
    assert [i for i, site in enumerate(sites) if not site.windowed] == [12, 16, 20]
    assert [i for i, site in enumerate(sites) if site.entry != (site.width, site.stage)] == [2, 5, 21]
    assert sites[5].entry == (224, 1)
