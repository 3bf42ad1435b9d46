"""Encoder adapters by name: an entry is `add(encoder, **options)` and fills places of its blocks."""

from . import bottleneck, med_sa, sam_med2d, samihs, samus, shared_weight

ADAPTERS = {
    "none": lambda encoder: None,
    "shared_weight": shared_weight.add,
    "bottleneck": bottleneck.add,
    "med_sa": med_sa.add,
    "samihs": samihs.add,
    "sam_med2d": sam_med2d.add,
    "samus": samus.add,
}
NOT_IDENTITY = {"sam_med2d", "samus"}  # an untrained adapter of these names changes the model's output
