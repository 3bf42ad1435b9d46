"""Masks of shapes whose sizes are known."""

import math

import numpy as np


def places(shape, spacing):
    """(x, y) mm of the pixels' centres."""
    rows, columns = np.indices(shape)
    return columns * spacing[1], rows * spacing[0]


def ellipse(shape, spacing, centre, half, angle):
    """A filled ellipse: centre and half axes in mm, its long one turned by `angle` degrees."""
    x, y = places(shape, spacing)
    turn = math.radians(angle)
    along = (x - centre[0]) * math.cos(turn) + (y - centre[1]) * math.sin(turn)
    across = (y - centre[1]) * math.cos(turn) - (x - centre[0]) * math.sin(turn)
    return (along / half[0]) ** 2 + (across / half[1]) ** 2 <= 1
