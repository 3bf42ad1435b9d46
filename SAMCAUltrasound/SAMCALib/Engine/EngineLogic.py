"""The model in use, one worker thread for all torch work, and the embeddings it made, bounded in bytes.

Nothing here knows MRML or Qt: requests carry copies of pixels, results wait until `poll` fetches them.
"""

from __future__ import annotations

import logging
import threading
import time
from pathlib import Path

import numpy as np

from samca.interaction.looks import uncertainty
from samca.interaction.session import Prediction, Session
from samca.prompts import Prompts

from ..Segments.MaskLogic import MaskOptions, finished
from ..Texts import _
from . import TorchLogic
from .EmbeddingCache import EmbeddingCache
from .EngineRequests import AHEAD, ANSWERED, DECODE, ENCODE, EXAMINE, LOAD, Ahead, Picture, Request, Result

CACHE_BYTES = 512 * 2**20

logger = logging.getLogger(__name__)


class _Outdated(Exception):
    """Nobody waits for what is being computed any more."""


class EngineLogic:
    """Requests go in by `decode`, `encode`, `encodeAhead`; results come out by `poll`. A newer request of the
    same subject replaces an older one, whose result is dropped. Owners (effect instances) do not see each
    other's."""

    def __init__(self, load=None, cacheBytes: int = CACHE_BYTES):
        """load(source, device) -> model; samca.load by default. The thread starts with the first request."""
        self._load = load or TorchLogic.loadModel
        self._changed = threading.Condition()  # guards everything below
        self._waiting: list[Request] = []
        self._newest: dict = {}  # (owner, subject) -> number
        self._results: dict = {}  # owner -> [Result]
        self._numbers = 0
        self._running: Request | None = None
        self._thread: threading.Thread | None = None  # None once it is to end
        self._worker: threading.Thread | None = None
        self._model, self._modelName, self._modelNumber, self._hooks = None, "", 0, []
        self._cache = EmbeddingCache(cacheBytes)
        self._problem = ""
        self._seconds = {ENCODE: 0.0, DECODE: 0.0}
        self._device = ""

    # The model

    def useModel(self, source: str, device: str = "auto") -> None:
        """Load a model in the worker; while that goes on, and if it fails, the one before stays in use.

        Asked for again while it is loaded, it is not loaded twice.
        """
        wanted = (str(source), device)
        with self._changed:
            loads = any(r.source == wanted and not self._isOutdated(r) for r in self._loads())
        if not loads:
            self._ask(LOAD, None, "model", source=wanted)

    def setModel(self, model, name: str) -> None:
        """Take a model that is already there (console, tests)."""
        with self._changed:
            for hook in self._hooks:
                hook.remove()
            self._model, self._modelName, self._device = model, name, TorchLogic.deviceName(model)
            self._modelNumber += 1
            self._hooks = self._interruptible(model)
            self._problem = ""
            self._cache.clear()

    @property
    def modelName(self) -> str:
        """Name of the model in use, "" without."""
        return self._modelName

    @property
    def suggests(self) -> tuple[str, ...]:
        """Names of the classes that the model in use finds by itself, in their order; none if it does not."""
        return getattr(self._model, "suggests", ())

    @property
    def hasModel(self) -> bool:
        """Whether a model is in use or being loaded."""
        with self._changed:
            return self._model is not None or bool(self._loads())

    def _loads(self) -> list[Request]:
        return [r for r in (*self._waiting, self._running) if r is not None and r.kind == LOAD]

    @property
    def depth(self) -> int:
        """How many neighbouring frames the model in use takes together."""
        return getattr(self._model.config, "depth", 1) if self._model is not None else 1

    @property
    def mirrors(self) -> bool:
        """Whether the model in use looks at the mirror image of each frame, too."""
        return self._model is not None and self._model.config.mirror

    # Requests

    def decode(self, owner, subject, picture: Picture, prompts: Prompts, options: MaskOptions) -> None:
        """Ask for the mask that these prompts give, encoding the picture first where needed."""
        self._ask(DECODE, owner, subject, picture=picture, prompts=prompts, options=options)

    def examine(self, owner, subject, picture: Picture, prompts: Prompts, options: MaskOptions) -> None:
        """The same, later than that, for how sure the model is: it looks at the mirror image, too, which a
        model that does not mirror encodes for it."""
        self._ask(EXAMINE, owner, subject, picture=picture, prompts=prompts, options=options)

    def encode(self, owner, picture: Picture) -> None:
        """Encode what will probably be clicked on next; no result."""
        self._ask(ENCODE, owner, "encode", picture=picture)

    def encodeAhead(self, owner, pictures: list[Picture]) -> None:
        """Encode these while there is nothing else to do, in place of an earlier list."""
        with self._changed:
            self._waiting = [r for r in self._waiting if (r.kind, r.owner) != (AHEAD, owner)]
            for key in [key for key in self._newest if key[0] == owner and isinstance(key[1], Ahead)]:
                del self._newest[key]
        for picture in pictures:
            self._ask(AHEAD, owner, Ahead(picture.key), picture=picture)

    def poll(self, owner) -> list[Result]:
        """What has become ready for this owner since the last call; outdated results are not among it."""
        with self._changed:
            return self._results.pop(owner, [])

    def drop(self, owner, subject) -> None:
        """Forget the request for this subject and its result."""
        with self._changed:
            self._newest.pop((owner, subject), None)
            self._forgetOutdated()
            self._results[owner] = [r for r in self._results.get(owner, []) if r.subject != subject]

    def cancel(self, owner) -> None:
        """Drop the owner's requests and results, the running one too."""
        with self._changed:
            self._newest = {key: number for key, number in self._newest.items() if key[0] != owner}
            self._forgetOutdated()
            self._results.pop(owner, None)

    def segment(self, picture: Picture, prompts: Prompts, options: MaskOptions) -> np.ndarray:
        """The (H, W) bool mask, waited for; RuntimeError with the engine's sentence if it fails."""
        owner = object()
        self.decode(owner, "console", picture, prompts, options)
        with self._changed:
            self._changed.wait_for(lambda: owner in self._results)
        result = self.poll(owner)[0]
        if result.error:
            raise RuntimeError(result.error)
        return result.mask

    def wait(self, seconds: float = 60.0) -> bool:
        """Wait until nothing is asked for any more; False if it takes longer."""
        with self._changed:
            return self._changed.wait_for(lambda: not self._waiting and self._running is None, seconds)

    def stop(self) -> None:
        """End the thread, forget model and embeddings; a later request starts again."""
        with self._changed:
            thread, self._thread = self._thread, None
            self._waiting, self._newest, self._results = [], {}, {}
            self._changed.notify_all()
        if thread is not None:
            thread.join()
        self.setModel(None, "")

    # What goes on

    @property
    def isBusy(self) -> bool:
        """Whether a request waits or runs."""
        with self._changed:
            return bool(self._waiting) or self._running is not None

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
        """One sentence: what it is doing, on which device, how long the last encoding and click took."""
        running = self._running
        if running is not None and running.kind == LOAD:
            return _("Loading the model {name}.").format(name=Path(running.source[0]).stem)
        if running is not None and running.kind != AHEAD and not self._isEncoded(running.picture):
            return _("Encoding {name} on {device}.").format(name=running.picture.name, device=self._device)
        if running is not None and running.kind == DECODE:  # perhaps a window of it is encoded
            return _("Segmenting {name} on {device}.").format(name=running.picture.name, device=self._device)
        if self._problem:
            return self._problem
        if self._model is None:
            return _("No model is loaded.")
        return self._readyText()

    def _readyText(self) -> str:
        text = _("Ready: {model} on {device}").format(model=Path(self._modelName).stem, device=self._device)
        if self._seconds[ENCODE]:
            text += _("; last encoding {seconds:.2f} s").format(seconds=self._seconds[ENCODE])
        if self._seconds[DECODE]:
            text += _("; last click {milliseconds:.0f} ms").format(milliseconds=1000 * self._seconds[DECODE])
        return text + "."

    # The queue

    def _ask(self, kind: int, owner, subject, **what) -> None:
        with self._changed:
            self._numbers += 1
            self._newest[owner, subject] = self._numbers
            self._forgetOutdated()
            if owner in self._results:
                self._results[owner] = [r for r in self._results[owner] if r.subject != subject]
            self._waiting.append(Request(kind, owner, subject, self._numbers, **what))
            if self._thread is None:
                self._thread = threading.Thread(target=self._work, name="SAMCA", daemon=True)
                self._worker = self._thread
                self._thread.start()
            self._changed.notify_all()

    def _forgetOutdated(self) -> None:
        self._waiting = [request for request in self._waiting if not self._isOutdated(request)]
        self._changed.notify_all()

    def _isOutdated(self, request: Request) -> bool:
        return self._newest.get((request.owner, request.subject)) != request.number

    def _isEncoded(self, picture: Picture) -> bool:
        return (self._modelNumber, picture.key) in self._cache

    # The worker; only `_work` and what it calls runs in the thread

    def _work(self) -> None:
        own = threading.current_thread()
        while (request := self._next(own)) is not None:
            result = self._result(request)
            with self._changed:
                self._running = None
                if not self._isOutdated(request) and request not in self._waiting:
                    del self._newest[request.owner, request.subject]
                    if result is not None and self._thread is own:
                        self._results.setdefault(request.owner, []).append(result)
                self._changed.notify_all()

    def _next(self, own) -> Request | None:
        with self._changed:
            self._changed.wait_for(lambda: self._waiting or self._thread is not own)
            if self._thread is not own:
                return None
            self._running = min(self._waiting, key=lambda request: (request.kind, request.number))
            self._waiting.remove(self._running)
            return self._running

    def _result(self, request: Request) -> Result | None:
        try:
            return self._done(request)
        except _Outdated:
            self._askAgain(request)
        except Exception as error:  # whatever torch or a file may raise must not end the thread
            logger.debug("Request failed", exc_info=True)
            self._problem = TorchLogic.sentence(error)
            if request.kind in ANSWERED:
                return Result(request.subject, request.prompts, None, error=self._problem)
        return None

    def _askAgain(self, request: Request) -> None:
        """What made room for a click goes on later."""
        with self._changed:
            if not self._isOutdated(request):
                self._waiting.append(request)

    def _done(self, request: Request) -> Result | None:
        if request.kind == LOAD:
            self.setModel(self._load(*request.source), request.source[0])
            return None
        if self._model is None:
            raise RuntimeError(_("No model is loaded: choose one, or install what is missing."))
        with TorchLogic.threadsFor(self._model):
            return self._computed(request)

    def _computed(self, request: Request) -> Result | None:
        session = self._session(request.picture, request.kind == EXAMINE)
        if request.kind not in ANSWERED:
            return None
        self._checkWanted()
        start = time.perf_counter()
        prediction = session.predict(request.prompts)
        self._keep(request.picture, session)  # with the windows that were looked at
        # not prediction.mask, which the model's own settings have tidied: here the user decides
        mask = finished(prediction.logits, request.prompts, request.options, request.picture.spacing)
        if request.kind == EXAMINE:
            return _examined(request, mask, prediction)
        self._seconds[DECODE] = time.perf_counter() - start
        self._problem = ""
        return Result(request.subject, request.prompts, mask, prediction.iou)

    def _session(self, picture: Picture, twice: bool) -> Session:
        """A session with the picture encoded, its mirror image too if it is to be looked at `twice`."""
        session = Session(self._model, mirror=twice or None)
        embedding = self._cache.get(self._key(picture, session))
        if embedding is not None:
            session.use_embedding(*embedding)
            return session
        start = time.perf_counter()
        if picture.frames:
            session.set_frames(picture.frames, picture.place, picture.window)
        else:
            session.set_image(picture.pixels, picture.window)
        self._seconds[ENCODE] = time.perf_counter() - start
        self._keep(picture, session)
        return session

    def _keep(self, picture: Picture, session: Session) -> None:
        """Remember the picture's embedding, unless another model was chosen meanwhile."""
        with self._changed:
            if session.model is self._model:
                self._cache.put(self._key(picture, session), session.embedding)

    def _key(self, picture: Picture, session: Session) -> tuple:
        """What the embedding is kept by: apart where the model itself does not mirror."""
        key = self._modelNumber, picture.key
        return key if session.mirror == session.model.config.mirror else (*key, "mirrored")

    def _interruptible(self, model) -> list:
        """Hooks that end an encoding nobody waits for, between two layers of a torch model."""
        encoder = getattr(model, "image_encoder", None)
        if not hasattr(encoder, "modules"):
            return []
        return [module.register_forward_pre_hook(self._checkWanted) for module in encoder.modules()]

    def _checkWanted(self, *_module) -> None:
        running, waiting = self._running, list(self._waiting)
        if running is None or threading.current_thread() is not self._worker:
            return  # somebody else uses the model, in a thread of his own
        if self._thread is not self._worker:
            raise _Outdated
        isShared = any(request.picture and request.picture.key == running.picture.key for request in waiting)
        if isShared and not self._isEncoded(running.picture):
            return  # another request needs the same embedding
        isInTheWay = running.kind in (EXAMINE, AHEAD) and any(r.kind < running.kind for r in waiting)
        if isInTheWay or self._isOutdated(running):
            raise _Outdated


def _examined(request: Request, mask: np.ndarray, prediction: Prediction) -> Result:
    return Result(
        request.subject,
        request.prompts,
        mask,
        prediction.iou,
        agreement=prediction.agreement,
        uncertainty=uncertainty(prediction.looks),
    )


_shared: list[EngineLogic] = []


def sharedEngine() -> EngineLogic:
    """The one engine of the application: all editors share model and embeddings."""
    if not _shared:
        _shared.append(EngineLogic())
    return _shared[0]
