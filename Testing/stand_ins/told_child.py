"""A child process that does what it is told in a run folder."""

from __future__ import annotations

import time

# hold the folder, say something, wait, end
CHILD = """
import json, os, sys, time
from pathlib import Path
sys.path.insert(0, sys.argv[1])
from samca.training import run_lock
folder, deed = Path(sys.argv[2]), sys.argv[3]
def say(**record):
    with (folder / "log.jsonl").open("a") as file:
        file.write(json.dumps({**record, "time": time.time()}) + "\\n")
if deed == "crash":
    raise ModuleNotFoundError("No module named 'monai'")
if deed == "refuse":
    sys.exit("samca train: data has 2 problem(s), mend or remove the files:\\none.png: bad\\ntwo.png: empty")
if deed == "wait":
    time.sleep(60)
with run_lock.holding(folder):
    say(event="start", device="Toy", training=6, validation=2)
    if deed == "fail":
        say(event="failed", says="out of memory with one image at a time on Toy: choose a smaller model")
        sys.exit(2)
    while deed == "work" and not (folder / "stop").exists():
        time.sleep(0.02)
    say(event="stopped", epoch=1, step=3)
    (folder / "stop").unlink(missing_ok=True)
if deed == "linger":
    time.sleep(60)
"""
SETTINGS = {"data": ["nowhere"], "name": "Nerve", "epochs": 4}


def until(logic, run, *statuses):
    """The state of a run once it is one of these."""
    give_up = time.monotonic() + 60
    while (state := logic.state(run)).status not in statuses:
        assert time.monotonic() < give_up, state
        time.sleep(0.02)
    return state
