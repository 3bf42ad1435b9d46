"""From a server to a file that is right: goes on after drops, and takes nothing that was not published.

A large file over a bad network is what this is made for: what has come is not asked for again where the
server can go on in the middle, and it stays after a failure, so that a later download goes on from there.
Import it when it is needed, as `Connection`.
"""

from __future__ import annotations

import contextlib
import http
import re
import shutil
import threading
import time
from pathlib import Path

from samca.files import DiskFullError, make_folder
from samca.words import size_text

from ..Texts import _
from .Connection import Answer, Connection, mayPass, words
from .PartFile import PartFile

TIMEOUT, SLOWEST = 30.0, 1000  # s; bytes a second: a server that sends less for so long is given up
PAUSES = (1.0, 2.0, 4.0, 8.0)  # s before another try, as long as nothing more comes
TICK = 0.05  # s after which it is noticed that nobody wants the file any more
BUSY = (408, 429, 500, 502, 503, 504)  # answers that may be others later


class Failure(Exception):
    """A sentence: why there is no file. What has come may be of use to a later download."""


class _Dropped(Failure):
    """The same, but it is worth asking again at once."""


class _Unfit(Failure):
    """The rest that came is none of what we have: ask for all of it."""


class _Wrong(Failure):
    """What has come, or is offered, is not what was published: it is of no use."""


class _Cancelled(Failure):
    """Nobody wants it, now or later."""


class Transfer:
    """received: bytes so far; note: what it waits for, or ""; both may be read at any time.

    kept: bytes that were left for a later download, after `run`.
    """

    def __init__(self, url: str, target: Path, size: int, sha256: str):
        self.url, self.target, self.size, self.sha256 = url, target, size, sha256
        self.received = self.kept = 0
        self.note = ""
        self._isStopped, self._forgets = threading.Event(), False
        self._canGoOn: bool | None = None  # whether the server sends the rest of a file; None: not known yet
        self._hasGoneOn = False
        self._most = 0  # bytes that there were at a time
        self._waited, self._came = 0.0, 0  # s and bytes since the server was last fast enough

    def stop(self, forget: bool) -> None:
        """End `run` at once, from another thread; forget: leave nothing for a later download."""
        self._forgets = forget
        self._isStopped.set()

    def run(self) -> None:
        """Return when the file is in its place and right; Failure or OSError, and nothing there, if not."""
        make_folder(self.target.parent)
        part, isOfUse = PartFile(self.target, self.sha256), True
        try:
            self._complete(part)
            part.finish()
            isOfUse = False
        except (_Wrong, _Cancelled):
            isOfUse = False
            raise
        finally:
            self.kept = part.size if isOfUse and self._canGoOn is not False else 0
            part.close(keep=self.kept > 0)

    def _complete(self, part: PartFile) -> None:
        """All of it; once more from the start if pieces of several answers do not fit together."""
        for self.received in part.read():
            self.note = _("looking at what is there from before")
            self._checkWanted()
        wasThere = part.size > 0
        try:
            self._receive(part)
        except _Wrong:
            if not (wasThere or self._hasGoneOn):
                raise
            part.restart()
            self._most = 0
            self._receive(part)

    def _receive(self, part: PartFile) -> None:
        """Ask until all bytes are there, and check them."""
        self._checkSpace(self.size - part.size)
        failures = 0
        while part.size < self.size:
            before = self._most
            try:
                self._ask(part)
            except _Unfit:
                part.restart()
            except _Dropped:
                failures = 0 if self._most > before else failures + 1
                if not self._most or failures >= (2 if self._canGoOn is False else len(PAUSES)):
                    raise
                self.note = _("the connection was lost, trying again")
                self._isStopped.wait(PAUSES[failures])
        if part.size > self.size:
            raise _Wrong(self._sizeText(part.size))
        if not part.isRight:
            text = _(
                "{file} has another SHA256 than was published: it was not kept, do not use it from there."
            )
            raise _Wrong(text.format(file=self.target.name))

    def _ask(self, part: PartFile) -> None:
        """One question to the server, and what comes of it. _Dropped if that ends too early."""
        headers = {"Accept-Encoding": "identity"}
        if part.size:
            headers["Range"] = f"bytes={part.size}-"
            if part.version:
                headers["If-Range"] = part.version
        connection = Connection(self.url, headers, TIMEOUT)
        self._waited, self._came = 0.0, 0
        try:
            self._begin(part, self._next(connection))
            while block := self._next(connection):
                self._take(part, block)
        finally:
            connection.leave()
        if part.size < self.size:
            ended = _stoppedText(_("the server ended too early"))
            raise _Dropped(self._sizeText(part.size) if self._canGoOn is False else ended)

    def _next(self, connection: Connection):
        """What the connection gives next; _Dropped if it is too slow."""
        while True:
            self._checkWanted()
            start = time.monotonic()
            event = connection.take(TICK)
            # neither what the disk takes, nor while a dialog of the application keeps Python's lock
            self._waited += min(time.monotonic() - start, TICK)
            if isinstance(event, BaseException):
                raise (_Dropped if mayPass(event) else Failure)(_stoppedText(words(event)))
            if event is not None:
                return event
            if self._waited > TIMEOUT:
                raise _Dropped(_stoppedText(_("the server sends nothing")))

    def _take(self, part: PartFile, block: bytes) -> None:
        if part.size + len(block) > self.size:
            raise _Wrong(self._sizeText(part.size + len(block)))
        part.write(block)
        self.received, self._most, self.note = part.size, max(self._most, part.size), ""
        self._came += len(block)
        if self._came >= SLOWEST * TIMEOUT:
            self._waited, self._came = 0.0, 0
        elif self._waited > TIMEOUT:
            raise _Dropped(_stoppedText(_("the server sends next to nothing")))

    # How an answer begins

    def _begin(self, part: PartFile, answer: Answer) -> None:
        self._waited = 0.0
        headers = answer.headers
        if answer.status == 206:
            self._goOn(part, headers)
        elif answer.status == 200:
            self._startAnew(part, headers)
        elif answer.status == 416:
            self._checkTotal(headers)
            raise (_Unfit if part.size else _Dropped)(_stoppedText(_statusText(answer.status)))
        else:
            kind = _Dropped if answer.status in BUSY else Failure
            raise kind(_stoppedText(_statusText(answer.status)))

    def _goOn(self, part: PartFile, headers: dict[str, str]) -> None:
        """The rest comes: if it is the rest of what we have."""
        self._checkTotal(headers)
        start = re.match(r"bytes (\d{1,18})-", headers.get("content-range", ""))
        tag = headers.get("etag", "")
        if start is None or int(start[1]) != part.size or tag not in ("", part.version or tag):
            another = _stoppedText(_("the server sent another part than it was asked for"))
            raise (_Unfit if part.size else _Dropped)(another)
        self._canGoOn = self._hasGoneOn = True

    def _startAnew(self, part: PartFile, headers: dict[str, str]) -> None:
        """All of it comes: if it may be the file."""
        if "html" in headers.get("content-type", "").lower():
            text = _(
                "A web page came instead of {file}, perhaps a proxy's or network's login: open {url} in a "
                "browser, then try again."
            )
            raise Failure(text.format(file=self.target.name, url=self.url))
        length = headers.get("content-length", "")
        if length.isdigit() and length.lstrip("0") != str(self.size):
            raise Failure(self._sizeText(length[:20]))
        if headers.get("content-encoding", "identity").lower() != "identity":
            raise Failure(_stoppedText(_("the server compressed the file, though it was asked not to")))
        ranges = headers.get("accept-ranges", "").lower()
        if ranges or part.size:  # which was asked for, and is not sent
            self._canGoOn = ranges == "bytes"
        part.restart(_version(headers))
        self.received = 0

    def _checkTotal(self, headers: dict[str, str]) -> None:
        total = re.search(r"/(\d+)$", headers.get("content-range", ""))
        if total and total[1].lstrip("0") != str(self.size):
            raise _Wrong(self._sizeText(total[1][:20]))

    # What ends it

    def _checkWanted(self) -> None:
        if self._isStopped.is_set():
            if self._forgets:
                raise _Cancelled(_("The download was cancelled; nothing was kept."))
            raise Failure(_("The download was interrupted."))

    def _checkSpace(self, needed: int) -> None:
        with contextlib.suppress(OSError):  # a disk that does not tell
            free = shutil.disk_usage(self.target.parent).free
            if free < needed:
                text = _("{file} needs {needed}, {folder} has {free}: free some space there, then try again.")
                sizes = {"needed": size_text(needed), "free": size_text(free)}
                raise Failure(text.format(file=self.target.name, folder=self.target.parent, **sizes))

    def _sizeText(self, found) -> str:
        text = _("{file} has {found} bytes instead of {expected}: it was not kept; try again.")
        return text.format(file=self.target.name, found=found, expected=self.size)


def sentence(error: BaseException) -> str:
    """What to tell the user of anything that `Transfer.run` raised."""
    if isinstance(error, DiskFullError):
        return f"{error}."
    return str(error) if isinstance(error, Failure) else _stoppedText(words(error))


def _stoppedText(why: str) -> str:
    return _("The download stopped: {error}. Check network and disk, then try again.").format(error=why)


def _statusText(status: int) -> str:
    """For instance "404 Not Found"."""
    with contextlib.suppress(ValueError):
        return f"{status} {http.HTTPStatus(status).phrase}"
    return str(status)


def _version(headers: dict[str, str]) -> str:
    """What tells this content from a later one of the same address; a weak tag does not."""
    tag = headers.get("etag", "")
    return tag if tag.startswith('"') else headers.get("last-modified", "")
