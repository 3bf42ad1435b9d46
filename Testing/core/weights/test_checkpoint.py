"""Files of weights: round trips, where a base is found, and what every kind of bad file gets."""

import json
import os
import pickle

import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from safetensors.torch import load_file, save_file

import samca
from samca import model_files
from samca.config import to_json, with_settings
from samca.network.adapters import ADAPTERS
from samca.network.model import build_base
from samca.weights import checkpoint
from samca.weights.checkpoint import Provenance

IMAGE = torch.rand(1, 3, 64, 64, generator=torch.Generator().manual_seed(1)) * 255
FACTS = Provenance("tiny", "phantoms", "Apache-2.0", {"dice": 0.5}, {"samca": "0"})


@pytest.fixture
def files(tiny_model, tmp_path):
    """A folder with a base and an adapter file, and the model that wrote them."""
    model = tiny_model()
    base = checkpoint_of(model, tmp_path)
    with torch.no_grad():
        for name in model.tuned:
            model.state_dict()[name].add_(0.25)
    checkpoint.save_adapter(model, tmp_path / "tuned.safetensors", base, FACTS)
    return tmp_path, model


def checkpoint_of(model, folder):
    base = build_base(model.config)
    base.load_state_dict({k: v for k, v in model.state_dict().items() if k in base.state_dict()})
    checkpoint.save_base(base, folder / "base.safetensors", FACTS)
    return folder / "base.safetensors"


def rewritten(path, **metadata):
    """The same file with other metadata; None takes an entry out."""
    state, old = checkpoint.read(path)
    new = {k: v for k, v in (old | metadata).items() if v is not None}
    save_file(state, path, new)
    return path


@pytest.mark.parametrize("adapter", ADAPTERS)
@torch.inference_mode()
def test_an_adapter_comes_back_bit_for_bit_in_half_precision(adapter, tiny_model, tmp_path):
    model = tiny_model({"adapter": adapter})
    for tensor in model.state_dict().values():
        tensor.copy_((tensor + 0.25).half())  # what half precision can hold
    base = checkpoint_of(model, tmp_path)
    checkpoint.save_adapter(model, tmp_path / "tuned.safetensors", base, FACTS)
    loaded = samca.load(tmp_path / "tuned.safetensors")
    assert loaded.config == model.config
    assert loaded.tuned == model.tuned
    assert not loaded.training
    for name, tensor in model.state_dict().items():
        assert torch.equal(loaded.state_dict()[name].nan_to_num(7), tensor.nan_to_num(7)), name
    assert torch.equal(loaded.encode(IMAGE).embedding, model.encode(IMAGE).embedding)


def test_an_adapter_file_holds_the_tuned_tensors_alone_in_half_precision(files):
    folder, model = files
    state = load_file(folder / "tuned.safetensors")
    assert sorted(state) == sorted(model.tuned)
    assert {tensor.dtype for tensor in state.values()} == {torch.float16}
    assert not [name for name in state if name.startswith("prompt_encoder.")]


def test_a_base_file_gives_the_model_with_an_untrained_adapter(files):
    folder, _ = files
    model = samca.load(folder / "base.safetensors")
    state = load_file(folder / "base.safetensors")
    assert all(torch.equal(model.state_dict()[name], tensor.float()) for name, tensor in state.items())
    assert model.image_encoder.blocks[0].before_mlp.scale.eq(0).all()


def test_a_file_tells_about_itself_without_loading(files):
    folder, model = files
    config, provenance, kind = model_files.describe_file(folder / "tuned.safetensors")
    assert (config, kind) == (model.config, "adapter")
    assert provenance.versions.pop("torch") == torch.__version__
    assert provenance == FACTS
    assert model_files.describe_file(folder / "base.safetensors")[2] == "base"


def test_the_base_is_found_beside_the_adapter_by_its_content(files, tmp_path, monkeypatch):
    folder, model = files
    monkeypatch.setattr(model_files, "MODEL_FOLDERS", (tmp_path / "no shipped base of this name",))
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (folder / "base.safetensors").rename(elsewhere / "renamed.safetensors")
    with pytest.raises(
        FileNotFoundError, match=r"needs its base base\.safetensors: not found at .*give its path"
    ):
        samca.load(folder / "tuned.safetensors")
    loaded = samca.load(folder / "tuned.safetensors", base=elsewhere / "renamed.safetensors")
    assert loaded.tuned == model.tuned
    with pytest.raises(FileNotFoundError, match=r"not found at .*nowhere"):
        samca.load(folder / "tuned.safetensors", base=elsewhere / "nowhere")


def test_a_base_of_another_name_beside_the_adapter_is_found_by_its_content(files, tiny_model, tmp_path):
    folder, model = files
    (folder / "base.safetensors").rename(folder / "earlier.safetensors")
    checkpoint_of(tiny_model(seed=1), tmp_path / "other")
    (tmp_path / "other" / "base.safetensors").rename(folder / "base.safetensors")
    (folder / "damaged.safetensors").write_bytes(b"no file of weights")
    assert samca.load(folder / "tuned.safetensors").tuned == model.tuned


def test_of_a_base_that_came_with_an_earlier_version_it_is_said_which(files, monkeypatch):
    folder, _ = files
    monkeypatch.setitem(
        model_files.EARLIER, model_files.sha256(folder / "base.safetensors"), "1a2b3c4, 1 May"
    )
    (folder / "base.safetensors").rename(folder / "away")
    says = r"came with SAMCA of commit 1a2b3c4, 1 May, as Resources/Models/base\.safetensors: put that file"
    with pytest.raises((FileNotFoundError, ValueError), match=says):
        samca.load(folder / "tuned.safetensors")


def test_of_a_base_whose_form_is_outgrown_it_is_said_which_version_has_it(files, monkeypatch):
    folder, _ = files
    base = folder / "base.safetensors"
    monkeypatch.setitem(model_files.OUTGROWN, model_files.sha256(base), "1a2b3c4, 1 May")
    base.rename(folder / "away")
    says = r"came with SAMCA of commit 1a2b3c4, 1 May, .*: use that version with the adapter, or train"
    with pytest.raises((FileNotFoundError, ValueError), match=says):
        samca.load(folder / "tuned.safetensors")


def test_a_base_of_the_adapters_own_name_is_found_by_the_settings_of_its_run(files, tmp_path):
    folder, model = files
    earlier, run = tmp_path / "earlier", tmp_path / "run"
    earlier.mkdir()
    run.mkdir()
    (folder / "base.safetensors").rename(earlier / "best.safetensors")
    checkpoint.save_adapter(model, run / "best.safetensors", earlier / "best.safetensors", FACTS)
    with pytest.raises(FileNotFoundError, match=r"needs its base best\.safetensors: not found"):
        samca.load(run / "best.safetensors")
    (run / "run.json").write_text("no settings")
    with pytest.raises(FileNotFoundError, match=r"needs its base best\.safetensors: not found"):
        samca.load(run / "best.safetensors")
    (run / "run.json").write_text(json.dumps({"base": str(earlier / "best.safetensors")}))
    assert samca.load(run / "best.safetensors").tuned == model.tuned


def test_a_base_is_found_through_the_adapter_that_a_run_went_on_from(files, tmp_path, monkeypatch):
    folder, model = files
    monkeypatch.setattr(model_files, "MODEL_FOLDERS", ())
    run, further = tmp_path / "run", tmp_path / "further"
    for each in (run, further):
        each.mkdir()
        checkpoint.save_adapter(model, each / "best.safetensors", folder / "base.safetensors", FACTS)
    (run / "run.json").write_text(json.dumps({"base": str(folder / "base.safetensors")}))
    (further / "run.json").write_text(json.dumps({"base": str(run / "best.safetensors")}))
    assert samca.load(further / "best.safetensors").tuned == model.tuned
    (run / "run.json").write_text(json.dumps({"base": str(further / "best.safetensors")}))
    with pytest.raises(FileNotFoundError, match=r"needs its base base\.safetensors: not found"):
        samca.load(further / "best.safetensors")


def test_a_base_is_looked_for_among_the_shipped_files(files, tmp_path, monkeypatch):
    folder, model = files
    models = tmp_path / "Models"
    models.mkdir()
    (folder / "base.safetensors").rename(models / "base.safetensors")
    monkeypatch.setattr(model_files, "MODEL_FOLDERS", (tmp_path / "absent", models))
    assert samca.load(folder / "tuned.safetensors").tuned == model.tuned
    (folder / "tuned.safetensors").rename(models / "samca.safetensors")
    assert samca.load().tuned == model.tuned


def test_a_missing_shipped_model_says_where_it_should_be(tmp_path, monkeypatch):
    monkeypatch.setattr(model_files, "MODEL_FOLDERS", (tmp_path / "a", tmp_path / "b"))
    with pytest.raises(
        FileNotFoundError, match=r"shipped model is missing: expected .*samca\.safetensors; reinstall"
    ):
        samca.load()


def test_another_base_is_refused_by_its_hash(files, tiny_model, tmp_path):
    folder, _ = files
    other = tiny_model(seed=1)
    (folder / "base.safetensors").unlink()
    checkpoint_of(other, tmp_path)
    with pytest.raises(
        ValueError, match=r"belongs to the base base\.safetensors with SHA256 [0-9a-f]{64}, but .* is"
    ):
        samca.load(folder / "tuned.safetensors")


def test_a_single_changed_byte_of_the_base_is_noticed(files):
    folder, _ = files
    content = bytearray((folder / "base.safetensors").read_bytes())
    content[-1] ^= 1
    (folder / "base.safetensors").write_bytes(content)
    with pytest.raises(ValueError, match="is another file"):
        samca.load(folder / "tuned.safetensors")


@pytest.mark.parametrize("name", ["base.safetensors", "tuned.safetensors"])
@pytest.mark.parametrize("share", [0.0, 0.001, 0.5, 0.99])
def test_a_truncated_file_is_refused(files, name, share):
    folder, _ = files
    content = (folder / name).read_bytes()
    (folder / name).write_bytes(content[: int(len(content) * share)])
    with pytest.raises(ValueError, match=rf"{name} (is damaged|belongs)|but .*{name} is another file"):
        samca.load(folder / "tuned.safetensors")
    if share < 1:
        with pytest.raises(ValueError, match="damaged"):
            model_files.describe_file(folder / name)


def test_a_truncated_torch_file_is_refused(tmp_path):
    path = tmp_path / "sam.pth"
    torch.save({"weight": torch.zeros(1000)}, path)
    path.write_bytes(path.read_bytes()[:2000])
    with pytest.raises(ValueError, match=r"sam\.pth is damaged"):
        samca.load(path)


class Dangerous:
    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return os.system, (f"touch {self.path}",)


@pytest.mark.parametrize("legacy", [True, False])
def test_a_pickle_with_code_is_refused_and_not_run(tmp_path, legacy):
    path, trace = tmp_path / "evil.pth", tmp_path / "trace"
    torch.save({"model": Dangerous(trace)}, path, _use_new_zipfile_serialization=not legacy)
    with pytest.raises(ValueError, match=r"evil\.pth .*carries code, which is never run"):
        samca.load(path)
    path.write_bytes(pickle.dumps(Dangerous(trace), protocol=2))
    with pytest.raises(ValueError, match="carries code, which is never run"):
        samca.load(path)
    assert not trace.exists()


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(content=st.binary(max_size=200), suffix=st.sampled_from([".pth", ".pt", ".safetensors", ""]))
def test_no_bytes_are_taken_for_weights(tmp_path, content, suffix):
    path = tmp_path / f"noise{suffix}"
    path.write_bytes(content)
    with pytest.raises(ValueError, match=r"noise.* is (damaged|no SAM checkpoint)"):
        samca.load(path)


def test_a_missing_file_and_a_folder_are_named(tmp_path):
    for path in (tmp_path / "none.pth", tmp_path):
        with pytest.raises(FileNotFoundError, match="no file of weights at"):
            samca.load(path)
        with pytest.raises(FileNotFoundError, match="no file of weights at"):
            model_files.describe_file(path)


@pytest.mark.parametrize("key", ["format", "config", "base", "base_sha256"])
def test_an_entry_that_is_missing_inside_is_named(files, key):
    folder, _ = files
    with pytest.raises(ValueError, match=rf"has no ({key}|settings) inside"):
        samca.load(rewritten(folder / "tuned.safetensors", **{key: None}))


def test_a_newer_format_asks_for_a_newer_program(files):
    folder, _ = files
    with pytest.raises(ValueError, match=r"has format 99, this program reads up to 2: update"):
        samca.load(rewritten(folder / "tuned.safetensors", format="99"))


def test_settings_inside_are_checked_like_any_others(files):
    folder, model = files
    config = json.dumps(to_json(model.config) | {"colour": "red"})
    with pytest.raises(ValueError, match=r"tuned\.safetensors: model\.colour is unknown"):
        samca.load(rewritten(folder / "tuned.safetensors", config=config))


def test_an_adapter_of_another_rank_is_refused_by_the_name_of_the_tensor(files):
    folder, model = files
    config = json.dumps(to_json(with_settings(model.config, "model", {"adapter.rank": 5})))
    with pytest.raises(ValueError, match=r"has shape \(.*\), expected \(.*\)"):
        samca.load(rewritten(folder / "tuned.safetensors", config=config))


def test_adapters_that_share_weights_are_written_once(tiny_model, tmp_path):
    model = tiny_model(
        {"adapter.tie_sites": True}
    ).half()  # half precision already: nothing is copied by rounding
    checkpoint.save_adapter(model, tmp_path / "tuned.safetensors", checkpoint_of(model, tmp_path), FACTS)
    assert samca.load(tmp_path / "tuned.safetensors").tuned == model.tuned


def test_a_device_can_be_asked_for(files):
    folder, _ = files
    assert samca.load(folder / "tuned.safetensors", device="meta").device.type == "meta"


def test_settings_over_a_files_own_change_how_it_is_run(files):
    folder, model = files
    smaller = samca.load(folder / "tuned.safetensors", settings={"image_size": 32})
    assert (smaller.config.image_size, smaller.mask_side) == (32, model.mask_side // 2)
    with pytest.raises(ValueError, match=r"model\.image_sise is unknown"):
        samca.load(folder / "tuned.safetensors", settings={"image_sise": 32})
