"""The list of models, files added and removed, and checkpoints fetched from a server in this process."""

from __future__ import annotations

import hashlib
import http.server
import json
import sys
import threading
import time
from dataclasses import replace

import pytest
from model_files import adapter, graph

from samca.training import run_lock
from SAMCALib import Texts
from SAMCALib.Models import ExtraPackage
from SAMCALib.Models.Download import Download
from SAMCALib.Models.InstallLogic import LIGHT
from SAMCALib.Models.ModelLogic import (
    ModelLogic,
    checkpoints,
    consent,
    diceText,
    sizeText,
)
from SAMCATrainingLib.TrainingLogic import TrainingLogic

CONTENT = b"weights" * 100_000
PATIENCE = 120  # s; a machine may be busy


@pytest.fixture
def logic(tmp_path, monkeypatch):
    monkeypatch.setattr("SAMCALib.Models.ModelLogic.SHIPPED", tmp_path / "shipped" / "samca.safetensors")
    return ModelLogic(tmp_path / "models")


@pytest.fixture
def server():
    """Serves CONTENT at /good, one byte less at /short, slowly at /slow; yields its address."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            content = {"/good": CONTENT, "/slow": CONTENT, "/short": CONTENT[:-1]}.get(self.path)
            self.send_response(200 if content else 404)
            self.end_headers()
            for start in range(0, len(content or b""), 10_000):
                try:
                    self.wfile.write(content[start : start + 10_000])
                except OSError:
                    return
                time.sleep(0.05 if self.path == "/slow" else 0)

        def log_message(self, *arguments):
            """Say nothing."""

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


def served(address, path="/good", content=CONTENT):
    """An official checkpoint that this server offers."""
    sha256 = hashlib.sha256(content).hexdigest()
    return replace(checkpoints()[0], url=address + path, size=len(content), sha256=sha256)


def test_an_empty_machine_lists_nothing_and_makes_no_folder(logic):
    assert logic.models() == []
    assert not logic.folder.exists()


def test_a_trained_adapter_is_listed_with_what_it_says_about_itself(logic):
    figures = {"dice": 0.8123, "images": 40, "split": "val"}
    path = adapter(
        logic.folder / "nerve.safetensors",
        name="Nerve",
        licence="CC BY 4.0",
        data="40 frames",
        figures=figures,
    )
    (model,) = logic.models()
    assert (model.name, model.licence, model.data) == ("Nerve", "CC BY 4.0", "40 frames")
    assert model.size == path.stat().st_size
    assert diceText(model.figures) == "81.2 %"


def test_a_base_is_hidden_behind_its_adapters_and_can_be_seen_and_removed_once_they_are_gone(logic):
    adapter(logic.folder / "base.safetensors", kind="base", name="Base")
    path = adapter(logic.folder / "a.safetensors", base="base.safetensors", name="A")
    assert [model.name for model in logic.models()] == ["A"]
    logic.remove(str(path))
    (base,) = logic.models()
    assert base.name == "Base"
    logic.remove(base.source)
    assert logic.models() == []


def test_the_base_of_an_earlier_version_is_kept_beside_the_adapters_that_were_trained_on_it(logic, tmp_path):
    earlier = adapter(tmp_path / "old" / "base.safetensors", kind="base", name="Base")
    sha256 = hashlib.sha256(earlier.read_bytes()).hexdigest()
    adapter(logic.folder / "a.safetensors", base="base.safetensors", sha256=sha256, name="A")
    assert logic.add(earlier).name == "A"
    kept = logic.folder / f"base_{sha256[:12]}.safetensors"
    assert kept.read_bytes() == earlier.read_bytes()
    assert [model.name for model in logic.models()] == ["A"]
    assert logic.add(earlier).name == "A"  # again changes nothing
    earlier.unlink()
    logic.remove(str(logic.folder / "a.safetensors"))
    assert [model.name for model in logic.models()] == ["Base"]
    assert "These models" not in logic.removalQuestion(str(kept))


def test_a_base_that_no_adapter_needs_is_a_model_like_any_other(logic, tmp_path):
    adapter(logic.folder / "a.safetensors", base="base.safetensors", sha256="0" * 64, name="A")
    other = adapter(tmp_path / "base.safetensors", kind="base", name="Other")
    assert logic.add(other).name == "Other"
    assert {path.name for path in logic.folder.iterdir()} == {"a.safetensors", "added.json"}


def test_an_added_file_stays_where_it_is_and_leaves_only_the_list(logic, tmp_path):
    path = adapter(tmp_path / "elsewhere" / "b.safetensors", name="B")
    model = logic.add(path)
    assert model.name == "B"
    assert logic.add(path) == model
    assert [m.source for m in ModelLogic(logic.folder).models()] == [str(path)]
    logic.remove(model.source)
    assert logic.models() == []
    assert path.exists()


def test_the_question_before_a_removal_has_name_size_and_place(logic, tmp_path):
    path = adapter(logic.folder / "c.safetensors", name="Nerve")
    question = logic.removalQuestion(str(path))
    for words in ("Nerve", sizeText(path.stat().st_size), str(path), "deleted"):
        assert words in question
    added = logic.add(adapter(tmp_path / "elsewhere" / "b.safetensors", name="B"))
    assert "stays where it is" in logic.removalQuestion(added.source)
    assert path.exists()


def test_removing_a_trained_model_deletes_its_file(logic):
    path = adapter(logic.folder / "c.safetensors", name="C")
    logic.remove(logic.models()[0].source)
    assert not path.exists()


def test_what_needs_a_model_is_named_before_it_goes(logic, tmp_path):
    fetched = logic.folder / checkpoints()[0].file
    adapter(logic.folder / "mine.safetensors", base=fetched.name, name="Mine")
    fetched.write_bytes(b"weights")
    write_run(tmp_path / "Training" / "Runs" / "Thyroid", base=str(fetched))
    question = logic.removalQuestion(str(fetched))
    assert "mine, Thyroid" in question
    assert "mine" not in logic.removalQuestion(str(logic.folder / "mine.safetensors")).split("deleted")[1]


def write_run(run, **settings):
    run.mkdir(parents=True)
    (run / "run.json").write_text(json.dumps(settings))


@pytest.mark.parametrize("part", ["", "evaluation"])
def test_what_a_process_works_with_is_not_removed(logic, tmp_path, part):
    path, run = adapter(logic.folder / "c.safetensors", name="C"), tmp_path / "Training" / "Runs" / "Thyroid"
    write_run(run, base=str(path))
    (run / part).mkdir(exist_ok=True)
    with run_lock.holding(run / part):
        for asking in (logic.removalQuestion, logic.remove):
            with pytest.raises(Texts.Refusal, match="in use by the run Thyroid"):
                asking(str(path))
    logic.remove(str(path))
    assert not path.exists()


@pytest.mark.parametrize("name", ["note.txt", "sub/m.safetensors", "../m.safetensors", "folder.safetensors"])
def test_only_what_is_listed_is_removed(logic, name):
    adapter(logic.folder / "a.safetensors")
    path = logic.folder / name
    path.parent.mkdir(exist_ok=True)
    path.mkdir() if name.startswith("folder") else path.write_bytes(b"x")
    with pytest.raises(Texts.Refusal, match="cannot be removed"):
        logic.remove(str(path))
    assert path.exists()


def test_of_a_link_the_link_goes_and_one_that_leads_nowhere_can_be_removed(logic, tmp_path):
    target = adapter(tmp_path / "elsewhere" / "b.safetensors", name="B")
    logic.folder.mkdir()
    for name, leads_to in {"b.safetensors": target, "c.pth": tmp_path / "gone.pth"}.items():
        (logic.folder / name).symlink_to(leads_to)
    for model in logic.models():
        logic.remove(model.source)
    assert logic.models() == []
    assert target.exists()


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("a.txt", b"x", "expected .safetensors"),
        ("b.safetensors", b"\xff" * 40, "damaged"),
        ("c.safetensors", b"", "damaged"),
        ("d.safetensors", (2).to_bytes(8, "little") + b"{}", "not written by SAMCA"),
        ("e.onnx", b"\xff" * 40, "not exported by SAMCA"),
    ],
)
def test_what_is_no_model_is_refused_by_name_and_not_listed(logic, tmp_path, name, content, words):
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(Texts.Refusal, match=words) as refusal:
        logic.add(path)
    assert name in str(refusal.value)
    assert logic.models() == []


def test_sam_2_as_hugging_face_names_it_can_be_added(logic, tmp_path):
    names = {"vision_encoder.backbone.pos_embed": {"dtype": "F32", "shape": [0], "data_offsets": [0, 0]}}
    text = json.dumps({"__metadata__": {"format": "pt"}, **names}).encode()
    (tmp_path / "sam2.safetensors").write_bytes(len(text).to_bytes(8, "little") + text)
    assert logic.add(tmp_path / "sam2.safetensors").name == "sam2"
    assert [model.name for model in logic.models()] == ["sam2"]


def test_an_exported_file_is_offered_with_what_it_says_and_training_does_not_start_from_it(logic, tmp_path):
    path, training = tmp_path / "given.onnx", TrainingLogic(tmp_path / "training", logic)
    graph(path, name="Thyroid", data="nodules 40", licence="CC BY 4.0", figures={"dice": 81.5})
    adapter(logic.folder / "mine.safetensors", name="Mine")
    model = logic.add(path)
    assert (model.name, model.source, model.data, model.licence) == (
        "Thyroid", str(path), "nodules 40", "CC BY 4.0",
    )  # fmt: skip
    assert diceText(model.figures) == "81.5 %"
    assert [each.name for each in logic.models()] == ["Mine", "Thyroid"]
    assert [each.name for each in training.baseModels()] == ["Mine"]


class WithoutRuntime:
    """A Slicer without ONNX Runtime; `agree` is what the user says."""

    def __init__(self, monkeypatch, agree):
        self.questions, self.installed, self.agree = [], [], agree
        monkeypatch.delitem(sys.modules, "onnxruntime", raising=False)
        monkeypatch.setattr(ExtraPackage, "pipInstall", lambda words, options: self.installed.extend(words))
        monkeypatch.setattr(ExtraPackage, "_isMet", lambda line, versionOf: line in self.installed)

    def ask(self, question):
        self.questions.append(question)
        return self.agree


def test_with_an_exported_file_what_it_needs_is_offered_once(logic, tmp_path, monkeypatch):
    ours, path = WithoutRuntime(monkeypatch, agree=True), tmp_path / "given.onnx"
    graph(path, name="Thyroid")
    assert [logic.add(path, ours.ask).name for _ in range(2)] == ["Thyroid", "Thyroid"]
    assert ours.installed == [LIGHT]
    (question,) = ours.questions
    assert question.startswith(f"An exported model (.onnx) needs the package {LIGHT}.")


def test_who_declines_it_is_told_what_is_missing_and_the_file_stays_in_the_list(logic, tmp_path, monkeypatch):
    ours, path = WithoutRuntime(monkeypatch, agree=False), tmp_path / "given.onnx"
    graph(path, name="Thyroid")
    with pytest.raises(Texts.Refusal, match="which is not installed: try again and agree"):
        logic.add(path, ours.ask)
    assert not ours.installed
    assert [model.name for model in logic.models()] == ["Thyroid"]


def test_nobody_is_asked_for_what_is_no_exported_file_or_cannot_be_one(logic, tmp_path, monkeypatch):
    ours = WithoutRuntime(monkeypatch, agree=True)
    logic.add(adapter(tmp_path / "mine.safetensors"), ours.ask)
    (tmp_path / "damaged.onnx").write_bytes(b"PK")
    with pytest.raises(Texts.Refusal, match="is damaged"):
        logic.add(tmp_path / "damaged.onnx", ours.ask)
    assert not ours.questions


def test_a_missing_file_is_refused(logic, tmp_path):
    with pytest.raises(Texts.Refusal, match="no file"):
        logic.add(tmp_path / "gone.safetensors")


def test_a_damaged_file_in_the_folder_is_shown_as_such_and_can_be_removed(logic):
    path = adapter(logic.folder / "d.safetensors")
    path.write_bytes(path.read_bytes()[:20])
    (model,) = logic.models()
    assert model.damaged
    assert "damaged" in model.origin
    logic.remove(model.source)
    assert logic.models() == []


def test_the_official_checkpoints_have_size_licence_and_sha256():
    sam2 = [f"SAM 2.1 {size}" for size in ("tiny", "small", "base plus", "large")]
    names = [entry.name for entry in checkpoints()]
    assert names == ["SAM ViT-B", "SAM ViT-L", "SAM ViT-H", "MobileSAM", *sam2]
    for entry in checkpoints():
        assert entry.url.endswith(entry.file)
        assert len(bytes.fromhex(entry.sha256)) == 32
        assert sizeText(entry.size) in consent(entry)
        assert entry.licence in consent(entry)


def test_a_checkpoint_is_fetched_checked_and_offered(logic, server):
    download = logic.download(served(server))
    assert download.wait(20), download.error
    assert download.received == len(CONTENT)
    (model,) = logic.models()
    assert model.name == "SAM ViT-B"
    assert model.source not in [entry.file for entry in logic.checkpoints()]
    assert len(logic.checkpoints()) == len(checkpoints()) - 1


@pytest.mark.parametrize(("path", "words"), [("/short", "instead of"), ("/none", "404")])
def test_a_download_that_is_not_whole_leaves_nothing(logic, server, path, words):
    download = logic.download(served(server, path))
    assert not download.wait(PATIENCE)
    assert words in download.error
    assert list(logic.folder.iterdir()) == []


def test_another_content_is_refused_by_its_sha256(logic, server):
    download = logic.download(served(server, content=CONTENT[:-1] + b"!"))
    assert not download.wait(20)
    assert "SHA256" in download.error
    assert list(logic.folder.iterdir()) == []


def test_more_bytes_than_published_end_the_download(logic, server):
    download = logic.download(served(server, content=CONTENT[:1000]))
    assert not download.wait(20)
    assert "instead of 1000" in download.error


def test_no_network_is_a_sentence(logic):
    download = logic.download(served("http://127.0.0.1:9"))
    assert not download.wait(20)
    assert "Check network" in download.error


def test_a_cancelled_download_leaves_nothing(server, tmp_path):
    entry = served(server, "/slow")
    download = Download(entry.url, tmp_path / "models" / "w.pth", entry.size, entry.sha256)
    download.cancel()
    assert not download.wait(20)
    assert "cancelled" in download.error
    assert list((tmp_path / "models").iterdir()) == []


@pytest.mark.parametrize(
    ("figures", "text"),
    [
        ({"dice": 0.5}, "50.0 %"),
        ({"validation_dice": {"3": 84.25, "1": 76.915}}, "76.9 %"),
        ({"validation_dice": 71}, "71.0 %"),
        ({"dice": "high"}, ""),
        ({"dice": True}, ""),
        ({"validation_dice": {}}, ""),
        ({}, ""),
    ],
)
def test_the_dice_of_a_file_is_told_as_it_is_measured(figures, text):
    assert diceText(figures) == text
