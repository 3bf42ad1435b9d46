"""The training panel on a real scene, with a real run played back in place of the training process."""

from __future__ import annotations

import pytest
import slicer
import training_panel
from model_files import adapter
from panel_user import add, lesion
from recorded_run import UI, PlayedLogic

WINDOW = object()


@pytest.fixture
def qt(application, scene, monkeypatch, tmp_path):
    qt, app = training_panel.install(monkeypatch, WINDOW)
    app.slicerUserSettingsFilePath = str(tmp_path / "Slicer.ini")
    monkeypatch.setattr(
        "SAMCALib.Models.ModelLogic.SHIPPED", adapter(tmp_path / "samca.safetensors", name="SAMCA small")
    )
    return qt


@pytest.fixture
def panel(qt, recording, tmp_path):
    """`panel()` -> a panel that was entered; all of it is let go of after the test."""
    made = []

    def make(logic=None):
        from SAMCATrainingLib.TrainingWidget import TrainingWidget

        widget = TrainingWidget(str(UI), logic or PlayedLogic(tmp_path, recording))
        made.append(widget)
        widget.enter()
        return widget

    yield make
    for widget in made:
        widget.cleanup()
        if getattr(widget.logic, "playback", None):
            widget.logic.playback.end()
        for step in widget.steps:
            assert not [name for name, child in vars(step.ui).items() if child.isConnected]


@pytest.fixture
def asked(monkeypatch):
    """What the user was asked; `asked.answer` is what they say."""

    class Questions(list):
        answer = False

    questions = Questions()

    def confirm(text, title="", **options):
        questions.append(text)
        return questions.answer

    monkeypatch.setattr(slicer.util, "confirmOkCancelDisplay", confirm)
    return questions


@pytest.fixture
def segmented(scene):
    """Two volumes with a lesion each, as Editors."""
    return [lesion(f"Scan {number}") for number in (1, 2)]


@pytest.fixture
def ready(panel, segmented):
    """A panel with data to train on."""
    shown = panel()
    for editor in segmented:
        add(shown, editor)
    return shown


@pytest.fixture
def running(ready):
    """A panel whose run has ended its first epoch."""
    ready.run.ui.startButton.click()
    ready.logic.playback.play("epoch")
    ready.timer.fire()
    return ready


@pytest.fixture
def finished(running):
    running.logic.playback.play("finish")
    running.logic.playback.end()
    running.timer.fire()
    return running
