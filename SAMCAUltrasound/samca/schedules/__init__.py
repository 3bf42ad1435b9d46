"""Training schedules by name: `run(model, features, batch, **options)` -> losses of one batch."""

from . import double_click, iterative

SCHEDULES = {"double_click": double_click.run, "iterative": iterative.run}
