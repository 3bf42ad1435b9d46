"""Training in several processes: they learn what one does."""

import json
from pathlib import Path

import pytest
import torch

from samca.training import train
from samca.training.run_folder import RunFolder
from samca.training.starting_point import starting_model
from training_runs import child, config_of, events, learned, run

pytestmark = pytest.mark.usefixtures("drawn")


def test_two_processes_learn_what_one_does(settings, tmp_path):
    alone, together = (settings(out=str(tmp_path / name), batch=2, epochs=1) for name in ("one", "two"))
    (one,) = (r for r in run(alone) if r["event"] == "epoch")
    path = tmp_path / "run.json"
    path.write_text(json.dumps(together))
    process = child(path, "-m", "torch.distributed.run", "--standalone", "--nproc_per_node", "2")
    output, errors = process.communicate(timeout=100)
    assert process.returncode == 0, errors
    records = [json.loads(line) for line in output.splitlines() if line.startswith("{")]
    assert events(records) == ["start", "base", "epoch", "finish"]
    assert records[-2]["loss"] == pytest.approx(one["loss"], rel=1e-5)
    assert RunFolder(together["out"]).curves.exists()
    config = config_of(alone)
    torch.manual_seed(config.seed)
    start = starting_model(config, Path(alone["out"]))[0].state_dict()
    first, second = learned(alone), learned(together)
    weights = [name for name in first if first[name].dtype == torch.float32 and "fusion" not in name]
    moved = torch.cat([(first[n] - start[n]).flatten() for n in weights])
    apart = torch.cat([(first[n] - second[n]).flatten() for n in weights])
    assert apart.norm() < 0.02 * moved.norm()


def test_a_batch_that_processes_cannot_share_is_refused(settings, monkeypatch):
    monkeypatch.setattr(train.processes, "count", lambda: 2)
    with pytest.raises(ValueError, match=r"run\.batch is 3: expected a multiple of the 2 processes"):
        run(settings())
