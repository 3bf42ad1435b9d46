"""SAMCA's adapter: one projection shared by all layers, scaled and shifted per layer, with a 3x3 convolution.

h = x (W * r),  out = x + GELU(conv(h)) W^T + b
(SAMCA, equation 1, whose text swaps the names of R1 and B1; read as SAMIHS's adapter)

W (D, d) is shared by one position (before attention, before the MLP) of all blocks of a stage; r (d) and b
(D) belong to one position of one block and start at zero, so an untrained adapter changes nothing.
"""

from __future__ import annotations

import torch
from torch import nn
from torch.nn import functional as F

SCOPES = ("adapter", "block", "position")
POSITIONS = {"both": ("attention", "mlp"), "attention": ("attention",), "mlp": ("mlp",)}
PLACES = {
    "pre": {"attention": "before_attention", "mlp": "before_mlp"},
    "post": {"attention": "after_attention", "mlp": "beside_mlp"},
}


class SharedProjection(nn.Module):
    """W (D, d) down and its transpose up; untied, a second matrix goes up."""

    def __init__(self, width: int, rank: int, tied: bool = True):
        super().__init__()
        self.down = nn.Parameter(nn.init.xavier_uniform_(torch.empty(width, rank)))
        self._up = None if tied else nn.Parameter(nn.init.xavier_uniform_(torch.empty(width, rank)))

    @property
    def up(self) -> torch.Tensor:
        """(D, d), used transposed."""
        return self.down if self._up is None else self._up


class SharedWeightAdapter(nn.Module):
    """(B, h, w, D) -> (B, h, w, D); the projection and a shared convolution are borrowed, not owned."""

    def __init__(
        self, projection: SharedProjection, conv=None, activation=None, act_before_conv=False, skip=True
    ):
        super().__init__()
        width, rank = projection.down.shape
        self.scale = nn.Parameter(torch.zeros(rank))
        self.offset = nn.Parameter(torch.zeros(width))
        self._borrowed = (projection, conv)  # a tuple, so that they are not registered a second time
        self.activation = activation or nn.Identity()
        self.act_before_conv, self.skip = act_before_conv, skip

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        projection, conv = self._borrowed
        hidden = x @ (projection.down * self.scale)
        if self.act_before_conv:
            hidden = self.activation(hidden)
        if conv is not None:
            hidden = conv(hidden.permute(0, 3, 1, 2)).permute(0, 2, 3, 1)
        if not self.act_before_conv:
            hidden = self.activation(hidden)
        out = F.linear(hidden, projection.up, self.offset)
        return x + out if self.skip else out


class Borrowed(nn.Module):
    """A module that lives elsewhere, called here without being registered a second time."""

    def __init__(self, module: nn.Module):
        super().__init__()
        self._module = (module,)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self._module[0](x)


def add(
    encoder: nn.Module,
    rank: int = 100,
    kernel: int = 3,
    conv_scope: str = "block",
    tie_sites: bool = False,
    one_projection: bool = False,
    tied: bool = True,
    act_before_conv: bool = False,
    site: str = "pre",
    positions: str = "both",
) -> None:
    """Put the adapter before attention and MLP of every block (site="post": after attention, beside the MLP).

    conv_scope: one convolution per adapter, per block (layout B) or per position over all layers. tie_sites:
    the two sites of a block share everything (layout A). one_projection: both positions share W. tied: up is
    down transposed. positions: both, or only "attention" (A1 of SAMCA's Table 4) or only "mlp" (A2).
    """
    if rank < 1 or kernel < 1 or kernel % 2 == 0:
        raise ValueError(
            f"adapter.rank {rank} and adapter.kernel {kernel}: expected rank >= 1 and an odd kernel >= 1"
        )
    if conv_scope not in SCOPES or site not in PLACES:
        raise ValueError(
            f"adapter.conv_scope {conv_scope!r} / site {site!r}: expected one of {SCOPES} / {tuple(PLACES)}"
        )
    if positions not in POSITIONS:
        raise ValueError(f"adapter.positions {positions!r} is not one of {', '.join(POSITIONS)}")
    if tie_sites and (site, positions) != ("pre", "both"):
        raise ValueError("adapter.tie_sites needs adapter.site 'pre' and adapter.positions 'both'")

    def conv() -> nn.Module:
        return nn.Conv2d(rank, rank, kernel, padding=kernel // 2, bias=False)

    shared = conv_scope, tie_sites, one_projection, tied, act_before_conv, site, POSITIONS[positions]
    add_shared(encoder, rank, conv, nn.GELU(), *shared)


def add_shared(
    encoder, rank, make_conv, activation, conv_scope="block", tie_sites=False, one_projection=False,
    tied=True, act_before_conv=False, site="pre", positions=("attention", "mlp"),
) -> None:  # fmt: skip
    """`add` for any convolution and activation; SAMIHS's adapter is this without either."""
    encoder.shared_adapter = shared = nn.ModuleDict()

    def borrow(key: str, make):
        if key not in shared:
            shared[key] = make()
        return shared[key]

    for index, here in enumerate(encoder.adapter_sites()):
        adapters, after = {}, (here.width, here.stage)
        tied_here = tie_sites and here.entry == after  # other widths before attention have nothing to share
        for position in ("attention",) if tied_here else positions:
            width, stage = here.entry if PLACES[site][position] == "before_attention" else after
            key = f"projection_{stage}" + ("" if tie_sites or one_projection else f"_{position}")
            projection = borrow(key, lambda width=width: SharedProjection(width, rank, tied))
            scope = {
                "adapter": f"_{index}_{position}",
                "block": f"_{index}",
                "position": f"_{stage}_{position}",
            }
            conv = borrow(f"conv{scope[conv_scope]}", make_conv) if make_conv else None
            skip = not (site == "post" and position == "mlp")
            adapters[position] = SharedWeightAdapter(projection, conv, activation, act_before_conv, skip)
        if tied_here:
            adapters["mlp"] = Borrowed(adapters["attention"])
        for position, adapter in adapters.items():
            setattr(here.block, PLACES[site][position], adapter)


def is_shared_projection(name: str) -> bool:
    """Whether the parameter of this name is a W, which SAMCA's Table 3 does not count."""
    return ".shared_adapter.projection_" in f".{name}"
