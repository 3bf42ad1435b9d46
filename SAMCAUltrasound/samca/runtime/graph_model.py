"""A model as graphs on ONNX Runtime: what a session asks of a model, without torch."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from ..prompts import Prompts
from ..prompts.arrays import MASK_PROMPT_LOGIT, mask_prompts_of
from ..prompts.kinds import check_kind
from .about import ALTERNATIVES, ANSWER, GIVEN, SUGGESTED, About
from .graph_memory import GraphMemory, Remembered
from .pointing import inputs_of
from .sessions import runtime

# Of RGB in 0..255, what is zero to an encoder: SAM's mean, or black.
FILLINGS = {"normalized": (123.675, 116.28, 103.53), "unit": (0.0, 0.0, 0.0)}


class Interrupted(RuntimeError):
    """An encoding was ended before its end, as `GraphModel.interrupt` was called."""


class Encoded(NamedTuple):
    """Features of B pictures, float32: embedding (B, C, h, w) and finer maps, (B, C/8, 4h, 4w) and
    (B, C/4, 2h, 2w), or none."""

    embedding: np.ndarray
    fine: tuple[np.ndarray, ...] = ()


class GraphModel:
    """Encodes and decodes by two sessions, or one of both; see `interaction.embedder.Embedder`."""

    engine = "ONNX Runtime"
    instead = ""  # why torch, which is installed, does not answer in its place

    def __init__(
        self,
        about: About,
        encoder: Any,
        decoder: Any,
        finder: Any = None,
        tensors: Any = None,
        memory: GraphMemory | None = None,
    ):
        """finder: the session that suggests, of a model that does; tensors: what the sessions read and do not
        hold; memory: of loops, if there is one for the base."""
        self._memory = memory
        self.about, self.config = about, about.config
        self._encoder, self._decoder, self._finder, self._tensors = encoder, decoder, finder, tensors
        self._encodings: set[Any] = set()  # options of those that run

    @property
    def suggests(self) -> tuple[str, ...]:
        """Names of the classes of objects that it finds by itself."""
        return self.about.suggests if self._finder else ()

    @property
    def mask_side(self) -> int:
        """Side in px of mask logits and mask prompts."""
        return self.about.mask_side

    def embed(self, pixels: np.ndarray) -> Encoded:
        """(h, w, 3) float32 RGB in 0..255 at model resolution -> features of one picture."""
        return self.embed_each([pixels])

    def embed_each(self, pictures: Sequence[np.ndarray]) -> Encoded:
        """B pictures, each as in `embed` and all of one shape -> features of them as one batch."""
        size = self.config.image_size
        squares = np.empty((len(pictures), 3, size, size), np.float32)
        squares[:] = np.reshape(FILLINGS[self.config.intensities], (3, 1, 1))
        for square, picture in zip(squares, pictures, strict=True):
            square[:, : picture.shape[0], : picture.shape[1]] = picture.transpose(2, 0, 1)
        embedding, *fine = self._encode({"images": squares})
        return Encoded(embedding, tuple(fine))

    def interrupt(self) -> None:
        """End the encodings that other threads are at, between two layers: these raise Interrupted."""
        for options in list(self._encodings):
            options.terminate = True

    def embed_frames(self, *groups: Sequence[np.ndarray]) -> list[Encoded]:
        """B groups of frames -> features of each place in the groups, a batch of B; each frame is encoded by
        itself, because graphs are made of models of single frames alone."""
        return [self.embed_each(frames) for frames in zip(*groups, strict=True)]

    def joined(self, features: Sequence[Encoded]) -> Encoded:
        """Features of several batches as of one."""
        fine = zip(*(each.fine for each in features), strict=True)
        return Encoded(np.concatenate([f.embedding for f in features]), tuple(map(np.concatenate, fine)))

    def predict(
        self, features: Encoded, prompts: Prompts, previous: np.ndarray | None = None
    ) -> tuple[np.ndarray, float]:
        """Prompts of one object in model pixels, and logits (m, m) of earlier ones as mask prompt -> logits
        (m, m) float32 and predicted IoU."""
        logits, iou = self.predict_each(features, [prompts], None if previous is None else previous[None])
        return logits[0], iou[0]

    def predict_each(
        self, features: Encoded, prompts: Sequence[Prompts], previous: np.ndarray | None = None
    ) -> tuple[np.ndarray, list[float]]:
        """The same for the B pictures of a batch, pointed at alike: prompts of each, logits (B, m, m) or None
        -> logits (B, m, m) float32 and B predicted IoU. ValueError for a suggestion that it does not make."""
        for kind in {each.suggestion for each in prompts} - {None}:
            check_kind(kind, self.suggests)
        given = self._inputs(features, prompts, previous)
        if prompts[0].suggestion is not None:
            return self._found(prompts, given)
        logits, iou = self._decoder.run(ANSWER, given)
        return logits[:, 0], iou[:, 0].tolist()

    @property
    def gives_alternatives(self) -> bool:
        """Whether `alternatives_each` can be asked: older files have one mask for a click."""
        return self.about.alternatives

    def alternatives_each(
        self, features: Encoded, prompts: Sequence[Prompts]
    ) -> tuple[np.ndarray, np.ndarray]:
        """What one click on each of the B pictures of a batch may mean: logits (B, 3, m, m) float32 and
        predicted IoU (B, 3) of SAM's masks for ambiguous prompts."""
        return tuple(self._decoder.run(ALTERNATIVES, self._inputs(features, prompts, None)))

    @property
    def remembers(self) -> bool:
        """Whether `remember` and `recall` can be asked."""
        return self._memory is not None

    def remember(self, features: Encoded, masks: np.ndarray) -> Remembered:
        """As of `network.model.Model`."""
        return self._memory.remember((features.embedding, *features.fine), masks)

    def recall(
        self, features: Encoded, bank: Sequence[Remembered], kinds: Sequence[int]
    ) -> tuple[np.ndarray, list[float]]:
        """As of `network.model.Model`."""
        return self._memory.recall((features.embedding, *features.fine), bank, kinds)

    def _inputs(
        self, features: Encoded, prompts: Sequence[Prompts], previous: np.ndarray | None
    ) -> dict[str, np.ndarray]:
        """What the graph is given, by name."""
        masks = mask_prompts_of(prompts, previous, self.mask_side, self.config.image_size)
        names = (GIVEN + name for name in self.about.features)
        given = dict(zip(names, (features.embedding, *features.fine), strict=True))
        return given | inputs_of(prompts, self.about) | self._mask_inputs(masks)

    def _found(self, prompts: Sequence[Prompts], given: dict[str, np.ndarray]) -> tuple:
        """What `predict_each` says of suggestions; all is outside where nobody pointed and nothing is."""
        kinds = np.array([each.suggestion for each in prompts])
        logits, iou, presence = self._finder.run(SUGGESTED, given | {"classes": kinds})
        if not prompts[0].by_user:
            gone = presence[:, 0] < 0
            logits[gone], iou[gone] = -MASK_PROMPT_LOGIT, 0
        return logits[:, 0], iou[:, 0].tolist()

    def _encode(self, given: dict[str, np.ndarray]) -> list[np.ndarray]:
        options = runtime().RunOptions()
        self._encodings.add(options)
        try:
            return self._encoder.run(self.about.features, given, options)
        except Exception as error:  # of a kind that ONNX Runtime keeps to itself
            if options.terminate:
                raise Interrupted("the encoding was interrupted: ask again") from error
            raise
        finally:
            self._encodings.discard(options)

    def _mask_inputs(self, masks: np.ndarray | None) -> dict[str, np.ndarray]:
        has_mask = np.array([masks is not None], np.float32)
        if masks is None:
            masks = np.zeros((1, self.mask_side, self.mask_side), np.float32)
        return {"masks": np.asarray(masks, np.float32)[:, None], "has_mask": has_mask}
