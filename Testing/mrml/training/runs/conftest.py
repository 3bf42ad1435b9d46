"""Runs whose process is a child that does what it is told."""

from __future__ import annotations

import subprocess
import sys

import pytest
from told_child import CHILD, SETTINGS

from SAMCALib import ChildProcess
from SAMCATrainingLib.RunLogic import RunLogic


@pytest.fixture
def deed(monkeypatch):
    """`deed.append(what)`: the next child does that; all children are ended after the test."""
    wanted, children = [], []

    def launch(words, output):
        folder = str(words[1].parent if words[0] == "train" else words[2] / "evaluation")
        with output.open("wb") as file:
            words = [sys.executable, "-c", CHILD, str(ChildProcess.CODE), folder, wanted.pop()]
            children.append(subprocess.Popen(words, stdout=file, stderr=file, start_new_session=True))
        return children[-1]

    monkeypatch.setattr(ChildProcess, "launch", launch)
    yield wanted
    for child in children:
        child.kill()
        child.wait()


@pytest.fixture
def logic():
    return RunLogic()


@pytest.fixture
def settings(tmp_path):
    return {**SETTINGS, "out": str(tmp_path / "run")}
