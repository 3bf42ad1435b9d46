"""Training schedules by name: `run(model, features, batch, **options)` -> losses of one batch."""

from . import double_click, iterative, prompt_sampling, suggested_clicks, two_stage

SCHEDULES = {
    "double_click": double_click.run,
    "iterative": iterative.run,
    "two_stage": two_stage.run,
    "prompt_sampling": prompt_sampling.run,
    "suggested_clicks": suggested_clicks.run,
}
BY_CLASS = {"prompt_sampling", "suggested_clicks"}  # a target is all of one class, and may be empty
