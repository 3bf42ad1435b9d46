"""SAMCA on Slicer's data (MRML), without Qt: frames, prompts, segments, the engine."""
