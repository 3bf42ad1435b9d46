"""Published checkpoints by their key names: SAM and MedSAM, MobileSAM, SAM 2, and adapters in SAM's encoder.

Each project's names, sizes and ways of feeding an image are taken from its public code. Adapter tensors get
our names; the rest has SAM's.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from ..config import ModelConfig, with_settings
from ..methods import METHODS
from ..network.backbones import mobile_sam
from ..tensor_files import tensors_in
from . import published_sam2

WIDTHS = {768: "sam_vit_b", 1024: "sam_vit_l", 1280: "sam_vit_h"}
ENCODER = re.compile(r"((?:[^.]+\.)*?)(?:image_encoder|vision_encoder\.backbone)\.")
CONSTANTS = ("pixel_mean", "pixel_std")  # buffers of SAM's own class
MOBILE_MARK = "image_encoder.patch_embed.seq.0.c.weight"
CLASSIFIER = ("image_encoder.norm_head.", "image_encoder.head.")  # MobileSAM's, of no use for masks
TRAINED_GRID = 64  # side of SAM's own position table: 1024 px
BLOCK = r"(image_encoder\.blocks\.\d+)"
SHARED = "image_encoder.shared_adapter.projection_0"

State = dict[str, torch.Tensor]


@dataclass(frozen=True)
class Project:
    """One project that published adapters in SAM's encoder."""

    mark: str  # a name that only its files have
    names: dict[str, str | None]  # its names as patterns -> ours; None: a tensor that 2D images do not use
    settings: Callable[[State], dict[str, Any]]  # of its model, over plain SAM's


def _sam_med2d(state: State) -> dict[str, Any]:
    hidden, width = state["image_encoder.blocks.0.Adapter.channel.0.weight"].shape
    return {"adapter": {"name": "sam_med2d", "ratio": hidden / width}}


def _samihs(state: State) -> dict[str, Any]:
    rank = state["image_encoder.att_down_projection"].shape[1]
    return {
        "adapter": {"name": "samihs", "rank": rank},
        "backbone.pad_before_norm": True,
        "intensities": "unit",
        "fit": "squash",
    }


def _medical_sam_adapter(state: State) -> dict[str, Any]:
    hidden, width = state["image_encoder.blocks.0.MLP_Adapter.D_fc1.weight"].shape
    return {
        "adapter": {"name": "bottleneck", "ratio": hidden / width, "scale": 0.5},
        "backbone.pad_before_norm": True,
        "intensities": "unit",
        "fit": "squash",
    }


PROJECTS = (
    Project(
        mark=BLOCK + r"\.Adapter\..+",
        names={BLOCK + r"\.Adapter\.(.+)": r"\1.beside_mlp.\2"},
        settings=_sam_med2d,
    ),
    Project(
        mark=r"image_encoder\.att_down_projection",
        names={
            r"image_encoder\.att_down_projection": SHARED + "_attention.down",
            r"image_encoder\.mlp_down_projection": SHARED + "_mlp.down",
            BLOCK + r"\.attn_adapter\.adapter_rescale": r"\1.before_attention.scale",
            BLOCK + r"\.attn_adapter\.adpater_bias": r"\1.before_attention.offset",
            BLOCK + r"\.mlp_adapter\.adapter_rescale": r"\1.before_mlp.scale",
            BLOCK + r"\.mlp_adapter\.adpater_bias": r"\1.before_mlp.offset",
        },
        settings=_samihs,
    ),
    Project(
        mark=BLOCK + r"\.MLP_Adapter\..+",
        names={
            BLOCK + r"\.Space_Adapter\.D_fc1\.(.+)": r"\1.after_attention.down.\2",
            BLOCK + r"\.Space_Adapter\.D_fc2\.(.+)": r"\1.after_attention.up.\2",
            BLOCK + r"\.MLP_Adapter\.D_fc1\.(.+)": r"\1.beside_mlp.down.\2",
            BLOCK + r"\.MLP_Adapter\.D_fc2\.(.+)": r"\1.beside_mlp.up.\2",
            BLOCK + r"\.Depth_Adapter\..+": None,
        },
        settings=_medical_sam_adapter,
    ),
)


def recognise(content: Any, path: str | Path) -> tuple[ModelConfig, State, State]:
    """(config, base tensors, adapter tensors by our names) of a published checkpoint; ValueError if none.

    content: what a torch file holds, as trainers leave it (see `_model_in`). The input is what its position
    table was trained for; a table of another size is SAM-Med2D's, whose masks are the best of three. MedSAM's
    file looks like SAM's and is taken for it.
    """
    state = _model_in(content, path)
    try:
        return _recognised(state, path)
    except (LookupError, TypeError, ArithmeticError, RuntimeError) as error:  # of tensors of other shapes
        raise ValueError(f"{path} is no SAM checkpoint: its tensors have other shapes ({error})") from error


def _recognised(state: State, path: str | Path) -> tuple[ModelConfig, State, State]:
    if published_sam2.is_sam2(state):
        return _sam2(state, path)
    if MOBILE_MARK in state:
        return _mobile_sam(state, path)
    positions = state.get("image_encoder.pos_embed")
    if positions is None or positions.ndim != 4 or positions.shape[-1] not in WIDTHS:
        widths = ", ".join(map(str, WIDTHS))
        raise ValueError(
            f"{path} is no SAM checkpoint: expected image_encoder.pos_embed of width {widths}, or tensors of "
            "MobileSAM or SAM 2"
        )
    settings: dict[str, Any] = {"backbone": WIDTHS[positions.shape[-1]]}
    grid = positions.shape[1]
    if grid != TRAINED_GRID:
        settings |= {"backbone.position_grid": grid, "image_size": 16 * grid}
        settings |= {"fit": "squash", "best_of_three": True}
    project = next((p for p in PROJECTS if any(re.fullmatch(p.mark, name) for name in state)), None)
    if project is None:
        return _config(settings), state, {}
    settings |= {"tuned": ["mask_decoder"], **project.settings(state)}
    return _config(settings), *_split(state, project.names)


def _config(settings: dict[str, Any]) -> ModelConfig:
    """SAM's with these settings, and its own limits of what is sure (SAM's automatic masks)."""
    return with_settings(METHODS["sam"], "model", {"sure_iou": 0.88, "sure_stability": 0.95, **settings})


def _sam2(state: State, path: str | Path) -> tuple[ModelConfig, State, State]:
    state = published_sam2.by_our_names(state)
    settings = {"backbone": published_sam2.size_of(state, path), "fit": "squash", "replace_unstable": True}
    return _config(settings), state, {}


def _mobile_sam(state: State, path: str | Path) -> tuple[ModelConfig, State, State]:
    pattern = r"image_encoder\.layers\.\d\.blocks\.\d+\.(conv3\.bn|mlp\.norm)\.weight"
    depths = Counter(tensor.shape[0] for name, tensor in state.items() if re.fullmatch(pattern, name))
    expected = dict(zip(mobile_sam.WIDTHS, mobile_sam.DEPTHS, strict=True))
    if depths != expected:
        raise ValueError(
            f"{path} holds a TinyViT with blocks {dict(depths)} by their widths: mobile_sam has {expected}"
        )
    state = {name: tensor for name, tensor in state.items() if not name.startswith(CLASSIFIER)}
    return _config({"backbone": "mobile_sam"}), state, {}


def _split(state: State, names: dict[str, str | None]) -> tuple[State, State]:
    """(tensors that have no other name, tensors of the adapter by our names)."""
    base, adapter = {}, {}
    for name, tensor in state.items():
        pattern = next((p for p in names if re.fullmatch(p, name)), None)
        if pattern is None:
            base[name] = tensor
        elif names[pattern] is not None:
            # SAMIHS keeps r as (1, d)
            ours = re.sub(pattern, names[pattern], name)
            adapter[ours] = tensor.flatten() if ours.endswith(".scale") else tensor
    return base, adapter


def _model_in(content: Any, path: str | Path) -> State:
    """The tensors of the model in what a torch file holds, by their names from its image encoder's on.

    Trainers put a dict around it ("state_dict", with epochs and optimisers beside), what they call the model
    before the names ("module.", "model.sam."), and SAM's constants among them. Nothing if there is no model,
    ValueError if there are several in one dict.
    """
    for state in tensors_in(content):
        prefixes = {match[1] for name in state if (match := ENCODER.match(name))}
        if len(prefixes) > 1:
            names = ", ".join(repr(prefix) for prefix in sorted(prefixes))
            raise ValueError(f"{path} holds several models, by {names} before their names: keep one of them")
        if prefixes:
            (prefix,) = prefixes
            named = {n.removeprefix(prefix): t for n, t in state.items() if n.startswith(prefix)}
            return {name: tensor for name, tensor in named.items() if name not in CONSTANTS}
    return {}
