"""Models in files: our own, published ones, and what they cost to keep."""
