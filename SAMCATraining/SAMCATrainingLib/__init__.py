"""SAMCA Training: data from the scene, settings, runs in their own process, results; and the panel."""
