"""Tests run side by side, so each takes one thread, and so do the processes that it starts."""

import os

os.environ.setdefault("OMP_NUM_THREADS", "1")
