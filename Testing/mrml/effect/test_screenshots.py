"""The command that draws the picture of docs/effect.md shows frame, outline and all three kinds of points."""

from __future__ import annotations

import importlib
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

RESOURCES = Path(__file__).resolve().parents[3] / "Resources"


@pytest.fixture
def script(monkeypatch):
    """The command as a module, beside which the other commands lie."""
    monkeypatch.syspath_prepend(str(RESOURCES))
    yield importlib.import_module("draw_screenshots")
    for name in ("draw_screenshots", "make_samples"):
        sys.modules.pop(name)


@pytest.mark.skipif(not RESOURCES.is_dir(), reason="the installed layout has no pictures to draw")
def test_the_picture_shows_points_of_all_roles_on_the_frame(script, application, scene, engine, tmp_path):
    script.draw(application, engine, tmp_path / "effect.png")
    pixels = np.asarray(Image.open(tmp_path / "effect.png").convert("RGB")).astype(int)
    assert pixels.shape == (600, 800, 3)
    red, green, blue = np.moveaxis(pixels, 2, 0)
    for name, shown in {
        "initial, yellow": (red > 180) & (green > 150) & (blue < 90),
        "added, green": (green > 180) & (red < 110) & (blue < 130),
        "taken away, red": (red > 180) & (green < 120) & (blue < 120),
        "frame": (abs(red - green) < 3) & (abs(red - blue) < 3) & (red > 40),
    }.items():
        assert shown.sum() > 15, name
