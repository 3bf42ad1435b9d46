"""Case after case: one at a time in the scene, saved as it is left, suggested in the background."""
