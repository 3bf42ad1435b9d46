"""The one thread that computes with the model in use: embeddings, which are kept, and masks.

Whatever a model raises, SystemExit too, becomes the answer to one request; the next one is computed.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from samca.images.regions import Region
from samca.interaction.looks import uncertainty
from samca.interaction.session import Prediction, Session
from samca.prompts import Prompts
from samca.runtime.graph_model import Interrupted

from ..Segments.MaskLogic import finished
from ..Texts import _
from . import TorchLogic
from .EmbeddingCache import EmbeddingCache
from .EngineRequests import ANSWERED, CLOSER, DECODE, ENCODE, EXAMINE, Picture, Request, Result
from .GlanceLogic import answered
from .RequestQueue import RequestQueue
from .ScreenLogic import onScreen, partsOf, partUnder

STOP_SECONDS = 10.0  # longer than a layer of any model takes; a model that never answers is left alone

logger = logging.getLogger(__name__)


class _Outdated(Exception):
    """Nobody waits for what is being computed any more."""


class ModelInUse(NamedTuple):
    """A model, what it was loaded from, what it runs on, and the hooks by which it can be interrupted."""

    model: Any
    name: str
    device: str
    hooks: list


class EngineWorker:
    """Takes from the queue what goes first, while there is a model or none is coming.

    seconds: what the last encoding and the last click took. problem: why the last request failed, or "".
    """

    def __init__(self, queue: RequestQueue, cache: EmbeddingCache, isModelComing: Callable[[], bool]):
        """The thread starts with `start`; isModelComing() tells whether it is worth waiting for one."""
        self._queue, self._cache, self._isModelComing = queue, cache, isModelComing
        self._changed = queue.changed  # guards everything here
        self._thread: threading.Thread | None = None  # None once it is to end
        self._own = threading.local()  # `request`: what a thread of ours computes
        self._told: Request | None = None  # of what something is known already
        queue.isToldOfChanges = self._interruptUnwanted
        self.inUse: ModelInUse | None = None
        self.problem = ""
        self.seconds = {ENCODE: 0.0, DECODE: 0.0}

    def start(self) -> None:
        """Have the thread running."""
        with self._changed:
            if self._thread is None or not self._thread.is_alive():
                thread = threading.Thread(target=self._work, name="SAMCA", daemon=True)
                thread.start()
                self._thread = thread

    def stop(self) -> None:
        """End the thread, and the encoding that it is at between two layers."""
        with self._changed:
            thread, self._thread = self._thread, None
            self._interruptUnwanted()
            self._queue.clear()
        if thread is not None and thread is not threading.current_thread():
            thread.join(STOP_SECONDS)

    def prepared(self, model, name: str) -> ModelInUse:
        """A model as `use` takes it; raises what the model raises."""
        return ModelInUse(model, name, TorchLogic.deviceName(model), self._interruptible(model))

    def use(self, inUse: ModelInUse | None) -> None:
        """Compute with this model from the next request on; what another one has encoded is forgotten."""
        with self._changed:
            before, self.inUse = self.inUse, inUse
            for hook in before.hooks if before else ():
                hook.remove()
            self.problem = ""
            self._cache.clear()
            self._changed.notify_all()

    def isEncoded(self, picture: Picture) -> bool:
        """Whether the model in use has encoded this picture."""
        return all(part.key in self._cache for part in partsOf(picture))

    # Only what follows runs in the thread

    def _work(self) -> None:
        while self._doOne(threading.current_thread()):
            self._own.request = None  # while the next one is waited for, nothing holds picture and owner

    def _doOne(self, own: threading.Thread) -> bool:
        """Wait for a request and answer it; False once the thread is to end."""
        request = self._next(own)
        if request is None:
            return False
        result, isInTheWay = self._result(request)
        with self._changed:
            if self._thread is not own:
                return False
            if isInTheWay:
                self._queue.putBack()
            else:
                self._queue.finish(result)
        return True

    def _next(self, own) -> Request | None:
        with self._changed:
            self._changed.wait_for(lambda: self._thread is not own or self._canGoOn())
            if self._thread is not own:
                return None
            self._own.request = self._queue.take()
            return self._own.request

    def _canGoOn(self) -> bool:
        return bool(self._queue.waiting) and (self.inUse is not None or not self._isModelComing())

    def _result(self, request: Request) -> tuple[Result | None, bool]:
        """What came out, and whether it only made room for something else."""
        try:
            return self._computed(request, self.inUse), False
        except (_Outdated, Interrupted):
            return None, True
        except BaseException as error:  # whatever torch or a file may raise must not end the thread
            logger.debug("Request failed", exc_info=True)
            self.problem = TorchLogic.sentence(error)
            failed = Result(request.subject, request.prompts, None, error=self.problem)
            return failed if request.kind in ANSWERED else None, False

    def _computed(self, request: Request, inUse: ModelInUse | None) -> Result | None:
        if inUse is None:
            says = _("No model is loaded: choose one, or install what is missing.")
            raise RuntimeError(self.problem or says)
        if request.kind in ANSWERED:
            return self._answer(request, inUse)
        if request.kind == CLOSER:
            self._lookCloser(request, inUse)
            return None
        for picture in partsOf(request.picture):
            self._session(request, picture, inUse)
        return None

    def _lookCloser(self, request: Request, inUse: ModelInUse) -> None:
        picture, prompts, _region = partUnder(request.picture, request.prompts)
        session = self._session(request, picture, inUse)
        session.encode_ahead(prompts)
        self._keep(request, picture, session, inUse)

    def _answer(self, request: Request, inUse: ModelInUse) -> Result:
        picture, prompts, region = partUnder(request.picture, request.prompts)
        session = self._session(request, picture, inUse)
        self._checkWanted()

        def result(prediction: Prediction, **more) -> Result:
            # not prediction.mask, which the model's own settings have tidied: here the user decides
            asked = Prompts() if more.get("isRecalled") else prompts
            mask = _finished(prediction, request, asked, picture.spacing, region)
            more |= {"outline": prediction.outline, "agreement": prediction.agreement}
            found = Result(request.subject, request.prompts, mask, prediction.iou, **more)
            return onScreen(found, request.picture, region)

        start = time.perf_counter()
        if request.early and session.has_to_encode(prompts):
            self._tell(request, result(session.predict(prompts, closer=False), isLast=False))
        step, closer = request.step, request.passing is None
        recalled = step.recalled(inUse.model, session, closer) if step else None
        if recalled is not None:
            prediction, more = recalled, {"isRecalled": True}
        else:
            prediction, more = session.predict(prompts, closer=closer), {}
        self._keep(request, picture, session, inUse)  # with what it has encoded and decoded since
        if request.kind == EXAMINE:
            return result(prediction, uncertainty=prediction.on_image(uncertainty(prediction.looks)))
        self.seconds[DECODE] = time.perf_counter() - start
        self.problem = ""
        found = result(prediction, **more)
        if step is not None:
            whole = found.mask if step.mask is None else step.mask
            mask = region.window.crop(whole) if region else whole
            step.remember(session, prompts, prediction, mask)
        return found

    def _tell(self, request: Request, result: Result) -> None:
        """Somebody sees this meanwhile; what is newer need not wait for the rest."""
        with self._changed:
            if self._queue.running is request:
                self._queue.tell(result)
        self._told = request
        self._checkWanted()

    def _session(self, request: Request, picture: Picture, inUse: ModelInUse) -> Session:
        """A session with the picture encoded, its mirror image too if it is to be looked at twice; the one
        of earlier requests, which has the logits of their prompts."""
        isPassing = request.passing is not None
        session = Session(inUse.model, mirror=False if isPassing else request.kind == EXAMINE or None)
        with self._changed:
            kept = self._cache.get(_key(picture, session)) if inUse is self.inUse else None
        if kept is not None:
            return kept
        start = time.perf_counter()
        if picture.frames:
            session.set_frames(picture.frames, picture.place, picture.window)
        else:
            session.set_image(picture.pixels, picture.window)
        self.seconds[ENCODE] = time.perf_counter() - start
        self._keep(request, picture, session, inUse)
        return session

    def _keep(self, request: Request, picture: Picture, session: Session, inUse: ModelInUse) -> None:
        """Remember the picture's session, unless model or picture have gone meanwhile."""
        with self._changed:
            isKept = self._queue.running is request and request.passing is None
            if isKept and inUse is self.inUse:
                self._cache.put(_key(picture, session), session, picture.volumeId)

    def _interruptible(self, model) -> list:
        """Hooks that end an encoding nobody waits for, between two layers of a torch model."""
        encoder = getattr(model, "image_encoder", None)
        if not hasattr(encoder, "modules"):
            return []
        return [module.register_forward_pre_hook(self._checkWanted) for module in encoder.modules()]

    def _checkWanted(self, *_module) -> None:
        running = getattr(self._own, "request", None)
        if running is None:
            return  # somebody else uses the model, in a thread of his own
        if self._thread is not threading.current_thread() or self._isUnwanted(running):
            raise _Outdated

    def _isUnwanted(self, running: Request) -> bool:
        """Whether what is computed need not be, or has to make room."""
        waiting = list(self._queue.waiting)
        isShared = any(request.picture.key == running.picture.key for request in waiting)
        if isShared and not self.isEncoded(running.picture):
            return False  # another request needs the same embedding
        isInTheWay = running.kind >= EXAMINE and any(r.kind < running.kind for r in waiting)
        isShown = self._told is running and self._queue.isFollowed(running)
        return isInTheWay or isShown or self._queue.isOutdated(running)

    def _interruptUnwanted(self) -> None:
        """End an encoding of a model without hooks, where nobody waits for it or the thread is to end."""
        running, model = self._queue.running, self.inUse and self.inUse.model
        if running is None or not hasattr(model, "interrupt"):
            return
        if self._thread is None or self._isUnwanted(running):
            model.interrupt()


def _key(picture: Picture, session: Session):
    """What the session is kept by: apart where it does not look as the model itself does."""
    isUsual = session.mirror == session.model.config.mirror
    return picture.key if isUsual else (picture.key, "mirrored" if session.mirror else "not mirrored")


def _finished(
    prediction: Prediction,
    request: Request,
    prompts: Prompts,
    spacing: tuple[float, float],
    region: Region | None,
) -> np.ndarray:
    """The (H, W) bool mask as the request's options ask for it; of a huge picture found in a smaller size."""
    reduction, logits = prediction.reduction, prediction.logits
    spacing = tuple(mm * reduction.factor for mm in spacing)
    prompts = reduction.prompts(prompts)
    if (given := request.passing) is not None:
        given = region.window.prompts(given) if region else given
        prompts = answered(logits, prompts, reduction.prompts(given))
    return prediction.on_image(finished(logits, prompts, request.options, spacing))
