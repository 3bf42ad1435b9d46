"""The model on ONNX Runtime, where there is no torch: graphs, the tensors for them, and what calls them."""
