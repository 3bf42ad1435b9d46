"""SAMCA Training: data sets from the scene, settings, runs in a process of their own, results; and the panel."""
