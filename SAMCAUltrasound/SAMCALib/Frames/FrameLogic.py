"""Which frame of a volume a slice view shows; its pixels; RAS positions as places on it, and back.

A frame is a slice across one of the volume's own axes; of a Sequence's proxy volume, in one item of the
Sequence: pixels, shape and place are those of its item, whichever is shown. Its picture has the order of the
stored voxels: x runs along the lower of the two other IJK axes, y along the higher, so what the scanner
stored upright is upright, however the volume lies in space. Positions are in world RAS mm, under all linear
transforms. (x, y) are pixels, pixel centres at whole numbers, as in `samca.prompts`.
"""

from __future__ import annotations

import functools
import math
from dataclasses import dataclass, replace

import numpy as np
import slicer
import slicer.util

from samca.images.chrominance import in_rgb
from samca.images.frames import digest_of

from ..Texts import Refusal, _
from . import Given, ItemLogic, SequenceLogic, TransformLogic

TOLERANCE = 1e-4  # voxels; views and volumes meet at voxel borders up to rounding


@dataclass(frozen=True)
class Frame:
    """One slice of a volume node: the IJK axis across it, its index along that axis, the Sequence item.

    item: the index value of the browser's item for a Sequence's proxy volume, "" for any other volume.
    """

    volumeId: str
    axis: int
    index: int
    item: str = ""

    @property
    def key(self) -> str:
        """What the frame is called in the segment's tag, for instance "2:17", or "2:0:3.5" in item 3.5."""
        return f"{self.axis}:{self.index}" + (f":{self.item}" if self.item else "")

    @property
    def volume(self):
        """The volume node; Refusal if it has left the scene."""
        node = slicer.mrmlScene.GetNodeByID(self.volumeId)
        if node is None:
            raise Refusal(_("The volume of this frame was deleted: choose another source volume."))
        return node

    @property
    def name(self) -> str:
        """What the user calls it."""
        return _("{volume}, frame {number}").format(volume=self.volume.GetName(), number=self.number)

    @property
    def number(self) -> str:
        """The same among the frames beside it."""
        return self.item or str(self.index + 1)


def frameShownIn(sliceNode, volumeNode) -> Frame:
    """The frame in this slice view; Refusal without volume, off its axes, or beside its frames."""
    checkVolume(volumeNode)
    sliceToRas = TransformLogic.arrayOf(sliceNode.GetSliceToRAS())
    rasToIjk = _rasToIjk(volumeNode)
    axis = _axisAcross(sliceToRas[:3, 2], volumeNode)
    frame = Frame(volumeNode.GetID(), axis, 0, SequenceLogic.itemOf(volumeNode))
    _checkPlane(frame)
    if _tilt(rasToIjk[axis, :3] @ sliceToRas[:3, :2], frame) > 0.5:
        raise Refusal(
            _("The view is rotated off the axes of {name}: press Turn view to line it up.").format(
                name=volumeNode.GetName()
            )
        )
    rasToSlice = TransformLogic.inverse(sliceToRas, _("The view"))
    middle = rasToSlice @ _ijkToRas(volumeNode) @ [*_middle(volumeNode), 1]
    place = rasToIjk[axis] @ sliceToRas @ [middle[0], middle[1], 0, 1]
    return replace(frame, index=_indexAt(place, axis, volumeNode))


def frameAt(volumeNode, ras, axis: int = 2) -> Frame:
    """The frame across `axis` that holds this world RAS position; Refusal if there is none."""
    checkVolume(volumeNode)
    place = (_rasToIjk(volumeNode) @ [*ras, 1])[axis]
    return frameOf(volumeNode, _indexAt(place, axis, volumeNode), axis)


def frameOf(volumeNode, index: int, axis: int = 2) -> Frame:
    """The frame of this index along `axis`, in the item that is shown; Refusal if there is none."""
    checkVolume(volumeNode)
    checkIndex(index, _dimensions(volumeNode)[axis], volumeNode)
    frame = Frame(volumeNode.GetID(), axis, int(index), SequenceLogic.itemOf(volumeNode))
    _checkPlane(frame)
    return frame


def acquiredAxis(volumeNode) -> int:
    """The IJK axis across the frames as they were acquired: the one that has one frame, else k."""
    return min((2, 1, 0), key=lambda axis: _dimensions(volumeNode)[axis] > 1)


def turnToFrame(sliceNode, volumeNode) -> None:
    """Rotate the view to the volume's nearest axes and snap it to the nearest frame."""
    checkVolume(volumeNode)
    sliceToRas = TransformLogic.arrayOf(sliceNode.GetSliceToRAS())
    ijkToRas = _ijkToRas(volumeNode)
    axes = _nearestAxes(sliceToRas, volumeNode)
    directions = [sign * ijkToRas[:3, axis] / np.linalg.norm(ijkToRas[:3, axis]) for axis, sign in axes]
    middle = _rasToIjk(volumeNode) @ sliceToRas[:, 3]
    last = np.array(_dimensions(volumeNode)) - 1
    across = 3 - axes[0][0] - axes[1][0]
    place = np.clip(middle[:3], 0, last)
    place[across] = round(place[across])
    sliceToRas[:3, 0], sliceToRas[:3, 1] = directions
    normal = np.cross(*directions)
    sliceToRas[:3, 2] = normal / np.linalg.norm(normal)
    sliceToRas[:3, 3] = (ijkToRas @ [*place, 1])[:3]
    sliceNode.GetSliceToRAS().DeepCopy(sliceToRas.ravel().tolist())
    sliceNode.UpdateMatrices()


def isShown(frame: Frame) -> bool:
    """Whether the frame is in the item that the Sequence browser shows now."""
    return SequenceLogic.itemOf(frame.volume) == frame.item


def current(frame: Frame) -> Frame | None:
    """The frame in this place in the item that the Sequence browser shows now; None without."""
    if isShown(frame):
        return frame
    try:
        checkVolume(frame.volume)
        if _dimensions(frame.volume)[frame.axis] == 1:
            return frameOf(frame.volume, 0, frame.axis)
        height, width = shape(frame)
        return frameAt(frame.volume, xyToRas(frame, (width - 1) / 2, (height - 1) / 2), frame.axis)
    except Refusal:
        return None


def neighbours(frame: Frame) -> list[Frame]:
    """The frames after and before, along the axis, or along the Sequence where the axis has one frame."""
    count = _dimensions(imageOf(frame))[frame.axis]
    if count > 1 or not (browser := _browserOf(frame)):
        return [replace(frame, index=i) for i in (frame.index + 1, frame.index - 1) if 0 <= i < count]
    place = (every := SequenceLogic.itemsOf(browser)).index(frame.item)
    ways = every[place + 1 :], every[:place][::-1]  # a loop of hundreds is not looked through for two
    near = (next(filter(functools.partial(ItemLogic.nodeAt, browser, frame.volume), way), "") for way in ways)
    return [replace(frame, item=item) for item in near if item]


def loopOf(frame: Frame) -> list[Frame]:
    """All frames along the axis, or along the Sequence where the axis has one frame; else itself alone."""
    count = _dimensions(imageOf(frame))[frame.axis]
    return [replace(frame, index=i) for i in range(count)] if count > 1 else items(frame)


def items(frame: Frame) -> list[Frame]:
    """This frame in each item of its Sequence that has an image; itself alone without a Sequence."""
    if (browser := _browserOf(frame)) is None:
        return [frame]
    here = [item for item in SequenceLogic.itemsOf(browser) if ItemLogic.nodeAt(browser, frame.volume, item)]
    return [replace(frame, item=item) for item in here]


def nodeAt(frame: Frame, node):
    """What a node has in the item of this frame; None where that is nothing. See ItemLogic.nodeAt."""
    return ItemLogic.nodeAt(_browserOf(frame), node, frame.item)


def lastingNode(frame: Frame):
    """The node that is the image for as long as it is in the scene: the Sequence of a loop, or the volume."""
    browser = _browserOf(frame)
    return browser.GetSequenceNode(frame.volume) if browser else frame.volume


def hasOwn(frame: Frame, node) -> bool:
    """Whether a node is in the item of this frame for sure: see ItemLogic.hasOwn."""
    return ItemLogic.hasOwn(_browserOf(frame), node, frame.item)


def imageOf(frame: Frame):
    """The volume node with the voxels, the spacing and the directions of the frame; Refusal if it is gone."""
    image = nodeAt(frame, frame.volume)
    if image is None or image.GetImageData() is None:
        text = _("{volume} has no image in item {item} any more: go to another one.")
        raise Refusal(text.format(volume=frame.volume.GetName(), item=frame.item))
    return image


def pixels(frame: Frame) -> np.ndarray:
    """(H, W) or (H, W, 3 or 4) copy of the frame's voxels, dtype as stored.

    Slicer shows a JPEG whose DICOM header calls it RGB in false colours; here it has its own.
    """
    voxels = slicer.util.arrayFromVolume(imageOf(frame))  # (K, J, I) or (K, J, I, C)
    return in_rgb(np.array(np.moveaxis(voxels, 2 - frame.axis, 0)[frame.index]))


def digest(frame: Frame) -> str:
    """SHA-256 of the frame's pixels: the same wherever they are loaded anew."""
    return _digest(frame, imageOf(frame).GetImageData().GetMTime())


def window(frame: Frame) -> tuple[float, float] | None:
    """(low, high) of the window and level that somebody set.

    None for 8-bit and colour frames, which need none, and where Slicer chooses, so that a frame is the same
    picture here, in a file and in training.
    """
    display, image = frame.volume.GetDisplayNode(), imageOf(frame).GetImageData()
    if image.GetNumberOfScalarComponents() > 1 or image.GetScalarSize() == 1:
        return None
    if not hasattr(display, "GetWindow") or display.GetAutoWindowLevel() or not display.GetWindow() > 0:
        return None
    half = display.GetWindow() / 2
    return display.GetLevel() - half, display.GetLevel() + half


def shape(frame: Frame) -> tuple[int, int]:
    """(H, W) in px."""
    x, y = _planeAxes(frame.axis)
    dimensions = _dimensions(imageOf(frame))
    return dimensions[y], dimensions[x]


def spacing(frame: Frame) -> tuple[float, float]:
    """(x, y) mm of a pixel, before the volume's transform."""
    x, y = _planeAxes(frame.axis)
    spacings = imageOf(frame).GetSpacing()
    return spacings[x], spacings[y]


def toWorld(frame: Frame, node) -> np.ndarray:
    """(4, 4): RAS mm of a node under linear transforms -> world RAS mm, in the item of this frame."""
    return ItemLogic.toWorld(_browserOf(frame), node, frame.item)


def pictureToRas(frame: Frame) -> np.ndarray:
    """(4, 4): (x, y, index along the frame's axis, 1) -> world RAS mm."""
    ijkToRas = toWorld(frame, frame.volume) @ TransformLogic.ijkToRas(imageOf(frame))
    return ijkToRas[:, [*_planeAxes(frame.axis), frame.axis, 3]]


def rasToPicture(frame: Frame) -> np.ndarray:
    """(4, 4): world RAS mm -> (x, y, index along the frame's axis, 1)."""
    return TransformLogic.inverse(pictureToRas(frame), frame.volume.GetName())


def rasToXy(frame: Frame, ras) -> tuple[float, float]:
    """World RAS mm -> (x, y) px, projected on the frame along its axis; may lie outside the picture."""
    x, y = (rasToPicture(frame) @ [*ras, 1])[:2]
    return float(x), float(y)


def xyToRas(frame: Frame, x: float, y: float) -> np.ndarray:
    """(x, y) px -> (3,) world RAS mm in the middle of the frame."""
    return (pictureToRas(frame) @ [x, y, frame.index, 1])[:3]


def contains(frame: Frame, x: float, y: float) -> bool:
    """Whether (x, y) px lies on the picture."""
    height, width = shape(frame)
    return -0.5 <= x < width - 0.5 and -0.5 <= y < height - 0.5


def nearest(frame: Frame, x: float, y: float) -> tuple[float, float]:
    """(x, y) px, or what is nearest to it of the pixels' centres."""
    height, width = shape(frame)
    return min(max(float(x), 0.0), width - 1.0), min(max(float(y), 0.0), height - 1.0)


def holds(frame: Frame, ras) -> bool:
    """Whether a world RAS position lies in this frame, half a voxel to each side of it included."""
    x, y, index, _one = rasToPicture(frame) @ [*ras, 1]
    return contains(frame, x, y) and abs(index - frame.index) <= 0.5 + TOLERANCE


def cacheKey(frame: Frame) -> tuple:
    """Equal as long as volume, voxels, frame and window are."""
    return (frame, digest(frame), window(frame))


def checkIndex(index, count: int, node) -> None:
    """Refusal for what does not count one of a node's frames from 0."""
    if not isinstance(index, (int, np.integer)) or not 0 <= index < count:
        text = _("Frame {index} of {name} does not exist: it has {count}, counted from 0.")
        raise Refusal(text.format(index=index, name=node.GetName(), count=count))


def checkVolume(volumeNode) -> None:
    """Refusal for a volume that has no pixels to show, or on which a place in the view is no (x, y)."""
    if volumeNode is None:
        raise Refusal(_("There is no source volume: choose one."))
    Given.check(volumeNode, _("a volume"), Given.VOLUME)
    if volumeNode.GetImageData() is None or not volumeNode.GetImageData().GetNumberOfPoints():
        raise Refusal(
            _("{name} has no voxels: choose another source volume.").format(name=volumeNode.GetName())
        )
    if not TransformLogic.isLinear(volumeNode):
        raise Refusal(
            _("{name} is under a transform that bends it: harden the transform first.").format(
                name=volumeNode.GetName()
            )
        )
    _rasToIjk(volumeNode)


def _checkPlane(frame: Frame) -> None:
    if min(shape(frame)) < 2:
        text = _("The view cuts {name} edge-on: press Turn view, or use the view in the plane of its frames.")
        raise Refusal(text.format(name=frame.volume.GetName()))


def _ijkToRas(volumeNode) -> np.ndarray:
    """(4, 4) voxel indices -> world RAS mm."""
    return TransformLogic.toWorld(volumeNode) @ TransformLogic.ijkToRas(volumeNode)


def _rasToIjk(volumeNode) -> np.ndarray:
    """(4, 4) world RAS mm -> voxel indices; Refusal for a volume without extent in a direction."""
    return TransformLogic.inverse(_ijkToRas(volumeNode), volumeNode.GetName())


def _dimensions(volumeNode) -> tuple[int, int, int]:
    return volumeNode.GetImageData().GetDimensions()


def _middle(volumeNode) -> np.ndarray:
    return (np.array(_dimensions(volumeNode)) - 1) / 2


def _planeAxes(axis: int) -> tuple[int, int]:
    """The IJK axes of x and y."""
    return tuple(other for other in range(3) if other != axis)


def _browserOf(frame: Frame):
    """The browser whose item the frame is in, None for a volume without items; Refusal if it is gone."""
    if not frame.item:
        return None
    browser = SequenceLogic.browserOf(frame.volume)
    if browser is None:
        text = _("{volume} is in no Sequence any more: go to another frame.")
        raise Refusal(text.format(volume=frame.volume.GetName()))
    return browser


@functools.lru_cache(maxsize=4096)
def _digest(frame: Frame, modified: int) -> str:
    """modified: VTK's time of the image, which no other image has."""
    return digest_of(pixels(frame))


def _axisAcross(normal: np.ndarray, volumeNode) -> int:
    """The IJK axis that the plane of this normal (world RAS) lies across."""
    columns = _ijkToRas(volumeNode)[:3, :3]
    normals = np.cross(columns[:, [1, 2, 0]], columns[:, [2, 0, 1]], axis=0)  # of planes of constant i, j, k
    return int(np.argmax(np.abs(normal @ (normals / np.linalg.norm(normals, axis=0)))))


def _tilt(perMm: np.ndarray, frame: Frame) -> float:
    """How many frames the view crosses from corner to corner; perMm: (2,) frames per mm of the view."""
    height, width = shape(frame)
    columns = pictureToRas(frame)[:3, :2] * [width - 1, height - 1]
    return math.hypot(*perMm) * float(np.linalg.norm(columns))


def _indexAt(place: float, axis: int, volumeNode) -> int:
    """The frame at a place along the axis, in voxels."""
    last = _dimensions(volumeNode)[axis] - 1
    if not -0.5 - TOLERANCE <= place <= last + 0.5 + TOLERANCE:
        raise Refusal(
            _("This is beside the frames of {name}: scroll until its image appears.").format(
                name=volumeNode.GetName()
            )
        )
    return min(max(math.floor(place + 0.5), 0), last)


def _nearestAxes(sliceToRas: np.ndarray, volumeNode) -> list[tuple[int, int]]:
    """(IJK axis, sign) for the view's x and y, the plane of a one-frame volume first of all."""
    columns = _ijkToRas(volumeNode)[:3, :3]
    closeness = sliceToRas[:3, :2].T @ (columns / np.linalg.norm(columns, axis=0))  # (view axis, IJK axis)
    thin = [axis for axis, count in enumerate(_dimensions(volumeNode)) if count == 1]
    across = thin[0] if len(thin) == 1 else _axisAcross(sliceToRas[:3, 2], volumeNode)
    first, second = _planeAxes(across)
    straight = abs(closeness[0, first]) + abs(closeness[1, second])
    crossed = abs(closeness[0, second]) + abs(closeness[1, first])
    pair = (first, second) if straight >= crossed else (second, first)
    return [(axis, 1 if closeness[view, axis] >= 0 else -1) for view, axis in enumerate(pair)]
