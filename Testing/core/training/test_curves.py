"""The picture of a run."""

import numpy as np
from PIL import Image

from samca.training.curves import write_curves


def epoch(number, dice):
    losses = {"loss": 2 / number, "initial": 1.2 / number, "guided": 0.8 / number}
    return {"event": "epoch", "epoch": number, **losses, "dice": dice}


def test_losses_and_dice_are_drawn(tmp_path):
    pictures = []
    for count in (1, 5):
        write_curves(
            tmp_path / "curves.png",
            [epoch(n, {"1": 40 + n, "5": 50 + n}) for n in range(1, count + 1)],
            {"1": 41.0, "5": 49.0},
        )
        with Image.open(tmp_path / "curves.png") as image:
            pictures.append(np.asarray(image.convert("RGB")).astype(int))
    assert pictures[0].shape == pictures[1].shape == (400, 1000, 3)
    left, right = (np.ptp(half, axis=2) > 60 for half in np.split(pictures[1], 2, axis=1))
    assert left.sum() > 200  # coloured lines in both halves
    assert right.sum() > 200
    assert np.any(pictures[0] != pictures[1])
    assert [path.name for path in tmp_path.iterdir()] == ["curves.png"]
