"""One image, its prompts, its mask: what the effect, the evaluation and the command line all use."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from typing import Any, NamedTuple

import numpy as np

from ..images.contrast import as_rgb, check_frame
from ..prompts import Box, Click, Prompts
from ..prompts.geometry import Geometry, check_inside, check_places
from ..prompts.prompts import box_around
from ..prompts.reduction import Reduction
from ..prompts.windows import Window
from .closeups import Closeups, bytes_of
from .embedder import Embedder
from .looks import agreement, embed, mean_of, uncertainty
from .tidy import mask_of
from .views import View


class Prediction(NamedTuple):
    """Logits (h, w) float32 of the image, positive inside, and the model's own estimate of the IoU, 0..1.

    They are of (H, W) px, but of an image larger than `reduction.LARGEST` of what is worked on instead.
    outline: of the outlines that the first click may mean, the number of this one, from 0, and how many there
    are. looks: the logits of each look at the image, whose mean they are; two where a session mirrors.
    tidied_for: the prompts, in px of the logits, whose clicks the mask answers and by which it is tidied;
    None: it is where the logits are positive. reduction: from the image to what is worked on, None: itself.
    """

    logits: np.ndarray
    iou: float
    looks: tuple[np.ndarray, ...] = ()
    tidied_for: Prompts | None = None
    reduction: Reduction | None = None
    outline: tuple[int, int] = (0, 1)

    @property
    def mask(self) -> np.ndarray:
        """(H, W) bool."""
        if self.tidied_for is None:
            return self.on_image(self.logits > 0)
        return self.on_image(mask_of(self.logits, self.tidied_for))

    def on_image(self, values: np.ndarray) -> np.ndarray:
        """(h, w) values of the logits' pixels -> (H, W) of the image's."""
        return self.reduction.enlarged(values) if self.reduction else values

    @property
    def agreement(self) -> float | None:
        """How far two looks say the same, 0..1, see `looks.agreement`; None of one look."""
        return agreement(self.looks) if len(self.looks) > 1 else None


class Session:
    """Interactive segmentation of one object in one image.

    The state is the embedding and the prompts; the mask is always computed from them, so undo drops a prompt.
    All coordinates are image pixels, x to the right, y down, pixel centres at whole numbers.
    """

    def __init__(self, model: Embedder, mirror: bool | None = None):
        """mirror: look at the mirror image, too, and average; None: as the model's config says."""
        self.model, self.mirror = model, model.config.mirror if mirror is None else mirror
        self._geometry: Geometry | None = None
        self._view: View | None = None
        self._again: Any = None  # gives another session the same image
        self._twice: Session | None = None
        self._history: list[Prompts] = [Prompts()]

    def set_image(self, pixels: np.ndarray, window: tuple[float, float] | None = None) -> None:
        """Take one (H, W), (H, W, 3) or (H, W, 4) frame of any dtype, encode it, forget the prompts.

        `window` is (low, high): the grey values that become black and white; see `frames.as_rgb` for more.
        One of more than `reduction.LARGEST` px a side is worked on in a smaller size, and masks enlarged.
        """
        pixels = np.asarray(pixels)
        geometry = self._geometry_of(pixels)
        rgb = as_rgb(geometry.reduction.picture(pixels), window)
        features = embed(self.model, geometry.reduced.image_to_model(rgb), self.mirror)
        self.use_embedding(features, geometry, self._closeups_of(rgb))
        self._again = partial(Session.set_image, pixels=pixels, window=window)

    def set_frames(
        self, frames: Sequence[np.ndarray], index: int, window: tuple[float, float] | None = None
    ) -> None:
        """Take frame `index` of neighbouring frames, encoded together with the others; see `set_image`.

        Raises ValueError for frames of different size and for an index that is none of theirs.
        """
        sizes = sorted({np.shape(frame)[:2] for frame in frames})
        if len(sizes) != 1 or not 0 <= index < len(frames):
            raise ValueError(f"frame {index} of {len(frames)}, sizes {sizes}: expected frames of one size")
        geometry = self._geometry_of(np.asarray(frames[index]))
        pictures = [as_rgb(geometry.reduction.picture(np.asarray(frame)), window) for frame in frames]
        groups = [[geometry.reduced.image_to_model(rgb) for rgb in pictures]]
        if self.mirror:
            groups.append([picture[:, ::-1] for picture in groups[0]])
        features = self.model.embed_frames(*groups)[index]
        self.use_embedding(features, geometry, self._closeups_of(pictures[index]))
        self._again = partial(Session.set_frames, frames=frames, index=index, window=window)

    def use_embedding(self, features: Any, geometry: Geometry, closeups: Closeups | None = None) -> None:
        """Take an image that was encoded before, by a session that mirrors if this one does; forget the
        prompts."""
        self._geometry = geometry
        self._view = View(self.model, self.mirror, features, geometry.reduced, closeups)
        self._again, self._twice = None, None
        self.start([Prompts()])

    def start(self, history: list[Prompts]) -> None:
        """Replace the prompts and their history, the current ones last."""
        self._history = list(history)
        if self._view:
            self._view.forget()

    @property
    def geometry(self) -> Geometry | None:
        """How the image lies in the model's input; None before there is one."""
        return self._geometry

    @property
    def prompts(self) -> Prompts:
        """What points at the object now."""
        return self._history[-1]

    @property
    def embedding(self) -> tuple[Any, Geometry, Closeups | None]:
        """The encoded image, to be kept and given to `use_embedding` later."""
        view = self._encoded()
        return view.features, self._geometry, view.closeups

    def click(self, x: float, y: float, positive: bool = True) -> np.ndarray:
        """Add a click at (x, y) px; return the new (H, W) bool mask."""
        self._check_inside(x, y)
        return self._become(self.prompts.plus(Click(float(x), float(y), positive)))

    def stroke(self, points: Sequence[tuple[float, float]], positive: bool = True) -> np.ndarray:
        """Add a stroke along these corners, (x, y) px each, one prompt as a click is; return the new mask."""
        (x, y), *path = self._corners(points, 2, "stroke")
        return self._become(self.prompts.plus(Click(x, y, positive, tuple(path))))

    def lasso(self, points: Sequence[tuple[float, float]]) -> np.ndarray:
        """Draw a closed curve around the object, in place of an earlier one or a mask; return the new mask.

        points: its corners, (x, y) px each.
        """
        corners = tuple(self._corners(points, 3, "lasso"))
        return self._become(replace(self.prompts, lasso=corners, mask=None))

    def box(self, x0: float, y0: float, x1: float, y1: float) -> np.ndarray:
        """Put a box around the object, in place of an earlier one; return the new mask."""
        for corner in ((x0, y0), (x1, y1)):
            self._check_inside(*corner, "box corner")
        return self._become(replace(self.prompts, box=Box(x0, y0, x1, y1)))

    def use_mask(self, mask: np.ndarray) -> np.ndarray:
        """Take an (H, W) bool mask as prompt, in place of an earlier one or a lasso; return the new mask."""
        self._encoded()
        expected = (self._geometry.height, self._geometry.width)
        if np.shape(mask) != expected:
            raise ValueError(f"mask of shape {np.shape(mask)}: expected {expected}, the shape of the image")
        return self._become(replace(self.prompts, mask=np.asarray(mask, bool), lasso=()))

    def suggest(self, kind: int = 0) -> np.ndarray:
        """Let the model find the object of this class (from 0) by itself; return the new mask.

        Prompts before and after it mend what was found; without any, the mask is empty where the model sees
        no such object. ValueError for a class that the model does not know, or one that suggests nothing.
        """
        return self._become(replace(self.prompts, suggestion=int(kind)))

    def another(self) -> np.ndarray:
        """Go on to the next outline that the first click may mean (whole, part, part of the part), the surest
        first, and round again; return the new mask. Later clicks go on from the one that is shown."""
        return self._become(replace(self.prompts, alternative=self.prompts.alternative + 1))

    def point(self, prompts: Prompts) -> np.ndarray:
        """Take these prompts in place of all others, as one step; return the new mask."""
        self._encoded()
        check_places(prompts, self._geometry.height, self._geometry.width)
        return self._become(prompts)

    def move(self, index: int, x: float, y: float) -> np.ndarray:
        """Move click `index` (from 0) to (x, y) px, a stroke with its beginning; return the new mask."""
        self._check_inside(x, y)
        moved = self.prompts.moved(index, float(x), float(y))
        for corner in moved.clicks[index].path:
            self._check_inside(*corner, "stroke corner")
        return self._become(moved)

    def remove(self, index: int) -> np.ndarray:
        """Take click `index` (from 0) away; return the new mask."""
        return self._become(self.prompts.without(index))

    def undo(self) -> np.ndarray:
        """Go back by one prompt, move or removal; without any, nothing happens. Return the mask."""
        if len(self._history) > 1:
            self._history.pop()
        return self.mask

    def clear(self) -> np.ndarray:
        """Drop all prompts; return the empty mask."""
        return self._become(Prompts())

    @property
    def mask(self) -> np.ndarray:
        """(H, W) bool; empty without prompts."""
        return self.predict(self.prompts).mask

    @property
    def logits(self) -> np.ndarray:
        """(H, W) float32; the mask is where they are positive, if the model's config says so with every click
        answered and tidied."""
        prediction = self.predict(self.prompts)
        return prediction.on_image(prediction.logits)

    @property
    def iou(self) -> float:
        """The model's estimate of the IoU between its mask and the object, 0..1; 0 without prompts."""
        return self.predict(self.prompts).iou

    def uncertainty(self) -> np.ndarray:
        """(H, W) float32 in 0..0.5: how far the mask of the prompts hangs on the look, see
        `looks.uncertainty`.

        A session that does not mirror looks at the mirror image now; RuntimeError if it has no image for
        that, because it took an embedding.
        """
        prediction = self._looking_twice().predict(self.prompts)
        return prediction.on_image(uncertainty(prediction.looks))

    @property
    def agreement(self) -> float:
        """How far both looks say the same, 0..1, see `looks.agreement`; else as `uncertainty`."""
        return agreement(self._looking_twice().predict(self.prompts).looks)

    def _looking_twice(self) -> Session:
        """This session if it mirrors; else one beside it on the same image that does."""
        self._encoded()
        if self.mirror:
            return self
        if self._twice is None:
            if self._again is None:
                raise RuntimeError(
                    "no image to look at twice: call set_image, or Session(model, mirror=True)"
                )
            self._twice = Session(self.model, mirror=True)
            self._again(self._twice)
        return self._twice

    def predict(self, prompts: Prompts, closer: bool = True) -> Prediction:
        """What these prompts would give, without taking them.

        A model that zooms looks at a structure that is small in the frame once more, in a window around it;
        what it says there and what it said of the whole frame are averaged; not closer: of the whole frame
        alone. One that mirrors does all this also with the mirror image, and averages again.
        """
        view, reduction = self._encoded(), self._geometry.reduction
        prompts, outline = self._meant(reduction.prompts(prompts))
        looks, iou = view.looks(prompts, closer)
        tidied_for = prompts if self.model.config.tidy else None
        return Prediction(mean_of(looks), iou, looks, tidied_for, reduction, outline)

    def remember(self, mask: np.ndarray, window: Window | None = None) -> Any:
        """What the model's memory keeps of this image, in which the object is an (H, W) bool mask; window:
        and of which it sees this part alone, in px that are worked on."""
        return self._encoded().remember(self._reduced(mask), window)

    def recall(self, bank: Sequence[Any], kinds: Sequence[int], window: Window | None = None) -> Prediction:
        """Where in this image the object is that was remembered in others of a loop, or in windows as large
        as this one, which the model takes for frames of these kinds, see `Embedder.recall`."""
        looks, iou = self._encoded().recall(bank, kinds, window)
        tidied_for = Prompts() if self.model.config.tidy else None
        return Prediction(mean_of(looks), iou, looks, tidied_for, self._geometry.reduction)

    def place_of(self, mask: np.ndarray) -> Box | None:
        """The box around an (H, W) bool mask in px that are worked on; None without a mask."""
        reduced = self._reduced(mask)
        return box_around(reduced) if reduced.any() else None

    @property
    def looks_closer(self) -> bool:
        """Whether there are windows in this image to look at."""
        return self._encoded().closeups is not None

    @property
    def picture(self) -> np.ndarray:
        """The image as a session shows it to a model: (H, W, 3) float32 RGB in 0..255. RuntimeError where it
        took an embedding."""
        if self._again is None:
            raise RuntimeError("no image, only what was encoded of one: call set_image")
        given = self._again.keywords
        pixels = given["pixels"] if "pixels" in given else given["frames"][given["index"]]
        return as_rgb(np.asarray(pixels), given["window"])

    def has_to_encode(self, prompts: Prompts) -> bool:
        """Whether `predict` will encode a window for these prompts first; what the whole frame says is there
        at once, not `closer`."""
        return self._encoded().has_to_encode(self._meant(self._geometry.reduction.prompts(prompts))[0])

    def encode_ahead(self, prompts: Prompts) -> None:
        """Encode now what the next click after these prompts will probably need; answers stay the same."""
        self._encoded().encode_ahead(self._meant(self._geometry.reduction.prompts(prompts))[0])

    @property
    def nbytes(self) -> int:
        """Bytes that it keeps: the image, what is encoded of it, and what was said of that."""
        image = list(self._again.keywords.values()) if self._again else []
        return self._encoded().nbytes + bytes_of(image)

    def _reduced(self, mask: np.ndarray) -> np.ndarray:
        return self._geometry.reduction.prompts(Prompts(mask=mask)).mask

    def _meant(self, prompts: Prompts) -> tuple[Prompts, tuple[int, int]]:
        """Prompts in px that are worked on, with the number of the model's own mask that their first click is
        to mean, and which of how many outlines that is."""
        first = prompts.initial_and_guided()[0]
        if not prompts.alternative or not first.is_ambiguous:
            return replace(prompts, alternative=0), (0, 1)
        numbers = self._encoded().outlines(replace(first, alternative=0))
        place = prompts.alternative % len(numbers)
        return replace(prompts, alternative=numbers[place]), (place, len(numbers))

    def _geometry_of(self, pixels: np.ndarray) -> Geometry:
        check_frame(pixels)
        return Geometry(*pixels.shape[:2], self.model.config.image_size, self.model.config.fit)

    def _closeups_of(self, rgb: np.ndarray) -> Closeups | None:
        return Closeups(rgb, self.mirror) if self.model.config.zoom else None

    def _become(self, prompts: Prompts) -> np.ndarray:
        mask = self.predict(prompts).mask
        self._history.append(prompts)
        return mask

    def _encoded(self) -> View:
        if self._view is None:
            raise RuntimeError("no image yet: call set_image(array) before the first prompt")
        return self._view

    def _corners(
        self, points: Sequence[tuple[float, float]], least: int, what: str
    ) -> list[tuple[float, float]]:
        """Those of a stroke or lasso as floats; ValueError for too few, and for one outside."""
        if len(points) < least or any(np.shape(corner) != (2,) for corner in points):
            raise ValueError(
                f"{what} of {len(points)} corners: expected at least {least}, each (x, y) px, as in "
                f"{what}([(10, 20), (30, 25), (40, 60)])"
            )
        for corner in points:
            self._check_inside(*corner, f"{what} corner")
        return [(float(x), float(y)) for x, y in points]

    def _check_inside(self, x: float, y: float, what: str = "click") -> None:
        self._encoded()
        check_inside(x, y, self._geometry.height, self._geometry.width, what)
