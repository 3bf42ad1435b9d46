"""One process at a time in a run folder."""

import subprocess
import sys
import threading

import pytest

from samca.files import locks
from samca.training import run_lock
from training_runs import ROOT

HOLD = """
import sys
from pathlib import Path
sys.path.insert(0, sys.argv[2])
from samca.training import run_lock
with run_lock.holding(Path(sys.argv[1])):
    print("held", flush=True)
    sys.stdin.read()
"""


@pytest.fixture
def other(tmp_path):
    """Another process that holds the folder."""
    words = [sys.executable, "-c", HOLD, str(tmp_path), str(ROOT / "SAMCAUltrasound")]
    process = subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert process.stdout.readline() == "held\n"
    yield process
    process.kill()
    process.communicate()


def test_the_process_that_holds_a_folder_is_known_until_it_ends(tmp_path, other):
    assert run_lock.owner(tmp_path) == other.pid
    other.kill()
    other.wait()
    assert run_lock.owner(tmp_path) is None


def test_a_second_process_is_refused_and_told_which_is_the_first(tmp_path, other, monkeypatch):
    monkeypatch.setattr(run_lock, "PATIENCE", 0.1)
    with (
        pytest.raises(ValueError, match=f"process {other.pid} is working in .*: wait for it, stop it"),
        run_lock.holding(tmp_path),
    ):
        pass


def test_a_folder_is_free_again_afterwards_even_after_an_error(tmp_path):
    assert run_lock.owner(tmp_path) is None
    with pytest.raises(KeyError), run_lock.holding(tmp_path):
        raise KeyError
    with run_lock.holding(tmp_path):
        pass


def test_looking_at_a_folder_does_not_stop_who_comes_next(tmp_path):
    with run_lock.holding(tmp_path):
        pass
    with (tmp_path / run_lock.NAME).open("r+b") as looking:
        assert locks.take(looking)
        closer = threading.Timer(0.2, looking.close)
        closer.start()
        with run_lock.holding(tmp_path):
            assert looking.closed
        closer.join()
