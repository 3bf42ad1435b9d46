"""What scanners burn into the picture: callipers and letters."""

from __future__ import annotations

import numpy as np

from .scene import Calliper, Text

# 5 x 7 dots a letter, one number a row, the leftmost dot the highest bit
LETTERS = {
    "A": (14, 17, 17, 31, 17, 17, 17),
    "C": (14, 17, 16, 16, 16, 17, 14),
    "E": (31, 16, 16, 30, 16, 16, 31),
    "G": (14, 17, 16, 23, 17, 17, 15),
    "I": (14, 4, 4, 4, 4, 4, 14),
    "L": (16, 16, 16, 16, 16, 16, 31),
    "M": (17, 27, 21, 21, 17, 17, 17),
    "N": (17, 25, 21, 21, 19, 17, 17),
    "O": (14, 17, 17, 17, 17, 17, 14),
    "Q": (14, 17, 17, 17, 21, 18, 13),
    "R": (30, 17, 17, 30, 20, 18, 17),
    "T": (31, 4, 4, 4, 4, 4, 4),
    "U": (17, 17, 17, 17, 17, 17, 14),
    "X": (17, 17, 10, 4, 10, 17, 17),
    "0": (14, 17, 19, 21, 25, 17, 14),
    "1": (4, 12, 4, 4, 4, 4, 14),
    "2": (14, 17, 1, 2, 4, 8, 31),
    "3": (31, 2, 4, 2, 1, 17, 14),
    "6": (6, 8, 16, 30, 17, 17, 14),
    "9": (14, 17, 17, 15, 1, 2, 12),
    ":": (0, 4, 4, 0, 4, 4, 0),
    " ": (0, 0, 0, 0, 0, 0, 0),
}


def burn(image: np.ndarray, marks: tuple[Calliper | Text, ...]) -> np.ndarray:
    """The (H, W) uint8 image with its marks drawn in white; what lies outside is cut off."""
    image = image.copy()
    for mark in marks:
        rows, columns = dots(mark)
        seen = (rows >= 0) & (columns >= 0) & (rows < image.shape[0]) & (columns < image.shape[1])
        image[rows[seen], columns[seen]] = 235
    return image


def dots(mark: Calliper | Text) -> tuple[np.ndarray, np.ndarray]:
    """Rows and columns of the white pixels of a mark, (N,) int each."""
    if isinstance(mark, Text):
        letters = np.array([LETTERS[letter] for letter in mark.words]).T  # (7, letters)
        pattern = (letters[:, :, None] >> np.array([5, 4, 3, 2, 1, 0])) & 1
        rows, columns = np.nonzero(np.kron(pattern.reshape(7, -1), np.ones((mark.scale, mark.scale))))
        return rows + mark.y, columns + mark.x
    count = max(2, int(np.hypot(mark.x1 - mark.x0, mark.y1 - mark.y0) / 5))
    x, y = np.linspace(mark.x0, mark.x1, count), np.linspace(mark.y0, mark.y1, count)
    arm, zeros = np.arange(-4, 5), np.zeros(9)
    for end_x, end_y in ((mark.x0, mark.y0), (mark.x1, mark.y1)):
        x = np.concatenate([x, end_x + arm, end_x + zeros])
        y = np.concatenate([y, end_y + zeros, end_y + arm])
    return np.round(y).astype(int), np.round(x).astype(int)
