"""One file from the network in a thread of its own: progress, cancel, size and SHA256 checked."""

from __future__ import annotations

import logging
import threading
from pathlib import Path

from samca.words import size_text

from ..Texts import _

logger = logging.getLogger(__name__)


class Download:
    """Starts at once; `done`, `received` (bytes) and `status` may be read at any time, `error` is a sentence
    or empty.

    The file is at `target` when `done` is true and `error` empty; until then, and after a cancel or an error,
    nothing is there. What has come before the network failed is kept aside for the next download.
    """

    def __init__(self, url: str, target: Path, size: int, sha256: str):
        from .Connection import (
            prepare,  # here, in the thread of whoever asks: it imports what Slicer does not
        )
        from .Transfer import Transfer

        prepare()
        self.url, self.target, self.size, self.sha256 = url, Path(target), size, sha256
        self.error, self.done = "", False
        self._transfer = Transfer(self.url, self.target, size, sha256)
        self._thread = threading.Thread(target=self._run, name="SAMCA download", daemon=True)
        self._thread.start()

    @property
    def received(self) -> int:
        """Bytes that are there, from an earlier download too."""
        return self._transfer.received

    @property
    def status(self) -> str:
        """How far it is, for instance "1.2 GB of 2.56 GB", and what it waits for."""
        text = _("{received} of {size}")
        text = text.format(received=size_text(self.received), size=size_text(self.size))
        return f"{text}; {self._transfer.note}" if self._transfer.note else text

    def cancel(self) -> None:
        """Stop and forget what has come, whatever the server does."""
        self._transfer.stop(forget=True)

    def leave(self) -> None:
        """Stop; another download, perhaps of another day, goes on from here."""
        self._transfer.stop(forget=False)

    def wait(self, seconds: float | None = None) -> bool:
        """Wait for the end; return whether the file is there."""
        self._thread.join(seconds)
        return self.done and not self.error

    def _run(self) -> None:
        error = _("The download ended without a file; try again.")  # as long as it is not known to be there
        try:
            self._transfer.run()
            error = ""
        except BaseException as raised:  # the panel waits for a sentence, whatever goes wrong
            logger.debug("Download failed", exc_info=True)
            error = self._sentence(raised)
        finally:
            self.error, self.done = error, True

    def _sentence(self, error: BaseException) -> str:
        from .Transfer import sentence

        kept = self._transfer.kept
        text = _("{size} of it are kept: download it again, and it goes on from there.")
        return f"{sentence(error)} {text.format(size=size_text(kept))}" if kept else sentence(error)
