#!/usr/bin/env python3
"""A worklist that learns: python Resources/measure_anew.py DATA COUNT ACCEPTED [CLASS].

On slicer-core, with SAMCAUltrasound, SAMCATraining and Testing/stand_ins on PYTHONPATH: COUNT images of a
dataset folder are suggested by the shipped model (CLASS, from 0), ACCEPTED of them are outlined by four
clicks of a simulated user and accepted, a model is trained on those, and it suggests the others anew.
"""

from __future__ import annotations

import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import slicer_scene

from samca import datasets
from samca.clicks import CLICKS
from samca.evaluation import metrics
from SAMCALib.Engine.EngineLogic import EngineLogic
from SAMCALib.Frames import FrameLogic
from SAMCALib.SegmentationLogic import SegmentationLogic
from SAMCALib.Segments import SegmentLogic
from SAMCALib.Worklist.FolderCases import FolderCases
from SAMCALib.Worklist.SuggestRun import SuggestRun
from SAMCALib.Worklist.WorklistLogic import WorklistLogic
from SAMCATrainingLib.TrainingLogic import TrainingLogic

SEGMENT, POINTS, SECONDS = "SAMCA", 4, 600


def main(data: str, count: int, accepted: int, kind: int) -> None:
    """Go through the folder, and tell."""
    slicer_scene.start()
    with tempfile.TemporaryDirectory() as place:
        truths = linked(Path(data), Path(place) / "images", count)
        engine, training = EngineLogic(), TrainingLogic(Path(place) / "training")
        engine.useModel("shipped", "cpu")
        logic = WorklistLogic(lambda: training)
        logic.open(FolderCases(Path(place) / "images"))
        logic.run, logic.dataset = SuggestRun(logic.cases, engine, kind), training.newDataset("Accepted")
        suggest(logic)
        done, others = logic.listed[:accepted], logic.listed[accepted:]
        before = reached(logic, others, truths)
        for name in done:
            outline(logic, engine, name, truths[Path(name).stem])
        engine.useModel(str(trained(training, logic.dataset)), "cpu")
        engine.wait()
        logic.run.kind = 0
        suggest(logic)
        told("before", before)
        told("anew", reached(logic, others, truths))
        logic.close()
        engine.stop()


def linked(data: Path, folder: Path, count: int) -> dict[str, np.ndarray]:
    """Links to images, evenly spread, and the truth of each by its name."""
    cases = [case for case in datasets.checked(data).cases if case.has_truth]
    chosen = [cases[i] for i in np.linspace(0, len(cases) - 1, count).astype(int)]
    folder.mkdir()
    for case in chosen:
        (folder / case.image.name).symlink_to(case.image.absolute())
    return {case.image.stem: case.mask() for case in chosen}


def suggest(logic: WorklistLogic) -> None:
    """Wait until the background has looked at all that is open."""
    logic.run.isOn, start = True, time.monotonic()
    while logic.run.isGoingOn() and time.monotonic() - start < SECONDS:
        logic.run.poll()
        logic.run.wait(1)
        time.sleep(0.01)  # for the engine's thread
    print(f"suggested in {time.monotonic() - start:.0f} s: {logic.counts} {logic.run.problems or ''}")


def reached(logic: WorklistLogic, names: list[str], truths: dict[str, np.ndarray]) -> list[float]:
    """Dice of what is suggested for each case; 0 where nothing is."""
    dice = []
    for name in names:
        logic.show(name)
        mask, truth = shown(logic), truths[Path(name).stem]
        dice.append(0.0 if mask is None or not mask.any() else 100 * metrics.dice(mask, truth))
        logic.leave()
    return dice


def shown(logic: WorklistLogic) -> np.ndarray | None:
    """The outline of the case that is shown, (H, W) bool; None without a segment."""
    opened = logic.current
    segmentation = opened.segmentation.GetSegmentation()
    if not segmentation.GetNumberOfSegments():
        return None
    return SegmentLogic.maskOf(
        opened.segmentation, segmentation.GetNthSegmentID(0), FrameLogic.frameOf(opened.volume, 0)
    )


def outline(logic: WorklistLogic, engine: EngineLogic, name: str, truth: np.ndarray) -> None:
    """Click at what is wrong, and accept."""
    logic.show(name)
    opened, rng, mask = logic.current, np.random.default_rng(0), None
    frame, console = FrameLogic.frameOf(opened.volume, 0), SegmentationLogic(engine)
    inside, outside = [], []
    for _click in range(POINTS):
        simulator = CLICKS["random_foreground" if mask is None else "error_random"]
        (click,) = simulator(truth, mask, 1, rng).clicks
        (inside if click.positive else outside).append(FrameLogic.xyToRas(frame, click.x, click.y))
        segmentation = opened.segmentation.GetSegmentation()
        segment = segmentation.GetNthSegmentID(0) if segmentation.GetNumberOfSegments() else SEGMENT
        target = {"segmentationNode": opened.segmentation, "segmentId": segment, "frame": 0}
        console.segment(opened.volume, inside[:1], inside[1:], outside, **target)
        mask = shown(logic)
    logic.accept()


def trained(training: TrainingLogic, dataset: Path) -> Path:
    """The weights of a run on what was accepted, by the method that learns to suggest."""
    start = time.monotonic()
    run = training.start(training.settings(dataset, "Anew", method="sam2rad"))
    while training.state(run).isAlive:
        time.sleep(1)
    print(f"trained in {time.monotonic() - start:.0f} s: {training.state(run).status}")
    return run / "best.safetensors"


def told(when: str, dice: list[float]) -> None:
    empty = sum(value == 0 for value in dice)
    print(f"{when}: Dice {np.mean(dice):.1f} ± {np.std(dice):.1f}, {empty} of {len(dice)} empty")


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4]) if len(sys.argv) > 4 else 0)
