#!/usr/bin/env python3
"""Makes the graph of the shipped model that comes without tensors: python Resources/make_graph.py.

To be called after a change of the network, with SAMCAUltrasound on PYTHONPATH and the package onnx.
"""

from __future__ import annotations

import samca
from samca import model_files
from samca.export import halves, shipped


def main():
    """Write it beside the shipped model."""
    model = samca.load()
    provenance = model_files.describe_file(model_files.source_path("shipped"))[1]
    shipped.write(model, model_files.shipped_folder(), halves.about_of(model, provenance))


if __name__ == "__main__":
    main()
