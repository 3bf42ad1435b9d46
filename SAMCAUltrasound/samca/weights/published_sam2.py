"""SAM 2's checkpoints: Meta's .pt files and Hugging Face's .safetensors, by one map of names to ours.

For images only image encoder, prompt encoder and mask decoder are needed; the memory for videos is left out.
Names are taken from the public code of both projects.
"""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

import torch

from ..network.backbones.sam2 import SIZES

State = dict[str, torch.Tensor]

MEMORY = re.compile(
    "memory_|maskmem_|mask_downsample|no_mem_pos_enc|no_memory_positional|no_obj_|no_object_|obj_ptr_|object_"
    "|temporal_|occlusion_"
)
GAUSSIAN = "prompt_encoder.pe_layer.positional_encoding_gaussian_matrix"
HEADS = r"(mask_decoder\.(?:output_hypernetworks_mlps\.\d|iou_prediction_head|pred_obj_score_head))"
NAMES = (  # pattern -> ours; in turn, each on what those before have made of a name
    (rf"^{HEADS}\.layers\.0\.", r"\1.layers.1."),  # Meta's have sam_ before them, and count from the first
    (rf"^{HEADS}\.proj_in\.", r"\1.layers.0."),
    (rf"^{HEADS}\.proj_out\.", r"\1.layers.2."),
    (r"^vision_encoder\.backbone\.", "image_encoder.trunk."),
    (r"^vision_encoder\.neck\.convs\.(\d)\.", r"image_encoder.neck.convs.\1.conv."),
    (r"^no_mem(ory)?_embed(ding)?$", "image_encoder.no_mem_embed"),
    (r"^sam_(prompt_encoder|mask_decoder)\.", r"\1."),
    (r"^mask_decoder\.(conv_s[01])\.", r"image_encoder.\1."),
    (r"^(shared_image|prompt_encoder\.shared)_embedding\.positional_embedding$", GAUSSIAN),
    (r"\.patch_embed\.projection\.", ".patch_embed.proj."),
    (r"\.mask_embed\.conv1\.", ".mask_downscaling.0."),
    (r"\.mask_embed\.layer_norm1\.", ".mask_downscaling.1."),
    (r"\.mask_embed\.conv2\.", ".mask_downscaling.3."),
    (r"\.mask_embed\.layer_norm2\.", ".mask_downscaling.4."),
    (r"\.mask_embed\.conv3\.", ".mask_downscaling.6."),
    (r"\.upscale_conv1\.", ".output_upscaling.0."),
    (r"\.upscale_layer_norm\.", ".output_upscaling.1."),
    (r"\.upscale_conv2\.", ".output_upscaling.3."),
    (r"\.layer_norm(\d|_final_attn)\.", r".norm\1."),
    (r"\.o_proj\.", ".out_proj."),
    (r"\.mlp\.(layers\.0|proj_in)\.", ".mlp.lin1."),
    (r"\.mlp\.(layers\.1|proj_out)\.", ".mlp.lin2."),
)


def is_sam2(state: State) -> bool:
    """Whether these are tensors of SAM 2, by Meta's names or by Hugging Face's."""
    return any(name.startswith(("image_encoder.trunk.", "vision_encoder.backbone.")) for name in state)


def by_our_names(state: State) -> State:
    """The tensors that images need, by our names."""
    ours = {}
    for name, tensor in state.items():
        if MEMORY.match(name):
            continue
        for pattern, replacement in NAMES:
            name = re.sub(pattern, replacement, name)
        ours[name] = tensor
    points = ours.pop("prompt_encoder.point_embed.weight", ())  # the four of them in one tensor
    names = (f"prompt_encoder.point_embeddings.{i}.weight" for i in range(len(points)))
    return ours | {name: row[None] for name, row in zip(names, points, strict=True)}


def size_of(state: State, path: str | Path) -> str:
    """Which of the sizes these tensors by our names are of; ValueError for any other."""
    widths = [t.shape[0] for n, t in state.items() if re.fullmatch(r".+\.blocks\.\d+\.norm2\.weight", n)]
    depths = Counter(widths)
    found = min(widths, default=0), tuple(depths[width] for width in sorted(depths))
    sizes = {name: (size["width"], tuple(size["depths"])) for name, size in SIZES.items()}
    for name, size in sizes.items():
        if size == found:
            return name
    known = "; ".join(f"{name} {width} and {depths}" for name, (width, depths) in sizes.items())
    says = f"of width {found[0]} with {found[1]} blocks in its stages"
    raise ValueError(f"{path} holds a SAM 2 encoder {says}: expected one of {known}")
