"""Three hundred real images: outlined, accepted, killed in the middle, gone on with, suggested anew."""

from __future__ import annotations

import itertools
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import slicer
import slicer.util
from cases import nodes
from suggesting_model import BrightModel

import SAMCALib
from samca import datasets
from SAMCALib.Worklist import OutlineFile

REAL = Path(__file__).parents[3].parent / "shared/data"
SETS = ("busi", "ddti", "usgra", "mmotu", "psfhs", "hc18")
COUNT, ACCEPTED = 300, 40

pytestmark = pytest.mark.skipif(not REAL.is_dir(), reason="the frames in ../shared/data are not here")

WORK = """
import os, sys
import slicer_scene
slicer_scene.start()
from suggesting_model import BrightModel
from SAMCALib.Engine.EngineLogic import EngineLogic
from SAMCALib.Frames import FrameLogic
from SAMCALib.SegmentationLogic import SegmentationLogic
from SAMCALib.Worklist.FolderCases import FolderCases
from SAMCALib.Worklist.WorklistLogic import WorklistLogic
from SAMCATrainingLib.TrainingLogic import TrainingLogic
folder, out, place, count = sys.argv[1:]
engine, training = EngineLogic(), TrainingLogic(place)
engine.setModel(BrightModel(), "bright")
logic = WorklistLogic(lambda: training)
logic.open(FolderCases(folder, out, "AB"))
logic.dataset = training.newDataset("Real")
logic.next()
for number in range(int(count) + 1):
    opened = logic.current
    height, width = FrameLogic.shape(FrameLogic.frameOf(opened.volume, 0))
    middle = FrameLogic.xyToRas(FrameLogic.frameOf(opened.volume, 0), width // 2, height // 2)
    target = {"segmentationNode": opened.segmentation, "segmentId": "SAMCA", "frame": 0}
    SegmentationLogic(engine).segment(opened.volume, [middle], **target)
    if number == int(count):
        logic.keep()
        os._exit(9)  # in the middle of a case
    logic.accept()
"""


@pytest.fixture(scope="module")
def images(tmp_path_factory):
    """A folder with so many different images of several data sets, which are linked to, in two subfolders."""
    folder = tmp_path_factory.mktemp("images")
    found = itertools.chain.from_iterable(
        sorted((REAL / name / split / "images").iterdir())[: 1 + COUNT // (2 * len(SETS))]
        for name in SETS
        for split in ("train", "val")
    )
    for number, path in enumerate(itertools.islice(found, COUNT)):
        place = folder / f"part {number % 2}" / f"{number:03d} {path.name}"
        place.parent.mkdir(exist_ok=True)
        place.symlink_to(path)
    return folder


def test_the_working_day(worklist, images, tmp_path, training, suggested, engine):
    stand_ins = Path(sys.modules["cases"].__file__).parent
    roots = Path(SAMCALib.__file__).parents[1], stand_ins, *map(Path, sys.path)
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(map(str, roots))}
    words = [images, tmp_path / "AB", tmp_path / "training", ACCEPTED]
    done = subprocess.run([sys.executable, "-c", WORK, *map(str, words)], env=environment, check=False)
    assert done.returncode == 9, "killed"

    logic = worklist(images, tmp_path / "AB")
    assert logic.cases.told == []
    assert len(logic.listed) == COUNT
    assert logic.counts["accepted"] == ACCEPTED
    assert logic.counts["outlined"] == 1, "what was open was kept"
    (dataset,) = training.datasets()
    checked = datasets.checked(dataset)
    assert len({case.pixels().tobytes() for case in checked.cases}) == ACCEPTED
    assert all(case.has_truth for case in checked.cases)

    logic.dataset = dataset
    logic.next()
    one = nodes()
    outlined = next(name for name in logic.listed if logic.cases.entries[name].state == "outlined")
    logic.show(outlined)
    assert not OutlineFile.isEmpty(logic.current.left)
    logic.accept()
    assert nodes() == one, "one case is in the scene"
    logic.leave()
    assert len(datasets.checked(dataset).cases) == ACCEPTED + 1

    suggested(logic, turns=20_000)
    assert logic.run.problems == {}
    looked = [
        logic.cases.entries[name] for name in logic.listed if logic.cases.entries[name].state != "accepted"
    ]
    assert len({entry.model for entry in looked}) == 1
    logic.order = "unsure"
    figures = [logic.cases.entries[name].sureness for name in logic.listed[: len(looked)]]
    assert figures == sorted(figures)
    accepted = {path: path.read_bytes() for path in accepted_files(logic)}

    engine.setModel(BrightModel(level=120.0), "trained")
    assert logic.run.left == len(looked)
    suggested(logic, turns=20_000)
    again = [logic.cases.entries[entry.case] for entry in looked]
    assert {entry.model for entry in again}.isdisjoint({entry.model for entry in looked})
    assert {path: path.read_bytes() for path in accepted_files(logic)} == accepted
    assert np.mean([entry.state == "suggested" for entry in again]) > 0.5
    assert slicer.mrmlScene.GetNumberOfNodesByClass("vtkMRMLVolumeNode") == 0


def test_all_are_gone_through_by_keys_in_the_panel(panel, editor, images, tmp_path, outlined):
    window, worklist = slicer.util.mainWindow(), panel.worklist
    worklist.out = tmp_path / "AB"
    worklist.openFolder(str(images))
    assert len(worklist.logic.listed) == COUNT
    seen = set()
    for number in range(1, COUNT + 1):
        window.press("J")
        assert panel.ui.caseSpinBox.value == number
        seen.add(slicer.util.arrayFromVolume(editor.volume).tobytes())
        if number == 1:
            one = nodes()
        if number == 150:
            break_of(panel)
    assert len(seen) == COUNT, "all are different"
    assert nodes() == one
    panel.ui.caseSpinBox.value = 10
    outlined(worklist.logic)
    window.press("E")
    panel.ui.worklistCloseButton.click()
    worklist.openFolder(str(images))
    assert panel.ui.worklistCountsLabel.text == f"{COUNT - 1} untouched, 1 accepted."


def break_of(panel):
    """Nobody presses anything for a while: the lines in sight get their pictures."""
    thumbnails, rows = panel.worklist.thumbnails, panel.ui.worklistTable.rows
    for _turn in range(5000):
        if all(thumbnails.of(panel.worklist.table.nameIn(row)) is not None for row in range(rows)):
            break
        panel.worklist.timer.timer.fire()
    assert thumbnails.problems == {}
    icons = [panel.ui.worklistTable.icons[row, 0].icon for row in range(rows)]
    assert len(icons) == 100
    assert sum(icon is not None for icon in icons) >= 99, "the last one comes with the next turn"


def accepted_files(logic):
    entries = (logic.cases.entries[name] for name in logic.listed)
    return [logic.cases.out / entry.file for entry in entries if entry.state == "accepted"]
