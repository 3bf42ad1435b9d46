"""CC-SAM (Gowda, Clifton, ECCV 2024): SAMUS's adapters, a frozen ResNet-50, variational attention fusion.

The decoder stays frozen. Of SAMUS's encoder the trainable convolutional branch is left out; the ResNet takes
its place; with the branch "samus" the model is SAMUS. The paper trains with boxes alone; here every second
batch has a random click instead, because without a text detector people click.
"""

from ..config import ModelConfig, Part

MODEL = ModelConfig(
    method="cc_sam",
    backbone=Part("sam_vit_b"),
    adapter=Part("samus"),
    fusion=Part("single"),
    branch=Part("resnet"),
    tuned=(),
)

TRAINING: dict = {
    "schedule": {"name": "iterative", "iterations": 1, "box_share": 0.5},
    "loss": {"dice": 1.0, "bce": 1.0, "iou": 0.0},
    # the paper's 0.01, a tenth of it every 50 epochs (learning_rate_curve "step"), is 100 times what SAMUS
    # trains the same adapters with
    "learning_rate": 3e-4,
    "batch": 8,
}
