"""The frozen ResNet-50: names and shapes of published files, refusals, and that it stays at rest."""

import pytest
import torch

from resnet_names import as_radimagenet
from samca.network.branches.resnet import ResNet50, load_resnet50
from samca.weights import checkpoint


def torchvision_names() -> list[str]:
    """Names in torchvision's resnet50 but for its classification layer."""
    norm = ("weight", "bias", "running_mean", "running_var", "num_batches_tracked")
    names = ["conv1.weight", *(f"bn1.{n}" for n in norm)]
    for layer, blocks in enumerate((3, 4, 6, 3), start=1):
        for block in range(blocks):
            start = f"layer{layer}.{block}"
            for number in (1, 2, 3):
                names += [f"{start}.conv{number}.weight", *(f"{start}.bn{number}.{n}" for n in norm)]
            if block == 0:
                names += [f"{start}.downsample.0.weight", *(f"{start}.downsample.1.{n}" for n in norm)]
    return names


def as_torchvision(resnet) -> dict:
    return {**resnet.state_dict(), "fc.weight": torch.zeros(1000, 2048), "fc.bias": torch.zeros(1000)}


def test_the_resnet_has_torchvisions_names_and_shapes(resnet):
    state = resnet.state_dict()
    assert sorted(state) == sorted(torchvision_names())
    assert state["conv1.weight"].shape == (64, 3, 7, 7)
    assert state["layer1.0.downsample.0.weight"].shape == (256, 64, 1, 1)
    assert state["layer2.0.conv2.weight"].shape == (128, 128, 3, 3)
    assert state["layer4.2.conv3.weight"].shape == (2048, 512, 1, 1)
    assert resnet.layer2[0].conv2.stride == (2, 2)  # torchvision's, not the 1 x 1 before it
    assert sum(p.numel() for p in resnet.parameters()) == 25_557_032 - 2_049_000  # without classification


@pytest.mark.parametrize("renamed", [as_torchvision, as_radimagenet])
def test_weights_load_under_both_names_and_give_the_same_map(resnet, renamed, tmp_path):
    path = tmp_path / "resnet.pt"
    torch.save(renamed(resnet), path)
    other = ResNet50()
    load_resnet50(other, checkpoint.read(path)[0], path)
    image = torch.randn(1, 3, 64, 64)
    assert other(image).shape == (1, 2048, 2, 2)
    assert torch.equal(other(image), resnet(image))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"layer3.5.conv1.weight": None}, r"layer3\.5\.conv1\.weight is missing"),
        ({"layer5.0.conv1.weight": torch.zeros(1)}, r"layer5\.0\.conv1\.weight has no place"),
        ({"conv1.weight": torch.zeros(64, 1, 7, 7)}, r"conv1\.weight has shape \(64, 1, 7, 7\)"),
    ],
)
def test_other_weights_are_refused_by_name(resnet, change, message):
    state = {name: t for name, t in {**as_torchvision(resnet), **change}.items() if t is not None}
    with pytest.raises(ValueError, match=message):
        load_resnet50(ResNet50(), state, "resnet.pt")


def test_a_file_that_is_no_state_dict_is_refused():
    for held in ([torch.zeros(1)], {"state_dict": {"conv1.weight": torch.zeros(1)}}):
        with pytest.raises(ValueError, match="holds more than tensors"):
            load_resnet50(ResNet50(), held, "resnet.pt")


def test_the_resnet_stays_at_rest_in_training(resnet):
    before = resnet.bn1.running_mean.clone()
    resnet.train()
    resnet(torch.randn(2, 3, 64, 64))
    assert torch.equal(resnet.bn1.running_mean, before)
    assert not any(module.training for module in resnet.modules())
    assert not any(p.requires_grad for p in resnet.parameters())
