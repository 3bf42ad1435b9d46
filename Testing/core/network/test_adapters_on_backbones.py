"""Adapters in MobileSAM and SAM 2: identity, shared weights by stage, counts, and a run of training."""

import pytest
import torch
from torch import nn

import samca
from samca.config import TrainConfig, from_json, with_settings
from samca.methods import METHODS
from samca.network.adapters import ADAPTERS, NOT_IDENTITY
from samca.network.adapters.shared_weight import SharedWeightAdapter
from samca.network.backbones import BACKBONES, sam2
from samca.network.describe import describe
from samca.network.model import Model, adapt, build, build_base
from samca.prompts import Click, Prompts
from samca.training.train import train
from samca.weights import checkpoint
from samca.weights.checkpoint import Provenance
from training_runs import learned

DECODER = {"mobile_sam": 4_058_340, "sam2_16": 4_058_340 + 256 + 2 * (256 * 256 + 256) + 257}
STAGES = {  # width, blocks
    "mobile_sam": {1: (128, 2), 2: (160, 6), 3: (320, 2)},
    "sam2_16": {0: (16, 1), 1: (32, 2), 2: (64, 2), 3: (128, 2)},
    "sam2_base_plus": {0: (112, 2), 1: (224, 3), 2: (448, 16), 3: (896, 3)},
}
SIDE = 96
IMAGE = torch.rand(1, 3, SIDE, SIDE, generator=torch.Generator().manual_seed(1)) * 255


@pytest.fixture(autouse=True)
def narrow(monkeypatch):
    """A fifth size of SAM 2, 16 wide."""
    sizes = {"width": 16, "heads": 1, "depths": (1, 2, 2, 2), "global_blocks": (4,)}
    monkeypatch.setitem(sam2.SIZES, "sam2_16", sizes)
    monkeypatch.setitem(BACKBONES, "sam2_16", lambda: sam2.build("sam2_16"))


def plain(backbone: str, adapter: str = "none", **options) -> Model:
    settings = {"backbone": backbone, "image_size": SIDE, "adapter": {"name": adapter, **options}}
    model = build_base(with_settings(METHODS["samca"], "model", settings))
    for parameter in model.parameters():
        nn.init.normal_(parameter, std=0.1)
    return model


def maps(model: Model) -> list[torch.Tensor]:
    features = model.encode(IMAGE)
    return [features.embedding, *features.fine]


@pytest.mark.parametrize("backbone", DECODER)
@pytest.mark.parametrize("name", [name for name in ADAPTERS if name != "none"])
@torch.inference_mode()
def test_an_untrained_adapter_leaves_the_features_bit_for_bit(name, backbone):
    model = plain(backbone, name)
    before, base = maps(model), set(model.state_dict())
    after = maps(adapt(model))
    changes = name in NOT_IDENTITY - {"samus"}  # which changes SAM's ViT by its stride
    assert all(torch.equal(a, b) for a, b in zip(before, after, strict=True)) != changes
    added = set(model.state_dict()) - base
    assert added
    assert added == {name for name in model.tuned if not name.startswith(("mask_decoder.", "fusion."))}


@pytest.mark.parametrize("backbone", DECODER)
@pytest.mark.parametrize("name", [name for name in ADAPTERS if name != "none"])
def test_an_adapter_learns_in_every_block(name, backbone):
    model = adapt(plain(backbone, name))
    added = [p for n, p in model.named_parameters() if n.startswith("image_encoder.") and p.requires_grad]
    for _ in range(2):
        model.zero_grad()
        sum(m.square().mean() for m in maps(model)).backward()
        with torch.no_grad():
            for parameter in added:
                parameter -= 0.001 * parameter.grad.sign()
    assert all(parameter.grad.any() for parameter in added)


@pytest.mark.parametrize("backbone", STAGES)
@pytest.mark.parametrize("tie_sites", [False, True])
def test_a_stage_shares_its_projections_and_no_other(backbone, tie_sites):
    with torch.device("meta"):
        settings = {"backbone": backbone, "adapter.rank": 4, "adapter.tie_sites": tie_sites}
        model = build(with_settings(METHODS["samca"], "model", settings))
    positions = [""] if tie_sites else ["_attention", "_mlp"]
    shared = model.image_encoder.shared_adapter
    found = {name: tuple(m.down.shape) for name, m in shared.items() if name.startswith("projection")}
    stages = STAGES[backbone].items()
    assert found == {f"projection_{stage}{p}": (width, 4) for stage, (width, _) in stages for p in positions}
    for site in model.image_encoder.adapter_sites():
        if tie_sites and site.entry == (site.width, site.stage):
            continue
        for place, stage in (("before_attention", site.entry[1]), ("before_mlp", site.stage)):
            adapter = getattr(site.block, place)
            assert isinstance(adapter, SharedWeightAdapter)
            suffix = "" if tie_sites else {"before_attention": "_attention", "before_mlp": "_mlp"}[place]
            assert adapter._borrowed[0] is shared[f"projection_{stage}{suffix}"]


@pytest.mark.parametrize("backbone", DECODER)
def test_samca_has_as_many_parameters_as_its_formula_by_stage(backbone):
    """2 D d of each stage, and of each block two times d + D and a 3x3 convolution; before the attention of a
    block that begins a stage, D is that of the stage before."""
    rank = 8
    expected, before = DECODER[backbone], None
    for width, blocks in STAGES[backbone].values():
        first = width if before is None or backbone == "mobile_sam" else before
        expected += 2 * width * rank + blocks * (2 * rank + 2 * width + 9 * rank**2) + first - width
        before = width
    settings = {"backbone": backbone, "adapter.rank": rank}
    assert describe(with_settings(METHODS["samca"], "model", settings))["trainable"] == expected


@torch.inference_mode()
def test_the_convolution_sees_over_the_border_of_a_window():
    block = adapt(plain("mobile_sam", "shared_weight", rank=4)).image_encoder.layers[1].blocks[0]
    block.before_attention.scale.fill_(1.0)
    seen = []
    block.attn.register_forward_pre_hook(lambda _, inputs: seen.append(inputs[0]))
    x = torch.randn(1, 14, 14, 128)
    block(x)
    x[0, 3, 7] += torch.randn(128)  # the first column of the second window
    block(x)
    changed = (seen[0] != seen[1]).any(-1)  # (4 windows, 7, 7)
    assert changed[0].nonzero().tolist() == [[2, 6], [3, 6], [4, 6]]  # last column of the first window


@pytest.mark.parametrize("backbone", DECODER)
def test_training_from_a_file_gives_an_adapter_file_that_loads(backbone, discs, tmp_path):
    torch.manual_seed(0)
    settings = {"backbone": backbone, "image_size": 64}
    checkpoint.save_base(
        build_base(with_settings(METHODS["samca"], "model", settings)),
        tmp_path / "base.safetensors",
        Provenance(),
    )
    run = {
        "data": [str(discs)], "out": str(tmp_path / "run"), "base": str(tmp_path / "base.safetensors"),
        "model": {"method": "samca", "adapter.rank": 4}, "epochs": 1, "batch": 3, "threads": 1,
        "schedule": {"name": "double_click", "iterations": 1}, "validation_clicks": [1], "augment": "none",
        "validation_share": 0.25, "precision": "float32", "learning_rate": 1e-3,
    }  # fmt: skip
    records = list(train(from_json(TrainConfig, run, "run")))
    assert records[-1]["event"] == "finish"
    model = samca.load(tmp_path / "run" / "best.safetensors", base=tmp_path / "base.safetensors")
    assert (model.config.backbone.name, model.config.image_size) == (backbone, 64)
    scales = [t for n, t in learned(run).items() if n.endswith("before_attention.scale")]
    assert scales
    assert all(scale.any() for scale in scales)
    logits, _ = model.predict(model.embed(torch.zeros(64, 64, 3).numpy()), Prompts((Click(30, 30),)))
    assert logits.shape == (16, 16)
