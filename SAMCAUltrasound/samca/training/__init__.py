"""From data and settings to an adapter file: samples, schedules, losses, and the folder of a run."""
