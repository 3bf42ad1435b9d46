#!/usr/bin/env python3
"""The picture of known failures in the model's card: python Resources/draw_failures.py PNG:ROW,ROW... OUT

Takes rows, from 0, out of pictures of the worst cases (`worst_*.png`) that `samca evaluate` leaves. Needs
SAMCAUltrasound on PYTHONPATH.
"""

from __future__ import annotations

import io
import sys
from pathlib import Path

import numpy as np
from PIL import Image

from samca.files import write_atomically

ROWS, HEADING, ABOVE, RIM = 8, 21, 14, 4  # of such a picture; px: its heading, where its first row begins
WHITE, WIDTH, QUALITY = 250, 1100, 72


def rows_of(picture: np.ndarray, numbers: list[int]) -> list[np.ndarray]:
    """These rows of an (H, W, 3) picture without the white above and below them."""
    height = (len(picture) - HEADING) / ROWS
    cut = []
    for number in numbers:
        row = picture[round(ABOVE + number * height) : round(ABOVE + (number + 1) * height) - 2]
        drawn = np.flatnonzero((row <= WHITE).any(axis=(1, 2)))
        cut.append(row[max(drawn[0] - RIM, 0) : drawn[-1] + 2 * RIM])
    return cut


def main() -> None:
    """Write the rows of all pictures, one below the other."""
    *sources, out = sys.argv[1:]
    rows = []
    for path, _colon, numbers in (source.rpartition(":") for source in sources):
        rows += rows_of(np.asarray(Image.open(path).convert("RGB")), [int(n) for n in numbers.split(",")])
    whole = Image.fromarray(np.concatenate(rows))
    size = WIDTH, round(whole.height * WIDTH / whole.width)
    drawn = io.BytesIO()
    whole.resize(size, Image.Resampling.LANCZOS).save(drawn, "JPEG", quality=QUALITY, optimize=True)
    write_atomically(Path(out), drawn.getvalue())


if __name__ == "__main__":
    main()
