"""Masks into segments, one frame at a time, and out of them."""
