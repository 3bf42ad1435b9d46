"""Clicks to changed segments: edits, their queue, neighbours, suggestions."""
