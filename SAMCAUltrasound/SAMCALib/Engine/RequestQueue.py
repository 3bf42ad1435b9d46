"""What the engine is asked and what it has answered, for any thread."""

from __future__ import annotations

import threading
from collections.abc import Callable

from .EngineRequests import ANSWERED, Request, Result


class RequestQueue:
    """A newer request of the same owner and subject replaces an older one, whose result is dropped.

    What is `running` has been taken from what is `waiting`; it may have become outdated since.
    """

    def __init__(self):
        self.changed = threading.Condition()  # guards everything here, and what the engine keeps with it
        self.waiting: list[Request] = []
        self.running: Request | None = None
        self._newest: dict = {}  # (owner, subject) -> number
        self._results: dict = {}  # owner -> [Result]
        self._numbers = 0

    @property
    def isEmpty(self) -> bool:
        """Whether nothing waits or runs."""
        with self.changed:
            return not self.waiting and self.running is None

    def ask(self, kind: int, owner, subject, **what) -> None:
        """Put a request in place of an earlier one of this owner and subject."""
        with self.changed:
            self.drop(owner, subject)
            self._numbers += 1
            self._newest[owner, subject] = self._numbers
            self.waiting.append(Request(kind, owner, subject, self._numbers, **what))
            self.changed.notify_all()

    def isPending(self, owner, subject) -> bool:
        """Whether a request is still to be answered."""
        with self.changed:
            return (owner, subject) in self._newest

    def isOutdated(self, request: Request) -> bool:
        """Whether nobody waits for it any more."""
        return self._newest.get((request.owner, request.subject)) != request.number

    def poll(self, owner) -> list[Result]:
        """What has become ready for this owner since the last call."""
        with self.changed:
            return self._results.pop(owner, [])

    def drop(self, owner, subject) -> None:
        """Forget the request for this subject and its result."""
        with self.changed:
            self._newest.pop((owner, subject), None)
            results = [result for result in self.poll(owner) if result.subject != subject]
            if results:
                self._results[owner] = results
            self._forgetOutdated()

    def cancel(self, owner) -> None:
        """Forget all requests and results of this owner."""
        with self.changed:
            self._results.pop(owner, None)
            for key in [key for key in self._newest if key[0] == owner]:
                del self._newest[key]
            self._forgetOutdated()

    def dropWhere(self, isMeant: Callable[[Request], bool]) -> None:
        """Forget these requests."""
        with self.changed:
            for request in [*self.waiting, *([self.running] if self.running else [])]:
                if isMeant(request) and not self.isOutdated(request):
                    del self._newest[request.owner, request.subject]
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
                    answer = Result(each.subject, each.prompts, None, error=says)
                    self._results.setdefault(each.owner, []).append(answer)

    def clear(self) -> None:
        """Forget everything, what runs too."""
        with self.changed:
            self.waiting, self.running, self._newest, self._results = [], None, {}, {}
            self.changed.notify_all()

    # For the thread that works

    def take(self) -> Request:
        """What goes first of what waits, and there is something; it runs from now on."""
        with self.changed:
            self.running = min(self.waiting, key=lambda request: (request.kind, request.number))
            self.waiting.remove(self.running)
            return self.running

    def finish(self, result: Result | None) -> None:
        """What ran is done; its result is kept if somebody waits for it."""
        with self.changed:
            request, self.running = self.running, None
            if request is not None and not self.isOutdated(request):
                del self._newest[request.owner, request.subject]
                if result is not None:
                    self._results.setdefault(request.owner, []).append(result)
            self.changed.notify_all()

    def putBack(self) -> None:
        """What ran made room for another: it goes on later, if somebody still waits for it."""
        with self.changed:
            request, self.running = self.running, None
            if request is not None and not self.isOutdated(request):
                self.waiting.append(request)
            self.changed.notify_all()

    def _forgetOutdated(self) -> None:
        self.waiting = [request for request in self.waiting if not self.isOutdated(request)]
        self.changed.notify_all()
