"""`samca export`: a model as one ONNX file to give away."""

from __future__ import annotations

import argparse

from .. import model_files
from ..export import halves, whole
from ..weights import checkpoint


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of this command."""
    parser.add_argument("model", help="shipped, or a file of weights, ours or a published one")
    parser.add_argument("--base", help="the base file of an adapter, if it is not beside it")
    parser.add_argument("--out", required=True, metavar="FILE.onnx", help="file to write")


def run(arguments: argparse.Namespace) -> int:
    """Write the file and say what it holds; ValueError for a name that does not end so."""
    if not arguments.out.endswith(".onnx"):
        raise ValueError(f"out {arguments.out}: expected a name that ends in .onnx")
    path = model_files.source_path(arguments.model)
    model = checkpoint.load(arguments.model, arguments.base)
    ours = "kind" in model_files.metadata_of(path)
    provenance = model_files.describe_file(path)[1] if ours else model_files.Provenance()
    about = halves.about_of(model, provenance)
    whole.write(model, arguments.out, about)
    side = about.mask_side
    print(f"{arguments.out}: pictures of {about.config.image_size} px, masks of {side} px")
    return 0
