"""One file from the network in a thread of its own: progress, cancel, size and SHA256 checked."""

from __future__ import annotations

import hashlib
import threading
from pathlib import Path

from ..Texts import _

BLOCK, TIMEOUT = 1 << 20, 30  # bytes; seconds without an answer


class Download:
    """Starts at once; `done` and `received` (bytes) may be read at any time, `error` is a sentence or empty.

    The file is at `target` when `done` is true and `error` empty; until then, and after a cancel or an error,
    nothing is there.
    """

    def __init__(self, url: str, target: Path, size: int, sha256: str):
        self.url, self.target, self.size, self.sha256 = url, Path(target), size, sha256
        self.received, self.error, self.done = 0, "", False
        self._cancelled = threading.Event()
        self._thread = threading.Thread(target=self._run, name="SAMCA download", daemon=True)
        self._thread.start()

    def cancel(self) -> None:
        """Stop and forget what has come."""
        self._cancelled.set()

    def wait(self, seconds: float | None = None) -> bool:
        """Wait for the end; return whether the file is there."""
        self._thread.join(seconds)
        return self.done and not self.error

    def _run(self) -> None:
        part = self.target.with_name(self.target.name + ".part")
        try:
            self.target.parent.mkdir(parents=True, exist_ok=True)
            self.error = self._fetch(part)
            if not self.error:
                part.replace(self.target)
        except OSError as error:  # no network, no such address, disk full
            self.error = _("The download stopped: {error}. Check network and disk, then try again.").format(
                error=error
            )
        finally:
            part.unlink(missing_ok=True)
            self.done = True

    def _fetch(self, part: Path) -> str:
        import urllib.request  # brings ssl, which Slicer's start should not wait for

        digest = hashlib.sha256()
        with urllib.request.urlopen(self.url, timeout=TIMEOUT) as answer, part.open("wb") as file:
            while block := answer.read(BLOCK):
                if self._cancelled.is_set():
                    return _("The download was cancelled; nothing was kept.")
                self.received += len(block)
                if self.received > self.size:
                    break
                digest.update(block)
                file.write(block)
        if self.received != self.size:
            text = _("{file} has {found} bytes instead of {expected}: it was not kept; try again.")
            return text.format(file=self.target.name, found=self.received, expected=self.size)
        if digest.hexdigest() != self.sha256:
            text = _(
                "{file} has another SHA256 than was published: it was not kept, do not use it from there."
            )
            return text.format(file=self.target.name)
        return ""
