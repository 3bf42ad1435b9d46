"""SAM 2 for videos as transformers writes it, but tiny and of random weights that are sure of themselves."""

from __future__ import annotations

from pathlib import Path

import torch

SIDE, WIDTH = 64, 128  # px; twice the channels of a memory, which transformers takes for granted
BACKBONE = {
    "hidden_size": 8, "num_attention_heads": 1, "image_size": [SIDE, SIDE], "blocks_per_stage": [1, 1, 1, 1],
    "embed_dim_per_stage": [8, 16, 32, 64], "num_attention_heads_per_stage": [1, 1, 2, 4],
    "window_size_per_stage": [8, 4, 4, 4], "global_attention_blocks": [],
    "window_positional_embedding_background_size": [4, 4],
}  # fmt: skip
VISION = {
    "backbone_channel_list": [64, 32, 16, 8], "backbone_feature_sizes": [[16, 16], [8, 8], [4, 4]],
    "fpn_hidden_size": WIDTH,
}  # fmt: skip
DECODER = {"hidden_size": WIDTH, "mlp_dim": 32, "num_attention_heads": 2, "iou_head_hidden_dim": 32}
MEMORY = {
    "image_size": SIDE, "memory_attention_hidden_size": WIDTH, "memory_attention_num_layers": 1,
    "memory_attention_feed_forward_hidden_size": 32, "memory_attention_rope_feat_sizes": [4, 4],
    "memory_encoder_hidden_size": WIDTH, "mask_downsampler_embed_dim": WIDTH, "memory_fuser_num_layers": 1,
    "memory_fuser_embed_dim": WIDTH, "memory_fuser_intermediate_dim": 32,
}  # fmt: skip


def save(folder: Path, sees: float = 3.0, is_sure: float = 3.0) -> Path:
    """Write one whose scores of the object and of its mask are about these logits."""
    from transformers import Sam2HieraDetConfig, Sam2VideoConfig, Sam2VideoModel, Sam2VisionConfig

    torch.manual_seed(0)
    config = Sam2VideoConfig(
        vision_config=Sam2VisionConfig(backbone_config=Sam2HieraDetConfig(**BACKBONE), **VISION),
        prompt_encoder_config={"hidden_size": WIDTH, "image_size": SIDE},
        mask_decoder_config=DECODER,
        **MEMORY,
    )
    model = Sam2VideoModel(config)
    model.mask_decoder.pred_obj_score_head.proj_out.bias.data.fill_(sees)
    model.mask_decoder.iou_prediction_head.proj_out.bias.data.fill_(is_sure)
    model.save_pretrained(folder)
    return folder
