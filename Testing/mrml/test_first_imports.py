"""No thread of ours imports a module for the first time but the one that loads torch, and that only torch."""

from __future__ import annotations

import first_imports
import numpy as np
from downloads import CONTENT
from faulty_server import FaultyServer, offered

from dataset_files import lesion, picture, save

ENGINE = """
import slicer_scene; slicer_scene.start()
import volumes
from samca.prompts import Click, Prompts
from SAMCALib.Editing.EditQueue import pictureOf
from SAMCALib.Engine.EngineLogic import EngineLogic
from SAMCALib.Frames import FrameLogic
from SAMCALib.Segments.MaskLogic import MaskOptions
engine = EngineLogic()
picture = pictureOf(FrameLogic.frameOf(volumes.volume(volumes.speckle(3, 300, 380)), 1))
prompts = Prompts((Click(200, 100, True), Click(20, 30, False)))
engine.useModel("shipped")
engine.segment(picture, prompts, MaskOptions())
engine.examine(engine, "how sure", picture, prompts, MaskOptions())
assert engine.wait()
"""
CHECK = """
import sys, types
import slicer_scene; slicer_scene.start()
from SAMCATrainingLib.TrainingLogic import TrainingLogic
logic = TrainingLogic(sys.argv[2], types.SimpleNamespace(folder=None))
*_others, last = logic.checking(sys.argv[1])
assert last.summary.counts.cases == 5, last
from samca import datasets
assert len(datasets.checked(sys.argv[1]).cases) == 5
"""
DOWNLOAD = """
import hashlib, pathlib, sys
from downloads import CONTENT, SHA256
from SAMCALib.Models.Download import Download
download = Download(sys.argv[1], pathlib.Path(sys.argv[2]) / "w.pth", len(CONTENT), SHA256)
assert download.wait(30), download.error
"""
SEARCH = """
import pathlib, sys
import slicer_scene; slicer_scene.start()
import volumes
from SAMCALib.Editing.TargetLogic import TargetLogic
from SAMCALib.Frames import FrameLogic
class Detector:
    def __init__(self, folder):
        import colorsys
    def find(self, pixels, target, window=None):
        return None
(pathlib.Path(sys.argv[1]) / "config.json").write_text("{}")
search = TargetLogic(sys.argv[1], Detector)
search.look(FrameLogic.frameOf(volumes.volume(volumes.speckle(3, 300, 380)), 1), "lesion")
search.wait(60)
assert search.isDone
"""


def test_what_a_thread_imports_would_be_seen():
    script = "import threading\nt = threading.Thread(target=lambda: __import__('scipy.sparse'), name='T')\n"
    assert ("T", "scipy.sparse") in first_imports.of(script + "t.start()\nt.join()")
    assert first_imports.of("import scipy.sparse\n" + script + "t.start()\nt.join()") == []


def test_beside_torch_the_engine_imports_nothing_in_its_threads():
    imported = first_imports.of(ENGINE)
    assert {thread for thread, _name in imported} == {"SAMCA loading"}
    names = [name for _thread, name in imported]
    assert "torch" in names
    before = names[: names.index("torch")]
    assert [name for name in before if name.split(".")[:2] != ["samca", "network"]] == []
    ours = {name.split(".")[1] for name in names if name.startswith("samca.")}
    assert ours <= {"network", "weights", "tensor_files", "prompts", "_segment_anything_modeling"}
    assert not [name for name in names if name.split(".")[0] in ("scipy", "numpy", "PIL", "SimpleITK")]


def test_without_torch_the_engine_imports_nothing_in_its_threads():
    assert first_imports.of(f"import samca\nsamca.has_torch = lambda: False\n{ENGINE}") == []


def test_a_dataset_is_looked_at_without_an_import_in_a_thread(tmp_path):
    for number, name in enumerate(("a.png", "b.jpg", "c.bmp", "d.tif")):
        save(tmp_path / "data" / "images" / name, picture(number))
    deep = picture().astype(np.uint16)
    save(tmp_path / "data" / "images" / "e.png", deep)
    for name in "abcde":
        save(tmp_path / "data" / "masks" / f"{name}.png", lesion())
    assert first_imports.of(CHECK, tmp_path / "data", tmp_path / "user") == []


def test_a_download_imports_nothing_in_its_threads(tmp_path):
    server = FaultyServer()
    server.does["/w"] = offered(CONTENT)
    try:
        imported = first_imports.of(DOWNLOAD, server.url.replace("127.0.0.1", "localhost") + "/w", tmp_path)
    finally:
        server.close()
    assert imported == []


def test_a_search_by_words_imports_nothing_in_its_thread(tmp_path):
    assert first_imports.of(SEARCH, tmp_path) == []
