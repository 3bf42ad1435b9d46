"""Second image encoders by name: an entry is `make(image_encoder, **options)` -> a module or None.

The module takes (normalised image (B, 3, S, S), encode, rngs) and returns Features; `encode()` runs the image
encoder on that image, `encode(meeting=...)` so that it meets the branch on its way. What the module names
like this it trains and saves, and `load_frozen(path)`, if it has that, fills what it does not train; while it
`is_random`, `calibrate(images)` fits that to the data.
"""

from . import resnet, samus

BRANCHES = {"none": lambda encoder: None, "resnet": resnet.make, "samus": samus.make}
