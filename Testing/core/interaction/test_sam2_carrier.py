"""SAM 2's memory as carrier: the real video model of transformers, tiny and with random weights."""

import importlib.machinery
import json
import re
import shutil
import sys
from functools import partial
from types import ModuleType, SimpleNamespace

import numpy as np
import pytest
import torch
from safetensors.torch import load_file

import small_sam2_video
from samca.interaction.carriers import carrier_for, sam2
from samca.interaction.carriers.frame_mask import FrameMask
from samca.interaction.propagation import carry, segment_frames, session_on
from samca.prompts import Click, Prompts
from samca.prompts.geometry import resample

HEIGHT, WIDTH = 48, 80
HERE = Prompts((Click(20, 20),))


class Bright:
    """A model that finds all that is bright, and has no memory."""

    config = SimpleNamespace(
        image_size=64, fit="squash", feedback="none", zoom=0.0, mirror=False, tidy=False, depth=1
    )

    def embed(self, pixels):
        return pixels[..., 0] > 128

    def predict(self, bright, prompts, previous):
        return np.where(bright, 5.0, -5.0).astype(np.float32), 0.8


def loop(count=9):
    """A bright square that moves to the right on noise."""
    frames = np.random.default_rng(0).integers(0, 90, (count, HEIGHT, WIDTH), np.uint8)
    for index, frame in enumerate(frames):
        frame[14:34, 10 + index % 50 : 30 + index % 50] = 220
    return list(frames)


@pytest.fixture
def carrier(sam2_folder):
    return carrier_for(Bright(), f"sam2:{sam2_folder}")


@pytest.fixture
def asked(carrier):
    """(frame, whether backwards) of each time that transformers' model is asked."""
    seen = []
    note = lambda _model, _given, how: seen.append((how["frame_idx"], how["reverse"]))  # noqa: E731
    with carrier._sam2.register_forward_pre_hook(note, with_kwargs=True):
        yield seen


@pytest.fixture
def read(carrier):
    """Of each carried frame how many maps of frames and how many pointers at the object its memory has."""
    seen, cells = [], 16

    def note(_attention, _given, how):
        pointers = how["num_object_pointer_tokens"]
        seen.append(((len(how["memory"]) - pointers) // cells, pointers // 2))

    with carrier._sam2.memory_attention.register_forward_pre_hook(note, with_kwargs=True):
        yield seen


def through(carrier, frames, prompts):
    """What was found in each frame, by its index."""
    on = partial(session_on, Bright(), frames)
    return {each.index: each for each in carry(on, prompts, 0, len(frames) - 1, carrier, True)}


def shown(carrier, index):
    """(H, W) bool: the mask that SAM 2 keeps of a prompted frame."""
    logits = carrier._kept["cond_frame_outputs"][index]["pred_masks"][0, 0].numpy()
    return resample(logits, HEIGHT, WIDTH) > 0


def test_frames_are_shown_in_turn_from_the_prompted_one_forwards_and_back(carrier, asked):
    found = through(carrier, loop(), {4: HERE})
    assert asked == [(4, False), *((i, False) for i in (5, 6, 7, 8)), *((i, True) for i in (3, 2, 1, 0))]
    assert sorted(found) == list(range(9))
    assert all(each.mask.shape == (HEIGHT, WIDTH) for each in found.values())


@pytest.mark.parametrize("start", [0, 39])
def test_it_says_what_transformers_says_of_a_whole_video_of_which_nothing_is_forgotten(carrier, start):
    from transformers import Sam2VideoInferenceSession

    frames, said = loop(40), {}
    sessions = [session_on(Bright(), frames, index) for index in range(40)]
    pictures = torch.stack([torch.from_numpy(carrier._picture(session)) for session in sessions])
    video = Sam2VideoInferenceSession(pictures, HEIGHT, WIDTH, dtype=torch.float32)
    mask = resample(frames[start] > 128, small_sam2_video.SIDE, small_sam2_video.SIDE) >= 0.5
    video.add_mask_inputs(video.obj_id_to_idx(1), start, torch.from_numpy(mask)[None, None])
    video.obj_with_new_inputs = [1]
    for each in carrier._sam2.propagate_in_video_iterator(video, start, reverse=start > 0):
        said[each.frame_idx] = resample(each.pred_masks[0, 0].numpy(), HEIGHT, WIDTH) > 0
    found = through(carrier, frames, {start: HERE})
    assert sorted(said) == sorted(found) == list(range(40))
    assert all((said[index] == found[index].mask).all() for index in range(40) if index != start)
    assert len({each.mask.tobytes() for each in found.values()}) > 30


def test_the_mask_of_a_prompted_frame_is_kept_as_the_user_saw_it(carrier):
    found = through(carrier, loop(), {4: HERE})
    assert (found[4].mask == (loop()[4] > 128)).all()
    assert (shown(carrier, 4) ^ found[4].mask).mean() < 0.03
    assert found[4].prompts == HERE


def test_between_two_prompted_frames_both_are_read(carrier, read, sam2_folder):
    through(carrier, loop(), {0: HERE, 8: HERE})
    assert [frames for frames, _ in read] == [2, 3, 4, 5, 2, 3, 4]
    other = carrier_for(Bright(), f"sam2:{sam2_folder}")
    through(other, loop(), {0: HERE})
    both, alone = (each._kept["non_cond_frame_outputs"][4]["pred_masks"] for each in (carrier, other))
    assert not torch.equal(both, alone)


def test_what_is_read_and_kept_of_a_long_loop_is_bounded(carrier, read):
    frames, kept = loop(60), []
    for _ in carry(partial(session_on, Bright(), frames), {20: HERE}, 0, 59, carrier):
        kept.append(carrier.nbytes)
    assert max(read) == (7, 16)  # the prompted frame and six more, all pointers that SAM 2 takes
    assert max(kept) == kept[30] <= 16 * kept[0]
    assert len(carrier._kept["non_cond_frame_outputs"]) == 15
    tensors = [each for kept in carrier._kept.values() for frame in kept.values() for each in frame.values()]
    assert max(each.numel() for each in tensors) < small_sam2_video.SIDE**2  # no picture, no mask of its size
    assert not carrier._video.processed_frames
    assert not carrier._video.mask_inputs_per_obj[0]


def test_of_too_many_prompted_frames_one_close_to_another_is_forgotten_and_not_the_newest(carrier):
    mask, frames = loop()[0] > 128, [*range(0, 80, 5), 41]
    for index in frames:
        session = session_on(Bright(), loop(), 0)
        carrier.take(session, FrameMask(index, HERE, mask, 0.9), prompted=True)
    assert sorted(carrier._kept["cond_frame_outputs"]) == [*range(0, 40, 5), 41, *range(45, 80, 5)]


def test_a_frame_that_it_was_carried_to_leads_once_it_is_prompted(carrier):
    frames = loop()
    found = through(carrier, frames, {4: HERE})
    mended = found[6]._replace(mask=frames[6] > 128)
    carrier.take(session_on(Bright(), frames, 6), mended, prompted=True)
    assert sorted(carrier._kept["cond_frame_outputs"]) == [4, 6]
    assert 6 not in carrier._kept["non_cond_frame_outputs"]
    assert (shown(carrier, 6) ^ mended.mask).mean() < 0.03


def test_two_objects_are_followed_by_two_memories(carrier, sam2_folder):
    other = carrier_for(Bright(), f"sam2:{sam2_folder}")
    assert other._sam2 is carrier._sam2
    through(carrier, loop(), {4: HERE})
    assert other.nbytes == 0


@pytest.mark.parametrize(("sees", "is_sure"), [(3, 3), (3, -3), (-3, 3)])
def test_it_is_sure_of_an_object_that_it_sees_and_thinks_it_found(sees, is_sure, tmp_path):
    carrier = carrier_for(Bright(), f"sam2:{small_sam2_video.save(tmp_path, sees, is_sure)}")
    found = through(carrier, loop(4), {1: HERE})
    for index in (0, 2, 3):
        assert found[index].is_sure == (sees == is_sure == 3)
        assert found[index].mask.any() == (sees == 3)
        assert bool(found[index].prompts) == (sees == 3)
    if sees == 3:
        assert found[3].iou == pytest.approx(1 / (1 + np.exp(-is_sure)), abs=0.03)


def test_a_picture_is_stretched_to_a_square_of_imagenets_mean_and_deviation(carrier):
    white = session_on(Bright(), [np.full((HEIGHT, WIDTH), 255, np.uint8)], 0, window=(0, 255))
    picture = carrier._picture(white)
    assert picture.shape == (3, small_sam2_video.SIDE, small_sam2_video.SIDE)
    assert picture[:, 0, 0] == pytest.approx([(1 - 0.485) / 0.229, (1 - 0.456) / 0.224, (1 - 0.406) / 0.225])


# bad input


def test_a_loop_in_which_nothing_was_found_stays_empty(carrier):
    dark = [np.zeros((HEIGHT, WIDTH), np.uint8)] * 4
    found = through(carrier, dark, {1: HERE})
    assert not any(each.mask.any() for each in found.values())
    assert not any(found[index].is_sure for index in (0, 2, 3))


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("sam2", "carrier sam2 has no weights: name their folder, as in sam2:FOLDER"),
        ("sam2:", "carrier sam2: has no weights: name their folder, as in sam2:FOLDER"),
        ("mask:some", "carrier mask:some: mask reads no weights, leave some out"),
        ("sam3:some", "carrier 'sam3' is not one of deformation, mask, memory, sam2"),
    ],
)
def test_a_name_without_weights_or_with_weights_that_nobody_reads_is_refused(name, says):
    with pytest.raises(ValueError, match=f"^{re.escape(says)}$"):
        list(segment_frames(Bright(), loop(2), {0: HERE}, carrier=name))


def test_a_folder_without_a_model_and_a_file_are_refused(tmp_path):
    (tmp_path / "sam2.1_hiera_tiny.pt").write_bytes(b"weights")
    for place in (tmp_path, tmp_path / "nowhere", tmp_path / "sam2.1_hiera_tiny.pt"):
        with pytest.raises(FileNotFoundError, match=r"expected a folder with config\.json and model"):
            carrier_for(Bright(), f"sam2:{place}")


def spoiled(folder, tmp_path, kind):
    """A copy of the folder with this amiss."""
    copy = tmp_path / "copy"
    shutil.copytree(folder, copy)
    config = json.loads((copy / "config.json").read_text())
    if kind == "another model":
        (copy / "config.json").write_text(json.dumps(config | {"model_type": "sam2"}))
    elif kind == "no json":
        (copy / "config.json").write_text("{")
    elif kind == "another size":
        (copy / "config.json").write_text(json.dumps(config | {"memory_attention_num_layers": 2}))
    elif kind == "no weights":
        (copy / "model.safetensors").unlink()
    else:
        (copy / "model.safetensors").write_bytes(b"\x08" + bytes(30))
    return copy


@pytest.mark.parametrize(
    ("kind", "says"),
    [
        ("another model", "its config.json is of sam2"),
        ("no json", "json"),
        ("another size", "memory_attention.layers.1.* is missing"),
        ("no weights", "model.safetensors"),
        ("damaged weights", ""),
    ],
)
def test_what_is_no_video_model_of_sam_2_is_refused_in_one_sentence(kind, says, sam2_folder, tmp_path):
    folder = spoiled(sam2_folder, tmp_path, kind)
    with pytest.raises(
        ValueError, match=f"copy holds no SAM 2 for videos, expected config.json.*{says}"
    ) as e:
        carrier_for(Bright(), f"sam2:{folder}")
    assert "\n" not in str(e.value)


def test_pickled_weights_are_not_run(sam2_folder, tmp_path):
    folder = spoiled(sam2_folder, tmp_path, "no weights")
    torch.save(load_file(sam2_folder / "model.safetensors"), folder / "pytorch_model.bin")
    with pytest.raises(ValueError, match="copy holds no SAM 2 for videos"):
        carrier_for(Bright(), f"sam2:{folder}")


def test_code_that_a_config_names_is_neither_fetched_nor_run(sam2_folder, tmp_path):
    folder = shutil.copytree(sam2_folder, tmp_path / "copy")
    config = json.loads((folder / "config.json").read_text())
    config |= {"attn_implementation": "somebody/kernel", "auto_map": {"AutoModel": "run.Me"}}
    (folder / "config.json").write_text(json.dumps(config))
    (folder / "run.py").write_text("raise SystemExit")
    assert carrier_for(Bright(), f"sam2:{folder}")._sam2.config._attn_implementation == "sdpa"


@pytest.mark.parametrize("package", ["torch", "transformers"])
def test_without_its_packages_the_message_names_the_extra(package, monkeypatch, sam2_folder):
    monkeypatch.setattr(sam2, "find_spec", lambda name: None if name == package else name)
    with pytest.raises(RuntimeError, match=rf"needs the package {package}: .* `pip install 'samca\[sam2\]'`"):
        carrier_for(Bright(), f"sam2:{sam2_folder}")


def test_an_old_transformers_is_told_from_a_missing_one(monkeypatch, sam2_folder):
    old = ModuleType("transformers")
    old.__version__ = "4.50.0"
    old.__spec__ = importlib.machinery.ModuleSpec("transformers", None)
    monkeypatch.setitem(sys.modules, "transformers", old)
    with pytest.raises(
        RuntimeError, match=r"transformers 4.50.0 has no video model of SAM 2: .* 4.57 or newer"
    ):
        carrier_for(Bright(), f"sam2:{sam2_folder}")
