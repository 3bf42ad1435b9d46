"""As many threads answer as processors are free: what others compute counts, what this process does not."""

import os
import time

import pytest

from samca.network import load
from samca.network.load import Load

COUNT = 4


class Machine:
    """A system that counts, and a clock."""

    def __init__(self, stat):
        self.stat, self.clock, self.own, self.others = stat, 0.0, 0.0, 0.0
        self.write()

    def write(self):
        busy = int(load.TICKS * (self.own + self.others))
        self.stat.write_text(f"cpu  {busy} 0 0 900 7 0 0 0 0 0\ncpu0 1 2 3 4 5 6 7 8 9 0\n")

    def goes_on(self, seconds, others, own=0.0):
        """So many seconds in which others and this process kept so many processors busy."""
        self.clock, self.own, self.others = (
            self.clock + seconds,
            self.own + own * seconds,
            self.others + others * seconds,
        )
        self.write()


@pytest.fixture
def machine(tmp_path, monkeypatch):
    made = Machine(tmp_path / "stat")
    monkeypatch.setattr(load, "_count", lambda: COUNT)
    monkeypatch.setattr(load.time, "monotonic", lambda: made.clock)
    monkeypatch.setattr(load.time, "process_time", lambda: made.own)
    return made


def test_what_others_compute_is_not_free(machine):
    looked = Load(machine.stat)
    for others in (0, 1, 3.5):
        machine.goes_on(2, others)
        assert looked.free() == pytest.approx(COUNT - others, abs=0.02)


def test_the_time_of_this_process_is_its_own(machine):
    looked = Load(machine.stat)
    machine.goes_on(1, others=1, own=2)
    assert looked.free() == pytest.approx(COUNT - 1, abs=0.02)


def test_after_a_moment_too_short_to_tell_the_last_look_holds(machine):
    looked = Load(machine.stat)
    machine.goes_on(1, others=2)
    before = looked.free()
    machine.goes_on(load.EVERY / 3, others=0)
    assert looked.free() == before
    machine.goes_on(load.EVERY, others=0)
    assert looked.free() > before


@pytest.mark.parametrize("content", [None, "", "cpu  1 2\n", "cpu  a b c d e f g h\n"])
def test_a_system_that_does_not_tell_leaves_one(tmp_path, content):
    stat = tmp_path / "stat"
    if content is not None:
        stat.write_text(content)
    assert Load(stat).free() == 1


@pytest.mark.skipif(not load.STAT.exists(), reason="only Linux counts there")
def test_on_linux_it_counts():
    looked = Load()
    until = time.process_time() + 0.2
    while time.process_time() < until:
        pass
    assert looked.free() <= len(os.sched_getaffinity(0))
    assert looked._now()[1] > 0
