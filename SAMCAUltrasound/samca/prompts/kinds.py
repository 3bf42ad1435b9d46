"""The classes of objects that a model finds by itself, as a prompt names them."""

from __future__ import annotations

from collections.abc import Sequence


def check_kind(kind: int, names: Sequence[str]) -> None:
    """ValueError unless `kind` counts one of these classes from 0."""
    if not names:
        raise ValueError(
            "this model makes no suggestion, it has no prompt predictor: click on the object, or load a "
            "model that was trained with one (method sam2rad)"
        )
    if not 0 <= kind < len(names):
        known = ", ".join(f"{i} {name}" for i, name in enumerate(names))
        raise ValueError(f"class {kind} does not exist: this model finds {known}")
