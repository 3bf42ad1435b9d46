"""nnU-Net v2: imagesTr/ID_0000.png, labelsTr/ID.png, imagesTs and labelsTs for test, dataset.json.

Images are grey. splits_final.json has the data's own split, or folds that keep each group together, where
nnU-Net by itself divides single images: it belongs into the dataset's folder of nnUNet_preprocessed.
"""

from __future__ import annotations

import json

import numpy as np

from ..datasets import folds_by_group
from ..files.new_folder import NewFolder
from ..images.overlay import png
from .entries import Classes, Entry, luma

FOLDS, SEED, MOST = 5, 0, 255  # folds as nnU-Net has them; values of a PNG
CHANNELS = {"0": "ultrasound"}


class NnUNet:
    """Writes label images."""

    TITLE = "nnU-Net v2"
    FOLDER = "Dataset501_{name}"

    def __init__(self, files: NewFolder, entries: list[Entry], classes: Classes):
        self._files, self._entries, self._classes = files, entries, classes

    def add(self, entry: Entry) -> None:
        """Write image and labels, all 0 without truth; ValueError for more classes than a PNG takes."""
        place, labels = "Ts" if entry.split == "test" else "Tr", self._classes.labels(entry.case)
        if len(self._classes.names) > MOST:
            raise ValueError(f"there are more than {MOST} classes: give data with fewer")
        self._files.write(f"images{place}/{entry.name}_0000.png", png(luma(entry.case.pixels())))
        self._files.write(f"labels{place}/{entry.name}.png", png(labels.astype(np.uint8)))

    def finish(self) -> str:
        """Write what nnU-Net asks for, and the folds."""
        training = [entry for entry in self._entries if entry.split != "test"]
        about = {
            "channel_names": CHANNELS,
            "labels": {"background": 0} | {n: i for i, n in enumerate(self._classes.names, start=1)},
            "numTraining": len(training),
            "file_ending": ".png",
        }
        self._files.write("dataset.json", json.dumps(about, indent=1, ensure_ascii=False).encode())
        folds = _folds(training)
        self._files.write("splits_final.json", json.dumps(folds, indent=1).encode())
        return "Copy splits_final.json into its folder of nnUNet_preprocessed to keep groups together."


def _folds(entries: list[Entry]) -> list[dict[str, list[str]]]:
    """The data's own split as one fold, else folds by group; all train where there is one group alone."""
    names = {id(entry.case): entry.name for entry in entries}
    cases = [entry.case for entry in entries]
    held_out = [case for case in cases if case.split == "val"]
    if 0 < len(held_out) < len(cases):
        parts = [([case for case in cases if case.split != "val"], held_out)]
    elif (groups := len({entry.group for entry in entries})) > 1:
        parts = folds_by_group(cases, min(FOLDS, groups), SEED)
    else:
        parts = [(cases, cases)]
    return [
        {"train": [names[id(c)] for c in train], "val": [names[id(c)] for c in val]} for train, val in parts
    ]
