"""SAM 2's own memory of a video (Ravi et al., ICLR 2025), run by the package transformers.

It sees the prompted frames with their masks, not with their clicks: of clicks it would make outlines of its
own, while the masks are what the user saw and let stand. All frames are shown to it one by one, and all that
was carried to is remembered, sure or not, as SAM 2 does; where it sees no object it says so itself. Tried
with random weights of the library's classes alone; SURE is not measured.
"""

from __future__ import annotations

from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path

import numpy as np

from ...prompts import Prompts
from ...prompts.geometry import resample
from ..session import Session
from .frame_mask import FrameMask, closest_to_another
from .last_mask import carried

OBJECT = 1  # the number by which SAM 2 knows it; there is one
POINTED_AT = 16  # prompted frames that are kept
SURE = 0.67  # IoU that it says of its mask; that of Dice 80, below which an object has slipped
FILES = "config.json and model.safetensors, as of facebook/sam2.1-hiera-tiny"


class Sam2:
    """Carries by SAM 2; see `carriers.Carrier`. What the sessions' model has to say is its prompted masks."""

    goes_on = True

    def __init__(self, model, weights: str = ""):
        """weights: a folder as transformers writes it, of a video model.

        RuntimeError without the packages, FileNotFoundError without such a folder, ValueError for another
        model in it.
        """
        check_packages()
        import torch
        from transformers import Sam2VideoInferenceSession

        device = str(getattr(model, "device", "cpu"))
        self._sam2 = _loaded(Path(weights).resolve(), device)
        self._video = Sam2VideoInferenceSession(
            inference_device=device,
            inference_state_device=device,
            video_storage_device=device,
            dtype=torch.float32,
        )
        self._kept = self._video.output_dict_per_obj[self._video.obj_id_to_idx(OBJECT)]
        self._shown = False  # whether the object was in a prompted frame

    @property
    def nbytes(self) -> int:
        """Bytes of all that is kept of frames."""
        kept = [frame for frames in self._kept.values() for frame in frames.values()]
        return sum(tensor.nbytes for frame in kept for tensor in frame.values())

    def take(self, session: Session, found: FrameMask, prompted: bool) -> None:
        """Show it a prompted frame with its mask; what it was carried to it has kept itself."""
        if not prompted:
            return
        import torch

        self._kept["non_cond_frame_outputs"].pop(found.index, None)
        self._video.frames_tracked_per_obj[0].pop(found.index, None)
        side = self._sam2.config.image_size
        mask = torch.from_numpy(resample(found.mask, side, side) >= 0.5)
        self._video.add_mask_inputs(0, found.index, mask[None, None])
        self._video.obj_with_new_inputs = [OBJECT]
        self._see(session, found.index)
        self._video.remove_mask_inputs(0, found.index)
        self._shown |= bool(found.mask.any())

    def carry(self, session: Session, index: int, before: FrameMask) -> FrameMask:
        """As SAM 2 says, which reads its memory in the direction that the frame before lies in."""
        if not self._shown:
            return FrameMask(index, Prompts(), np.zeros_like(before.mask), 0.0)
        logits, iou = self._see(session, index, reverse=index < before.index)
        mask = resample(logits, *before.mask.shape) > 0
        found = FrameMask(index, Prompts(), mask, iou if mask.any() else 0.0)
        return found._replace(prompts=carried(found._replace(prompts=before.prompts)))

    def is_sure(self, found: FrameMask, before: FrameMask, pointed_at: FrameMask) -> bool:
        """Whether it sees the object, without which there is no mask, and says that it found it."""
        return found.iou >= SURE and bool(found.mask.any())

    def _see(self, session: Session, index: int, reverse: bool = False) -> tuple[np.ndarray, float]:
        """(h, w) logits of the whole frame, and the IoU that its decoder says, which transformers keeps to
        itself."""
        import torch

        said = []
        frame = torch.from_numpy(self._picture(session))
        hear = lambda _decoder, _given, outputs: said.append(outputs[1])  # noqa: E731
        with self._sam2.mask_decoder.register_forward_hook(hear):
            answer = self._sam2(self._video, frame_idx=index, frame=frame, reverse=reverse)
        self._forget(index)
        return answer.pred_masks[0, 0].float().cpu().numpy(), float(said[-1].max())

    def _picture(self, session: Session) -> np.ndarray:
        """(3, side, side) float32 as SAM 2 was trained: a square, of ImageNet's mean and deviation."""
        from transformers.image_utils import IMAGENET_DEFAULT_MEAN, IMAGENET_DEFAULT_STD

        side = self._sam2.config.image_size
        picture = (resample(session.picture / 255, side, side) - IMAGENET_DEFAULT_MEAN) / IMAGENET_DEFAULT_STD
        return np.ascontiguousarray(picture.transpose(2, 0, 1), np.float32)

    def _forget(self, index: int) -> None:
        """Drop what SAM 2 does not read any more: pictures, masks in full size, and frames too far from this
        one; and of too many prompted frames one that lies close to another."""
        self._video.processed_frames.clear()
        for frames in self._kept.values():
            if index in frames:
                frames[index].pop("high_res_masks", None)
        others, prompted = self._kept["non_cond_frame_outputs"], self._kept["cond_frame_outputs"]
        config = self._sam2.config
        reach = max(config.max_object_pointers_in_encoder, config.num_maskmem) - 1
        for far in [each for each in others if abs(each - index) >= reach]:
            del others[far]
        if len(prompted) > POINTED_AT:
            del prompted[closest_to_another(sorted(prompted), index)]


def check_packages() -> None:
    """RuntimeError unless what runs SAM 2 is installed, and new enough."""
    missing = [name for name in ("torch", "transformers") if find_spec(name) is None]
    if missing:
        raise RuntimeError(
            f"carrier sam2 needs the package {missing[0]}: install it with `pip install 'samca[sam2]'`"
        )
    import transformers

    try:
        from transformers import Sam2VideoInferenceSession, Sam2VideoModel  # noqa: F401
    except ImportError as error:
        raise RuntimeError(
            f"transformers {transformers.__version__} has no video model of SAM 2: carrier sam2 needs "
            "4.57 or newer, install it with `pip install -U 'samca[sam2]'`"
        ) from error


@lru_cache(None)  # one that follows many objects is read once
def _loaded(folder: Path, device: str):
    """The model in a folder, from files on disk alone, none of which is run."""
    import torch
    from transformers import PretrainedConfig, Sam2VideoModel

    if not (folder / "config.json").is_file():
        raise FileNotFoundError(f"no SAM 2 in {folder}: expected a folder with {FILES}")
    try:
        kind = PretrainedConfig.get_config_dict(folder, local_files_only=True)[0].get("model_type")
        if kind != Sam2VideoModel.config_class.model_type:
            raise ValueError(f"its config.json is of {kind}")
        model, report = Sam2VideoModel.from_pretrained(
            folder,
            local_files_only=True,
            use_safetensors=True,
            dtype=torch.float32,
            attn_implementation="sdpa",  # else a config.json may name code to be fetched and run
            output_loading_info=True,
        )
        if report["missing_keys"]:
            raise ValueError(f"{min(report['missing_keys'])} is missing")
    except Exception as error:  # what damaged files raise differs from part to part of transformers
        says = str(error).partition("\n")[0]
        raise ValueError(f"{folder} holds no SAM 2 for videos, expected {FILES}: {says}") from error
    return model.to(device).eval()
