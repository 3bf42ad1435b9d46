"""A file asked of a server in a thread of its own: nobody has to wait for a server that says nothing.

Import it when it is needed: urllib brings ssl, which Slicer's start should not wait for.
"""

from __future__ import annotations

import contextlib
import http.client
import importlib
import io
import queue
import socket
import ssl
import threading
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping
from typing import NamedTuple

from ..Texts import _

BLOCK, AHEAD = 1 << 18, 8  # bytes of a block; blocks that may wait for whoever takes them


def prepare() -> None:
    """Import what urllib imports at its first use, before a thread uses it."""
    importlib.import_module("encodings.idna")
    urllib.request.getproxies()  # from the registry, on Windows


class Answer(NamedTuple):
    """How the server begins: the status, and the headers by their names in small letters."""

    status: int
    headers: dict[str, str]


class Connection:
    """Follows redirections to http and https, never from https to http; certificates are checked."""

    def __init__(self, url: str, headers: Mapping[str, str], timeout: float):
        """Ask for the url at once; timeout: seconds without a byte after which the thread gives up."""
        self._events: queue.Queue = queue.Queue(AHEAD)
        self._sockets: list[socket.socket] = []
        self._isLeft = False
        words = (url, dict(headers), timeout)
        threading.Thread(target=self._run, args=words, name="SAMCA connection", daemon=True).start()

    def take(self, seconds: float):
        """What comes next: an Answer, then blocks of bytes, b"" at the end, or an exception in place of any.

        None if nothing comes for so long.
        """
        try:
            return self._events.get(timeout=seconds)
        except queue.Empty:
            return None

    def leave(self) -> None:
        """Nothing more is wanted; whatever the thread is waiting for ends."""
        self._isLeft = True
        for each in list(self._sockets):
            _shut(each)

    def _keep(self, made: socket.socket) -> None:
        self._sockets.append(made)
        if self._isLeft:
            _shut(made)

    def _run(self, url: str, headers: dict, timeout: float) -> None:
        try:
            request = urllib.request.Request(url, headers=headers)
            with contextlib.closing(_opener(self._keep).open(request, timeout=timeout)) as answer:
                self._give(_answer(answer.status, answer.headers))
                while (block := answer.read1(BLOCK)) and not self._isLeft:
                    self._give(block)
                self._give(b"")
        except urllib.error.HTTPError as error:
            error.close()
            self._give(_answer(error.code, error.headers))
        except BaseException as error:  # the address, the network, the answer: somebody waits to be told
            self._give(error)

    def _give(self, event) -> None:
        while not self._isLeft:
            with contextlib.suppress(queue.Full):
                self._events.put(event, timeout=0.2)
                return


def mayPass(error: BaseException) -> bool:
    """Whether it may go another time: it came from the network, not from the address."""
    kinds = OSError, http.client.HTTPException
    return isinstance(error, kinds) and not isinstance(error, http.client.InvalidURL)


def words(error: BaseException) -> str:
    """What went wrong between us and the server; nothing of what the server says is repeated."""
    if isinstance(error, urllib.error.URLError):
        return words(error.reason) if isinstance(error.reason, BaseException) else str(error.reason)
    if isinstance(error, ssl.SSLCertVerificationError):
        return _("its certificate is not trusted, perhaps because a proxy reads along")
    if isinstance(error, OSError):
        return error.strerror or str(error) or type(error).__name__
    return _("address or answer cannot be understood ({name})").format(name=type(error).__name__)


def _shut(each: socket.socket) -> None:
    with contextlib.suppress(OSError):
        each.shutdown(socket.SHUT_RDWR)


def _answer(status: int, headers) -> Answer:
    return Answer(status, {name.lower(): value for name, value in headers.items()})


class _Redirections(urllib.request.HTTPRedirectHandler):
    """Reads no body on the way, which may have no end, and goes nowhere that is less safe."""

    def http_error_302(self, request, answer, code, message, headers):
        answer.close()
        return super().http_error_302(request, io.BytesIO(), code, message, headers)

    http_error_301 = http_error_303 = http_error_307 = http_error_308 = http_error_302

    def redirect_request(self, request, answer, code, message, headers, url):
        scheme = url.partition(":")[0].lower()
        if scheme not in ("http", "https") or (request.type == "https" and scheme == "http"):
            raise urllib.error.URLError(_("it leads to another kind of address, which is not followed"))
        return super().redirect_request(request, answer, code, message, headers, url)


def _opener(keep: Callable[[socket.socket], None]) -> urllib.request.OpenerDirector:
    """What opens http and https alone, through the system's proxies; keep: is given each socket."""

    class Kept:
        def connect(self):
            super().connect()
            keep(self.sock)

    class Http(Kept, http.client.HTTPConnection):
        """A connection whose socket is known."""

    class Https(Kept, http.client.HTTPSConnection):
        """The same, encrypted."""

    class HttpHandler(urllib.request.HTTPHandler):
        def http_open(self, request):
            return self.do_open(Http, request)

    class HttpsHandler(urllib.request.HTTPSHandler):
        def https_open(self, request):
            return self.do_open(Https, request)

    opener = urllib.request.OpenerDirector()
    for handler in (
        urllib.request.ProxyHandler(),
        HttpHandler(),
        HttpsHandler(),
        _Redirections(),
        urllib.request.HTTPErrorProcessor(),
        urllib.request.HTTPDefaultErrorHandler(),
        urllib.request.UnknownHandler(),
    ):
        opener.add_handler(handler)
    return opener
