"""Outlines of the same images by several raters, people or models: how far they agree, what they share."""
