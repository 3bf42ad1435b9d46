"""In which number format a model encodes fastest on this computer: measured once, and remembered in a file.

Only on processors that compute in bfloat16 themselves; elsewhere it takes longer and says less.
"""

from __future__ import annotations

import contextlib
import json
import logging
import time
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch

from .. import typed_json
from ..files import make_folder, write_atomically
from .model import Model

FORMATS = FLOAT32, BFLOAT16 = "float32", "bfloat16"
OF_PROCESSORS = "avx512_bf16", "amx_bf16", "bf16"  # what torch calls it of x86 and of ARM
MARGIN = 0.85  # of the time in float32, which another format must stay below
TURNS, TURN_SECONDS = 4, 0.5  # of each format after one that warms up; of a longer encoding, its beginning
MOST = 64  # entries of the file

logger = logging.getLogger(__name__)


class _Enough(Exception):
    """As many layers as are to be timed have answered."""


class Seconds(NamedTuple):
    """What encoding takes in each format; of a long one, its first layers."""

    float32: float
    bfloat16: float

    @property
    def fastest(self) -> str:
        """The format to take."""
        return BFLOAT16 if self.bfloat16 < MARGIN * self.float32 else FLOAT32


def use_fastest(model: Model, remembered: Path) -> None:
    """Let a model encode in the format that is fastest here; remembered: the file of earlier measurements,
    which is made. What cannot be read or written there is measured anew the next time."""
    if not can_be_faster(model.device):
        return
    key, known = _key(model), _read(remembered)
    if key not in known:
        known[key] = measured(model)
        _write(remembered, known)
    model.precision = known[key].fastest


def fastest(model: Model) -> str:
    """The format in which a model encodes fastest here, measured now."""
    return measured(model).fastest if can_be_faster(model.device) else FLOAT32


def can_be_faster(device: torch.device) -> bool:
    """Whether the device is a CPU that computes in bfloat16; a torch that does not tell counts as no."""
    capabilities = getattr(torch.cpu, "get_capabilities", dict)()
    return device.type == "cpu" and any(capabilities.get(name) for name in OF_PROCESSORS)


def measured(model: Model) -> Seconds:
    """Both formats in turns, so that other programs slow down both; the median of each."""
    layers = [_layers(model, name) for name in FORMATS]  # warms up
    times: dict[str, list[float]] = {name: [] for name in FORMATS}
    for _turn in range(TURNS):
        for name in FORMATS:
            start = time.perf_counter()
            _layers(model, name, min(layers))
            times[name].append(time.perf_counter() - start)
    return Seconds(*(float(np.median(times[name])) for name in FORMATS))


def _layers(model: Model, precision: str, most: int | None = None) -> int:
    """Encode a picture; how many layers have answered when `most` had, the time was over, or all had."""
    count, until = 0, time.perf_counter() + TURN_SECONDS

    def answered(*_given) -> None:
        nonlocal count
        count += 1
        if count == most or (most is None and time.perf_counter() > until):
            raise _Enough

    side, before = model.config.image_size, model.precision
    pictures = [np.zeros((side, side, 3), np.float32)] * (1 + model.config.mirror)
    hooks = [module.register_forward_hook(answered) for module in model.image_encoder.modules()]
    model.precision = precision
    try:
        with contextlib.suppress(_Enough):
            model.embed_each(pictures)
    finally:
        model.precision = before
        for hook in hooks:
            hook.remove()
    return count


def _key(model: Model) -> str:
    """What the times depend on, as text."""
    config = model.config
    what = config.backbone, config.adapter, config.image_size, config.mirror
    processor = torch.cpu.get_capabilities().get("cpu_name", "")
    return f"{processor}; torch {torch.__version__}; {torch.get_num_threads()} threads; {what}"


def _read(path: Path) -> dict[str, Seconds]:
    try:
        entries = typed_json.read(path).fields()
        return {key: Seconds(*(entry[name].number(0) for name in FORMATS)) for key, entry in entries.items()}
    except FileNotFoundError:
        return {}
    except (OSError, ValueError) as error:
        logger.warning("%s", error)
        return {}


def _write(path: Path, known: dict[str, Seconds]) -> None:
    entries = dict(list(known.items())[-MOST:])
    try:
        make_folder(path.parent)
        content = json.dumps({key: seconds._asdict() for key, seconds in entries.items()}, indent=1)
        write_atomically(path, content.encode())
    except OSError as error:
        logger.warning("%s cannot be written to (%s): it is measured again the next time", path, error)
