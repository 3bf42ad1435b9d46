"""What the engine asks of torch, which it imports late: loading, devices, threads, errors in words.

Where there is no torch, the model that comes with SAMCA and adapters of its form run on ONNX Runtime.
"""

from __future__ import annotations

import contextlib
import importlib
import importlib.util
import sys
from pathlib import Path

import samca

from ..Texts import _
from ..UserFolder import userFolder

BESIDE = ("scipy.ndimage", "scipy.sparse", "samca.files", "samca.methods", "samca.runtime.loading")


def importBeside() -> None:
    """Import what threads of the engine use beside torch, in the thread of whoever asks.

    What a thread imports for the first time while the main thread works on Qt's events has crashed Slicer.
    torch alone is left to the thread, for which nobody would wait; and what takes its place if it does not
    start, which shows no earlier.
    """
    for name in BESIDE:
        importlib.import_module(name)
    isThere = "torch" in sys.modules or "onnxruntime" in sys.modules
    if not isThere and not samca.has_torch():  # looking for packages takes a millisecond
        with contextlib.suppress(Exception):  # one that does not start: what needs it says so in words
            importlib.import_module("onnxruntime")


def speedsFile() -> Path:
    """Where it is remembered in which number format a model answers fastest on this computer."""
    return userFolder() / "speeds.json"


def loadModel(source: str, device: str):
    """A model by torch, in the number format that is fastest here; without torch by ONNX Runtime, where the
    file has the form for that."""
    from samca.runtime.loading import NeedsTorch

    try:
        model = samca.load(source, device=device)
        if hasattr(model, "precision"):
            from samca.network.precision import use_fastest

            use_fastest(model, speedsFile())
        return model
    except NeedsTorch as why:
        text = f"{why}."
        if not samca.has_torch():
            text += " " + _("Press Install torch... in the module SAMCA Ultrasound.")
        raise ValueError(text) from why
    except RuntimeError as why:
        if not str(source).endswith(".onnx") or importlib.util.find_spec("onnxruntime"):
            raise
        text = _(
            "{source} needs ONNX Runtime, which is not installed: choose the file again by the button ... "
            "beside the list of models, which installs it."
        )
        raise RuntimeError(text.format(source=source)) from why


def deviceName(model) -> str:
    """What a model runs on, and by which engine; one of neither (a stand-in) on the CPU."""
    if hasattr(model, "device"):
        from samca.network.devices import device_name

        return _byEngine(device_name(model.device), getattr(model, "engine", "torch"))
    return _byEngine("CPU", model.engine) if hasattr(model, "engine") else "CPU"


def _byEngine(device: str, engine: str) -> str:
    return _("{device} by {engine}").format(device=device, engine=engine)


def _isOutOfMemory(error: BaseException) -> bool:
    from samca.network.devices import is_out_of_memory

    return is_out_of_memory(error)


def sentence(error: BaseException) -> str:
    """What to tell the user; our own errors are sentences already."""
    if isinstance(error, ModuleNotFoundError):
        return _("{name} is not installed: press Install in the module SAMCA Ultrasound.").format(
            name=error.name
        )
    try:
        if isinstance(error, MemoryError) or ("torch" in sys.modules and _isOutOfMemory(error)):
            return _("Memory ran out: choose a smaller model or the CPU.")
        text = str(error).strip()
    except Exception:  # of a class whose text fails itself
        text = ""
    if not text or isinstance(error, RecursionError) or not isinstance(error, Exception):
        return _("The model ended with {error}: try again, or choose another one.").format(
            error=type(error).__name__
        )
    return text[0].upper() + text[1:].rstrip(".") + "."
