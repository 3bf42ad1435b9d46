"""What `python -m samca` can do, a file each: add_arguments(parser) and run(arguments) -> exit code."""
