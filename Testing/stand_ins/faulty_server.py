"""A server on this machine that does to each path what a test wants, down to the bytes that it sends."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Callable


class Conversation:
    """One request and its answer. path, headers (names in small letters): what was asked."""

    def __init__(self, connection: socket.socket, file, server: FaultyServer):
        self.server, self._connection = server, connection
        line = file.readline().decode("latin-1").split()
        self.path = line[1] if len(line) > 1 else ""
        self.headers = {}
        while (line := file.readline().decode("latin-1").strip()) != "":
            name, _colon, value = line.partition(":")
            self.headers[name.lower()] = value.strip()

    @property
    def first(self) -> int:
        """The byte from which on the rest is asked for, 0 without."""
        return int(self.headers.get("range", "bytes=0-").removeprefix("bytes=").rstrip("-"))

    def send(self, content: bytes | str) -> None:
        self._connection.sendall(content.encode("latin-1") if isinstance(content, str) else content)

    def answer(self, status="200 OK", body: bytes = b"", **headers) -> None:
        """A whole answer, or its beginning; underscores in names of headers are hyphens."""
        lines = "".join(f"{name.replace('_', '-')}: {value}\r\n" for name, value in headers.items())
        self.send(f"HTTP/1.1 {status}\r\n{lines}\r\n")
        self.send(body)

    def stall(self) -> None:
        """Say nothing until the client or the test goes."""
        self._connection.settimeout(0.02)
        while not self.server.isClosing.is_set():
            with contextlib.suppress(TimeoutError):
                if not self._connection.recv(1):
                    self.server.gone.set()
                    return

    def repeat(self, content: bytes, seconds: float = 0.0) -> None:
        """Send this again and again until the client or the test goes."""
        try:
            while not self.server.isClosing.wait(seconds):
                self.send(content)
        except OSError:
            self.server.gone.set()

    def reset(self) -> None:
        """End without a word, as a cable that is pulled out."""
        self._connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")


class FaultyServer:
    """does: path -> function(Conversation). `asked` has the conversations so far; `gone` is set when a client
    left one that was not at its end."""

    def __init__(self, wrap: Callable = lambda connection: connection):
        """wrap: put around each connection, for instance TLS."""
        self.does: dict[str, Callable[[Conversation], None]] = {}
        self.asked: list[Conversation] = []
        self.isClosing, self.gone = threading.Event(), threading.Event()
        self._wrap = wrap
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.port = self._socket.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"
        threading.Thread(target=self._serve, daemon=True).start()

    def close(self) -> None:
        self.isClosing.set()
        with contextlib.suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()

    def _serve(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                connection, _address = self._socket.accept()
                threading.Thread(target=self._talk, args=(connection,), daemon=True).start()

    def _talk(self, connection: socket.socket) -> None:
        with contextlib.suppress(OSError, ValueError), self._wrap(connection) as wrapped:
            with wrapped.makefile("rb") as file:
                talk = Conversation(wrapped, file, self)
            self.asked.append(talk)
            if talk.path in self.does:
                self.does[talk.path](talk)


def offered(content: bytes, tag='"1"', ranges=True, cut: int | None = None) -> Callable:
    """Serves content as good servers do; ranges: whether it sends the rest of a file. cut: bytes of each
    answer after which the connection is lost."""

    def serve(talk: Conversation) -> None:
        isSame = talk.headers.get("if-range", tag) == tag
        first = talk.first if ranges and isSame else 0
        headers = {"Content_Length": len(content) - first, "Content_Type": "application/octet-stream"}
        headers |= ({"ETag": tag} if tag else {}) | ({"Accept_Ranges": "bytes"} if ranges else {})
        if first >= len(content):
            talk.answer("416 Range Not Satisfiable", Content_Range=f"bytes */{len(content)}")
            return
        if "range" in talk.headers and ranges and isSame:
            headers["Content_Range"] = f"bytes {first}-{len(content) - 1}/{len(content)}"
            talk.answer("206 Partial Content", content[first:][:cut], **headers)
        else:
            talk.answer("200 OK", content[:cut], **headers)

    return serve
