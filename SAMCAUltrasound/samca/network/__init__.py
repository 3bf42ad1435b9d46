"""The model: SAM's parts, built from settings, with backbones, adapters and second branches put in."""
