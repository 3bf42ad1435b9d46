#!/usr/bin/env python3
"""Makes the graphs of the shipped model and of a memory, without tensors: python Resources/make_graph.py.

To be called after a change of the network, with SAMCAUltrasound on PYTHONPATH and the package onnx.
"""

from __future__ import annotations

import samca
from samca import model_files
from samca.export import halves, shipped
from samca.network.loop_memory import LoopMemory


def main():
    """Write it beside the shipped model."""
    model = samca.load()
    provenance = model_files.describe_file(model_files.source_path("shipped"))[1]
    about, memory = halves.about_of(model, provenance), LoopMemory.of(model.image_encoder)
    shipped.write(model, memory.eval(), model_files.shipped_folder(), about)


if __name__ == "__main__":
    main()
