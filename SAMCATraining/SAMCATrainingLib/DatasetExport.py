"""A dataset in the form of another program: a new folder, there whole or not at all."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from samca import exchange
from samca.exchange import FORMATS, Progress
from samca.files import part_of_name
from SAMCALib.Texts import Refusal, _

from . import CaseFiles
from .DatasetCheck import reading


def formats() -> list[tuple[str, str]]:
    """(name, what it is called) of every format."""
    return [(name, form.TITLE) for name, form in FORMATS.items()]


def placeIn(parent: Path, folder: Path, form: str) -> Path:
    """The folder to make within another one: it is called after the dataset, as the format's users expect."""
    name = part_of_name(CaseFiles.nameOf(folder))
    return parent / FORMATS[exchange.check_format(form)].FOLDER.format(name=name)


def exporting(folder: Path, form: str, out: Path) -> Iterator[Progress]:
    """Write a dataset folder as a new one, case by case; closed before its end it leaves nothing.

    Refusal for a dataset that is not there or has problems, for a folder that is there already, and for a
    disk that is full or cannot be written to.
    """
    if not folder.is_dir():
        raise Refusal(_("This dataset has no cases yet: add some first."))
    try:
        exchange.check_new(out)
        data = yield from reading(folder, Progress)
        if data.problems:
            text = _("{problem} (1 of {count}): mend that first.")
            raise Refusal(text.format(problem=data.problems[0], count=len(data.problems)))
        for step in exchange.converting(data, form, out):
            yield Progress(len(data.cases) + step.done, 2 * len(data.cases), step.text)
    except OSError as error:
        if error.errno is None:  # a sentence of ours
            raise Refusal(str(error)) from error
        text = _("{folder} cannot be written to ({reason}): choose another folder.")
        raise Refusal(text.format(folder=out.parent, reason=error.strerror or error)) from error
