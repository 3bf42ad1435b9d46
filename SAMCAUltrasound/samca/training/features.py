"""Image features that never change during a run: computed once, kept in half precision."""

from __future__ import annotations

from collections.abc import Callable

import torch

from ..network.backbones.sites import Features
from .samples import Samples, to_rgb_planes

KEPT_BYTES = 4 << 30  # features beyond this are computed again each time


def kept_features(model, samples: Samples) -> Callable[[list[int]], Features] | None:
    """From case indices to batched features; None where these change: an encoder that is trained or has a
    branch, images that are augmented, cut to windows or of several frames."""
    if samples.transform is not None or samples.windows or model.config.depth > 1 or model.branch is not None:
        return None
    if any(p.requires_grad for p in model.image_encoder.parameters()):
        return None
    kept: dict[int, list[tuple[torch.Tensor, ...]]] = {}
    used = 0

    @torch.no_grad()
    def encode(index: int) -> list[tuple[torch.Tensor, ...]]:
        nonlocal used
        if index not in kept:
            planes = torch.from_numpy(to_rgb_planes([samples.image(index)])).to(model.device)
            with torch.autocast(model.device.type, enabled=False):
                features = model.encode(planes)
            given = (features.embedding,), features.fine, features.late
            groups = [tuple(t.half().cpu() for t in group) for group in given]
            used += sum(t.nbytes for group in groups for t in group)
            if used > KEPT_BYTES:
                return groups
            kept[index] = groups
        return kept[index]

    def batch(indices: list[int]) -> Features:
        (embedding,), fine, late = (
            tuple(torch.cat(tensors).to(model.device).float() for tensors in zip(*of_images, strict=True))
            for of_images in zip(*map(encode, indices), strict=True)
        )
        return Features(embedding, fine, late=late)

    return batch
