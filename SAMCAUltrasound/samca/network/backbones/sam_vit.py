"""SAM's own image encoders, ViT-B, ViT-L and ViT-H, at 1024 px or any smaller multiple of 16 px.

Position tables stay as they were trained and are interpolated to the grid at hand, so official files load
strictly at every input size (METHODS of SAM-Med2D: bilinear; relative positions: linear, as SAM's own
`get_rel_pos` does).
"""

from __future__ import annotations

from functools import partial

import torch
from torch import nn
from torch.nn import functional as F

from ..sam import ImageEncoderViT
from .sites import Block, Features, Meeting, Site

PATCH = 16  # side of a patch in px
SIZES = {
    "sam_vit_b": {"embed_dim": 768, "depth": 12, "num_heads": 12, "global_attn_indexes": (2, 5, 8, 11)},
    "sam_vit_l": {"embed_dim": 1024, "depth": 24, "num_heads": 16, "global_attn_indexes": (5, 11, 17, 23)},
    "sam_vit_h": {"embed_dim": 1280, "depth": 32, "num_heads": 16, "global_attn_indexes": (7, 15, 23, 31)},
}


class SamViT(ImageEncoderViT):
    """(B, 3, S, S) normalised image -> Features with embedding (B, 256, S/stride, S/stride)."""

    stride, out_channels = PATCH, 256

    def __init__(self, pad_before_norm: bool = False, **sizes):
        super().__init__(
            patch_size=PATCH,
            mlp_ratio=4,
            qkv_bias=True,
            use_rel_pos=True,
            window_size=14,
            out_chans=self.out_channels,
            norm_layer=partial(nn.LayerNorm, eps=1e-6),
            **sizes,
        )
        self.blocks = nn.ModuleList(Block(block, pad_before_norm) for block in self.blocks)
        self.after_patches, self.position_adapter = nn.Identity(), None  # places for adapters
        self.keep_late = 0  # of the last blocks, how many outputs go with the features

    def forward(self, image: torch.Tensor, depth: int = 1, meeting: Meeting | None = None) -> Features:
        x = self.after_patches(self.patch_embed(self._enlarged(image)))
        x = x + self._positions(x.shape[1:3])
        late, before = [], meeting.before_attention if meeting else {}
        for index, block in enumerate(self.blocks):
            x = block(x, depth, before.get(index))
            late = [*late, x.permute(0, 3, 1, 2)][-self.keep_late :] if self.keep_late else []
        tokens = (x if meeting is None else x + meeting.to_tokens).permute(0, 3, 1, 2)
        return Features(self.neck(tokens), tokens=tokens, late=tuple(late))

    @property
    def token_stride(self) -> int:
        """Side in px of a token's place."""
        return self.stride

    @property
    def token_width(self) -> int:
        """Channels of `Features.tokens`."""
        return self.pos_embed.shape[-1]

    def overlap_patches(self, stride: int) -> None:
        """Take a 16 px patch every `stride` px, with the same weights: more tokens of the same image."""
        self.stride = stride
        self.patch_embed.proj.stride = (stride, stride)

    def high_resolution_channels(self) -> tuple[int, int]:
        """Channels of the last two blocks' outputs, which go with the features from now on."""
        self.keep_late = 2
        return self.token_width, self.token_width

    def adapter_sites(self) -> list[Site]:
        """The transformer blocks, one stage."""
        return [Site(block, self.pos_embed.shape[-1], 0, block.window_size > 0) for block in self.blocks]

    def _enlarged(self, image: torch.Tensor) -> torch.Tensor:
        """The image on the px that S / stride overlapping patches cover: 264 for 256 at stride 8 (SAMUS)."""
        if self.stride == PATCH:
            return image
        size = [side + PATCH - self.stride for side in image.shape[-2:]]
        return F.interpolate(image, size=size, mode="bilinear", align_corners=False)

    def _positions(self, grid: tuple[int, int]) -> torch.Tensor:
        if self.position_adapter is not None:
            return self.position_adapter(self.pos_embed, grid)
        if self.pos_embed.shape[1:3] == grid:
            return self.pos_embed
        table = F.interpolate(
            self.pos_embed.permute(0, 3, 1, 2), size=grid, mode="bilinear", align_corners=False
        )
        return table.permute(0, 2, 3, 1)


def build(name: str, position_grid: int = 64, pad_before_norm: bool = False) -> SamViT:
    """The encoder of this name.

    position_grid: side of its stored position table (64: trained at 1024 px). pad_before_norm: see `Block`.
    """
    if position_grid < 1:
        raise ValueError(f"backbone.position_grid is {position_grid}: expected at least 1")
    return SamViT(pad_before_norm, img_size=16 * position_grid, **SIZES[name])
