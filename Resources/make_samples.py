"""Makes the sample data that the extension brings: python Resources/make_samples.py [usgra_0185.png].

Needs slicer-core, with SAMCAUltrasound on PYTHONPATH. Lesion and loop are simulated, equal each time.
The nerve is frame 0185 of usgra-seg (https://github.com/tmkand/usgra-seg, T. Kandaouroff, CC BY 4.0), grey
and with its longer side reduced to 512 px; without the picture the file that is there stays.
"""

from __future__ import annotations

import hashlib
import json
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import SimpleITK
import slicer
import slicer.util
from PIL import Image

from samca import phantoms
from samca.files import make_folder, replacing, write_atomically
from samca.phantoms import Phantom

FOLDER = Path(__file__).resolve().parent.parent / "SAMCAUltrasound" / "Resources" / "Samples"
CREDIT = "usgra_0185 of usgra-seg by T. Kandaouroff, CC BY 4.0 (https://creativecommons.org/licenses/by/4.0/)"
# a node named like its file would get a number: Slicer's reader of Sequences asks for a name that is free
FILES = {
    "samca-nerve.nrrd": "SAMCANerve",
    "samca-lesion.nrrd": "SAMCALesion",
    "samca-loop.seq.nrrd": "SAMCALoop",
}
FRAMES, SECONDS = 12, 1.2  # of the loop


def lesion() -> Phantom:
    """A breast with one lesion, as a linear probe shows it."""
    return phantoms.make(np.random.default_rng(24), 384, 512, lesions=1, geometry="linear")


def loop() -> tuple[Phantom, ...]:
    """A lesion that moves with the tissue around it, the probe held still."""
    return phantoms.make_loop(np.random.default_rng(3), FRAMES, 160, 208, 1, "linear", "cine")


def write_frame(path: Path, pixels: np.ndarray, spacing_mm=(1.0, 1.0), credit="") -> None:
    """An (H, W) uint8 frame as a volume that an axial view shows upright."""
    image = SimpleITK.GetImageFromArray(pixels[None])
    image.SetSpacing((*spacing_mm, 1.0))
    if credit:
        image.SetMetaData("source", credit)
    with replacing(path) as temporary:
        SimpleITK.WriteImage(image, str(temporary), useCompression=True, compressionLevel=9)


def write_loop(path: Path, frames: Sequence[Phantom]) -> None:
    """Frames as a Sequence over time."""
    sequence = slicer.vtkMRMLSequenceNode()
    sequence.SetIndexName("time")
    sequence.SetIndexUnit("s")
    for number, frame in enumerate(frames):
        node = slicer.vtkMRMLScalarVolumeNode()
        slicer.util.updateVolumeFromArray(node, frame.image[None])
        node.SetSpacing(*frame.spacing_mm, 1.0)
        node.SetIJKToRASDirections(-1, 0, 0, 0, -1, 0, 0, 0, 1)
        sequence.SetDataNodeAtValue(node, f"{number * SECONDS / FRAMES:.1f}")
    storage = slicer.vtkMRMLVolumeSequenceStorageNode()
    storage.SetFileName(str(path))
    if not storage.WriteData(sequence):
        raise OSError(f"{path} could not be written: check the disk")


def entry(path: Path, kind: str) -> dict[str, str]:
    """A line of samples.json; kind: as Slicer's readers are called."""
    sha256 = hashlib.sha256(path.read_bytes()).hexdigest()
    return {"name": FILES[path.name], "file": path.name, "kind": kind, "sha256": sha256}


def main(picture: str | None = None) -> None:
    """Write all files, and the list that the module reads."""
    make_folder(FOLDER)
    nerve, breast, cine = (FOLDER / name for name in FILES)
    if picture:
        write_frame(nerve, np.asarray(Image.open(picture).convert("L")), credit=CREDIT)
    phantom = lesion()
    write_frame(breast, phantom.image, phantom.spacing_mm)
    write_loop(cine, loop())
    entries = [entry(nerve, "VolumeFile"), entry(breast, "VolumeFile"), entry(cine, "SequenceFile")]
    write_atomically(FOLDER / "samples.json", (json.dumps(entries, indent=2) + "\n").encode())


if __name__ == "__main__":
    main(*sys.argv[1:])
