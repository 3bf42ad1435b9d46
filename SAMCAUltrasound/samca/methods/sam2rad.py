"""Sam2Rad (Wahd et al. 2024): a frozen SAM, prompted by learned tokens of the class that is looked for."""

from ..config import ModelConfig, Part

MODEL = ModelConfig(
    method="sam2rad",
    backbone=Part("sam_vit_b"),
    adapter=Part("none"),
    fusion=Part("joined"),
    predictor=Part("single_block"),
    tuned=("mask_decoder",),
    image_size=1024,
    fit="pad",
)

TRAINING: dict = {
    "schedule": {"name": "prompt_sampling"},
    "optimizer": "adamw",
    "weight_decay": 0.1,
    "learning_rate": 1e-4,
    "learning_rates": {"mask_decoder": 1e-5},  # 0 leaves the decoder as it is
    "batch": 4,
    "validation_clicks": [0, 1, 3, 5],
}
