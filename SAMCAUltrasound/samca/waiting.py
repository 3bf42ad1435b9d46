"""How the threads of one computation wait for each other: awake for a moment, then asleep."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager

# GNU's OpenMP counts turns, Intel's and LLVM's milliseconds; by themselves they stay awake for much longer.
# 3000 turns bridge the time between two layers, 10,000 hold up other programs: docs/results.md, "Speed".
MOMENT = {"GOMP_SPINCOUNT": "3000", "KMP_BLOCKTIME": "1"}


@contextmanager
def briefly() -> Iterator[None]:
    """torch's threads wait so from now on, if it is imported inside for the first time.

    A thread that waits awake holds a processor which the one that it waits for may need: beside two busy
    programs on two cores a model took ten times as long and more. What the environment says already holds.
    """
    missing = {name: value for name, value in MOMENT.items() if name not in os.environ}
    os.environ.update(missing)
    try:
        yield
        if "torch" in sys.modules:
            sys.modules["torch"].get_num_threads()  # some look at the environment no earlier
    finally:
        for name in missing:  # other programs that are started from here wait as they like
            os.environ.pop(name, None)
