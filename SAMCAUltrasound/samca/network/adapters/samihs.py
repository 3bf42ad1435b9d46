"""SAMIHS's adapter: out = x + (x (W * r)) W^T + b, shared projections, no convolution, no activation.

Wang et al., SAMIHS: Adaptation of Segment Anything Model for Intracranial Hemorrhage Segmentation, 2023.
"""

from __future__ import annotations

from torch import nn

from . import shared_weight


def add(encoder: nn.Module, rank: int = 100, tie_sites: bool = False) -> None:
    """Put the adapter before attention and before the MLP of every block; rank 100 is its published value.

    tie_sites: the two sites of a block share W, r and b; SAMCA's Table 3 counts it so (4,068,756 without W).
    """
    if rank < 1:
        raise ValueError(f"adapter.rank is {rank}: expected at least 1")
    shared_weight.add_shared(encoder, rank, None, None, tie_sites=tie_sites)
