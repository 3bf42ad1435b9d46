"""A resume point that is cut off, altered or of other types: one sentence, whatever torch says of it."""

from __future__ import annotations

import hypothesis
import pytest
import torch
from hypothesis import HealthCheck, given
from hypothesis import strategies as st

from samca.training.run_folder import RunFolder
from training_runs import events, run

SAYS = r"resume\.pt is damaged: delete it to start the run again"
KEEPS_FOLDER = hypothesis.settings(
    max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
STATE = {"epoch": 1, "tuned": {"a": torch.arange(600.0)}, "settings": {"seed": 0, "model": {}}}


@pytest.fixture
def folder(tmp_path):
    folder = RunFolder(tmp_path)
    folder.save_state(STATE)
    return folder


@pytest.mark.parametrize("share", [0, 1e-3, 0.01, 0.2, 0.5, 0.9, 0.99, 0.999])
def test_one_that_is_cut_off_is_named(folder, share):
    content = folder.resume.read_bytes()
    folder.resume.write_bytes(content[: int(share * len(content))])
    with pytest.raises(ValueError, match=SAYS):
        folder.load_state()


@KEEPS_FOLDER
@given(st.data())
def test_one_with_other_bytes_is_named_or_the_same(folder, data):
    folder.save_state(STATE)
    content = bytearray(folder.resume.read_bytes())
    for _ in range(data.draw(st.integers(1, 3))):
        content[data.draw(st.integers(0, len(content) - 1))] ^= data.draw(st.integers(1, 255))
    folder.resume.write_bytes(bytes(content))
    try:
        state = folder.load_state()
    except ValueError as error:
        assert "resume.pt is damaged: delete it" in str(error)  # noqa: PT017
    else:
        assert torch.equal(state["tuned"]["a"], STATE["tuned"]["a"])


@pytest.mark.parametrize("content", [b"", b"PK", b"not torch", b"\x80\x02}q\x00.", bytes(5000)])
def test_what_is_no_torch_file_is_named(folder, content):
    folder.resume.write_bytes(content)
    with pytest.raises(ValueError, match=SAYS):
        folder.load_state()


@pytest.mark.parametrize("state", [[], 7, None, "text", {"settings": []}, {"settings": {"model": 3}}])
def test_one_of_another_type_is_named(folder, state):
    torch.save(state, folder.resume)
    with pytest.raises(ValueError, match=SAYS):
        folder.load_state()


WRONG = {
    "nothing": lambda state: [state.pop(name) for name in list(state) if name != "settings"],
    "epoch in words": lambda state: state.update(epoch="first"),
    "no choice": lambda state: state.pop("choice"),
    "kept in words": lambda state: state["choice"].update(kept="second"),
    "before without case": lambda state: state["choice"].update(before=[[1.0]]),
    "sums as list": lambda state: state.update(sums=[1, 2]),
    "sums in words": lambda state: state["sums"].update(loss="small"),
    "weights of another shape": lambda state: state["tuned"].update(
        {name: tensor.flatten()[:1] for name, tensor in state["tuned"].items()}
    ),
    "weights of another model": lambda state: state["tuned"].update(another=torch.zeros(3)),
    "weights as numbers": lambda state: state["tuned"].update(dict.fromkeys(state["tuned"], 3)),
    "no optimiser": lambda state: state.update(optimizer=None),
    "another optimiser": lambda state: state["optimizer"].update(param_groups=[]),
    "average as number": lambda state: state.update(average=3),
    "memory as list": lambda state: state.update(memory=[1]),
    "parts in words": lambda state: state.update(parts="two"),
    "another precision": lambda state: state.update(precision=["float32"]),
}


@pytest.mark.parametrize("change", WRONG.values(), ids=WRONG)
@pytest.mark.usefixtures("drawn")
def test_a_run_does_not_go_on_from_one_of_other_types(settings, change):
    assert events(run(settings(epochs=1)))[-1] == "finish"
    folder = RunFolder(settings()["out"])
    state = folder.load_state()
    change(state)
    folder.save_state(state)
    with pytest.raises(ValueError, match=SAYS):
        run(settings(epochs=1))
