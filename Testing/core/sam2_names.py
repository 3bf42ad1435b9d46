"""Names and shapes of SAM 2's tensors as the public code of Meta and of Hugging Face makes them."""


def affine(name: str, *shape: int) -> dict[str, tuple[int, ...]]:
    return {f"{name}.weight": shape, f"{name}.bias": shape[:1]}


def mlp(names: tuple[str, ...], *widths: int) -> dict[str, tuple[int, ...]]:
    layers = zip(names, widths[:-1], widths[1:], strict=True)
    return {k: v for name, before, after in layers for k, v in affine(name, after, before).items()}


def up(name: str, before: int, after: int) -> dict[str, tuple[int, ...]]:
    return {f"{name}.weight": (before, after, 2, 2), f"{name}.bias": (after,)}


META = {  # words of Meta's names
    "trunk": "image_encoder.trunk", "patches": "patch_embed.proj", "norm": "norm",
    "two": ("layers.0", "layers.1"), "three": ("layers.0", "layers.1", "layers.2"),
    "lateral": "image_encoder.neck.convs.{}.conv", "prompts": "sam_prompt_encoder",
    "decoder": "sam_mask_decoder", "out": "out_proj", "final": "norm_final_attn",
    "mask": ("mask_downscaling.0", "mask_downscaling.1", "mask_downscaling.3", "mask_downscaling.4",
             "mask_downscaling.6"),
    "up": ("output_upscaling.0", "output_upscaling.1", "output_upscaling.3"),
}  # fmt: skip
HUGGING_FACE = {
    "trunk": "vision_encoder.backbone", "patches": "patch_embed.projection", "norm": "layer_norm",
    "two": ("proj_in", "proj_out"), "three": ("proj_in", "layers.0", "proj_out"),
    "lateral": "vision_encoder.neck.convs.{}", "prompts": "prompt_encoder", "decoder": "mask_decoder",
    "out": "o_proj", "final": "layer_norm_final_attn",
    "mask": ("mask_embed.conv1", "mask_embed.layer_norm1", "mask_embed.conv2", "mask_embed.layer_norm2",
             "mask_embed.conv3"),
    "up": ("upscale_conv1", "upscale_layer_norm", "upscale_conv2"),
}  # fmt: skip


def trunk(words, width, depths, window, table) -> dict[str, tuple[int, ...]]:
    start = words["trunk"]
    shapes = {f"{start}.pos_embed": (1, width, table, table)}
    shapes |= {f"{start}.pos_embed_window": (1, width, window, window)}
    shapes |= affine(f"{start}.{words['patches']}", width, 3, 7, 7)
    before, number = width, 0
    for stage, depth in enumerate(depths):
        after = width * 2**stage
        for _ in range(depth):
            block, norm = f"{start}.blocks.{number}", words["norm"]
            shapes |= affine(f"{block}.{norm}1", before) | affine(f"{block}.{norm}2", after)
            shapes |= affine(f"{block}.attn.qkv", 3 * after, before) | affine(
                f"{block}.attn.proj", after, after
            )
            shapes |= mlp(tuple(f"{block}.mlp.{w}" for w in words["two"]), after, 4 * after, after)
            shapes |= affine(f"{block}.proj", after, before) if before != after else {}
            before, number = after, number + 1
    for index in range(4):
        shapes |= affine(words["lateral"].format(index), 256, width * 2 ** (3 - index), 1, 1)
    return shapes


def prompts(words) -> dict[str, tuple[int, ...]]:
    start = words["prompts"]
    conv1, norm1, conv2, norm2, conv3 = (f"{start}.{name}" for name in words["mask"])
    shapes = affine(conv1, 4, 1, 2, 2) | affine(norm1, 4) | affine(conv2, 16, 4, 2, 2) | affine(norm2, 16)
    shapes |= affine(conv3, 256, 16, 1, 1)
    return shapes | {f"{start}.{name}.weight": (1, 256) for name in ("not_a_point_embed", "no_mask_embed")}


def attention(words, name: str, inner: int) -> dict[str, tuple[int, ...]]:
    shapes = {}
    for part in ("q_proj", "k_proj", "v_proj"):
        shapes |= affine(f"{name}.{part}", inner, 256)
    return shapes | affine(f"{name}.{words['out']}", 256, inner)


def decoder(words) -> dict[str, tuple[int, ...]]:
    start, shapes = words["decoder"], {}
    for index in range(2):
        layer = f"{start}.transformer.layers.{index}"
        shapes |= attention(words, f"{layer}.self_attn", 256)
        shapes |= attention(words, f"{layer}.cross_attn_token_to_image", 128)
        shapes |= attention(words, f"{layer}.cross_attn_image_to_token", 128)
        shapes |= mlp(tuple(f"{layer}.mlp.{w}" for w in words["two"]), 256, 2048, 256)
        for number in (1, 2, 3, 4):
            shapes |= affine(f"{layer}.{words['norm']}{number}", 256)
    shapes |= attention(words, f"{start}.transformer.final_attn_token_to_image", 128)
    shapes |= affine(f"{start}.transformer.{words['final']}", 256)
    first, norm, second = (f"{start}.{name}" for name in words["up"])
    shapes |= up(first, 256, 64) | affine(norm, 64) | up(second, 64, 32)
    heads = {f"output_hypernetworks_mlps.{i}": 32 for i in range(4)}
    for head, outputs in {**heads, "iou_prediction_head": 4, "pred_obj_score_head": 1}.items():
        names = tuple(f"{start}.{head}.{w}" for w in words["three"])
        shapes |= mlp(names, 256, 256, 256, outputs)
    tokens = {"iou_token": 1, "mask_tokens": 4, "obj_score_token": 1}
    shapes |= {f"{start}.{name}.weight": (count, 256) for name, count in tokens.items()}
    return shapes | affine(f"{start}.conv_s0", 32, 256, 1, 1) | affine(f"{start}.conv_s1", 64, 256, 1, 1)


def meta_file(*size) -> dict[str, tuple[int, ...]]:
    """Of the image part everything, of the memory a tensor of each group."""
    shapes = trunk(META, *size) | prompts(META) | decoder(META)
    shapes |= {f"sam_prompt_encoder.point_embeddings.{i}.weight": (1, 256) for i in range(4)}
    shapes["sam_prompt_encoder.pe_layer.positional_encoding_gaussian_matrix"] = (2, 128)
    shapes |= affine("memory_attention.layers.0.self_attn.q_proj", 256, 256) | affine(
        "mask_downsample", 1, 1, 4, 4
    )
    shapes |= affine("memory_encoder.fuser.layers.0.norm", 256) | mlp(("obj_ptr_proj.layers.0",), 256, 256)
    shapes |= affine("obj_ptr_tpos_proj", 64, 256)
    memory = {"maskmem_tpos_enc": (7, 1, 1, 64), "no_mem_pos_enc": (1, 1, 256), "no_obj_ptr": (1, 256)}
    return shapes | memory | {"no_obj_embed_spatial": (1, 64), "no_mem_embed": (1, 1, 256)}


def hugging_face_file(*size) -> dict[str, tuple[int, ...]]:
    shapes = trunk(HUGGING_FACE, *size) | prompts(HUGGING_FACE) | decoder(HUGGING_FACE)
    shapes |= {"prompt_encoder.point_embed.weight": (4, 256), "no_memory_embedding": (1, 1, 256)}
    for place in ("shared_image_embedding", "prompt_encoder.shared_embedding"):
        shapes[f"{place}.positional_embedding"] = (2, 128)
    shapes |= affine("memory_attention.layers.0.self_attn.o_proj", 256, 256) | affine(
        "mask_downsample", 1, 1, 4, 4
    )
    shapes |= affine("object_pointer_proj.proj_in", 256, 256)
    shapes |= affine("temporal_positional_encoding_projection_layer", 64, 256)
    memory = {
        "memory_temporal_positional_encoding": (7, 1, 1, 64),
        "no_memory_positional_encoding": (1, 1, 256),
    }
    return shapes | memory | {"no_object_pointer": (1, 256), "occlusion_spatial_embedding_parameter": (1, 64)}
