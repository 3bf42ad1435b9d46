"""python -m samca: the command line."""

from __future__ import annotations

import argparse
import importlib
import re
import sys
from collections.abc import Sequence

from . import waiting
from .commands import places

COMMANDS = {  # name: (module with add_arguments and run, what it does)
    "demo": ("samca.commands.demo", "segment an ultrasound frame and leave pictures"),
    "segment": ("samca.commands.segment", "segment an image by clicks or a box"),
    "follow": ("samca.commands.follow", "carry an object through a loop from clicks in some frames"),
    "measure": ("samca.commands.measure", "measure what a mask outlines, in mm where spacing is known"),
    "raters": ("samca.commands.raters", "compare the masks of raters, or of a rater and a model"),
    "phantoms": ("samca.commands.phantoms", "write a dataset folder of simulated frames"),
    "patchwork": ("samca.commands.patchwork", "write one of real frames with further objects in them"),
    "convert": ("samca.commands.convert", "write a dataset as COCO, YOLO-seg, nnU-Net folders or plain PNG"),
    "dicom-seg": ("samca.commands.dicom_seg", "write a mask of a DICOM image as DICOM SEG, and a report"),
    "export": ("samca.commands.export", "write a model as one ONNX file to give away"),
    "describe": ("samca.commands.describe", "count the parameters of a model by its settings"),
    "train": ("samca.commands.train", "train adapters on folders of images and masks"),
    "train-memory": ("samca.commands.train_memory", "train the memory with which a base follows objects"),
    "average": ("samca.commands.average", "mean of the weights of several base files"),
    "estimate": ("samca.commands.estimate", "try some steps of a training run and say what all of it takes"),
    "evaluate": ("samca.commands.evaluate", "simulate users on images with known truth and score the masks"),
    "robustness": ("samca.commands.robustness", "evaluate with disturbed frames and clicks"),
    "effort": ("samca.commands.effort", "Dice by seconds of a user's work: clicks, strokes, a lasso"),
    "ablate": ("samca.commands.ablate", "train and evaluate the variants of one of SAMCA's tables"),
    "few-shot": ("samca.commands.few_shot", "train on 10, 20, 50 and all frames and compare"),
    "cross-validate": (
        "samca.commands.cross_validate",
        "train once for each fold and evaluate on what it held out",
    ),
    "compare": ("samca.commands.compare", "train, measure and evaluate all methods side by side"),
    "head-circumference": (
        "samca.commands.head_circumference",
        "measure outlined heads by a fitted ellipse, beside the truth",
    ),
    "benchmark": ("samca.commands.benchmark", "time encoding and clicks beside plain SAM"),
}
MISUSE, INTERRUPTED = 2, 130


class Parser(argparse.ArgumentParser):
    """Tells of a mistake in one sentence; a word like -5,5 is a value, so that a click there is answered."""

    def __init__(self, *arguments, **options):
        super().__init__(*arguments, **options)
        self._negative_number_matcher = re.compile(r"-\.?\d")

    def error(self, message: str):
        """Print the sentence and exit with code 2."""
        self.exit(MISUSE, f"{self.prog}: {message}; see {self.prog} --help\n")


def parser_for(words: Sequence[str]) -> Parser:
    """The parser of a command line; only the command that is named is imported, because some take seconds."""
    parser = Parser(prog="samca", description="Click-to-segment for ultrasound.")
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", required=True)
    for name, (module, purpose) in COMMANDS.items():
        command = commands.add_parser(name, help=purpose, description=f"{purpose[0].upper()}{purpose[1:]}.")
        if name in words[:1]:
            with waiting.briefly():
                implementation = importlib.import_module(module)
            implementation.add_arguments(command)
            command.set_defaults(run=implementation.run)
    return parser


def main(words: Sequence[str] | None = None) -> int:
    """Run a command and return its exit code; what the user can mend is one sentence on stderr and code 2."""
    words = sys.argv[1:] if words is None else words
    arguments = parser_for(words).parse_args(words)
    try:
        places.check(arguments)
        return arguments.run(arguments)
    except (ValueError, OSError, RuntimeError, MemoryError) as error:
        print(f"samca {arguments.command}: {sentence(error)}", file=sys.stderr)
        return MISUSE
    except KeyboardInterrupt:
        return INTERRUPTED


def sentence(error: Exception) -> str:
    """What went wrong, in words: our own as they are, the operating system's with the file and what to do."""
    if isinstance(error, MemoryError):
        return f"there is not enough memory ({error}): end other programs, or give smaller files"
    if isinstance(error, OSError) and error.errno and error.filename is not None:
        place = error.filename2 or error.filename
        return f"{place} cannot be used ({error.strerror}): give another file or folder, or mend this one"
    return str(error)


if __name__ == "__main__":
    sys.exit(main())
