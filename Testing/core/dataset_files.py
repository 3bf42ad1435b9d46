"""Small images, masks and folders of them, for the tests of datasets."""

from pathlib import Path

import numpy as np
from PIL import Image

from samca import datasets

WIDTH, HEIGHT = 24, 16


def picture(seed: int = 0) -> np.ndarray:
    """(HEIGHT, WIDTH) uint8 noise."""
    return np.random.default_rng(seed).integers(0, 256, (HEIGHT, WIDTH), dtype=np.uint8)


def lesion(x0: int = 4, y0: int = 4, x1: int = 12, y1: int = 10) -> np.ndarray:
    """(HEIGHT, WIDTH) uint8: a rectangle of 255 from (x0, y0) up to (x1, y1) px."""
    mask = np.zeros((HEIGHT, WIDTH), np.uint8)
    mask[y0:y1, x0:x1] = 255
    return mask


def save(path: Path, array: np.ndarray) -> Path:
    """Write an image and the folder it lies in."""
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(array).save(path)
    return path


def ids(dataset) -> list[str]:
    """Of the cases, in their order."""
    return [case.id for case in dataset.cases]


def only_problem(path: Path) -> str:
    """The sentence about a dataset folder that has one problem."""
    (problem,) = datasets.read(path).problems
    return problem
