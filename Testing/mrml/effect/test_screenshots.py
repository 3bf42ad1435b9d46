"""The command that draws the README's pictures shows frame, outline and all three kinds of points."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

SCRIPT = Path(__file__).resolve().parents[3] / "Resources" / "draw_screenshots.py"


@pytest.mark.skipif(not SCRIPT.is_file(), reason="the installed layout has no pictures to draw")
def test_the_picture_shows_points_of_all_roles_on_the_frame(application, scene, engine, tmp_path):
    specification = importlib.util.spec_from_file_location("draw_screenshots", SCRIPT)
    script = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(script)
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
