"""`samca` commands as processes that outlive the application: how they are started, found and ended.

In Slicer the interpreter is PythonSlicer, whose launcher starts the real one. So the process that was started
is not the one that works, and whether that is alive is asked of the lock in its folder
(samca.training.run_lock).
"""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import samca
from samca import files

from .Texts import Refusal, _

POLITENESS = 5  # Slicer comes first where both want the CPU
READ = 20000  # characters at the end of the output
PATIENCE = 2.0  # s for a process that was killed to be gone; the application stands still meanwhile
CODE = Path(samca.__file__).resolve().parent.parent  # what the child's search path needs


def python() -> str:
    """The interpreter of the child: PythonSlicer in Slicer, this one elsewhere."""
    import slicer

    if getattr(slicer, "app", None) is None:
        return sys.executable
    home = (
        Path(getattr(slicer.app, "slicerHome", "")) / "bin"
    )  # Slicer puts it into PATH; a macOS bundle may not
    found = shutil.which("PythonSlicer") or shutil.which("PythonSlicer", path=str(home))
    if found is None:
        raise Refusal(_("PythonSlicer was not found beside Slicer: install Slicer again."))
    return found


def launch(words: Sequence[str], output: Path, temporary: Path | None = None) -> subprocess.Popen:
    """Start `samca WORDS` apart from this process; its stderr goes to a file. OSError if that fails.

    temporary: where its temporary files go, if not with everybody's.
    """
    paths = [str(CODE), os.environ.get("PYTHONPATH", "")]
    environment = os.environ | {
        "PYTHONPATH": os.pathsep.join(path for path in paths if path),
        "PYTHONIOENCODING": "utf-8",
        "PYTORCH_ENABLE_MPS_FALLBACK": "1",  # what MPS cannot do yet is done by the CPU
    }
    if temporary:
        environment |= dict.fromkeys(("TMPDIR", "TEMP", "TMP"), str(temporary))
    with files.stream(output) as file:
        options = {
            "env": environment,
            "cwd": CODE,  # Slicer's launcher may set PYTHONPATH itself; -m looks here first
            "stdin": subprocess.DEVNULL,
            "stdout": subprocess.DEVNULL,  # every record is in the log, too
            "stderr": file,
        }
        return _popen([python(), "-m", "samca", *map(str, words)], options)


def lastWords(output: Path) -> str:
    """The sentence a process ended with on stderr, "" if it said none."""
    try:
        text = output.read_bytes()[-READ:].decode("utf-8", "replace")
    except OSError:
        return ""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    said = [n for n, line in enumerate(lines) if re.match(r"samca \w+: ", line)]
    if said:
        return " ".join(lines[said[-1] :]).split(": ", 1)[1]
    isTraceback = any(line.startswith("Traceback") for line in lines)
    return lines[-1] if isTraceback else next((line for line in lines if re.search(r"Error\b", line)), "")


def kill(number: int) -> None:
    """End a process at once; nothing happens if it has ended."""
    with contextlib.suppress(OSError):  # on Windows no class of its own says that there is none
        os.kill(number, getattr(signal, "SIGKILL", signal.SIGTERM))


def killTree(child: subprocess.Popen) -> None:
    """End a process that `launch` started, and what its launcher started.

    One that hangs in the operating system, in a file of a network that has gone, is not waited for.
    """
    with contextlib.suppress(subprocess.TimeoutExpired):
        if os.name == "nt":
            words = ["taskkill", "/T", "/F", "/PID", str(child.pid)]
            subprocess.run(words, capture_output=True, check=False, timeout=PATIENCE)
        else:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(child.pid, signal.SIGKILL)  # it leads a session of its own
        child.wait(PATIENCE)


def _popen(words: list[str], options: dict) -> subprocess.Popen:
    if os.name != "nt":
        child = subprocess.Popen(words, start_new_session=True, **options)  # no signal of ours reaches it
        with contextlib.suppress(OSError):
            os.setpriority(os.PRIO_PGRP, child.pid, POLITENESS)
        return child
    apart = subprocess.CREATE_NO_WINDOW | subprocess.CREATE_NEW_PROCESS_GROUP
    apart |= subprocess.BELOW_NORMAL_PRIORITY_CLASS
    try:
        return subprocess.Popen(words, creationflags=apart | subprocess.CREATE_BREAKAWAY_FROM_JOB, **options)
    except PermissionError:  # whoever started Slicer forbids processes that outlive it
        return subprocess.Popen(words, creationflags=apart, **options)
