"""Every fenced block of README, docs/ and CONTRIBUTING.md runs, document by document, on small data.

What is made small is written in documented_folder.py and small_samca.py; blocks for Slicer's console run in
Testing/mrml/test_documented_console.py.
"""

from __future__ import annotations

import shutil
import subprocess
import sys

import pytest

from documents import DOCUMENTS, fences, named

BASH = shutil.which("bash")
NOT_RUN = {  # document -> reasons, as its blocks say them
    "CONTRIBUTING.md": ["needs the network, and an owner"],
    "docs/handing-over.md": ["needs Debian's dicom3tools"],
    "docs/methods.md": [
        "needs mobile_sam.pt, which is published by its authors",
        'needs the files of a Grounding DINO in the folder "detector"',
    ],
    "docs/troubleshooting.md": ["needs the network"],
}
GIVEN = """import numpy
from PIL import Image

array, x, y = numpy.asarray(Image.open("frame.png")), 210, 140
"""


def is_of_the_console(fence) -> bool:
    """Whether a block is for Slicer's Python console."""
    return fence.language == "python" and ("slicer." in fence.text or "logic." in fence.text)


def test_what_is_not_run_is_known():
    reasons = {named(path): [f.reason for f in fences(path) if f.reason] for path in DOCUMENTS}
    assert {name: found for name, found in reasons.items() if found} == NOT_RUN


def words_of(fence) -> list[str]:
    if fence.language == "python":
        return [sys.executable, "-c", GIVEN + fence.text]
    return [BASH, "-euo", "pipefail", "-c", fence.text]


@pytest.mark.slow
@pytest.mark.skipif(BASH is None or sys.platform == "win32", reason="the blocks are for a POSIX shell")
@pytest.mark.parametrize("document", DOCUMENTS, ids=named)
def test_every_block_of_a_document_runs_from_top_to_bottom(document, tmp_path):
    from documented_folder import make_folder

    environment = make_folder(tmp_path)
    for fence in fences(document):
        if fence.reason or fence.language == "text" or is_of_the_console(fence):
            continue
        done = subprocess.run(
            words_of(fence), cwd=tmp_path, env=environment, capture_output=True, text=True, check=False
        )
        said = (done.stdout + done.stderr)[-3000:]
        assert done.returncode == 0, f"{named(document)}, line {fence.line}:\n{fence.text}\n{said}"
