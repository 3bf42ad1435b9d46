"""What the engine is asked and what it has answered, for any thread."""

from __future__ import annotations

import threading
from collections.abc import Callable

from .EngineRequests import ANSWERED, Request, Result


class RequestQueue:
    """Of each owner and subject one request runs and the newest waits; both are answered.

    What is `running` has been taken from what is `waiting`; it may have become outdated since. Of a subject's
    answers the last one is kept until it is fetched.
    """

    def __init__(self):
        self.changed = threading.Condition()  # guards everything here, and what the engine keeps with it
        self.waiting: list[Request] = []
        self.running: Request | None = None
        self._wanted: dict = {}  # (owner, subject) -> numbers of the requests that are to be answered
        self._results: dict = {}  # owner -> {subject: Result}
        self._numbers = 0
        self.isToldOfChanges: Callable[[], None] = lambda: None  # what is asked for has become another

    @property
    def isEmpty(self) -> bool:
        """Whether nothing waits or runs."""
        with self.changed:
            return not self.waiting and self.running is None

    def ask(self, kind: int, owner, subject, **what) -> None:
        """Put a request in place of one of this owner and subject that waits.

        The one that runs is answered all the same if it is about the same picture: whoever asks faster than
        answers come, as by dragging a point, would see none of them.
        """
        with self.changed:
            self._numbers += 1
            request = Request(kind, owner, subject, self._numbers, **what)
            wanted = (request.number,)
            if self._isRunning(request) and not self.isOutdated(self.running):
                wanted = (self.running.number, *wanted)
            self._wanted[owner, subject] = wanted
            self.waiting.append(request)
            self._forgetOutdated()

    def isPending(self, owner, subject) -> bool:
        """Whether a request is still to be answered."""
        with self.changed:
            return (owner, subject) in self._wanted

    def isOutdated(self, request: Request) -> bool:
        """Whether nobody waits for it any more."""
        return request.number not in self._wanted.get((request.owner, request.subject), ())

    def isFollowed(self, request: Request) -> bool:
        """Whether a newer one of this owner and subject waits."""
        return any(_isSame(request, each) for each in list(self.waiting))

    def hasResult(self, owner) -> bool:
        """Whether something has become ready for this owner since the last `poll`."""
        return owner in self._results

    def poll(self, owner) -> list[Result]:
        """What has become ready for this owner since the last call."""
        with self.changed:
            return list(self._results.pop(owner, {}).values())

    def drop(self, owner, subject) -> None:
        """Forget the requests for this subject and its result."""
        with self.changed:
            self._wanted.pop((owner, subject), None)
            results = self._results.get(owner, {})
            results.pop(subject, None)
            if not results:
                self._results.pop(owner, None)
            self._forgetOutdated()

    def cancel(self, owner) -> None:
        """Forget all requests and results of this owner."""
        with self.changed:
            self._results.pop(owner, None)
            for key in [key for key in self._wanted if key[0] == owner]:
                del self._wanted[key]
            self._forgetOutdated()

    def dropWhere(self, isMeant: Callable[[Request], bool]) -> None:
        """Forget these requests."""
        with self.changed:
            for request in [*self.waiting, *([self.running] if self.running else [])]:
                if isMeant(request):
                    self._settle(request)
            self._forgetOutdated()

    def refuseVolume(self, volumeId: str, says: str) -> None:
        """Answer all requests with pictures of this volume so; what comes of the one that runs is nothing."""

        def isMeant(request: Request) -> bool:
            return request.picture.volumeId == volumeId

        with self.changed:
            asked = [*self.waiting, *([self.running] if self.running else [])]
            refused = [each for each in asked if isMeant(each) and not self.isOutdated(each)]
            self.dropWhere(isMeant)
            if self.running is not None and isMeant(self.running):
                self.running = None
            for each in refused:
                if each.kind in ANSWERED:
                    self._put(each, Result(each.subject, each.prompts, None, error=says))

    def clear(self) -> None:
        """Forget everything, what runs too."""
        with self.changed:
            self.waiting, self.running, self._wanted, self._results = [], None, {}, {}
            self.changed.notify_all()

    # For the thread that works

    def take(self) -> Request:
        """What goes first of what waits, and there is something; it runs from now on."""
        with self.changed:
            self.running = min(self.waiting, key=lambda request: (request.kind, request.number))
            self.waiting.remove(self.running)
            return self.running

    def tell(self, result: Result) -> None:
        """Of what runs something is known already; it goes on."""
        with self.changed:
            if self.running is not None and not self.isOutdated(self.running):
                self._put(self.running, result)
            self.changed.notify_all()

    def finish(self, result: Result | None) -> None:
        """What ran is done; its result is kept if somebody waits for it."""
        with self.changed:
            request, self.running = self.running, None
            if request is not None and not self.isOutdated(request):
                self._settle(request)
                if result is not None:
                    self._put(request, result)
            self.changed.notify_all()

    def putBack(self) -> None:
        """What ran made room for another: it goes on later, unless a newer one is there or nobody waits."""
        with self.changed:
            request, self.running = self.running, None
            if request is not None and self.isFollowed(request):
                self._settle(request)
            elif request is not None and not self.isOutdated(request):
                self.waiting.append(request)
            self.changed.notify_all()

    def _isRunning(self, request: Request) -> bool:
        """Whether what runs is about the same, on the same picture."""
        running = self.running
        isSame = running is not None and _isSame(request, running)
        return isSame and running.picture.key == request.picture.key

    def _settle(self, request: Request) -> None:
        """This one is waited for no more."""
        key = request.owner, request.subject
        if left := tuple(number for number in self._wanted.get(key, ()) if number != request.number):
            self._wanted[key] = left
        else:
            self._wanted.pop(key, None)

    def _put(self, request: Request, result: Result) -> None:
        results = self._results.setdefault(request.owner, {})
        results.pop(result.subject, None)  # the order is that of the answers
        results[result.subject] = result

    def _forgetOutdated(self) -> None:
        self.waiting = [request for request in self.waiting if not self.isOutdated(request)]
        self.isToldOfChanges()
        self.changed.notify_all()


def _isSame(one: Request, other: Request) -> bool:
    return (one.owner, one.subject) == (other.owner, other.subject)
