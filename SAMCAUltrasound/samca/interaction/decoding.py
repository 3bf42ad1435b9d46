"""Prompts to logits on one encoded picture, each prefix of the clicks decoded once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np

from ..prompts import Prompts
from ..prompts.geometry import Geometry
from ..prompts.prompts import box_around
from .embedder import Embedder
from .memory import Memory

REMEMBERED = 64  # prompts whose logits are kept
CLICKS = 2  # the same, clicks of which all that they may mean is kept

Said = tuple[np.ndarray, list[float]]  # logits (n, m, m) float32 and predicted IoU of n looks


class Question(NamedTuple):
    """What a model is to decode: prompts of each look in model pixels, and logits (n, m, m) of earlier ones,
    or None."""

    looks: tuple[Prompts, ...]
    previous: np.ndarray | None

    @property
    def kind(self) -> tuple:
        """Those of one kind can be one batch."""
        prompts = self.looks[0]
        clicks = tuple((click.positive, bool(click.path)) for click in prompts.clicks)
        rest = prompts.box is None, bool(prompts.lasso), prompts.suggestion, prompts.initial_clicks
        return clicks, *rest, self.previous is None


class Decoding:
    """What a model says of the features of a picture, or of a picture and its mirror image if `mirror`.

    It remembers the logits of prompts without a mask, because where a model takes its previous logits as mask
    prompt, those of all prompts before have to be there. The `alternative` of prompts is here the number of
    one of the model's masks for an ambiguous click, from 1, or 0: its answer.
    """

    def __init__(self, model: Embedder, mirror: bool, features: Any, geometry: Geometry):
        self._model, self._mirror, self._features, self._geometry = model, mirror, features, geometry
        self._said: Memory[Prompts, Said] = Memory(REMEMBERED)
        self._meant: Memory[Prompts, tuple[np.ndarray, np.ndarray]] = Memory(CLICKS)

    def __call__(self, prompts: Prompts) -> Said:
        """Logits (n, m, m) float32 in model resolution and predicted IoU of n looks; a mirror image's stay
        mirrored."""
        if prompts.mask is not None:  # masks are not compared, so their logits are not kept
            return self._decode(prompts, None)
        return self._said.following(prompts, self._before, self._decode_after)

    @property
    def nbytes(self) -> int:
        """Bytes of the logits that are remembered."""
        return sum(logits.nbytes for kept in (self._said, self._meant) for logits, _ in kept.values())

    def forget(self) -> None:
        """Remember nothing."""
        self._said.clear()
        self._meant.clear()

    def _decode_after(self, prompts: Prompts, answer: Said | None) -> Said:
        return self._decode(prompts, None if answer is None else answer[0])

    def _decode(self, prompts: Prompts, previous: np.ndarray | None) -> Said:
        looks = self._looks(prompts)
        if _is_chosen(prompts):
            click, meant = replace(prompts, alternative=0), self._model.alternatives_each
            logits, ious = self._meant.of(click, lambda: meant(self._features, looks))
            return logits[:, prompts.alternative - 1], ious[:, prompts.alternative - 1].tolist()
        if self._mirror:
            return self._model.predict_each(self._features, looks, previous)
        before = None if previous is None else previous[0]
        logits, iou = self._model.predict(self._features, *looks, before)
        return logits[None], [iou]

    def _looks(self, prompts: Prompts) -> tuple[Prompts, ...]:
        prompts = _with_box(prompts)
        seen = (prompts, prompts.mirrored(self._geometry.width)) if self._mirror else (prompts,)
        return tuple(map(self._geometry.prompts_to_model, seen))

    def _question(self, prompts: Prompts) -> Question | None:
        """What is to be decoded for these prompts; None where their logits, or those before, are not to be
        had by one decoding."""
        before = self._before(prompts)
        if not prompts or prompts.mask is not None or prompts in self._said or _is_chosen(prompts):
            return None
        if before and before not in self._said:
            return None
        return Question(self._looks(prompts), self._said[before][0] if before else None)

    def _before(self, prompts: Prompts) -> Prompts:
        """The prompts whose logits are the mask prompt for these; none where there are no earlier ones."""
        feedback = self._model.config.feedback
        if not prompts.clicks or (feedback == "none" and not prompts.alternative):
            return Prompts()
        if feedback == "last":
            return prompts.first(len(prompts.clicks) - 1)
        initial, _ = prompts.initial_and_guided()
        return Prompts() if initial == prompts else initial


def _with_box(prompts: Prompts) -> Prompts:
    """The same with the box around a mask, and around a lasso that clicks mend.

    As a mask prompt alone a mask is taken for a hint; in a lasso's place are the last logits by then, and a
    click outside would be all that points.
    """
    if prompts.mask is not None and prompts.box is None and prompts.mask.any():
        return replace(prompts, box=box_around(prompts.mask))
    if prompts.lasso and prompts.clicks:
        return replace(prompts, box=prompts.bound)
    return prompts


def _is_chosen(prompts: Prompts) -> bool:
    """Whether they are a click that is to mean something else than the model answers."""
    return bool(prompts.alternative) and prompts.is_ambiguous


def decode_together(parts: Sequence[tuple[Decoding, Prompts]]) -> None:
    """Decode prompts on several pictures of one model, with the same look or looks, in one batch, if they are
    asked alike, each by one decoding; the logits are remembered."""
    questions = [decoding._question(prompts) for decoding, prompts in parts]
    if None in questions or len({question.kind for question in questions}) > 1:
        return
    model, features = parts[0][0]._model, [decoding._features for decoding, _ in parts]
    looks = [look for question in questions for look in question.looks]
    previous = [question.previous for question in questions if question.previous is not None]
    logits, ious = model.predict_each(
        model.joined(features), looks, np.concatenate(previous) if previous else None
    )
    count = len(looks) // len(parts)
    for start, (decoding, prompts) in zip(range(0, len(looks), count), parts, strict=True):
        own = slice(start, start + count)
        decoding._said.of(prompts, lambda own=own: (logits[own], ious[own]))
