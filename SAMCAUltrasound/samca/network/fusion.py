"""Initial and guided prompts to the tokens that the decoder sees (SAMCA, equations 2 and 3).

`encode` makes (B, N, C) tokens of a set: those of an object that the model is to find, then the points, then
the corners of a box or, where points come without one, a not-a-point token. E1 are the initial tokens, E2 the
guided ones, lambda and mu their weights.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import torch
from torch import nn

from ..prompts.pointing import Pointing, joined

Encode = Callable[[Pointing], torch.Tensor]


class Single(nn.Module):
    """Only the last set; all clicks of a user form one set, as in an unmodified SAM."""

    splits = False
    is_one_set = True

    def forward(self, sets: Sequence[Pointing], encode: Encode, not_a_point: torch.Tensor) -> torch.Tensor:
        return encode(sets[-1])


class Joined(nn.Module):
    """lambda E1 and mu E2, side by side or added.

    join: "beside", so that with both weights at 1 it is one set, to the bit; "sum", token by token (Table 5),
    which does not know any more which of two clicks was inside. weights: "fixed" at 1, or "dynamic": they
    follow the training loss, lambda = 0.75 + 0.5 s(-zeta dL), mu = 0.75 + 0.5 s(zeta dL), dL = the last
    round's mean guided loss minus this round's, so lambda + mu = 2 always; at inference both are 1, the fixed
    point of a converged training. rounds: "epoch", or "step", which is noisy. normalized: both weights are
    divided by their sum.
    """

    splits = True

    def __init__(
        self,
        join: str = "beside",
        weights: str = "fixed",
        zeta: float = 10.0,
        rounds: str = "epoch",
        normalized: bool = False,
    ):
        super().__init__()
        for name, value, known in (
            ("join", join, JOINS),
            ("weights", weights, WEIGHTS),
            ("rounds", rounds, ROUNDS),
        ):
            if value not in known:
                raise ValueError(f"fusion.{name} is {value!r}: expected one of {', '.join(known)}")
        if not 0 < zeta < math.inf:
            raise ValueError(f"fusion.zeta is {zeta}: expected a positive number")
        self.join, self.zeta, self.rounds, self.normalized = join, zeta, rounds, normalized
        self.dynamic = weights == "dynamic"
        if self.dynamic:
            self.register_buffer("trained_weights", torch.ones(2))  # lambda, mu
            self.register_buffer("last_loss", torch.tensor(math.nan))

    @property
    def is_one_set(self) -> bool:
        """Whether a trained model answers two sets as it answers both in one."""
        return self.join == "beside" and not self.normalized

    def weights(self) -> tuple[float, float]:
        """Lambda and mu of now."""
        initial, guided = self.trained_weights.tolist() if self.dynamic and self.training else (1.0, 1.0)
        whole = initial + guided if self.normalized else 1.0
        return initial / whole, guided / whole

    def end_of_round(self, guided_loss: float) -> None:
        """Set dynamic weights of the next round from this round's mean loss of the guided masks."""
        if self.dynamic:
            fall = float(self.last_loss) - guided_loss
            now = fusion_weights(0.0 if math.isnan(fall) else fall, self.zeta)
            self.trained_weights.copy_(torch.tensor(now))
            self.last_loss.fill_(guided_loss)

    def forward(self, sets: Sequence[Pointing], encode: Encode, not_a_point: torch.Tensor) -> torch.Tensor:
        """One set or both -> tokens (B, N, C); not_a_point (1, C) fills up the shorter set of a sum."""
        if len(sets) == 1:
            return encode(sets[0])
        return JOINS[self.join](sets, encode, not_a_point, self.weights())


def _beside(sets: Sequence[Pointing], encode: Encode, not_a_point, weights) -> torch.Tensor:
    """The tokens of one set that holds both, each with the weight of the set that it came from."""
    first, second = sets
    tokens = encode(joined(first, second))
    return tokens if weights == (1.0, 1.0) else tokens * _of_each(tokens, first, encode(second), weights)


def _of_each(tokens: torch.Tensor, first: Pointing, guided: torch.Tensor, weights) -> torch.Tensor:
    """(1, N, 1): the weight of each token; behind a first set's points there is only what is guided, but for
    the corners of its box, in whose place a guided set alone has a not-a-point token."""
    count = guided.shape[1] - (first.boxes is not None and guided.shape[1] > 0)
    start = first.points.shape[1] if first.boxes is not None else tokens.shape[1] - count
    each = tokens.new_full((tokens.shape[1],), weights[0])
    each[start : start + count] = weights[1]
    return each.reshape(1, -1, 1)


def _sum(sets: Sequence[Pointing], encode: Encode, not_a_point: torch.Tensor, weights) -> torch.Tensor:
    """Token by token; the shorter set is filled up with not-a-point tokens."""
    tokens = [encode(each) for each in sets]
    longest = max(each.shape[1] for each in tokens)
    initial, guided = (fill_up(each, longest, not_a_point) for each in tokens)
    return weights[0] * initial + weights[1] * guided


JOINS: dict[str, Callable[..., torch.Tensor]] = {"beside": _beside, "sum": _sum}
WEIGHTS = ("fixed", "dynamic")
ROUNDS = ("epoch", "step")


def fusion_weights(fall: float, zeta: float) -> tuple[float, float]:
    """(lambda, mu) for a loss that fell by `fall` (SAMCA, equations 2 and 3)."""
    towards_guided = 1 / (1 + math.exp(-max(-60.0, min(60.0, zeta * fall))))
    return 0.75 + 0.5 * (1 - towards_guided), 0.75 + 0.5 * towards_guided


def fill_up(tokens: torch.Tensor, count: int, not_a_point: torch.Tensor) -> torch.Tensor:
    """(B, N, C) -> (B, count, C) with not-a-point tokens (C) behind: SAM's token of a click with label -1."""
    missing = count - tokens.shape[1]
    if not missing:
        return tokens
    padding = not_a_point.reshape(1, 1, -1).expand(tokens.shape[0], missing, -1)
    return torch.cat([tokens, padding.to(tokens.dtype)], dim=1)


def _sum_of_former_files(zeta: float = 10.0) -> Joined:
    return Joined("sum", "dynamic", zeta)


FUSIONS = {
    "single": Single,
    "joined": Joined,
    # what files from before "joined" say; models saved with a sum keep it
    "concat": lambda: Joined(),
    "sum": lambda: Joined("sum"),
    "dynamic": _sum_of_former_files,
}
