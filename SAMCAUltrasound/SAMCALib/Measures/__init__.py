"""Sizes of segments, where they lie in space."""
