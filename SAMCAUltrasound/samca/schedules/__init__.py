"""Training schedules by name: `run(model, features, batch, **options)` -> losses of one batch."""

from . import double_click, iterative, two_stage

SCHEDULES = {"double_click": double_click.run, "iterative": iterative.run, "two_stage": two_stage.run}
