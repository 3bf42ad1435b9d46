"""A file of trained weights on its way: copied under another name, together with the base it belongs to.

Nothing here imports torch: only the header of a .safetensors file is read and written anew.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import re
import shutil
from pathlib import Path

from samca import tensor_header, typed_json
from samca.files import make_folder, plain_name, replacing, write_atomically
from SAMCALib.Models import ModelFile, ModelLogic
from SAMCALib.Texts import Refusal, _


class AdapterFile:
    """One .safetensors file that `samca train` has written; baseName: of its base's file, "" for a base."""

    def __init__(self, path: Path):
        """Refusal for a file that is damaged, or whose base has no name that a file can have."""
        self.path, self._metadata = path, ModelFile.header(path)
        self._name = ModelFile.provenanceOf(path, self._metadata).name
        try:
            self.baseName = plain_name(self._metadata["base"], "base") if "base" in self._metadata else ""
        except ValueError as error:
            text = _("{file} is damaged: {problem}.")
            raise Refusal(text.format(file=path, problem=error)) from error

    @property
    def name(self) -> str:
        """What lists call it."""
        return self._name or self.path.stem

    @property
    def isShippedBase(self) -> bool:
        """Whether its base comes with every installation, or is the file itself."""
        return not self.baseName or self._isBase(ModelLogic.SHIPPED.parent / self.baseName)

    @property
    def isKnownBase(self) -> bool:
        """Whether every installation has its base, or can fetch it."""
        wanted = self._metadata.get("base_sha256")
        return self.isShippedBase or wanted in [entry.sha256 for entry in ModelLogic.checkpoints()]

    def put(self, folder: Path, name: str, places: list[Path]) -> Path:
        """Copy it into a folder under this name, with its base if need be; another model's file stays."""
        make_folder(folder)
        base = self.baseName if self.isShippedBase else self.putBase(folder, places).name
        content, stem = self._content(name, base), _slug(name)
        for path in (
            folder / f"{stem}{number}.safetensors" for number in ("", *(f"_{i}" for i in range(2, 1000)))
        ):
            if not path.exists() or path.read_bytes() == content:
                write_atomically(path, content)
                return path
        raise Refusal(_("There are too many models named {name}: take another name.").format(name=name))

    def write(self, path: Path, name: str, base: str) -> None:
        """Write it as this file, under this name, for a base file of this name."""
        write_atomically(path, self._content(name, base))

    def putBase(self, folder: Path, places: list[Path]) -> Path:
        """Its base in this folder: the one that is there, or a link to or copy of the one in `places`."""
        found = next((path for path in self._bases([folder, *places]) if self._isBase(path)), None)
        if found is None:
            text = _("The base {base} of this model was not found: add it in SAMCA Ultrasound first.")
            raise Refusal(text.format(base=self.baseName))
        target = folder / self.baseName
        if target.exists() and not self._isBase(target):
            target = folder / f"{target.stem}_{sha256Of(found)[:8]}{target.suffix}"
        if not target.exists():
            with replacing(target) as temporary:
                try:
                    os.link(found, temporary)  # half a gigabyte need not be there twice
                except OSError:  # another disk, or one that knows no links
                    shutil.copyfile(found, temporary)
        return target

    def _bases(self, folders: list[Path]):
        """Files that may be the base: first those of its name."""
        stem, suffix = Path(self.baseName).stem, Path(self.baseName).suffix
        for pattern in (f"{stem}{suffix}", f"{stem}_*{suffix}"):
            for folder in dict.fromkeys(folders):
                yield from sorted(folder.glob(pattern)) if folder.is_dir() else ()

    def _isBase(self, path: Path) -> bool:
        return path.is_file() and sha256Of(path) == self._metadata.get("base_sha256")

    def _content(self, name: str, base: str) -> bytes:
        """The file with another name inside, and another name of its base."""
        told = typed_json.parse(self._metadata.get("provenance", "{}"), self.path.name).plain
        changes = {"provenance": json.dumps({**told, "name": name})}
        if base:
            changes["base"] = base
        return tensor_header.with_metadata(self.path.read_bytes(), changes)


_KNOWN: dict[tuple, str] = {}  # path, size and time of a file -> its SHA256


def sha256Of(path: Path) -> str:
    """Of a file; computed once for each time it is written."""
    about = path.stat()
    key = (str(path), about.st_size, about.st_mtime_ns)
    if key not in _KNOWN:
        digest = hashlib.sha256()
        with contextlib.closing(path.open("rb")) as file:
            while block := file.read(1 << 20):
                digest.update(block)
        _KNOWN[key] = digest.hexdigest()
    return _KNOWN[key]


def _slug(name: str) -> str:
    return re.sub(r"[^A-Za-z0-9._-]+", "_", name).strip("._")[:60] or "model"
