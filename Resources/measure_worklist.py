#!/usr/bin/env python3
"""Time and memory of a worklist: python Resources/measure_worklist.py [COUNT].

On slicer-core, with SAMCAUltrasound and Testing/stand_ins on PYTHONPATH: so many pictures of 400 x 500 px, of
which twenty are different, are listed, gone through, outlined and put in order.
"""

from __future__ import annotations

import os
import resource
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import slicer.util
import slicer_scene
from PIL import Image

from samca.worklist.entries import SUGGESTED, Entry
from SAMCALib.Worklist.FolderCases import FolderCases
from SAMCALib.Worklist.WorklistLogic import WorklistLogic

DIFFERENT, STEPS, SHAPE = 20, 200, (400, 500)


def main(count: int) -> None:
    """Make the folder, and measure."""
    slicer_scene.start()
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        made(folder, count)
        before = memory()
        logic = WorklistLogic()
        cases = timed(f"list {count} images", lambda: FolderCases(folder))
        logic.open(cases)
        each = timed(f"write {count} states", lambda: [cases.put(entry(name)) for name in cases.names])
        logic.close()
        timed(f"list {count} images with their states", lambda: logic.open(FolderCases(folder)))
        logic.order = "unsure"
        timed("put them in order", lambda: logic.listed)
        timed(f"outline, save and leave {STEPS} cases", lambda: [step(logic) for _case in range(STEPS)])
        logic.close()
        print(f"memory: {memory() - before:.0f} MB more than before, {memory():.0f} MB in all, at most")
        assert len(each) == count


def made(folder: Path, count: int) -> None:
    """Pictures of noise."""
    random = np.random.default_rng(0)
    for number in range(count):
        path = folder / f"{number:05d}.png"
        if number < DIFFERENT:
            Image.fromarray(random.integers(0, 255, SHAPE, np.uint8)).save(path)
        else:
            os.link(folder / f"{number % DIFFERENT:05d}.png", path)


def entry(name: str) -> Entry:
    """What a suggestion leaves behind."""
    sure = (hash(name) % 1000) / 1000
    return Entry(name, SUGGESTED, agreement=sure, iou=1 - sure / 2, model="0123456789abcdef lesion")


def step(logic: WorklistLogic) -> None:
    """To the next case, and an outline on it."""
    logic.next()
    case = logic.current
    mask = np.zeros((1, *SHAPE), np.uint8)
    mask[0, 100:200, 150:300] = 1
    segment = case.segmentation.GetSegmentation().GetNthSegmentID(0)
    slicer.util.updateSegmentBinaryLabelmapFromArray(mask, case.segmentation, segment, case.volume)


def timed(what: str, action):
    """What it gives; says how long it took."""
    start = time.perf_counter()
    found = action()
    print(f"{what}: {time.perf_counter() - start:.2f} s", flush=True)
    return found


def memory() -> float:
    """MB that this process has had at most."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 10_000)
