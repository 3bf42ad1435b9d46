"""Medical SAM Adapter's encoder part as its paper has it: rank 64, ReLU, scale 0.05.

x = x + A1(attn(norm1 x)), A1(y) = y + up(relu(down y));  n = norm2 x,  x = x + mlp(n) + scale A2(n)
(Wu et al., Medical SAM Adapter, MedIA 2025, section 3.1 and Table 7; `bottleneck` is its public code's form)

Where frames go through the encoder together (SD-Trans, section 3.2), attn is attention over space s and, with
the same weights, over depth d, joined in one of the ways of Table 8. "add" is the paper's choice and has no
parameter; it is not the single frame's result, trained or not. The others start as it, bit for bit.
"""

from __future__ import annotations

import torch
from torch import nn
from torch.nn import functional as F

from .bottleneck import SITES, Bottleneck

LAYERS = ("all", "first", "last")


class Concatenated(nn.Module):
    """s + up(relu(down [s, d])); the paper gives no form for its "concat", this is its bottleneck on both."""

    def __init__(self, width: int, rank: int):
        super().__init__()
        self.down, self.up = nn.Linear(2 * width, rank), nn.Linear(rank, width)
        nn.init.zeros_(self.up.weight)
        nn.init.zeros_(self.up.bias)

    def forward(self, over_space: torch.Tensor, over_depth: torch.Tensor, depth: int) -> torch.Tensor:
        return over_space + self.up(F.relu(self.down(torch.cat([over_space, over_depth], dim=-1))))


class CrossAttention(nn.Module):
    """s + attention of s to the d of its group's frames at the same place, eight heads.

    Four matrices without bias are the 28.3 million parameters of Table 8 on ViT-B; out starts at zero.
    """

    def __init__(self, width: int, rank: int):
        super().__init__()
        self.heads = 8 if width % 8 == 0 else 1
        self.query, self.key, self.value, self.out = (nn.Linear(width, width, bias=False) for _ in range(4))
        nn.init.zeros_(self.out.weight)

    def forward(self, over_space: torch.Tensor, over_depth: torch.Tensor, depth: int) -> torch.Tensor:
        sources = (self.query(over_space), self.key(over_depth), self.value(over_depth))
        # (B depth, h, w, D) -> (B, h, w, heads, depth, D / heads)
        split = (x.unflatten(0, (-1, depth)).unflatten(-1, (self.heads, -1)) for x in sources)
        mixed = F.scaled_dot_product_attention(*(x.permute(0, 2, 3, 4, 1, 5) for x in split))
        return over_space + self.out(mixed.permute(0, 4, 1, 2, 3, 5).flatten(0, 1).flatten(-2))


JOINS = {"add": None, "concat": Concatenated, "cross_attention": CrossAttention}


def add(
    encoder: nn.Module,
    rank: int = 64,
    scale: float = 0.05,
    sites: str = "both",
    layers: str = "all",
    join_depth: str = "add",
) -> None:
    """Put the adapter at sites "both", "attention" or "mlp" (Table 6) of the blocks.

    layers: all blocks, or the "first" or "last" half of them (Table 7b has layers 1-16 and 17-32 of 32; of an
    odd number the middle one belongs to the last half). join_depth: "add", "concat" or "cross_attention".
    """
    if rank < 1:
        raise ValueError(f"adapter.rank is {rank}: expected at least 1")
    if sites not in SITES or layers not in LAYERS:
        raise ValueError(
            f"adapter.sites {sites!r} / layers {layers!r}: expected one of {', '.join(SITES)} / "
            f"{', '.join(LAYERS)}"
        )
    if join_depth not in JOINS:
        raise ValueError(f"adapter.join_depth {join_depth!r} is not one of {', '.join(JOINS)}")
    places = list(encoder.adapter_sites())
    half = len(places) // 2
    for block, width, _, _ in {"all": places, "first": places[:half], "last": places[half:]}[layers]:
        if join_depth != "add":
            block.join_depth = JOINS[join_depth](width, rank)
        if sites != "mlp":
            block.after_attention = Bottleneck(width, rank, activation="relu")
        if sites != "attention":
            block.beside_mlp = Bottleneck(width, rank, scale, skip=False, activation="relu")
