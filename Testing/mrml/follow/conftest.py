"""A volume whose image changes in place, in an editor, and a model that sees what is bright in it."""

from __future__ import annotations

import pytest
import volumes
from live_images import Live, SeeingModel, picture
from slicer_scene import Editor


@pytest.fixture
def model(engine):
    model = SeeingModel()
    engine.setModel(model, "seeing")
    return model


@pytest.fixture
def gated(gated, model):
    """The model answers only while `gated.gate` is set, as it is now."""
    gated.model = model
    gated.gate.set()
    return gated


@pytest.fixture
def live(scene, editing, model):
    volume = volumes.volume(picture(20), name="Probe")
    editor = Editor(volume)
    return Live(volume, editing(editor), editor)


@pytest.fixture
def held(live, gated):
    """The gate of the model, where Follow has been started."""
    live.start()
    return gated
