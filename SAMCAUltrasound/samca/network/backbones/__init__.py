"""Image encoders by name: an entry builds an encoder with `stride`, `out_channels`, `adapter_sites()`.

One whose forward has an argument `depth` takes groups of that many frames together.
"""

from functools import partial

from . import mobile_sam, sam2, sam_vit, sam_vit_lite, sam_vit_small

BACKBONES = {
    "sam_vit_b": partial(sam_vit.build, "sam_vit_b"),
    "sam_vit_l": partial(sam_vit.build, "sam_vit_l"),
    "sam_vit_h": partial(sam_vit.build, "sam_vit_h"),
    "sam_vit_lite": sam_vit_lite.build,
    "sam_vit_small": sam_vit_small.build,
    "mobile_sam": mobile_sam.build,
    **sam2.BUILDERS,
}
