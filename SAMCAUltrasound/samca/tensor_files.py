"""Tensors out of a file, without running anything that the file says."""

from __future__ import annotations

import errno
import pickle
import pickletools
import re
import struct
import threading
import zipfile
from collections import OrderedDict
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import IO, Any, NoReturn

import torch
from safetensors import safe_open
from torch.serialization import safe_globals

from . import tensor_header

DTYPES = {
    "BOOL": torch.bool, "U8": torch.uint8, "I8": torch.int8, "I16": torch.int16, "I32": torch.int32,
    "I64": torch.int64, "F8_E4M3": torch.float8_e4m3fn, "F8_E5M2": torch.float8_e5m2, "F16": torch.float16,
    "BF16": torch.bfloat16, "F32": torch.float32, "F64": torch.float64, "U16": torch.uint16,
    "U32": torch.uint32, "U64": torch.uint64,
}  # fmt: skip

# What trainers save beside their weights: values of these kinds, for which something inert is put in.
VALUES = re.compile(
    r"numpy\.(dtype|ndarray|dtypes\.\w+|bool_?|(int|uint|float|str|bytes)\d*_?)"
    r"|numpy\._?core\.(multiarray\.(_reconstruct|scalar)|numeric\._frombuffer)"
    r"|torch\.optim\.[\w.]+|argparse\.Namespace|types\.SimpleNamespace|pathlib\.\w*Path"
    r"|datetime\.\w+|collections\.(defaultdict|deque|ChainMap)|decimal\.Decimal|uuid\.UUID"
    r"|builtins\.(dict|list|set|frozenset|tuple|int|float|complex|str|bytes|bytearray|bool|object)"
    r"|(omegaconf|yacs|easydict|addict|ml_collections|mmengine|mmcv|fvcore|pytorch_lightning|lightning"
    r"|lightning_fabric|lightning_utilities|torchmetrics)\.[\w.]+"
)
PLAIN = re.compile(r"torch\.|collections\.(OrderedDict|Counter)|_codecs\.encode")
MAPPING = re.compile(r".*(dict|Dict|CfgNode|ChainMap)")
PICKLES, MOST_STEPS, LONGEST = 5, 2_000_000, 200  # of an old file; of a pickle; characters of a kind

_reading = threading.Lock()  # torch's list of what is inert is one for all threads


class _Inert:
    """Takes the place of a value beside the weights."""

    def __new__(cls, *_arguments):
        return super().__new__(cls)

    def __init__(self, *_arguments):
        pass

    def __setstate__(self, state):
        pass


class _InertMapping:
    """Takes the place of a dictionary of another kind."""

    def __new__(cls, *_arguments):
        return OrderedDict()


def read(path: str | Path) -> tuple[dict[str, torch.Tensor], dict[str, str]]:
    """(tensors by name, metadata) of a .safetensors file, or (what a torch file holds, {}); no code is run.

    Plain values, arrays and optimisers that a torch file has beside its tensors are left out or inert. Raises
    FileNotFoundError, and ValueError for a file that is damaged, packed, or holds more than values.
    """
    path = _checked(path)
    if path.suffix != ".safetensors":
        return _read_torch(path, "cpu"), {}
    header = tensor_header.read(path)
    try:
        with safe_open(path, "pt") as file:
            return {name: file.get_tensor(name) for name in header.tensors}, header.metadata
    except Exception as error:
        _refuse(path, error)


def outline(path: str | Path) -> tuple[dict[str, torch.Tensor], dict[str, str]]:
    """The same with tensors that have shape and type, but no numbers: on the device "meta"."""
    path = _checked(path)
    if path.suffix != ".safetensors":
        return _read_torch(path, "meta"), {}
    header = tensor_header.read(path)
    tensors = header.tensors.items()
    return {
        name: torch.empty(place.shape, dtype=DTYPES[place.dtype], device="meta") for name, place in tensors
    }, header.metadata


def check_bytes(path: str | Path) -> None:
    """ValueError for a torch file of which a byte is not as it was written; torch itself does not look."""
    try:
        with zipfile.ZipFile(path) as archive:
            if name := archive.testzip():
                raise _Unfit(f"{name} is not as it was written")
    except Exception as error:
        _refuse(path, error)


def tensors_in(content: Any, depth: int = 4) -> Iterator[dict[str, torch.Tensor]]:
    """The tensors by name of each dict in what a torch file holds, the outer dicts first."""
    if isinstance(content, dict):
        yield {str(name): value for name, value in content.items() if isinstance(value, torch.Tensor)}
        for inner in content.values() if depth else ():
            yield from tensors_in(inner, depth - 1)


def _checked(path: str | Path) -> Path:
    path = Path(path)
    if not path.is_file():
        raise FileNotFoundError(f"no file of weights at {path}")
    return path


def _read_torch(path: Path, device: str) -> Any:
    kinds: list[str] = []
    try:
        _check_packing(path)
        kinds = _kinds_in(path)
        with _reading, safe_globals([_stand_in(kind) for kind in kinds if VALUES.fullmatch(kind)]):
            content = torch.load(path, map_location=device, weights_only=True)
        for tensors in tensors_in(content):
            for name, tensor in tensors.items():
                _check_numbers(name, tensor, path.stat().st_size)
        return content
    except pickle.UnpicklingError as error:
        unknown = [kind for kind in kinds if not (PLAIN.match(kind) or VALUES.fullmatch(kind))]
        raise ValueError(
            f"{path} is damaged, no checkpoint, or carries code, which is never run{(unknown and ': ') or ''}"
            f"{', '.join(unknown[:3])}; download it again, or ask its author for .safetensors"
        ) from error
    except Exception as error:
        _refuse(path, error)


def _refuse(path: str | Path, error: Exception) -> NoReturn:
    """Raise what tells of an error; wrong bytes give what the parser meets first, as struct.error."""
    if isinstance(error, OSError) and error.errno != errno.EINVAL:  # that one: a place before the file
        raise error
    says = f" ({error})" if isinstance(error, _Unfit) else ""
    raise ValueError(f"{path} is damaged or no checkpoint{says}: download or copy it again") from error


class _Unfit(ValueError):
    """Something of a file that torch would take, and we do not."""


def _check_packing(path: Path) -> None:
    """A file holds its numbers as they are: what is packed could fill the memory."""
    if zipfile.is_zipfile(path):
        with zipfile.ZipFile(path) as archive:
            if sum(entry.file_size for entry in archive.infolist()) > path.stat().st_size:
                raise _Unfit("its tensors are packed")


def _check_numbers(name: str, tensor: torch.Tensor, most: int) -> None:
    """A tensor has all its numbers in the file of so many bytes, and no other form."""
    if tensor.layout != torch.strided or tensor.is_quantized or tensor.is_nested:
        raise _Unfit(f"{name} is sparse, quantized or nested")
    size = tensor.numel() * tensor.element_size()
    if size > min(tensor.untyped_storage().nbytes(), most):
        raise _Unfit(f"{name} has fewer numbers than it says")


def _kinds_in(path: Path) -> list[str]:
    """Kinds of things that the pickles of a torch file name; _Unfit for what no trainer writes."""
    kinds: set[str] = set()
    with ExitStack() as stack:
        if zipfile.is_zipfile(path):
            archive = stack.enter_context(zipfile.ZipFile(path))
            names = [name for name in archive.namelist() if name.endswith("/data.pkl")]
            files = [stack.enter_context(archive.open(name)) for name in names]
        else:
            files = [stack.enter_context(path.open("rb"))] * PICKLES
        for file in files:
            for count, (step, argument) in enumerate(_steps(file)):
                if step == "GLOBAL":
                    kinds.add(argument.replace(" ", ".").replace("__builtin__.", "builtins."))
                if count > MOST_STEPS or (step == "GLOBAL" and len(argument) > LONGEST):
                    raise _Unfit("its list of tensors is out of bounds")
    return sorted(kinds)


def _steps(file: IO[bytes]) -> Iterator[tuple[str, Any]]:
    """Name and argument of each step of a pickle, as far as it is one; nothing is done of it."""
    with suppress(ValueError, struct.error):
        for step, argument, _ in pickletools.genops(file):
            yield step.name, argument


def _stand_in(kind: str) -> tuple[type, str]:
    """What to put in for a kind of value, so that none of its code runs."""
    return (_InertMapping if MAPPING.fullmatch(kind) else _Inert), kind
