"""A box from words: an open-vocabulary detector looks for a target that is named (CC-SAM, section 3.3).

The paper prints a sentence by GPT-4 with [target] in it, embeds it with MedBERT and gives that to Grounding
DINO, for which no mapping is published; here Grounding DINO gets a sentence itself, which says the same in
our words. Its box goes to the prompt encoder. The detector comes from a folder; nothing is downloaded.
"""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

import numpy as np
import torch

from ..images.contrast import as_rgb, check_frame
from ..prompts import Box
from ..prompts.reduction import Reduction

TEMPLATE = "the [target] in an ultrasound image, unlike the tissue around it in shape, border and brightness."
TARGETS = {  # of the datasets by name
    "busi": "breast lesion",
    "udiat": "breast lesion",
    "tn3k": "thyroid nodule",
    "ddti": "thyroid nodule",
    "tnscui": "thyroid nodule",
    "tg3k": "thyroid gland",
    "usgra": "nerve",
}
THRESHOLD = 0.25  # least score of a box, that of Grounding DINO's authors
EXTRA = "a text prompt needs the package transformers: install it with `pip install 'samca[text]'`"


def available() -> bool:
    """Whether the package that text prompts need is installed."""
    return find_spec("transformers") is not None


def sentence_for(target: str) -> str:
    """The template with the target's name in it; ValueError for a name without a letter or digit."""
    target = " ".join(target.split())
    if not any(map(str.isalnum, target)):
        raise ValueError(f"target {target!r} is empty: say what to look for, as 'breast lesion'")
    return TEMPLATE.replace("[target]", target.lower())


def default_target(dataset: str) -> str:
    """What a dataset of this name shows; ValueError lists those that are known."""
    name = dataset.split("/")[0].lower()
    if name not in TARGETS:
        raise ValueError(f"dataset {dataset!r} has no target among {', '.join(TARGETS)}: name it yourself")
    return TARGETS[name]


class TextBox:
    """Grounding DINO from a folder as `save_pretrained` writes it: (image, name of the target) -> box."""

    def __init__(self, folder: str | Path, device: str = "cpu"):
        """RuntimeError without the package, FileNotFoundError without a model in the folder, ValueError for
        another model."""
        if not available():
            raise RuntimeError(EXTRA)
        folder = Path(folder)
        if not (folder / "config.json").is_file():
            raise FileNotFoundError(f"no detector in {folder}: expected Grounding DINO with its config.json")
        try:
            self.model, self.processor = _load(folder)
        except (OSError, ValueError, RuntimeError, KeyError) as error:
            raise ValueError(f"{folder} holds no Grounding DINO that can be read: {error}") from error
        self.model.to(device).eval()

    @torch.inference_mode()
    def find(
        self,
        pixels: np.ndarray,
        target: str,
        threshold: float = THRESHOLD,
        window: tuple[float, float] | None = None,
    ) -> Box | None:
        """The best box, in px of the (H, W) or (H, W, 3) image, or None where no score reaches the threshold.

        A box scores by the word of the target that fits it best. window: as of `frames.as_rgb`.
        """
        text = sentence_for(target)
        pixels = np.asarray(pixels)
        check_frame(pixels)
        image = as_rgb(Reduction(*pixels.shape[:2]).picture(pixels), window).round().astype(np.uint8)
        inputs = self.processor(images=image, text=text, return_tensors="pt").to(self.model.device)
        found = self.model(**inputs)
        words = self._words_of_target(text)
        scores = found.logits[0].sigmoid()[:, words].amax(1)  # (queries,)
        best = int(scores.argmax())
        if not float(scores[best]) >= threshold:
            return None
        return _in_pixels(found.pred_boxes[0, best].tolist(), *pixels.shape[:2])

    def _words_of_target(self, text: str) -> list[int]:
        """Where the tokens of the target are in the sentence."""
        before, after = TEMPLATE.split("[target]")
        start, end = len(before), len(text) - len(after)
        spans = self.processor.tokenizer(text, return_offsets_mapping=True)["offset_mapping"]
        return [i for i, (first, last) in enumerate(spans) if start <= first < last <= end]


def _load(folder: Path):
    """Model and processor, from files on disk alone."""
    from transformers import GroundingDinoForObjectDetection, GroundingDinoProcessor

    model, report = GroundingDinoForObjectDetection.from_pretrained(
        folder, local_files_only=True, use_safetensors=True, output_loading_info=True
    )
    if report["missing_keys"]:
        raise ValueError(f"{min(report['missing_keys'])} is missing")
    return model, GroundingDinoProcessor.from_pretrained(folder, local_files_only=True)


def _in_pixels(box: list[float], height: int, width: int) -> Box:
    """Centre x, centre y, width, height as shares of the image -> a box within it, at least 1 px wide."""
    x, y, w, h = box
    x0, x1 = _ends((x - w / 2) * width, (x + w / 2) * width - 1, width)
    y0, y1 = _ends((y - h / 2) * height, (y + h / 2) * height - 1, height)
    return Box(x0, y0, x1, y1)


def _ends(low: float, high: float, length: int) -> tuple[float, float]:
    last = max(length - 1, 1)
    low = min(max(low, 0.0), last - 1.0)
    return low, max(min(high, last), low + 1)
