"""Wheels made anew of what is installed, and folders that lend it to another interpreter."""

from __future__ import annotations

import shutil
import zipfile
from importlib.metadata import distribution
from pathlib import Path, PurePosixPath

NOTES = {"RECORD", "INSTALLER", "REQUESTED", "direct_url.json"}  # what pip itself writes


def wheel(name: str, folder: Path) -> Path:
    """The wheel from which this package was installed, not compressed; scripts beside it are left out."""
    package = distribution(name)
    files = {file.as_posix(): file.locate() for file in package.files if _is_own(file)}
    info = next(PurePosixPath(file).parts[0] for file in files if file.endswith(".dist-info/METADATA"))
    told = [
        line.split()[1].split("-") for line in package.read_text("WHEEL").splitlines() if line[:4] == "Tag:"
    ]
    tag = "-".join(".".join(dict.fromkeys(part)) for part in zip(*told, strict=True))
    path = folder / f"{info.removesuffix('.dist-info')}-{tag}.whl"
    record = f"{info}/RECORD"
    with zipfile.ZipFile(path, "w") as archive:
        for inside, file in files.items():
            archive.write(file, inside)
        archive.writestr(record, "".join(f"{inside},,\n" for inside in (*files, record)))
    return path


def lend(names: tuple[str, ...], folder: Path) -> None:
    """Put these packages, and no others that are installed beside them, into a folder."""
    for name in names:
        own = {Path(file.parts[0]) for file in distribution(name).files if _is_own(file)}
        for part in own:
            _link(Path(distribution(name).locate_file(part)), folder / part)


def _is_own(file: PurePosixPath) -> bool:
    is_note = file.name in NOTES and file.parts[0].endswith(".dist-info")
    return file.parts[0] not in ("..", "__pycache__") and file.suffix != ".pyc" and not is_note


def _link(source: Path, target: Path) -> None:
    try:
        target.symlink_to(source, target_is_directory=source.is_dir())
    except OSError:  # Windows, for users who may not
        copy = shutil.copytree if source.is_dir() else shutil.copy
        copy(source, target)
