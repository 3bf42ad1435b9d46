"""Medical SAM Adapter's encoder part as its paper has it: rank 64, ReLU, scale 0.05.

x = x + A1(attn(norm1 x)), A1(y) = y + up(relu(down y));  n = norm2 x,  x = x + mlp(n) + scale A2(n)
(Wu et al., Medical SAM Adapter, MedIA 2025, section 3.1 and Table 7; `bottleneck` is its public code's form)
"""

from __future__ import annotations

from torch import nn

from .bottleneck import SITES, Bottleneck

LAYERS = ("all", "first", "last")


def add(
    encoder: nn.Module, rank: int = 64, scale: float = 0.05, sites: str = "both", layers: str = "all"
) -> None:
    """Put the adapter at sites "both", "attention" or "mlp" (Table 6) of the blocks.

    layers: all blocks, or the "first" or "last" half of them (Table 7b has layers 1-16 and 17-32 of 32; of an
    odd number the middle one belongs to the last half).
    """
    if rank < 1:
        raise ValueError(f"adapter.rank is {rank}: expected at least 1")
    if sites not in SITES or layers not in LAYERS:
        raise ValueError(
            f"adapter.sites {sites!r} / layers {layers!r}: expected one of {', '.join(SITES)} / "
            f"{', '.join(LAYERS)}"
        )
    places = list(encoder.adapter_sites())
    half = len(places) // 2
    for block, width, _, _ in {"all": places, "first": places[:half], "last": places[half:]}[layers]:
        if sites != "mlp":
            block.after_attention = Bottleneck(width, rank, activation="relu")
        if sites != "attention":
            block.beside_mlp = Bottleneck(width, rank, scale, skip=False, activation="relu")
