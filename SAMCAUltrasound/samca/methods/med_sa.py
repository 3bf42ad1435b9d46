"""Medical SAM Adapter (Wu et al., MedIA 2025): bottlenecks in encoder and decoder, everything else frozen."""

from ..config import ModelConfig, Part

MODEL = ModelConfig(
    method="med_sa",
    backbone=Part("sam_vit_h"),
    adapter=Part("med_sa"),
    decoder_adapter=Part("hyper_prompting"),
    fusion=Part("single"),
    tuned=(),
    image_size=1024,
    fit="pad",
)

TRAINING: dict = {  # a random click or a jittered box, then clicks in the error region
    "schedule": {"name": "iterative", "iterations": 4, "box_share": 0.25},
    "loss": {"dice": 1.0, "bce": 1.0, "iou": 0.0},
    "epochs": 40,
}
