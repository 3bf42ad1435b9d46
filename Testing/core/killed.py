"""A child process that is killed at one of its steps on disk, each in turn, until it comes to its end."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
STEPS = ("os.rename", "os.remove", "os.rmdir", "os.mkdir", "os.link", "os.truncate", "shutil.rmtree")
PARENT = """
import os, signal, sys
sys.path[:0] = {paths!r}
{prepare}

def run(steps):
    left = steps

    def step(event, arguments):
        nonlocal left
        writes = event in {events!r} or (event == "open" and set(str(arguments[1])) & set("wax+"))
        if writes and str(arguments[0]).startswith({folder!r}):
            left -= 1
            if left < 0:
                os.kill(os.getpid(), getattr(signal, "SIGKILL", signal.SIGTERM))

    sys.addaudithook(step)
    exec({code!r}, {{}})

for line in sys.stdin:
    if hasattr(os, "fork"):  # what is imported is imported once
        child = os.fork()
        if not child:
            run(int(line))
            sys.stdout.flush()
            os._exit(0)
        print(os.waitpid(child, 0)[1], flush=True)
    else:
        run(int(line))
        print(0, flush=True)
"""


def at_every_step(folder: Path, code: str, prepare: str = "") -> Iterator[int]:
    """Run `code` in a child that is killed before its first step in `folder`, its second, and so on.

    Yields the number of steps done, once for each child; the last comes to its end. prepare: code before.
    """
    parent = None
    for steps in range(1000):
        if parent is None or parent.poll() is not None:
            parent = _parent(folder, code, prepare)
        parent.stdin.write(f"{steps}\n")
        parent.stdin.flush()
        ended = parent.stdout.readline().strip()
        assert ended in ("", "0", "9"), "the child has failed by itself"
        yield steps
        if ended == "0":
            parent.communicate()
            return
    raise AssertionError("the child never came to its end")


def _parent(folder: Path, code: str, prepare: str) -> subprocess.Popen:
    paths = [str(ROOT / name) for name in ("SAMCAUltrasound", "SAMCATraining", "Testing/core")]
    words = {"paths": paths, "folder": str(folder), "events": STEPS, "prepare": prepare, "code": code}
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    return subprocess.Popen([sys.executable, "-c", PARENT.format(**words)], **pipes)
