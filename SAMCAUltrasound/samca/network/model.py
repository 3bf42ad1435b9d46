"""The assembled model: image encoder with adapters, prompt encoder, fusion, mask decoder."""

from __future__ import annotations

import inspect
from collections.abc import Sequence
from functools import partial
from typing import NamedTuple

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F

from ..config import ModelConfig
from ..prompts import Prompts, arrays
from ..prompts.arrays import MASK_PROMPT_LOGIT
from ..prompts.kinds import check_kind
from ..prompts.pointing import Pointing, collate
from . import sam
from .adapters import ADAPTERS
from .backbones import BACKBONES
from .backbones.sites import Features
from .branches import BRANCHES
from .devices import answering
from .fusion import FUSIONS
from .hyper_prompting import DECODER_ADAPTERS
from .loop_memory import LoopMemory, Remembered
from .prompt_predictor import BOX_TOKENS, PREDICTORS, Suggested
from .refiner import Refiner, spots


class Decoded(NamedTuple):
    """Of B objects: logits (B, 1, m, m) and predicted IoU (B, 1); where the model was to find them by itself
    also the predicted prompts, and logits (B, 1) of there being such an object. alternatives, where asked
    for: logits (B, 3, m, m) and predicted IoU (B, 3) of SAM's three masks for one ambiguous click, as the
    decoder gives them."""

    logits: torch.Tensor
    iou: torch.Tensor
    suggested: Suggested | None = None
    presence: torch.Tensor | None = None
    alternatives: tuple[torch.Tensor, torch.Tensor] | None = None


class Model(nn.Module):
    """A promptable segmentation model. Parts carry SAM's names, so official checkpoints load strictly."""

    gives_alternatives = True

    def __init__(self, config: ModelConfig, image_encoder: nn.Module):
        super().__init__()
        self.config = config
        _check_size(config, image_encoder)
        width, grid = image_encoder.out_channels, config.image_size // image_encoder.stride
        parts = getattr(image_encoder, "parts", sam)  # an encoder that was trained with others names them
        self.image_encoder, self.branch = image_encoder, None
        self.prompt_encoder = parts.prompt_encoder_for(width, grid, config.image_size)
        self.mask_decoder = parts.decoder_for(width, config.best_of_three, config.replace_unstable)
        if config.refine:
            fine = getattr(image_encoder, "fine_channels", 0)  # of features.fine[0], if there is such a map
            self.mask_decoder.refiner = Refiner([width // 8, fine] if fine else [width // 8], config.refine)
        self.fusion = config.fusion.make("fusion", FUSIONS)
        self.predictor, self.objectness = None, None  # see prompt_predictor.py
        self.tuned: list[str] = []
        self._memory: tuple[LoopMemory, ...] = ()  # a file of its own has it: none of the model's parts
        self.precision = "float32"  # of encoding somebody's pictures; see precision.py
        self.register_buffer("pixel_mean", torch.tensor(sam.PIXEL_MEAN).view(3, 1, 1), persistent=False)
        self.register_buffer("pixel_std", torch.tensor(sam.PIXEL_STD).view(3, 1, 1), persistent=False)

    @property
    def device(self) -> torch.device:
        """Where the parameters are."""
        return self.pixel_mean.device

    @property
    def engine(self) -> str:
        """What computes, and in which format if that is another one than float32."""
        return "torch" if self.precision == "float32" else f"torch in {self.precision}"

    @property
    def suggests(self) -> tuple[str, ...]:
        """Names of the classes of objects that it finds by itself; none without a prompt predictor."""
        return () if self.predictor is None else self.predictor.classes.names

    @property
    def mask_side(self) -> int:
        """Side in px of mask logits and mask prompts: four times the embedding's."""
        return self.prompt_encoder.mask_input_size[0]

    # Tensors: what training uses

    def encode(
        self, images: torch.Tensor, depth: int = 1, rngs: Sequence[np.random.Generator] = ()
    ) -> Features:
        """(B, 3, h, w) RGB in 0..255, h and w at most image_size -> features; zeros fill the rest.

        With depth > 1 the batch is groups of `depth` neighbouring frames, one group after another. rngs: one
        for each image, where a branch draws random numbers in training.
        """
        if images.shape[0] % depth:
            raise ValueError(f"{images.shape[0]} frames are no whole groups of {depth}: expected a multiple")
        square = self._normalized(images)
        together = {} if depth == 1 else {"depth": depth}  # some encoders take single frames alone
        encode = partial(self.image_encoder, square, **together)
        features = encode() if self.branch is None else self.branch(square, encode, rngs)
        return features._replace(tokens=None)

    def calibrate_branch(self, images: torch.Tensor) -> None:
        """Fit a second encoder of random weights to images as in `encode`; without one nothing happens."""
        if self.branch is not None and self.branch.is_random:
            self.branch.calibrate(self._normalized(images))

    def _normalized(self, images: torch.Tensor) -> torch.Tensor:
        """(B, 3, h, w) in 0..255 -> (B, 3, S, S) as the encoders take it, zeros at right and below."""
        unit = self.config.intensities == "unit"
        x = images / 255 if unit else (images - self.pixel_mean) / self.pixel_std
        size = self.config.image_size
        return F.pad(x, (0, size - x.shape[-1], 0, size - x.shape[-2]))

    def decode(
        self, features: Features, sets: Sequence[Pointing], masks: torch.Tensor | None = None
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Features of B images, one or two sets of prompts (initial, guided) and mask logits (B, 1, m, m) or
        None -> logits (B, 1, m, m) and predicted IoU (B, 1), m = mask_side."""
        return self.decode_fully(features, sets, masks)[:2]

    def decode_fully(
        self,
        features: Features,
        sets: Sequence[Pointing],
        masks: torch.Tensor | None = None,
        alternatives: bool = False,
    ) -> Decoded:
        """The same with what was predicted, where the first set names classes: its tokens go before the
        user's, its mask is the mask prompt where none is given (Sam2Rad); and the alternatives, if asked."""
        suggested = self._suggested(features, sets[0].classes)
        not_a_point = self.prompt_encoder.not_a_point_embed.weight
        sparse = self.fusion(sets, partial(self._sparse, suggested=suggested), not_a_point)
        if masks is None and suggested is not None:
            masks = suggested.masks
        found = suggested is not None and self.objectness is not None
        first = [self.objectness.token.weight] if found else []
        tokens, upscaled = self.mask_decoder.attend(
            features.embedding,
            self.prompt_encoder.get_dense_pe(),
            sparse,
            self._dense(masks, sparse.shape[0]),
            features.fine,
            first,
        )
        own = tokens[:, len(first) :]
        logits, iou = self.mask_decoder.answer(own, upscaled)
        if self.config.refine:
            seen = spots(sets, logits.shape[-1], self.config.image_size).to(logits.dtype)
            maps = [each.expand(len(logits), -1, -1, -1) for each in (upscaled, *features.fine[:1])]
            logits = self.mask_decoder.refiner(logits, maps, seen, masks)
        presence = self.objectness(tokens[:, 0]) if found else None
        others = self.mask_decoder.alternatives(own, upscaled) if alternatives else None
        return Decoded(logits, iou, suggested, presence, others)

    def _suggested(self, features: Features, classes: torch.Tensor | None) -> Suggested | None:
        if classes is None:
            return None
        for number in set(classes.tolist()):
            check_kind(number, self.suggests)
        return self.predictor(features, classes, self.prompt_encoder.no_mask_embed.weight)

    def _sparse(self, pointing: Pointing, suggested: Suggested | None = None) -> torch.Tensor:
        points, labels, boxes, classes = pointing
        if points.shape[1] == 0 and boxes is None:
            user = points.new_zeros(points.shape[0], 0, self.mask_decoder.transformer_dim)
        else:
            user = self.prompt_encoder((points, labels) if points.shape[1] else None, boxes, None)[0]
        if classes is None:
            return user
        corners = suggested.boxes.float() * self.config.image_size
        box = self.prompt_encoder(None, corners, None)[0][:, :BOX_TOKENS]  # SAM 2 fills boxes up
        return torch.cat([box, suggested.tokens.to(box.dtype), user], dim=1)

    def _dense(self, masks: torch.Tensor | None, batch: int) -> torch.Tensor:
        if masks is None:
            return self.prompt_encoder.no_mask_embed.weight.reshape(1, -1, 1, 1).expand(
                batch, -1, *self.prompt_encoder.image_embedding_size
            )
        return self.prompt_encoder(None, None, masks)[1]

    # Arrays: what a session uses

    def embed(self, pixels: np.ndarray) -> Features:
        """(h, w, 3) float32 RGB in 0..255 at model resolution -> features of one image."""
        return self.embed_each([pixels])

    @answering
    def embed_each(self, pictures: Sequence[np.ndarray]) -> Features:
        """B pictures, each as in `embed` and all of one shape -> features of them as one batch, float32
        whatever they were computed in."""
        return self._encoded(self._batch(pictures))

    @answering
    def embed_frames(self, *groups: Sequence[np.ndarray]) -> list[Features]:
        """B groups of neighbouring frames, all of one length, each frame as in `embed` and all of one shape
        -> features of each place in the groups, a batch of B; the frames of a group are encoded together.

        One frame alone is what `embed` makes of it.
        """
        depth = len(groups[0])
        features = self._encoded(self._batch([frame for group in groups for frame in group]), depth)
        return [
            features._replace(
                embedding=features.embedding[i::depth], fine=tuple(f[i::depth] for f in features.fine)
            )
            for i in range(depth)
        ]

    def _encoded(self, images: torch.Tensor, depth: int = 1) -> Features:
        if self.precision == "float32":
            return self.encode(images, depth)
        with torch.autocast(self.device.type, getattr(torch, self.precision)):
            return self.encode(images, depth).in_float32()

    def joined(self, features: Sequence[Features]) -> Features:
        """Features of several batches as of one."""
        fine, late = (
            tuple(map(torch.cat, zip(*groups, strict=True)))
            for groups in ([each.fine for each in features], [each.late for each in features])
        )
        embedding = torch.cat([each.embedding for each in features])
        return features[0]._replace(embedding=embedding, fine=fine, late=late)

    def predict(
        self, features: Features, prompts: Prompts, previous: np.ndarray | None = None
    ) -> tuple[np.ndarray, float]:
        """Prompts of one object in model pixels, and logits (m, m) of earlier ones as mask prompt
        -> logits (m, m) float32 and predicted IoU. One click is the initial path; of more, the
        first is initial and the others are guided (SAMCA), unless the fusion knows one set only.

        Where nobody pointed and the object is not there, all is outside. ValueError for a suggestion of a
        class that the model does not know."""
        logits, iou = self.predict_each(features, [prompts], None if previous is None else previous[None])
        return logits[0], iou[0]

    @answering
    def alternatives_each(
        self, features: Features, prompts: Sequence[Prompts]
    ) -> tuple[np.ndarray, np.ndarray]:
        """What one click on each of the B images of a batch may mean: logits (B, 3, m, m) float32 and
        predicted IoU (B, 3) of SAM's masks for ambiguous prompts."""
        pointing = [collate(prompts, self.device)]
        logits, iou = self.decode_fully(features, pointing, alternatives=True).alternatives
        return logits.float().cpu().numpy(), iou.float().cpu().numpy()

    @answering
    def predict_each(
        self, features: Features, prompts: Sequence[Prompts], previous: np.ndarray | None = None
    ) -> tuple[np.ndarray, list[float]]:
        """The same for the B images of a batch, pointed at alike: prompts of each, logits (B, m, m) or None
        -> logits (B, m, m) float32 and B predicted IoU."""
        sets = list(zip(*map(self._sets, prompts), strict=True))
        pointings = [collate(s, self.device) for s in sets if s is sets[0] or s[0].clicks or s[0].box]
        decoded = self.decode_fully(features, pointings, self._mask_prompt(prompts, previous))
        logits, iou = decoded.logits[:, 0].float().cpu().numpy(), decoded.iou[:, 0].tolist()
        if decoded.presence is not None and not prompts[0].by_user:
            there = (decoded.presence[:, 0] >= 0).tolist()
            logits = np.where(np.reshape(there, (-1, 1, 1)), logits, np.float32(-MASK_PROMPT_LOGIT))
            iou = [value if is_there else 0.0 for value, is_there in zip(iou, there, strict=True)]
        return logits, iou

    def take_memory(self, memory: LoopMemory) -> None:
        """Carry objects through loops by this one, which is of the model's base."""
        self._memory = (memory.eval().requires_grad_(False),)

    @property
    def remembers(self) -> bool:
        """Whether `remember` and `recall` can be asked."""
        return bool(self._memory)

    @answering
    def remember(self, features: Features, masks: np.ndarray) -> Remembered:
        """What is kept of B frames in which the object is known; masks (B, m, m) float32: how far each pixel
        is of it, 0..1."""
        given = torch.from_numpy(np.ascontiguousarray(masks))[:, None].to(self.device)
        return self._memory[0].remember(features, given)

    @answering
    def recall(
        self, features: Features, bank: Sequence[Remembered], kinds: Sequence[int]
    ) -> tuple[np.ndarray, list[float]]:
        """Logits (B, m, m) float32 of the object in B new frames, and its IoU as far as can be told, 0..1, by
        what is kept of others: 0, the user pointed there, or 1, it was carried there."""
        logits, found = self._memory[0].recall(features, bank, kinds)
        return logits[:, 0].float().cpu().numpy(), found[:, 0].sigmoid().tolist()

    def _batch(self, pictures: Sequence[np.ndarray]) -> torch.Tensor:
        planes = np.ascontiguousarray(np.stack(pictures).transpose(0, 3, 1, 2))
        return torch.from_numpy(planes).to(self.device)

    def _sets(self, prompts: Prompts) -> tuple[Prompts, ...]:
        return prompts.initial_and_guided() if self.fusion.splits else (prompts,)

    def logits_of_lassos(self, prompts: Sequence[Prompts]) -> np.ndarray:
        """As of `arrays.logits_of_lassos`, for prompts in model pixels: (B, m, m) float32."""
        return arrays.logits_of_lassos(prompts, self.mask_side, self.config.image_size)

    def _mask_prompt(self, prompts: Sequence[Prompts], previous: np.ndarray | None) -> torch.Tensor | None:
        logits = arrays.mask_prompts_of(prompts, previous, self.mask_side, self.config.image_size)
        return None if logits is None else torch.from_numpy(logits)[:, None].to(self.device)


def build(config: ModelConfig) -> Model:
    """A model of this config with random weights, in eval mode; `model.tuned` names what trains."""
    return adapt(build_base(config))


def build_base(config: ModelConfig) -> Model:
    """The model of this config without its adapter, in eval mode; base weights are loaded into this one."""
    encoder = config.backbone.make("backbone", BACKBONES)
    if config.depth > 1 and "depth" not in inspect.signature(encoder.forward).parameters:
        raise ValueError(
            f"model.depth is {config.depth}, but {config.backbone.name} takes one frame at a time: expected "
            "1, or a backbone sam_vit_*"
        )
    return Model(config, encoder).eval()


def adapt(model: Model) -> Model:
    """Freeze the base, add adapters and predictor, unfreeze what the config names; `tuned` is trained, saved,
    loaded."""
    base = set(model.state_dict())
    model.requires_grad_(False)  # what exists now is the base; what is made below trains
    model.config.adapter.make("adapter", ADAPTERS, model.image_encoder)
    _match_grid(model)
    model.branch = model.config.branch.make("branch", BRANCHES, model.image_encoder)
    model.config.decoder_adapter.make("decoder_adapter", DECODER_ADAPTERS, model.mask_decoder)
    model.config.predictor.make("predictor", PREDICTORS, model)
    for part in model.config.tuned:
        _part(model, part).requires_grad_(True)
    parts = (*(f"{part}." for part in model.config.tuned), "fusion.")
    model.tuned = [name for name in model.state_dict() if name not in base or name.startswith(parts)]
    return model.eval()


def _match_grid(model: Model) -> None:
    """Tell the prompt encoder the grid of an encoder whose stride an adapter has changed."""
    grid = model.config.image_size // model.image_encoder.stride
    model.prompt_encoder.image_embedding_size = (grid, grid)
    model.prompt_encoder.mask_input_size = (4 * grid, 4 * grid)


def _check_size(config: ModelConfig, image_encoder: nn.Module) -> None:
    multiple = getattr(image_encoder, "multiple", 16)
    if config.image_size % multiple:
        name, size = config.backbone.name, config.image_size
        raise ValueError(f"model.image_size is {size}: {name} expects a multiple of {multiple}")


def _part(model: Model, name: str) -> nn.Module:
    try:
        if name:  # "" would be the model itself
            return model.get_submodule(name)
        raise AttributeError(name)
    except AttributeError:
        names = ", ".join(n for n, _ in model.named_children())
        raise ValueError(
            f"tuned part {name!r} does not exist: expected one of {names}, or a part of them"
        ) from None
