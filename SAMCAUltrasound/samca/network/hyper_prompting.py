"""Medical SAM Adapter's decoder adapters: three in each two-way layer, the first of them led by the prompt.

1. y = q + attention to the image;  norm2(y + HyP(y, p)), p = mean of the prompt's tokens
2. norm3(q + mlp(q) + scale A(q))
3. k = keys + attention to the tokens;  norm4(k + A(k))

HyP-Adpt: e0 = down(y); three layers e(n+1) = ReLU(LN(e(n) W(n))), W(n) = reshape(M(n)(reduce p)), one W
for each sample, widths rank, 32, 8, C. The last layer has neither norm nor ReLU and starts at zero, so an
untrained adapter changes nothing. Where a prompt has no token (a mask alone, or nothing), p is zero; tokens
that say "no point", as SAM adds one to clicks without a box, count like the others.
(Wu et al., Medical SAM Adapter, MedIA 2025, section 3.3)
"""

from __future__ import annotations

import torch
from torch import nn
from torch.nn import functional as F

from . import decoder_lora
from .adapters.bottleneck import Bottleneck

LARGEST_PROMPT = 64  # tokens side by side
HIDDEN = (32, 8)  # widths of the generated layers between rank and output; they give the paper's counts


class HyperPrompting(nn.Module):
    """Tokens (B, N, C) and prompt (B, C) -> update (B, N, C) by weights that the prompt generates."""

    def __init__(self, width: int, rank: int):
        super().__init__()
        self.down, self.reduce = nn.Linear(width, rank), nn.Linear(width, width)
        self.sizes = tuple(zip((rank, *HIDDEN), (*HIDDEN, width), strict=True))
        self.generators = nn.ModuleList(nn.Linear(width, before * after) for before, after in self.sizes)
        nn.init.zeros_(self.generators[-1].weight)
        nn.init.zeros_(self.generators[-1].bias)

    def forward(self, tokens: torch.Tensor, prompt: torch.Tensor) -> torch.Tensor:
        hidden, prompt = self.down(tokens), self.reduce(prompt)
        for number, (generate, size) in enumerate(zip(self.generators, self.sizes, strict=True), start=1):
            hidden = hidden @ generate(prompt).unflatten(-1, size)  # (B, N, after)
            if number < len(self.sizes):
                hidden = F.relu(F.layer_norm(hidden, hidden.shape[-1:]))
        return hidden


class AddedPrompt(nn.Module):
    """A bottleneck with the prompt added, "add" of Table 5: up(ReLU(down(y) + reduce(p)))."""

    def __init__(self, width: int, rank: int):
        super().__init__()
        self.down, self.reduce, self.up = nn.Linear(width, rank), nn.Linear(width, rank), _zero(rank, width)

    def forward(self, tokens: torch.Tensor, prompt: torch.Tensor) -> torch.Tensor:
        return self.up(F.relu(self.down(tokens) + self.reduce(prompt)[:, None]))


class ConcatenatedPrompt(nn.Module):
    """A bottleneck with the prompt beside, "concat" of Table 5: up(ReLU([down(y), reduce(p)])).

    The paper gives no form; here half of the 2 * rank hidden values come from the prompt.
    """

    def __init__(self, width: int, rank: int):
        super().__init__()
        self.down, self.reduce = nn.Linear(width, rank), nn.Linear(width, rank)
        self.up = _zero(2 * rank, width)

    def forward(self, tokens: torch.Tensor, prompt: torch.Tensor) -> torch.Tensor:
        hidden = self.down(tokens)
        beside = self.reduce(prompt)[:, None].expand_as(hidden)
        return self.up(F.relu(torch.cat([hidden, beside], dim=-1)))


class Unprompted(nn.Module):
    """A bottleneck that does not look at the prompt: the row of Table 5 without any."""

    def __init__(self, width: int, rank: int):
        super().__init__()
        self.plain = _bottleneck(width, rank)

    def forward(self, tokens: torch.Tensor, prompt: torch.Tensor) -> torch.Tensor:
        return self.plain(tokens)


PROMPTINGS = {"none": Unprompted, "add": AddedPrompt, "concat": ConcatenatedPrompt, "hyper": HyperPrompting}


class AdaptedLayer(nn.Module):
    """SAM's two-way layer with three adapters; the child modules of the plain layer keep their names."""

    def __init__(
        self, plain: nn.Module, decoder: nn.Module, rank: int, scale: float, prompting: str, tokens: int
    ):
        super().__init__()
        width = decoder.transformer_dim
        self._tokens = tokens
        self.gather = nn.Linear(tokens * width, width) if tokens else None
        self._decoder = (decoder,)  # a tuple, so that it is not registered in a part of itself
        for name, child in plain.named_children():
            setattr(self, name, child)
        self.skip_first_layer_pe = plain.skip_first_layer_pe
        self.prompted_adapter = PROMPTINGS[prompting](width, rank)
        self.token_adapter = _bottleneck(width, rank, scale)
        self.image_adapter = _bottleneck(width, rank)

    def forward(self, queries, keys, query_pe, key_pe) -> tuple[torch.Tensor, torch.Tensor]:
        """Tokens (B, N, C) and image features (B, M, C) with their positions -> both, after attention.

        SAM gives the tokens as they came in as `query_pe`: the decoder's own first, then the prompt's.
        """
        queries = self.norm1(self._among_tokens(queries, query_pe))
        y = queries + self.cross_attn_token_to_image(q=queries + query_pe, k=keys + key_pe, v=keys)
        queries = self.norm2(y + self.prompted_adapter(y, self._prompt(query_pe)))
        queries = self.norm3(queries + self.mlp(queries) + self.token_adapter(queries))
        keys = keys + self.cross_attn_image_to_token(q=keys + key_pe, k=queries + query_pe, v=queries)
        return queries, self.norm4(keys + self.image_adapter(keys))

    def _among_tokens(self, queries: torch.Tensor, query_pe: torch.Tensor) -> torch.Tensor:
        if self.skip_first_layer_pe:
            return self.self_attn(q=queries, k=queries, v=queries)
        placed = queries + query_pe
        return queries + self.self_attn(q=placed, k=placed, v=queries)

    def _prompt(self, tokens: torch.Tensor) -> torch.Tensor:
        """The prompt's tokens as one (B, C): their mean, or a linear map of the first ones side by side; zero
        stands where there are none."""
        prompt = tokens[:, self._decoder[0].own_tokens :]
        if self.gather is None:
            return prompt.sum(1) / max(prompt.shape[1], 1)
        first = prompt[:, : self._tokens]
        return self.gather(F.pad(first, (0, 0, 0, self._tokens - first.shape[1])).flatten(1))


def add(
    decoder: nn.Module, rank: int = 64, scale: float = 0.05, prompt: str = "hyper", concatenated: int = 0
) -> None:
    """Put three adapters into both two-way layers of a mask decoder.

    scale: of the adapter beside the tokens' MLP (Table 7c). prompt: how the first one takes the prompt, by
    "hyper" (HyP-Adpt), "add", "concat" or "none" (Table 5). concatenated: so many of the prompt's first
    tokens side by side are what it takes, zero where there are fewer; 0: the mean of all.
    """
    if rank < 1:
        raise ValueError(f"decoder_adapter.rank is {rank}: expected at least 1")
    if not 0 <= concatenated <= LARGEST_PROMPT:
        raise ValueError(f"decoder_adapter.concatenated is {concatenated}: expected 0 to {LARGEST_PROMPT}")
    if prompt == "none" and concatenated:
        raise ValueError("decoder_adapter.prompt is none, which takes no tokens: leave concatenated 0")
    if prompt not in PROMPTINGS:
        raise ValueError(f"decoder_adapter.prompt {prompt!r} is not one of {', '.join(PROMPTINGS)}")
    layers = decoder.transformer.layers
    for index, layer in enumerate(layers):
        layers[index] = AdaptedLayer(layer, decoder, rank, scale, prompt, concatenated)


def _bottleneck(width: int, rank: int, scale: float = 1.0) -> Bottleneck:
    return Bottleneck(width, rank, scale, skip=False, activation="relu")


def _zero(before: int, after: int) -> nn.Linear:
    linear = nn.Linear(before, after)
    nn.init.zeros_(linear.weight)
    nn.init.zeros_(linear.bias)
    return linear


DECODER_ADAPTERS = {"none": lambda decoder: None, "hyper_prompting": add, "lora": decoder_lora.add}
