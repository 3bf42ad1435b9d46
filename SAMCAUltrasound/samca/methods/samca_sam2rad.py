"""A predicted first mask with SAMCA's guided clicks: Sam2Rad's predictor and SAMCA's adapters in one model.

The predicted prompts are the initial set, the clicks that mend them the guided one.
"""

from dataclasses import replace

from ..config import Part
from . import samca

MODEL = replace(samca.MODEL, method="samca_sam2rad", fusion=Part("joined"), predictor=Part("single_block"))

TRAINING: dict = {
    "schedule": {"name": "suggested_clicks", "clicks": "double_click"},
    "validation_clicks": [0, 1, 3, 5],
}
