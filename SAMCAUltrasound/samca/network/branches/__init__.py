"""Second image encoders by name: an entry is `make(image_encoder, **options)` -> a module or None.

The module takes (normalised image (B, 3, S, S), Features, rngs) and returns Features; what it names like this
it trains and saves, and `load_frozen(path)` fills what it does not train; while it `is_random`,
`calibrate(images)` fits that to the data.
"""

from . import resnet

BRANCHES = {"none": lambda encoder: None, "resnet": resnet.make}
