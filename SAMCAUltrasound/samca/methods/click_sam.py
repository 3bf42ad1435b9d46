"""ClickSAM (Guo et al., SPIE Medical Imaging 2024): the mask decoder learns from one click, then from many.

The paper gives neither optimiser nor number of epochs; these are the released code's: 100 epochs a stage,
batches of 32, Adam at 1e-5, MONAI's DiceCE, no augmentation, which lets features be computed once.
"""

from ..config import ModelConfig, Part

MODEL = ModelConfig(
    method="click_sam",
    backbone=Part("sam_vit_b"),
    adapter=Part("none"),
    fusion=Part("single"),
    tuned=("mask_decoder",),
    image_size=1024,
    fit="pad",
)

TRAINING = {
    "model": {"feedback": "none"},  # all clicks of a stage at once, whatever the base learned with
    "schedule": {"name": "two_stage", "first_stage": 0.5},
    "loss": {"dice": 1.0, "bce": 1.0, "iou": 0.0, "dice_squared": True},
    "augment": "none",
    "learning_rate": 1e-5,
    "batch": 32,
    "epochs": 200,
    "keep": "last",  # the best epoch could be one of stage 1
}
