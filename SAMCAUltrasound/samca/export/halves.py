"""What is traced of a model: encoding pictures, and decoding prompts on them, all as batches."""

from __future__ import annotations

import torch
from torch import nn

from ..network.backbones.sites import Features
from ..network.model import Model
from ..network.refiner import spots
from ..network.sam2_decoder import Sam2PromptEncoder
from ..prompts.pointing import Pointing
from ..runtime.about import About
from ..runtime.pointing import CORNERS, NO_POINT

POINTS, TWO_SETS = ("points", "labels"), ("guided_points", "guided_labels", "set_weights")


class Encoding(nn.Module):
    """(B, 3, S, S) RGB in 0..255 -> embedding (B, C, h, w), and the finer maps if there are any."""

    def __init__(self, model: Model):
        super().__init__()
        self.model = model

    def forward(self, images: torch.Tensor) -> tuple[torch.Tensor, ...]:
        features = self.model.encode(images)
        return (features.embedding, *features.fine)


class Decoding(nn.Module):
    """Features and prompts as `runtime.pointing` has them -> logits (B, 1, m, m), predicted IoU (B, 1), and
    both of the alternatives, (B, 3, m, m) and (B, 3)."""

    def __init__(self, model: Model, about: About):
        super().__init__()
        self.model, self.maps = model, len(about.features)

    def forward(self, *inputs: torch.Tensor) -> tuple[torch.Tensor, ...]:
        """Features, masks (B, 1, m, m), has_mask (1,), points (B, N, 2), labels (B, N), and of a model that
        has them those of the guided set and the weights (2,) of both."""
        embedding, *fine = inputs[: self.maps]
        masks, has_mask, points, labels, *others = inputs[self.maps :]
        masks = masks.expand(points.shape[0], -1, -1, -1)
        sparse = self._tokens(points, labels)
        if others:
            guided_points, guided_labels, weights = others
            sparse = weights[0] * sparse + weights[1] * self._tokens(guided_points, guided_labels)
            points = torch.cat([points, guided_points], dim=1)
            labels = torch.cat([labels, guided_labels], dim=1)
        features = Features(embedding, tuple(fine))
        logits, iou, *seen = self._answer(features, sparse, masks, has_mask, (points, labels))
        return logits, iou, *self.model.mask_decoder.alternatives(*seen)

    def _tokens(self, points: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
        """SAM's tokens of points and of the corners of boxes: (B, N, C)."""
        encoder, kind = self.model.prompt_encoder, labels[..., None]
        height, width = encoder.input_image_size
        places = torch.stack([(points[..., 0] + 0.5) / width, (points[..., 1] + 0.5) / height], dim=-1)
        tokens = encoder.pe_layer._pe_encoding(places)
        tokens = torch.where(kind == NO_POINT, encoder.not_a_point_embed.weight, tokens)
        for number, embedding in enumerate(encoder.point_embeddings):  # outside, inside, and the two corners
            tokens = tokens + embedding.weight * (kind == number)
        return tokens

    def _answer(
        self, features: Features, sparse, masks, has_mask, clicks, first=()
    ) -> tuple[torch.Tensor, ...]:
        """As `Model.decode_fully` from its tokens on: logits, IoU, the decoder's tokens, and its upscaled
        features."""
        model, decoder = self.model, self.model.mask_decoder
        encoder = model.prompt_encoder
        without = encoder.no_mask_embed.weight.reshape(1, -1, 1, 1)
        dense = has_mask * encoder(None, None, masks)[1] + (1 - has_mask) * without
        dense_places = encoder.get_dense_pe()
        tokens, upscaled = decoder.attend(
            features.embedding, dense_places, sparse, dense, features.fine, first
        )
        logits, iou = decoder.answer(tokens[:, len(first) :], upscaled)
        if model.config.refine:
            seen = spots([Pointing(*clicks)], logits.shape[-1], model.config.image_size)
            maps = [each.expand(logits.shape[0], -1, -1, -1) for each in (upscaled, *features.fine[:1])]
            logits = decoder.refiner(logits, maps, seen, masks * has_mask)
        return logits, iou, tokens, upscaled


class Suggesting(Decoding):
    """The same where the model is to find the object of a class, with logits (B, 1) of there being one."""

    def forward(self, *inputs: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        """Inputs as of decoding, with one set of points, and the classes (B,)."""
        embedding, *fine = inputs[: self.maps]
        masks, has_mask, points, labels, classes = inputs[self.maps :]
        model, features = self.model, Features(embedding, tuple(fine))
        found = model.predictor(features, classes, model.prompt_encoder.no_mask_embed.weight)
        corners = (found.boxes * model.config.image_size).unflatten(1, (2, 2))
        kinds = torch.tensor([CORNERS]).expand(classes.shape[0], -1)
        tokens = [self._tokens(corners, kinds), found.tokens, self._tokens(points, labels)]
        masks = has_mask * masks + (1 - has_mask) * found.masks
        always, clicks = torch.ones_like(has_mask), (points, labels)
        first = [model.objectness.token.weight] if model.objectness else []
        logits, iou, seen, _ = self._answer(features, torch.cat(tokens, 1), masks, always, clicks, first)
        return logits, iou, model.objectness(seen[:, 0]) if first else torch.ones_like(iou)


def about_of(model: Model, provenance) -> About:
    """What graphs of this model say about themselves; ValueError for one of several frames."""
    if model.config.depth > 1:
        raise ValueError(
            f"this model takes {model.config.depth} frames together: expected one of single frames"
        )
    fusion = model.fusion
    return About(
        model.config,
        model.mask_side,
        fine=bool(getattr(model.image_encoder, "fine_channels", 0)),
        two_sets=not fusion.is_one_set,
        join=getattr(fusion, "join", "beside"),
        share=0.5 if getattr(fusion, "normalized", False) else 1.0,
        filled_box=isinstance(model.prompt_encoder, Sam2PromptEncoder),
        suggests=model.suggests if fusion.is_one_set else (),
        alternatives=True,
        provenance=provenance,
    )
