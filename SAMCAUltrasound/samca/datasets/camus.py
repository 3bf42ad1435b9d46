"""CAMUS: apical views of the heart of 500 patients, University Hospital of St Etienne (Leclerc 2019).

Layout: a folder for each patient with patient0001_2CH_ED.nii.gz and its truth patient0001_2CH_ED_gt.nii.gz,
the same for 4CH and ES, in database_nifti/; database_split/ has subgroup_training.txt,
subgroup_validation.txt and subgroup_testing.txt, a patient a line. In the first release the folders lie in
training/ and testing/, and the files are .mhd with .raw; testing/ counts its patients from 1 again and has no
truth. Any folder of patients can be given by itself. A patient is a group, a view a loop of it; ids are
patient0001_2CH_ED, of testing/ testing_patient0001_2CH_ED. The sequences between the two frames and
Info_2CH.cfg are not read.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

from .case import Case
from .images import read_spacing
from .listing import composed, visible
from .pairing import Found
from .split_words import split_of

LAYOUT = "patient0001/ and so on, in the folder, in database_nifti/, or in training/ and testing/"
NAMES = ((1, "left ventricle"), (2, "myocardium"), (3, "left atrium"))
PLACES = (".", "database_nifti", "training", "testing")
SPLITS = "database_split"
LISTS = {
    "subgroup_training.txt": "train",
    "subgroup_validation.txt": "val",
    "subgroup_testing.txt": "test",
}
PATIENT = re.compile(r"patient\d+")
FRAMES = tuple((view, phase) for view in ("2CH", "4CH") for phase in ("ED", "ES"))
SUFFIXES = (".nii.gz", ".nii", ".mhd", ".mha")
SEQUENCES = tuple(f"_sequence{truth}{suffix}" for truth in ("", "_gt") for suffix in SUFFIXES)
BESIDE = (".raw", ".zraw", ".cfg", *SEQUENCES, SPLITS, *LISTS)


def matches(folder: Path) -> bool:
    """Whether the folder looks like CAMUS."""
    return any(True for _ in _patients(folder))


def find(folder: Path) -> Found:
    """All cases: of each patient the frames at end diastole and end systole of both views."""
    listed, problems = _listed(folder)
    cases, lost = [], dict(listed)
    for patient in _patients(folder):
        splits, known = _splits(patient, listed), lost.pop(patient.name, None) is not None
        if len(splits) > 1:
            problems.append(f"{patient}: is in the splits {' and '.join(sorted(splits))}: leave it in one")
        elif listed and not known:
            problems.append(f"{patient}: is in none of {', '.join(LISTS)}: add it to one of them")
        else:
            more_cases, more_problems = _frames(patient, *splits)
            cases += more_cases
            problems += more_problems
    if lost:
        more = f" and of {len(lost) - 1} more listed" if len(lost) > 1 else ""
        problems.append(
            f"{folder}: no folder of {min(lost)}{more}: copy what is lost, or take it off the list"
        )
    return cases, problems


def _patients(folder: Path) -> Iterator[Path]:
    for place in PLACES:
        yield from (p for p in visible(folder / place) if PATIENT.fullmatch(p.name) and p.is_dir())


def _listed(folder: Path) -> tuple[dict[str, set[str]], list[str]]:
    """The splits of each patient by the authors' lists, and their problems; nothing without any of them."""
    near = (folder, folder / SPLITS, folder.resolve().parent / SPLITS)
    place = next((place for place in near if any((place / name).is_file() for name in LISTS)), None)
    listed, problems = defaultdict(set), []
    for name, split in LISTS.items() if place else ():
        try:
            patients = composed((place / name).read_text("utf-8-sig")).split()
        except (ValueError, OSError) as error:
            problems.append(f"{place / name}: cannot be read as a list of patients ({error})")
            continue
        problems += [
            f"{place / name}: {word[:40]!r} is no patient: expected one a line, as patient0001"
            for word in patients
            if not PATIENT.fullmatch(word)
        ]
        for patient in filter(PATIENT.fullmatch, patients):
            listed[patient].add(split)
    return dict(listed), problems


def _splits(patient: Path, listed: dict[str, set[str]]) -> set[str]:
    """What the lists and the name of the folder above say of a patient."""
    above = split_of(patient.resolve().parent.name)
    return listed.get(patient.name, set()) | ({above} if above else set())


def _frames(patient: Path, split: str = "") -> Found:
    """The cases of one patient; who is to be tested may have no truth."""
    group = f"testing_{patient.name}" if split_of(patient.resolve().parent.name) == "test" else patient.name
    files, problems = _files(patient)
    expected = [f"{patient.name}_{view}_{phase}" for view, phase in FRAMES]
    lost = [name for name in expected if name not in files]
    secret = split == "test" and not any(f"{name}_gt" in files for name in expected)
    lost += [f"{name}_gt" for name in expected if name in files and f"{name}_gt" not in files and not secret]
    if lost:
        problems.append(f"{patient}: no {', '.join(lost)}: copy the patient's folder again")
    cases = [
        Case(
            f"{group}_{view}_{phase}",
            files[name],
            group,
            split=split,
            spacing_mm=read_spacing(files[name]),
            source="camus",
            labels=files.get(f"{name}_gt"),
            names=() if secret else NAMES,
            loop=view,
        )
        for name, (view, phase) in zip(expected, FRAMES, strict=True)
        if name not in lost and f"{name}_gt" not in lost
    ]
    return cases, problems


def _files(patient: Path) -> tuple[dict[str, Path], list[str]]:
    """Volumes of a patient by their names without suffix, and a problem for each second of one name."""
    files, problems = {}, []
    for path in visible(patient):
        suffix = next((suffix for suffix in SUFFIXES if path.name.endswith(suffix)), None)
        if suffix and path.is_file():
            first = files.setdefault(path.name.removesuffix(suffix), path)
            if first != path:
                problems.append(f"{path}: {first.name} is the same frame: keep one of them")
    return files, problems
