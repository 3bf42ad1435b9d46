"""Medical SAM Adapter's ablations (MedIA 2025, Tables 5 to 8 and Figure 6): a row is a name and settings.

Those with frames together need data whose groups are loops, as `samca phantoms --loops` writes them.
"""

from __future__ import annotations

from typing import Any

FRAMES = 4  # neighbouring frames together
PROMPTINGS = {"base": "none", "add": "add", "concat": "concat", "HyP": "hyper"}

Settings = dict[str, Any]


def _ranks(rank: int) -> Settings:
    return {"adapter.rank": rank, "decoder_adapter.rank": rank}


TABLES: dict[str, dict[str, Settings]] = {
    "med_sa_prompts": {  # Table 5 on single frames: how the decoder's first adapter takes the prompt
        name: {"decoder_adapter.prompt": prompt} for name, prompt in PROMPTINGS.items()
    },
    "med_sa_parts": {  # Table 5 with SD-Trans
        "base": {"decoder_adapter.prompt": "none"},
        **{
            "SD-Trans" + (f", {name}" if prompt != "none" else ""): {
                "depth": FRAMES,
                "decoder_adapter.prompt": prompt,
            }
            for name, prompt in PROMPTINGS.items()
        },
    },
    "med_sa_positions": {  # Table 6
        "attention": {"adapter.sites": "attention"},
        "MLP": {"adapter.sites": "mlp"},
        "both": {"adapter.sites": "both"},
    },
    "med_sa_sizes": {  # Table 7; its other rows are the defaults, rank 64 in all layers and scale 0.05
        "default": {},
        **{f"rank {rank}": _ranks(rank) for rank in (1, 16, 32, 256)},
        **{f"{layers} half of the layers": {"adapter.layers": layers} for layers in ("first", "last")},
        **{
            f"scale {scale}": {"adapter.scale": scale, "decoder_adapter.scale": scale}
            for scale in (0.01, 0.1, 0.2)
        },
    },
    "med_sa_depth": {  # Table 8: how attention over space and over depth are joined
        "single frames": {},
        "add": {"depth": FRAMES, "adapter.join_depth": "add"},
        "concat": {"depth": FRAMES, "adapter.join_depth": "concat"},
        "cross-attention": {"depth": FRAMES, "adapter.join_depth": "cross_attention"},
    },
    "med_sa_points": {"base": {"decoder_adapter.prompt": "none"}, "HyP": {}},  # Figure 6
}
USERS = {"med_sa_points": "three_points"}  # of `evaluate.USERS`; the other tables are about clicks
