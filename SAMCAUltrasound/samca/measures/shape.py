"""Whether an object is oval, round or irregular, by a rule of its geometry alone (words of BI-RADS).

Oval where the object and the ellipse of its area, middle and spread have at least 0.9 in common (Dice), round
where that ellipse's short diameter is at least 0.9 of its long one, else irregular.
"""

from __future__ import annotations

import numpy as np

ALIKE = 0.9


def shape_of(mask: np.ndarray, steps: np.ndarray) -> str:
    """The word for a (H, W) bool mask that is not empty; steps: as of `axes_of`."""
    places = np.argwhere(mask)[:, ::-1] @ steps
    places -= places.mean(0)
    spread = places.T @ places / len(places) + steps.T @ steps / 12  # a pixel's own spread
    short, long = np.sqrt(np.linalg.eigvalsh(spread))
    edge = (
        len(places) * np.linalg.det(steps) / (np.pi * short * long)
    )  # of the ellipse that has the same area
    within = np.einsum("ni,ij,nj->n", places, np.linalg.inv(spread), places) <= edge
    if within.mean() < ALIKE:
        return "irregular"
    return "round" if short / long >= ALIKE else "oval"
