"""Models as ONNX graphs: what is traced, a file to give away, and the graph that comes with the package."""
