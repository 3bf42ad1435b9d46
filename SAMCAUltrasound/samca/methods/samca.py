"""SAMCA (Huo et al., ICIC 2025): shared-weight adapters, decoder trained, dynamic fusion of prompts.

Initial and guided tokens stand side by side: their sum, which the paper writes, loses which click was inside.
"""

from ..config import ModelConfig, Part

MODEL = ModelConfig(
    method="samca",
    backbone=Part("sam_vit_b"),
    adapter=Part("shared_weight"),
    fusion=Part("joined", {"weights": "dynamic"}),
    tuned=("mask_decoder",),
)

TRAINING: dict = {}  # the defaults of a run are SAMCA's
