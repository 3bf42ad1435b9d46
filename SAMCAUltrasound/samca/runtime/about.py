"""What a graph says about itself: the settings of its model, and how prompts become its inputs."""

from __future__ import annotations

import json
from dataclasses import dataclass, field

from .. import typed_json
from ..config import ModelConfig, from_json, to_json
from ..model_files import Provenance

KEY, FORMAT = "samca", 2  # its name in the metadata of a graph, and what that is written in
FINE = ("fine_half", "fine_quarter")  # finer maps beside the embedding: of strides 2 and 4
GIVEN = "given_"  # before the names of features where they are inputs
ANSWER, ALTERNATIVES = ("logits", "iou"), ("alternative_logits", "alternative_iou")  # what decoding gives
REMEMBERED, RECALLED = ("keys", "values"), ("recalled_logits", "recalled_iou")  # of a memory of loops
SUGGESTED = ("found_logits", "found_iou", "presence")


@dataclass(frozen=True)
class About:
    """Of one graph, or of both halves of one.

    mask_side: px of the logits and of mask prompts. fine: whether there are finer maps beside the embedding.
    two_sets: initial and guided prompts are inputs of their own, each of weight `share` if there are both,
    side by side or added, as `join` says. filled_box: a box brings a not-a-point token along (SAM 2).
    suggests: names of the classes of objects that it finds by itself.
    alternatives: it also gives the masks that one click may mean.
    """

    config: ModelConfig
    mask_side: int
    fine: bool = True
    two_sets: bool = False
    join: str = "beside"
    share: float = 1.0
    filled_box: bool = False
    suggests: tuple[str, ...] = ()
    alternatives: bool = False
    provenance: Provenance = field(default_factory=Provenance)
    format: int = FORMAT

    @property
    def features(self) -> tuple[str, ...]:
        """Names of what encoding gives and decoding takes."""
        return ("embedding", *(FINE if self.fine else ()))

    @property
    def decoded(self) -> tuple[str, ...]:
        """Names of what decoding gives."""
        return (*ANSWER, *(ALTERNATIVES if self.alternatives else ()))


def to_text(about: About) -> str:
    """As a graph keeps it."""
    return json.dumps(to_json(about))


def from_text(text: str, where: str) -> About:
    """Of what `to_text` made; ValueError for anything else, and for a newer format."""
    told = typed_json.parse(text, where)
    if (version := told.get("format", 0).whole(0)) > FORMAT:
        raise ValueError(
            f"{where} has format {version}, this program reads up to {FORMAT}: update the program"
        )
    return from_json(About, told.plain, where)
