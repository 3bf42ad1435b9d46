"""Variational attention fusion: how far each token trusts the transformer and how far the convolutions.

s^v = E_v LN(tokens), s^c = E_c LN(local map);  z^k ~ N(mu^k, sigma^k) by linear maps of s^k, k in {v, c}
a_hat^k ~ N(W_m z^k + b_m, sigma_a^k), maps shared over k;  a = softmax over k;  h = W_h sum_k a^k z^k
(Gowda and Clifton, CC-SAM, ECCV 2024, section 3.2; per token, because the decoder needs a map.) Drawn in
training, means at inference. The norms, without weights of their own, are ours: the paper has none, and
without them the divergences of a plain transformer's tokens are hundreds of times the loss.
"""

from __future__ import annotations

import torch
from torch import nn
from torch.nn import functional as F

from .noise import Noise

LARGEST_LOG_VARIANCE = 10.0
DROPOUT = 0.5


class Gaussian(nn.Module):
    """(..., inputs) -> mean and log variance (..., outputs), both float32."""

    def __init__(self, inputs: int, outputs: int):
        super().__init__()
        self.mean, self.log_variance = nn.Linear(inputs, outputs), nn.Linear(inputs, outputs)

    def forward(self, x: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        bound = LARGEST_LOG_VARIANCE
        return self.mean(x).float(), self.log_variance(x).float().clamp(-bound, bound)


class VariationalAttention(nn.Module):
    """Tokens (B, N, D), local map (B, N, L) -> h (B, N, C), and the three divergences by name.

    noise: random numbers of training; None: means instead of draws, no dropout, no divergences.
    """

    def __init__(self, token_width: int, latent: int, channels: int, per_channel: bool = False):
        super().__init__()
        self.encode_vit, self.encode_cnn = nn.Linear(token_width, latent), nn.Linear(latent, latent)
        self.vit, self.cnn = Gaussian(latent, latent), Gaussian(latent, latent)
        self.attention = Gaussian(latent, latent if per_channel else 1)
        self.project = nn.Linear(latent, channels, bias=False)

    def forward(
        self, tokens: torch.Tensor, local: torch.Tensor, noise: Noise | None
    ) -> tuple[torch.Tensor, dict[str, torch.Tensor]]:
        vit = self.vit(activate(self.encode_vit(normalized(tokens)), noise))
        cnn = self.cnn(activate(self.encode_cnn(normalized(local)), noise))
        codes = [draw(*gaussian, noise) for gaussian in (vit, cnn)]
        attentions = [self.attention(code) for code in codes]
        weights = torch.stack([draw(*gaussian, noise) for gaussian in attentions]).softmax(0)
        h = self.project(weights[0] * codes[0] + weights[1] * codes[1])
        if noise is None:
            return h, {}
        kl_attention = sum(divergence(*gaussian) for gaussian in attentions) / len(attentions)
        return h, {"kl_vit": divergence(*vit), "kl_cnn": divergence(*cnn), "kl_attention": kl_attention}


def normalized(x: torch.Tensor) -> torch.Tensor:
    """(..., D) with mean 0 and variance 1 over D."""
    return F.layer_norm(x, x.shape[-1:])


def activate(x: torch.Tensor, noise: Noise | None) -> torch.Tensor:
    """Leaky ReLU of slope 0.01, and in training dropout."""
    x = F.leaky_relu(x, 0.01)
    return x if noise is None else noise.dropout(x, DROPOUT)


def draw(mean: torch.Tensor, log_variance: torch.Tensor, noise: Noise | None) -> torch.Tensor:
    """A draw from N(mean, exp(log_variance)); the mean without noise."""
    return mean if noise is None else mean + noise.normal(mean) * (0.5 * log_variance).exp()


def divergence(mean: torch.Tensor, log_variance: torch.Tensor) -> torch.Tensor:
    """KL(N(mean, exp(log_variance)) || N(0, 1)), the mean over all dimensions; at least 0."""
    return -0.5 * (1 + log_variance - mean.square() - log_variance.exp()).mean()
