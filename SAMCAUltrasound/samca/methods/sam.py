"""Plain SAM (Kirillov et al., ICCV 2023), every part trained: what others are measured against."""

from ..config import ModelConfig, Part

MODEL = ModelConfig(
    method="sam",
    backbone=Part("sam_vit_b"),
    adapter=Part("none"),
    fusion=Part("single"),
    tuned=("image_encoder", "prompt_encoder", "mask_decoder"),
    image_size=1024,
    fit="pad",
)

TRAINING: dict = {}
