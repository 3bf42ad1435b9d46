"""ONNX Runtime and torch remember and recall alike, and a base takes no memory but its own."""

import shutil

import numpy as np
import pytest
import torch

from samca import Session, model_files, phantoms
from samca.interaction.carriers import carrier_for
from samca.interaction.propagation import segment_frames
from samca.network.loop_memory import LoopMemory
from samca.prompts import Click, Prompts
from samca.runtime import loading
from samca.weights import checkpoint, memory_file

CLOSE = 1e-3  # of logits


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """The shipped model with an untrained memory beside its base."""
    folder = tmp_path_factory.mktemp("models")
    for name in (model_files.SHIPPED_BASE, model_files.SHIPPED_ADAPTER):
        shutil.copy(model_files.shipped_folder() / name, folder / name)
    with torch.random.fork_rng():
        torch.manual_seed(0)
        memory = LoopMemory.of(checkpoint.load().image_encoder)
        torch.nn.init.normal_(memory.reach, -1.0, 0.3)
    base = folder / model_files.SHIPPED_BASE
    memory_file.save(memory, folder / model_files.MEMORY, base, model_files.Provenance())
    return folder


@pytest.fixture(scope="module")
def both(folder):
    path = folder / model_files.SHIPPED_ADAPTER
    return checkpoint.load(path), loading.load(path)


def loop(count=3):
    frames = phantoms.make_loop(np.random.default_rng(4), count, 120, 160)
    return [frame.image for frame in frames]


@pytest.mark.parametrize("kinds", [[0], [0, 1], [0, 0, 1, 1]])
def test_what_is_recalled_is_the_same_however_much_is_remembered(kinds, both):
    frames, said = loop(), []
    mask = np.zeros((120, 160), bool)
    mask[30:70, 50:110] = True
    for model in both:
        session = Session(model)
        session.set_image(frames[0])
        bank = [session.remember(np.roll(mask, 7 * i, axis=1)) for i in range(len(kinds))]
        assert bank[0].nbytes == bank[0].keys.nbytes + bank[0].values.nbytes
        session.set_image(frames[1])
        said.append(session.recall(bank, kinds))
    assert len(said[0].looks) == 2
    for look, other in zip(said[0].looks, said[1].looks, strict=True):
        assert np.abs(look - other).max() < CLOSE
    assert abs(said[0].iou - said[1].iou) < CLOSE


def test_a_loop_is_followed_alike(both):
    given = {0: Prompts((Click(80, 60),)), 2: Prompts((Click(82, 60),))}
    one, other = ([f.mask for f in segment_frames(model, loop(), given)] for model in both)
    assert np.mean(np.stack(one) == np.stack(other)) > 0.9999


def test_a_memory_is_only_for_its_base(folder, tmp_path, caplog):
    base = tmp_path / model_files.SHIPPED_BASE
    own = checkpoint.load(folder / model_files.SHIPPED_BASE)
    assert own.remembers
    checkpoint.save_base(own, base, model_files.Provenance(name="another"))
    shutil.copy(folder / model_files.MEMORY, tmp_path)
    with pytest.raises(ValueError, match=r"memory\.safetensors is the memory of the base base\.saf"):
        model_files.check_memory(tmp_path / model_files.MEMORY, base)
    assert not checkpoint.load(base).remembers
    assert "train one for that with `samca train-memory`" in caplog.text


def test_a_published_checkpoint_is_not_looked_through_for_a_memory(folder, tmp_path, monkeypatch):
    shutil.copy(folder / model_files.MEMORY, tmp_path)
    published = tmp_path / "sam_vit_b.pth"
    published.write_bytes(b"large")
    monkeypatch.setattr(model_files, "sha256", lambda path: pytest.fail(f"{path} was read"))
    assert model_files.memory_of(published) is None


def test_a_model_without_memory_says_so_where_it_is_asked_for():
    model = checkpoint.load()
    model._memory = ()
    with pytest.raises(ValueError, match="this model has no memory of loops: put the memory"):
        carrier_for(model, "memory")
    with pytest.raises(ValueError, match="carrier 'film' is not one of deformation, mask, memory, sam2"):
        carrier_for(model, "film")
    assert type(carrier_for(model)).__name__ == "LastMask"


@pytest.mark.parametrize("content", [b"", b"something else"])
def test_a_file_that_is_none_is_refused(content, tmp_path):
    path = tmp_path / "memory.safetensors"
    path.write_bytes(content)
    with pytest.raises(ValueError, match=r"memory\.safetensors"):
        memory_file.load(path)
    with pytest.raises(ValueError, match="is no memory of loops: expected a file that `samca train"):
        memory_file.load(model_files.shipped_folder() / model_files.SHIPPED_BASE)
