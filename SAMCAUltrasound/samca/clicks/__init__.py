"""Simulated users: what a person who knows the truth would point at.

A simulator is `f(truth, predictions, k, rng) -> Prompts`: truth (H, W) bool; predictions (H, W) bool or
None, which counts as an empty mask (double_click: the pair of the initial and the guided one); k clicks, at
least 1; rng a numpy.random.Generator. It is pure: equal arguments and an equal state of rng give equal
prompts. Clicks lie on pixel centres, positive ones on the truth and negative ones off it. Where the truth
is empty and nothing else is left to point at, the answer is one negative click on the background.
"""

from . import (
    box_overlap,
    boxes,
    center_of_mass,
    double_click,
    error_deepest,
    error_random,
    lasso,
    random_foreground,
    strokes,
    voronoi,
)

CLICKS = {
    "random_foreground": random_foreground.place,
    "center_of_mass": center_of_mass.place,
    "error_random": error_random.place,
    "error_deepest": error_deepest.place,
    "strokes": strokes.place,
    "lasso": lasso.place,
    "double_click": double_click.guided,
    "voronoi": voronoi.place,
    "boxes": boxes.place,
    "box_50": box_overlap.place_50,
    "box_75": box_overlap.place_75,
}
