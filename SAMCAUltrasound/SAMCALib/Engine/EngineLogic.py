"""The model in use, what is asked of it, and the embeddings it made, bounded in bytes.

Nothing here knows Qt, and of MRML only that volumes leave the scene: requests carry copies of pixels, results
wait until `poll` fetches them.
"""

from __future__ import annotations

import weakref
from collections.abc import Callable
from pathlib import Path

import numpy as np

from samca import model_files
from samca.prompts import Prompts

from ..Segments.MaskLogic import MaskOptions
from ..Texts import _
from . import TorchLogic
from .EmbeddingCache import EmbeddingCache
from .EngineRequests import AHEAD, CLOSER, DECODE, ENCODE, EXAMINE, Ahead, Picture, Result
from .EngineWorker import EngineWorker, ModelInUse
from .ModelLoader import ModelLoader
from .RequestQueue import RequestQueue
from .SceneWatch import SceneWatch
from .Trail import Step

CACHE_BYTES = 512 * 2**20
SHIPPED_NAME = "SAMCA small"  # as its file says


class EngineLogic:
    """Requests go in by `decode`, `encode`, `encodeAhead`; results come out by `poll`. A newer request of the
    same subject replaces one that waits, not the one that runs on the same picture. Owners (effect
    instances) do not see each other's."""

    def __init__(self, load=None, cacheBytes: int = CACHE_BYTES):
        """load(source, device) -> model; samca.load by default. The thread starts with the first request."""
        self._load = load or TorchLogic.loadModel
        self._queue = RequestQueue()
        self._changed = self._queue.changed
        self._loader = ModelLoader(self._changed)
        self._cache = EmbeddingCache(cacheBytes)
        self._worker = EngineWorker(self._queue, self._cache, lambda: self.isLoading)
        self._scene = SceneWatch(self.forget)
        self._listeners: list[weakref.WeakMethod] = []

    def listen(self, heard: Callable[[], None]) -> None:
        """heard(), a method, is called whenever something is asked or a model chosen, by whom- and wherever,
        in the thread of whoever asks; until its object is freed."""
        self._listeners.append(weakref.WeakMethod(heard))

    def _tellListeners(self) -> None:
        self._listeners = [each for each in self._listeners if each() is not None]
        for each in self._listeners:
            if heard := each():
                heard()

    # The model

    def useModel(self, source: str, device: str = "auto") -> None:
        """Load a model beside the one in use, which goes on answering meanwhile, and stays if it fails.

        Requests wait for it only where there is none. Asked for again while it is loaded, it is not loaded
        twice; another one takes its place.
        """
        TorchLogic.importBeside()
        self._loader.start((str(source), device), self._loaded, self._take)
        self._tellListeners()

    def waitForModel(self) -> None:
        """Wait until no model is being loaded any more."""
        with self._changed:
            self._changed.wait_for(lambda: not self.isLoading)

    def cancelLoading(self) -> None:
        """Stay with the model in use, whatever is being loaded."""
        self._loader.cancel()
        self._tellListeners()

    def setModel(self, model, name: str) -> None:
        """Take a model that is already there (console, tests), in place of any that is being loaded."""
        self._loader.cancel()
        self._worker.use(None if model is None else self._worker.prepared(model, name))
        self._tellListeners()

    @property
    def modelName(self) -> str:
        """Name of the model in use, "" without."""
        return self._worker.inUse.name if self._worker.inUse else ""

    @property
    def suggests(self) -> tuple[str, ...]:
        """Names of the classes that the model in use finds by itself, in their order; none if it does not."""
        return getattr(self._model, "suggests", ())

    @property
    def hasModel(self) -> bool:
        """Whether a model is in use or being loaded."""
        with self._changed:
            return self._worker.inUse is not None or self.isLoading

    @property
    def isLoading(self) -> bool:
        """Whether a model is being loaded."""
        return self._loader.source is not None

    @property
    def depth(self) -> int:
        """How many neighbouring frames the model in use takes together."""
        return getattr(self._model.config, "depth", 1) if self._model is not None else 1

    @property
    def mirrors(self) -> bool:
        """Whether the model in use looks at the mirror image of each frame, too."""
        return self._model is not None and self._model.config.mirror

    @property
    def givesAlternatives(self) -> bool:
        """Whether the model in use has other outlines than its first one for a click."""
        return bool(getattr(self._model, "gives_alternatives", False))

    @property
    def _model(self):
        inUse = self._worker.inUse
        return inUse.model if inUse else None

    def _loaded(self, source: str, device: str) -> ModelInUse:
        return self._worker.prepared(self._load(source, device), source)

    def _take(self, loaded: ModelInUse | None, problem: str) -> None:
        """What the loader says, in its thread."""
        if loaded is not None:
            self._worker.use(loaded)
        else:
            self._worker.problem = problem

    # Requests

    def decode(
        self,
        owner,
        subject,
        picture: Picture,
        prompts: Prompts,
        options: MaskOptions,
        early: bool = False,
        step: Step | None = None,
    ) -> None:
        """Ask for the mask that these prompts give, encoding the picture first where needed; step: or, on the
        trail of an object, that the model's memory does.

        early: where a closer look at a part of it has to be encoded, too, there are two results: what the
        whole picture says, not `isLast`, and then what both say.
        """
        asked = {"picture": picture, "prompts": prompts, "options": options, "step": step}
        self._ask(DECODE, owner, subject, **asked, early=early)

    def glance(
        self,
        owner,
        subject,
        picture: Picture,
        prompts: Prompts,
        options: MaskOptions,
        given: Prompts,
        step: Step | None = None,
    ) -> None:
        """The same of a picture that passes by: by one look, neither at its mirror image nor more closely;
        nothing of it is kept. given: of the prompts what somebody pointed with at this very picture."""
        asked = {"picture": picture, "prompts": prompts, "options": options, "step": step}
        self._ask(DECODE, owner, subject, **asked, passing=given)

    def examine(self, owner, subject, picture: Picture, prompts: Prompts, options: MaskOptions) -> None:
        """As `decode`, later than that, for how sure the model is: it looks at the mirror image, too, which a
        model that does not mirror encodes for it."""
        self._ask(EXAMINE, owner, subject, picture=picture, prompts=prompts, options=options)

    def encode(self, owner, picture: Picture) -> None:
        """Encode what will probably be clicked on next; no result."""
        self._ask(ENCODE, owner, "encode", picture=picture)

    def encodeCloser(self, owner, picture: Picture, prompts: Prompts) -> None:
        """Encode the windows that the next click after these prompts will probably ask for, while there is
        nothing else to do; no result."""
        if self._model is not None and self._model.config.zoom:
            self._ask(CLOSER, owner, "closer", picture=picture, prompts=prompts)

    def encodeAhead(self, owner, pictures: list[Picture]) -> None:
        """Encode these while there is nothing else to do, in place of an earlier list."""
        self._queue.dropWhere(lambda request: (request.kind, request.owner) == (AHEAD, owner))
        for picture in pictures:
            self._ask(AHEAD, owner, Ahead(picture.key), picture=picture)

    def poll(self, owner) -> list[Result]:
        """What has become ready for this owner since the last call, the last result of each subject."""
        return self._queue.poll(owner)

    def waitForResult(self, owner, seconds: float) -> bool:
        """Wait until `poll` has something for this owner, at most so long and while anything is asked for;
        whether it has."""
        with self._changed:
            self._changed.wait_for(lambda: self._queue.hasResult(owner) or not self.isBusy, seconds)
            return self._queue.hasResult(owner)

    def drop(self, owner, subject) -> None:
        """Forget the request for this subject and its result."""
        self._queue.drop(owner, subject)

    def cancel(self, owner) -> None:
        """Drop the owner's requests and results, the running one too."""
        self._queue.cancel(owner)

    def forget(self, volumeId: str) -> None:
        """Keep nothing of this volume, and tell who has asked; done by itself when it leaves the scene."""
        with self._changed:
            self._queue.refuseVolume(volumeId, _("The volume was removed before there was an answer."))
            self._cache.dropGroup(volumeId)
        self._tellListeners()

    def segment(self, picture: Picture, prompts: Prompts, options: MaskOptions) -> np.ndarray:
        """The (H, W) bool mask of `answer`."""
        return self.answer(picture, prompts, options).mask

    def answer(
        self, picture: Picture, prompts: Prompts, options: MaskOptions, step: Step | None = None
    ) -> Result:
        """What `poll` would give, waited for; RuntimeError with a sentence if it fails or is stopped."""
        owner = object()
        try:
            self.decode(owner, "console", picture, prompts, options, step=step)
            with self._changed:
                self._changed.wait_for(lambda: not self._queue.isPending(owner, "console"))
            results = self.poll(owner)
        finally:
            self.cancel(owner)  # of an interrupted wait
        if not results:
            raise RuntimeError(_("Stopped before there was an answer: ask again."))
        if results[0].error:
            raise RuntimeError(results[0].error)
        return results[0]

    def wait(self, seconds: float = 60.0) -> bool:
        """Wait until nothing is asked for or loaded any more; False if it takes longer."""
        with self._changed:
            return self._changed.wait_for(lambda: not self.isBusy, seconds)

    def stop(self) -> None:
        """End the thread, forget model, requests and embeddings; a later request starts again."""
        self._loader.cancel()
        self._scene.stop()
        try:
            self._worker.stop()
        finally:
            self.setModel(None, "")

    def _ask(self, kind: int, owner, subject, **what) -> None:
        if what["picture"].volumeId:
            self._scene.start()
        TorchLogic.importBeside()
        self._worker.start()
        self._queue.ask(kind, owner, subject, **what)
        self._tellListeners()

    # What goes on

    @property
    def isBusy(self) -> bool:
        """Whether a request waits or runs, or a model is being loaded."""
        with self._changed:
            return self.isLoading or not self._queue.isEmpty

    @property
    def cachedBytes(self) -> int:
        """Bytes of all embeddings that are kept."""
        return self._cache.bytes

    @property
    def cachedFrames(self) -> int:
        """How many embeddings are kept."""
        return len(self._cache)

    @property
    def status(self) -> str:
        """One sentence: what it is doing, or what is ready, on which device, and how fast it was."""
        return self.doing or _("Ready: {details}").format(details=self.details)

    @property
    def doing(self) -> str:
        """One sentence: what it is doing or why it cannot, "" while it waits for a click."""
        with self._changed:
            running, inUse, loading = self._queue.running, self._worker.inUse, self._loader.source
            says = self._runningText(running, inUse) or _loadingText(loading, inUse) or self._worker.problem
            return says or ("" if inUse else _("No model is loaded."))

    @property
    def runsOn(self) -> str:
        """The device and the engine of the model in use, and why not on torch if that does not start; ""
        without a model."""
        inUse = self._worker.inUse
        if inUse is None:
            return ""
        text = _("Runs on {device}.").format(device=inUse.device)
        instead = getattr(inUse.model, "instead", "")
        return f"{text} {instead}." if instead else text

    @property
    def details(self) -> str:
        """The model in use, its device, how long the last encoding and click took; "" without a model."""
        inUse, seconds = self._worker.inUse, self._worker.seconds
        if inUse is None:
            return ""
        text = _("{model} on {device}").format(model=nameOf(inUse.name), device=inUse.device)
        if seconds[ENCODE]:
            text += _("; last encoding {seconds:.2f} s").format(seconds=seconds[ENCODE])
        if seconds[DECODE]:
            text += _("; last click {milliseconds:.0f} ms").format(milliseconds=1000 * seconds[DECODE])
        return text + "."

    def _runningText(self, running, inUse: ModelInUse | None) -> str:
        if running is None or inUse is None:
            return ""
        words = {"name": running.picture.name, "device": inUse.device}
        if running.kind != AHEAD and not self._worker.isEncoded(running.picture):
            return _("Encoding {name} on {device}.").format(**words)
        if running.kind == DECODE:  # perhaps a window of it is encoded
            return _("Segmenting {name} on {device}.").format(**words)
        return ""


def _loadingText(source: tuple[str, str] | None, inUse: ModelInUse | None) -> str:
    if source is None:
        return ""
    name = nameOf(source[0])
    if inUse is None:
        return _("Loading the model {name}.").format(name=name)
    text = _("Loading the model {name}; until then {before} answers.")
    return text.format(name=name, before=nameOf(inUse.name))


def nameOf(source: str) -> str:
    """What the user calls a model that the engine loads from here."""
    if source in model_files.organs():
        return f"SAMCA {source}"
    return SHIPPED_NAME if source == "shipped" else Path(source).stem


_shared: list[EngineLogic] = []


def sharedEngine() -> EngineLogic:
    """The one engine of the application: all editors share model and embeddings."""
    if not _shared:
        _shared.append(EngineLogic())
    return _shared[0]
