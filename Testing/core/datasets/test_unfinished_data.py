"""Data that is being written when its process is killed: read as it was before, or as it is to be."""

import numpy as np
import pytest

from dataset_files import HEIGHT, WIDTH, ids, lesion, picture, save
from killed import at_every_step
from samca import datasets
from samca.files.changes import changing

EXPORT = """
from pathlib import Path
import numpy as np
from samca.files.changes import changing
from SAMCATrainingLib.CaseFiles import CaseFiles, NewCase
labels = np.zeros(({height}, {width}), np.uint8)
labels[2:8, 3:9] = 1
with changing(Path({folder!r})) as change:
    files = CaseFiles(change)
    files.add(NewCase("scan_k001_aa", labels * 100, labels, "p1", "loop", (0.1, 0.1)))
    files.tabulate()
"""
REMOVE = """
from pathlib import Path
from SAMCATrainingLib.CaseFiles import removeCases
removeCases(Path({folder!r}), ["old"])
"""
IMPORTS = "import samca.files.changes, SAMCATrainingLib.CaseFiles, PIL.Image"


def fill(folder):
    """A data set of our own with two cases."""
    for path in sorted(folder.rglob("*"), reverse=True):
        path.rmdir() if path.is_dir() else path.unlink()
    for name in ("old", "other"):
        save(folder / "images" / f"{name}.png", picture())
        save(folder / "masks" / f"{name}.png", lesion())
        save(folder / "labels" / f"{name}.png", lesion() // 255)
    (folder / "cases.csv").write_text("id,group,split\nold,p0,train\nother,p1,val\n")


@pytest.mark.parametrize(
    ("code", "after"),
    [(EXPORT, ["old", "other", "scan_k001_aa"]), (REMOVE, ["other"])],
    ids=["added", "removed"],
)
def test_a_kill_at_any_step_leaves_all_new_cases_or_none_and_no_case_without_its_mask(tmp_path, code, after):
    folder, seen = tmp_path / "data", []
    folder.mkdir()
    fill(folder)
    code = code.format(folder=str(folder), height=HEIGHT, width=WIDTH)
    for _steps in at_every_step(folder, code, IMPORTS):
        dataset = datasets.checked(folder)
        seen.append(ids(dataset))
        assert seen[-1] in (["old", "other"], after)
        assert all(case.has_truth and case.labels for case in dataset.cases)
        assert not [path for path in folder.iterdir() if path.name.startswith(".")]
        fill(folder)
    assert seen[0] == ["old", "other"]
    assert seen[-1] == after
    assert len(seen) > 12


def test_phantoms_are_whole_whenever_writing_them_ends_and_go_on(tmp_path):
    folder = tmp_path / "phantoms"
    code = f"""
from pathlib import Path
from samca.commands.phantoms import write_frames
list(write_frames(Path({str(folder)!r}), 2, size=64))
"""
    for _steps in at_every_step(tmp_path, code, "import samca.commands.phantoms, PIL.Image"):
        if (folder / "images").is_dir() or any(folder.glob(".*/decided.json")):
            dataset = datasets.read(folder)
            assert all(case.has_truth for case in dataset.cases)
            assert dataset.problems == () or "no image was found" in dataset.problems[0] or not dataset.cases
    assert ids(datasets.checked(folder)) == ["phantom_00000", "phantom_00001"]


def test_a_folder_that_cannot_be_finished_is_a_problem_and_not_healthy_images(tmp_path, monkeypatch):
    fill(tmp_path)
    monkeypatch.setattr("samca.files.changes.dissolve", lambda *_: None)
    with changing(tmp_path) as change:
        change.write("images/new.png", b"")
    monkeypatch.undo()
    (stage,) = tmp_path.glob(".samca_change_*")
    (stage / "decided.json").write_text('{"put": 3}')
    (problem,) = [p for p in datasets.read(tmp_path).problems if "a killed process" in p]
    assert "cannot be finished" in problem


def test_what_is_not_finished_is_no_data_of_a_folder_of_datasets(tmp_path):
    fill_one = tmp_path / "breast"
    fill_one.mkdir()
    fill(fill_one)
    save(tmp_path / ".samca_change_x" / "images" / "ghost.png", np.zeros((HEIGHT, WIDTH), np.uint8))
    assert ids(datasets.checked(tmp_path)) == ["old", "other"]
