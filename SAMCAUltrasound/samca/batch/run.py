"""A batch on disk: each image of a folder gets its mask once, whatever happened to the runs before this one.

In the folder of the masks lie `found.csv`, the table, and `batch.json`, which says how much there is to do. A
file called `stop` there ends a run after the image that it is at. Masks that are there already are never
written over, whoever made them.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

from .. import model_files
from ..datasets.image_folder import Placed, placed
from ..files import make_folder, remove, write_atomically
from ..files.disks import DiskFullError
from ..images import masks
from ..training import run_lock
from . import asked, table
from .jobs import SUGGEST, Asker, Done, Job, answered, failed
from .table import FAILED, FOUND, KEPT, NOTHING, Row, Rows

STATE, STOP, VERSION = "batch.json", "stop", 1
DIGITS = 16  # of the digest of a file of weights


@dataclass(frozen=True)
class Request:
    """images: the folder. out: where masks and table go, None: beside the images. boxes, clicks: a table of
    them, see `asked`; without either the model suggests. processes: how many images at a time."""

    images: Path
    out: Path | None = None
    asker: Asker = field(default_factory=Asker)
    boxes: Path | None = None
    clicks: Path | None = None
    processes: int = 1

    @property
    def folder(self) -> Path:
        """Where table and state lie."""
        return self.images if self.out is None else self.out


@dataclass
class Progress:
    """Images: of all that are to be done, so many now, and how those ended; rows: of the newest."""

    total: int
    done: int = 0
    rows: list[Row] = field(default_factory=list)


class Batch:
    """One run. `before` is what earlier runs have done, `todo` what is left, `notes` what to say of the rest.

    Iterate over `run` once; `counts` then says how many images have which result.
    """

    def __init__(self, request: Request):
        """ValueError for a table with other columns."""
        self.request, self.notes = request, []
        listed = list(placed(request.images, request.out, self.notes.append))
        self._order = {self._name(each): number for number, each in enumerate(listed)}
        self._places = {self._name(each): each for each in listed}
        self._table = self._asked()
        self.rows: Rows = {}
        self.todo: list[Job] = []
        self._model = ""

    def run(self, goes_on: Callable[[], bool] = lambda: True) -> Iterator[Progress]:
        """Do what is left, one image after the other; goes_on is asked before each.

        DiskFullError where no mask can be written any more; what was done until then stays. ValueError for a
        folder that another run works in.
        """
        make_folder(self.request.folder)
        with run_lock.holding(self.request.folder) as folder:
            self._model = model_files.sha256(model_files.source_path(self.request.asker.model))[:DIGITS]
            self._look_back()
            self._begin()
            with self._tidied():
                progress = Progress(len(self.todo))
                yield progress
                request = self.request.asker, self.request.processes, folder / run_lock.NAME
                for done in answered(self.todo, *request) if self.todo else ():
                    self._keep(done)
                    progress = Progress(len(self.todo), progress.done + 1, self.rows[done.job.name])
                    yield progress
                    if self._stop.exists() or not goes_on():
                        self.notes.append(f"stopped after {progress.done} of {progress.total} images")
                        return

    @property
    def counts(self) -> Counter:
        """How many images have which of `table.RESULTS`; of several objects in an image the first counts."""
        best = [min(table.RESULTS.index(row.result) for row in rows) for rows in self.rows.values()]
        return Counter(table.RESULTS[result] for result in best)

    # Below: how it is done

    @property
    def _path(self) -> Path:
        return self.request.folder / table.NAME

    @property
    def _stop(self) -> Path:
        return self.request.folder / STOP

    def _name(self, each: Placed) -> str:
        return each.image.relative_to(self.request.images).as_posix()

    def _asked(self) -> asked.Table | None:
        request = self.request
        if request.boxes is None and request.clicks is None:
            return None
        found = (
            asked.boxes(request.boxes, self._places)
            if request.boxes
            else asked.clicks(request.clicks, self._places)
        )
        self.notes += found.notes
        if more := len(self._places) - len(found.asked.keys() | found.wrong.keys() & self._places.keys()):
            self.notes.append(f"{more} of {len(self._places)} images have no row: they are left out")
        return found

    def _look_back(self) -> None:
        """What was done before, and what is left; what could not be done is tried again."""
        before = table.read(self._path).items()
        self.rows = {name: rows for name, rows in before if all(row.result != FAILED for row in rows)}
        for name in self._places if self._table is None else self._table.asked:
            self._look_at(name, self._places[name])
        for name, says in self._table.wrong.items() if self._table else ():
            self.rows[name] = [Row(name, FAILED, says=says)]

    def _look_at(self, name: str, place: Placed) -> None:
        """Whether an image is to be done."""
        wanted = self._table.asked[name] if self._table else None
        done = [row for row in self.rows.get(name, ()) if row.result in (FOUND, NOTHING)]
        made = {row.mask for row in done if row.mask}
        is_done = done and all((self.request.folder / mask).exists() for mask in made)
        is_same = self._is_same(done, wanted)
        if place.problem:
            self.rows[name] = [Row(name, FAILED, says=place.problem)]
        elif is_done and made:
            says = "" if is_same else f"was pointed at otherwise: remove {min(made)} to have it done anew"
            self.rows[name] = [replace(row, says=says) for row in done]
        elif place.mask.exists() and not is_done:
            mask = place.mask.relative_to(self.request.folder).as_posix()
            self.rows[name] = [Row(name, KEPT, mask=mask, says="a mask was there already")]
        elif not (is_done and is_same and all(row.model == self._model for row in done)):
            self.rows.pop(name, None)
            self.todo.append(Job(place.image, name, wanted))

    def _is_same(self, done: list[Row], wanted: tuple[asked.Asked, ...] | None) -> bool:
        """Whether rows answer what is asked now; a class by number is any, as no model is loaded yet."""
        words, word = {row.asked for row in done}, self.request.asker.suggest or ""
        if wanted is not None:
            return words == {str(each) for each in wanted}
        return all(
            each == f"{SUGGEST} {word}" or (word.isdecimal() and each.startswith(SUGGEST)) for each in words
        )

    def _begin(self) -> None:
        """Write down how much there is to do, and what is there already."""
        state = {"version": VERSION, "images": str(self.request.images.absolute())}
        state |= {"total": len(self.todo), "before": len(self.rows)}  # images
        write_atomically(self.request.folder / STATE, json.dumps(state, indent=2).encode())
        self._write()

    def _keep(self, done: Done) -> None:
        """The row before the mask has its name; what somebody else has put there meanwhile stays."""
        name, mask = done.job.name, self._places[done.job.name].mask
        relative = mask.relative_to(self.request.folder).as_posix()
        if not done.slices:
            self._add(name, done.rows)
        elif mask.exists():
            says = "somebody has saved a mask meanwhile"
            self._add(name, [Row(name, KEPT, mask=relative, says=says)])
        else:
            self._write_mask(done, mask, relative)

    def _write_mask(self, done: Done, mask: Path, relative: str) -> None:
        def ready(file: Path) -> None:
            named = {"mask": relative, "sha256": model_files.sha256(file)}
            self._add(name, [replace(row, **named) if row.result == FOUND else row for row in done.rows])

        name = done.job.name
        try:
            make_folder(mask.parent)
            masks.write_slices(mask, done.slices, done.grid, done.entries, done.segment, ready)
        except BaseException as error:  # an interruption, too
            self.rows.pop(name, None)
            if isinstance(error, DiskFullError) or not isinstance(error, OSError):
                raise
            self._add(name, failed(done.job, error).rows)

    def _add(self, name: str, rows: list[Row]) -> None:
        rows = [replace(row, model=self._model) if row.asked else row for row in rows]
        self.rows[name] = rows
        table.add(self._path, rows)

    @contextmanager
    def _tidied(self) -> Iterator[None]:
        """An earlier run's stop is none of this one; the table is in the order of the images at the end."""
        remove(self._stop)
        try:
            yield
        finally:
            remove(self._stop)
            self._write()

    def _write(self) -> None:
        names = sorted(self.rows, key=lambda name: self._order.get(name, len(self._order)))
        table.write(self._path, [row for name in names for row in self.rows[name]])
