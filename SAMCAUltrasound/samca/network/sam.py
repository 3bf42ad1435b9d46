"""The one door to the segment-anything package: its classes, a decoder for batches, and faster attention.

`import segment_anything` needs torchvision for helpers that are not used here, so only its `modeling` folder
is loaded, under a private name; `sys.modules["segment_anything"]` stays as it was for everybody else.
"""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path

import torch
from torch import nn
from torch.nn import functional as F

PIXEL_MEAN = (123.675, 116.28, 103.53)  # of RGB in 0..255, as SAM was trained
PIXEL_STD = (58.395, 57.12, 57.375)
PRIVATE_NAME = "samca._segment_anything_modeling"


def _modeling():
    """The `segment_anything.modeling` package, executed without its parent."""
    if PRIVATE_NAME in sys.modules:
        return sys.modules[PRIVATE_NAME]
    package = importlib.util.find_spec("segment_anything")
    if package is None or not package.submodule_search_locations:
        raise ImportError(
            "the package segment-anything is missing: install it with `pip install segment-anything`"
        )
    folder = Path(package.submodule_search_locations[0]) / "modeling"
    spec = importlib.util.spec_from_file_location(
        PRIVATE_NAME, folder / "__init__.py", submodule_search_locations=[str(folder)]
    )
    module = importlib.util.module_from_spec(spec)
    sys.modules[PRIVATE_NAME] = module
    spec.loader.exec_module(module)
    return module


modeling = _modeling()
ImageEncoderViT, PromptEncoder, TwoWayTransformer = (
    modeling.ImageEncoderViT,
    modeling.PromptEncoder,
    modeling.TwoWayTransformer,
)
LayerNorm2d = modeling.image_encoder.LayerNorm2d
PlainBlock, MLPBlock = modeling.image_encoder.Block, modeling.common.MLPBlock
MLP = modeling.mask_decoder.MLP
window_partition = modeling.image_encoder.window_partition
window_unpartition = modeling.image_encoder.window_unpartition
get_rel_pos = modeling.image_encoder.get_rel_pos


STABILITY_DELTA, STABLE = 0.05, 0.98  # logits around 0; IoU from which on a mask does not hang on them
FEW = 8  # as many times less keys than queries are few: the tokens of prompts, to which the image attends
BIAS_NUMBERS = 1 << 22  # most position biases held at once: 16 MB in float32, what stays in a cache is faster


class FastAttention(nn.Module):
    """SAM's attention with decomposed relative positions through fused kernels; (B, h, w, D) -> (B, h, w, D).

    Takes over the parameters of the plain module under their own names, so official checkpoints fit. The
    biases of all pairs of 64 x 64 tokens would take 800 MB, so they are made and used in pieces.
    """

    def __init__(self, plain: nn.Module):
        super().__init__()
        self.num_heads, self.scale = plain.num_heads, plain.scale
        self.qkv, self.proj = plain.qkv, plain.proj
        self.rel_pos_h, self.rel_pos_w = plain.rel_pos_h, plain.rel_pos_w
        self.table_update = None  # a place for an adapter with `rows` and `columns` to be added to the tables

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        batch, height, width, _ = x.shape
        tokens = height * width
        qkv = self.qkv(x).reshape(batch, tokens, 3, self.num_heads, -1).permute(2, 0, 3, 1, 4)
        query, key, value = qkv.unbind(0)  # (B, heads, N, D / heads)
        per_row, per_column = self._position_terms(query, height, width)
        if batch * self.num_heads * tokens**2 <= BIAS_NUMBERS:
            x = self._attend(query, per_row, per_column, key, value)
        else:
            heads = zip(*(t.split(1, dim=1) for t in (query, per_row, per_column, key, value)), strict=True)
            x = torch.cat([self._attend_in_pieces(*head) for head in heads], dim=1)
        return self.proj(x.transpose(1, 2).reshape(batch, height, width, -1))

    def over_depth(self, x: torch.Tensor, depth: int) -> torch.Tensor:
        """The same attention, without positions, between the `depth` frames of each group at each place.

        (B * depth, h, w, D), the frames of a group one after another -> the same shape.
        """
        grid = x.shape[1:3]
        tokens = x.unflatten(0, (-1, depth)).permute(0, 2, 3, 1, 4).flatten(0, 2)  # (B h w, depth, D)
        qkv = self.qkv(tokens).unflatten(-1, (3, self.num_heads, -1)).permute(2, 0, 3, 1, 4)
        mixed = F.scaled_dot_product_attention(*qkv.unbind(0), scale=self.scale)
        tokens = self.proj(mixed.transpose(1, 2).flatten(2))
        return tokens.unflatten(0, (-1, *grid)).permute(0, 3, 1, 2, 4).flatten(0, 1)

    def _position_terms(self, query, height: int, width: int) -> tuple[torch.Tensor, torch.Tensor]:
        """What a query adds for rows and columns of keys: (B, heads, N, h) and (B, heads, N, w) (MViTv2)."""
        rows = get_rel_pos(height, height, self.rel_pos_h)  # (h, h, d)
        columns = get_rel_pos(width, width, self.rel_pos_w)
        if self.table_update is not None:
            rows = rows + get_rel_pos(height, height, self.table_update.rows)
            columns = columns + get_rel_pos(width, width, self.table_update.columns)
        rows, columns = rows.to(query.dtype), columns.to(query.dtype)
        grid = query.reshape(*query.shape[:2], height, width, -1)
        return (
            torch.einsum("bnhwc,hkc->bnhwk", grid, rows).flatten(2, 3),
            torch.einsum("bnhwc,wkc->bnhwk", grid, columns).flatten(2, 3),
        )

    def _attend_in_pieces(self, query, per_row, per_column, key, value) -> torch.Tensor:
        """`_attend` for some queries at a time."""
        count = max(1, BIAS_NUMBERS // (key.shape[0] * key.shape[2]))
        pieces = zip(*(t.split(count, dim=2) for t in (query, per_row, per_column)), strict=True)
        return torch.cat([self._attend(*piece, key, value) for piece in pieces], dim=2)

    def _attend(self, query, per_row, per_column, key, value) -> torch.Tensor:
        bias = (per_row[..., :, None] + per_column[..., None, :]).flatten(-2)  # (B, heads, queries, keys)
        return F.scaled_dot_product_attention(query, key, value, attn_mask=bias, scale=self.scale)


class FusedAttention(nn.Module):
    """The mask decoder's attention through a fused kernel; (B, N, C) and (B, M, C) twice -> (B, N, C).

    Takes over the parameters of the plain module under their own names.
    """

    def __init__(self, plain: nn.Module):
        super().__init__()
        self.num_heads = plain.num_heads
        self.q_proj, self.k_proj, self.v_proj = plain.q_proj, plain.k_proj, plain.v_proj
        self.out_proj = plain.out_proj

    def forward(self, q: torch.Tensor, k: torch.Tensor, v: torch.Tensor) -> torch.Tensor:
        query, key, value = (
            project(x).unflatten(-1, (self.num_heads, -1)).transpose(1, 2)  # (B, heads, N, C / heads)
            for project, x in ((self.q_proj, q), (self.k_proj, k), (self.v_proj, v))
        )
        attend = _attend_to_few if key.shape[2] * FEW <= query.shape[2] else F.scaled_dot_product_attention
        return self.out_proj(attend(query, key, value).transpose(1, 2).flatten(2))


def _attend_to_few(query: torch.Tensor, key: torch.Tensor, value: torch.Tensor) -> torch.Tensor:
    """`scaled_dot_product_attention`; its kernel takes twice as long where keys are few."""
    weights = ((key * key.shape[-1] ** -0.5) @ query.transpose(-2, -1)).softmax(-2)
    return weights.transpose(-2, -1) @ value


class MaskDecoder(modeling.MaskDecoder):
    """SAM's mask decoder for a batch of images with one prompt set each, and for finer image features.

    The plain decoder repeats the image features once per prompt row, which is right for one image only. Of
    its four masks, the first is SAM's answer to clear prompts; the other three are for ambiguous ones.
    """

    best_of_three, replace_unstable = False, False
    own_tokens = 5  # before those of the prompt, in the newest call of `attend`

    def forward(self, embedding, image_pe, sparse, dense, fine=()):
        """Features (B, C, h, w), positions (1, C, h, w), prompts (B, N, C) and (B, C, h, w) -> logits
        (B, 1, 4h, 4w) and predicted IoU (B, 1).

        `fine` is empty or (C/8 at 4h x 4w, C/4 at 2h x 2w): features added while upscaling, as in SAM 2.
        """
        return self.answer(*self.attend(embedding, image_pe, sparse, dense, fine))

    def attend(
        self, embedding, image_pe, sparse, dense, fine=(), first=()
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """As `forward` -> tokens (B, T, C) and features (B, C/8, 4h, 4w).

        Tokens are those of `first` (1, C), of the IoU, of the four masks, and of the prompt.
        """
        batch = sparse.shape[0]
        own = torch.cat([*first, self.iou_token.weight, self.mask_tokens.weight])
        self.own_tokens = own.shape[0]
        tokens = torch.cat((own.expand(batch, -1, -1), sparse), dim=1)
        source = (embedding if embedding.shape[0] == batch else embedding.expand(batch, -1, -1, -1)) + dense
        tokens, keys = self.transformer(source, image_pe.expand(batch, -1, -1, -1), tokens)
        return tokens, self._upscale(keys.transpose(1, 2).reshape(source.shape), fine)

    def answer(self, tokens: torch.Tensor, upscaled: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Tokens from that of the IoU on, and features -> logits (B, 1, 4h, 4w) and predicted IoU (B, 1)."""
        if self.best_of_three:
            return self.best_answer(tokens, upscaled)
        weights = self.output_hypernetworks_mlps[0](tokens[:, 1])[:, None]  # (B, 1, C/8)
        logits = torch.einsum("bmc,bchw->bmhw", weights, upscaled)
        iou = self.iou_prediction_head(tokens[:, 0])[:, :1]
        if self.training or not self.replace_unstable:
            return logits, iou
        stable = stability(logits) >= STABLE  # (B, 1)
        others, their_iou = self.best_answer(tokens, upscaled)
        return torch.where(stable[..., None, None], logits, others), torch.where(stable, iou, their_iou)

    def alternatives(self, tokens: torch.Tensor, upscaled: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """As `answer`, all three masks for ambiguous prompts: logits (B, 3, 4h, 4w), predicted IoU (B, 3)."""
        mlps = enumerate(self.output_hypernetworks_mlps)
        weights = torch.stack([mlp(tokens[:, 1 + i]) for i, mlp in mlps if i], dim=1)
        iou = self.iou_prediction_head(tokens[:, 0])[:, 1:]
        return torch.einsum("bmc,bchw->bmhw", weights, upscaled), iou

    def best_answer(self, tokens: torch.Tensor, upscaled: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """As `answer`, of the three masks for ambiguous prompts the one of the highest predicted IoU."""
        logits, iou = self.alternatives(tokens, upscaled)
        best = iou.argmax(dim=1, keepdim=True)  # (B, 1)
        of_each_pixel = best[..., None, None].expand(-1, -1, *logits.shape[2:])
        return logits.gather(1, of_each_pixel), iou.gather(1, best)

    def _upscale(self, source: torch.Tensor, fine: tuple[torch.Tensor, ...]) -> torch.Tensor:
        if not fine:
            return self.output_upscaling(source)
        first, norm, activation, second, last_activation = self.output_upscaling
        middle = activation(norm(first(source) + fine[1]))
        return last_activation(second(middle) + fine[0])


def stability(logits: torch.Tensor) -> torch.Tensor:
    """(B, 1, h, w) -> (B, 1): IoU of the masks at logits +0.05 and -0.05; 1 where both are empty (SAM 2)."""
    smaller = (logits > STABILITY_DELTA).sum((-2, -1))
    larger = (logits > -STABILITY_DELTA).sum((-2, -1))
    return torch.where(larger > 0, smaller / larger.clamp(min=1), 1.0)


def decoder_for(
    width: int,
    best_of_three: bool = False,
    replace_unstable: bool = False,
    kind: type[MaskDecoder] = MaskDecoder,
) -> MaskDecoder:
    """A mask decoder of `width` channels; 256 is the official one, others keep its proportions.

    best_of_three: the mask is that of the three for ambiguous prompts whose predicted IoU is highest.
    replace_unstable: it is, in use, where the one for clear prompts hangs on its threshold (SAM 2).
    """
    transformer = TwoWayTransformer(depth=2, embedding_dim=width, mlp_dim=8 * width, num_heads=width // 32)
    for layer in transformer.layers:
        _fuse(layer)
    transformer.final_attn_token_to_image = FusedAttention(transformer.final_attn_token_to_image)
    decoder = kind(
        num_multimask_outputs=3,
        transformer=transformer,
        transformer_dim=width,
        iou_head_depth=3,
        iou_head_hidden_dim=width,
    )
    decoder.best_of_three, decoder.replace_unstable = best_of_three, replace_unstable
    return decoder


def two_way_block(width: int) -> nn.Module:
    """One block of the mask decoder's transformer: tokens (B, N, C) and keys (B, M, C), with positions of
    both -> tokens, keys."""
    return _fuse(modeling.transformer.TwoWayAttentionBlock(width, width // 32, 8 * width))


def _fuse(layer: nn.Module) -> nn.Module:
    for name in ("self_attn", "cross_attn_token_to_image", "cross_attn_image_to_token"):
        setattr(layer, name, FusedAttention(getattr(layer, name)))
    return layer


def prompt_encoder_for(width: int, grid: int, image_size: int, kind: type[nn.Module] = PromptEncoder):
    """A prompt encoder for an embedding of `width` channels on grid x grid and an input of image_size px."""
    return kind(
        embed_dim=width,
        image_embedding_size=(grid, grid),
        input_image_size=(image_size, image_size),
        mask_in_chans=16,
    )
