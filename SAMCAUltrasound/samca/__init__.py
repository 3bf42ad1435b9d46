"""SAMCA: promptable segmentation of ultrasound frames, as plain Python.

    import samca
    session = samca.Session(samca.load())
    session.set_image(array)
    mask = session.click(x, y)

torch is imported by `load`, not by `import samca`.
"""

from __future__ import annotations

from .interaction.session import Session

__version__ = "0.1.0"
__all__ = ["Session", "__version__", "load"]


def load(source="shipped", base=None, device: str = "cpu", settings=None):
    """A model from "shipped" or a file of weights, ours or a published one; see `checkpoint.load`."""
    from .weights.checkpoint import load as load_checkpoint  # torch takes a second or more to import

    return load_checkpoint(source, base, device, settings)
