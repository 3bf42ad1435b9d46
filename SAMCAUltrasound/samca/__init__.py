"""SAMCA: promptable segmentation of ultrasound frames, as plain Python.

    import samca
    session = samca.Session(samca.load())
    session.set_image(array)
    mask = session.click(x, y)

torch is imported by `load`, not by `import samca`; where there is none, ONNX Runtime takes its place.
"""

from __future__ import annotations

import logging
import sys
from importlib.metadata import version
from importlib.util import find_spec

from . import libraries, waiting
from .interaction.session import Session

__version__ = "0.1.0"
__all__ = ["Session", "__version__", "load"]
OLDEST_TORCH = [2, 8]  # as pyproject.toml has it

logger = logging.getLogger(__name__)


def load(source="shipped", base=None, device: str = "cpu", settings=None):
    """A model from "shipped", an organ's name, or a file of weights, ours or published: `checkpoint.load`.

    Without torch, or where it does not start, the shipped model, adapters of its form, and what `samca
    export` wrote; see `runtime.loading`; on the CPU alone, else ValueError. RuntimeError where neither torch
    nor ONNX Runtime is there. device: "auto" takes the best one.
    """
    if str(source).endswith(".onnx") or not has_torch():
        return _load_graph(source, base, device, settings)
    try:
        with waiting.briefly():
            if "torch" not in sys.modules:
                libraries.open_torch()
            from .network.devices import choose_device  # torch takes a second or more to import
            from .weights.checkpoint import load as load_checkpoint
    except Exception as error:  # a package that does not start here raises what it likes
        return _load_instead(error, source, base, device, settings)
    return load_checkpoint(source, base, str(choose_device(str(device))), settings)


def _load_instead(error, source, base, device, settings):
    """A model on ONNX Runtime that says why torch does not start."""
    from .runtime.starting import why_not

    says = f"torch is installed, but does not start: {why_not(error)}"
    try:
        model = _load_graph(source, base, device, settings)
    except (ValueError, RuntimeError) as why:
        raise type(why)(f"{why}. {says}") from error
    logger.warning("%s. ONNX Runtime answers.", says)
    model.instead = says
    return model


def _load_graph(source, base, device, settings):
    from .runtime.loading import load as load_graph

    if str(device) not in ("cpu", "auto"):
        raise ValueError(
            f"device {device!r} cannot be used by ONNX Runtime: give 'cpu', or take torch and a file of "
            "weights"
        )
    return load_graph(source, base, settings)


def has_torch() -> bool:
    """Whether there is what a model needs to run on torch, new enough; nothing is imported."""
    try:
        release = [int(part) for part in (version("torch") or "").split(".")[:2]]
        return release >= OLDEST_TORCH and all(map(find_spec, ("torch", "safetensors", "segment_anything")))
    except (ImportError, ValueError):  # no such package, one that is broken, one of an odd number
        return False
