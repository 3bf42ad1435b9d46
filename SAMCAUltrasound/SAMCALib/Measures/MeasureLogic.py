"""Sizes of a segment: in one frame, and in all frames of a volume or Sequence that it lies in."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from samca import measures, spreadsheets
from samca.files import write_atomically
from samca.measures import Measurements
from samca.measures.table import ALL, HEADING, rows_of, volume_row

from ..Frames import FrameLogic, ScreenRegions, TransformLogic
from ..Frames.FrameLogic import Frame
from ..Segments import GridLogic, SegmentLogic
from ..Texts import _
from . import PixelSize, TableLogic


@dataclass(frozen=True)
class Volume:
    """Of all voxels in one item: how many, and how much they are, in mm^3 or, in px, their number."""

    item: str
    voxels: int
    size: float
    unit: str


@dataclass(frozen=True)
class Sizes:
    """Of one segment: the frames that it lies in, one at least, which may be empty; volumes of sweeps."""

    segment: str  # its name
    frames: tuple[tuple[Frame, Measurements], ...]
    volumes: tuple[Volume, ...] = ()

    @property
    def largest(self) -> tuple[Frame, Measurements]:
        """Where its area is largest."""
        return max(self.frames, key=lambda each: each[1].area)

    @property
    def rows(self) -> list:
        """As of samca.measures.table, without a heading; frames by item or number, from 1 as users count."""
        rows = [row for frame, each in self.frames for row in rows_of(self.segment, numberOf(frame), each)]
        for each in self.volumes:
            rows.append(volume_row(self.segment, each.item or ALL, each.size, each.voxels, each.unit))
        return rows

    @property
    def sentence(self) -> str:
        """The words of the largest frame, with what to heed."""
        return wordsOf(self.largest[1])

    def toTable(self, tableNode=None):
        """The vtkMRMLTableNode with all rows, a new one in the scene if none is given."""
        return TableLogic.fill(tableNode, self.segment, HEADING, self.rows)

    def toChart(self):
        """A vtkMRMLPlotChartNode of how area, axes and brightness change from frame to frame of the loop or
        sweep, with the largest and the smallest area marked."""
        loop = FrameLogic.loopOf(self.frames[0][0])
        place = {frame: number for number, frame in enumerate(loop, start=1)}
        shown = [(place[f], each) for f, each in self.frames if f in place and each.long_axis is not None]
        rows = [
            (at, each.area, each.long_axis.length, each.short_axis.length, each.mean_inside)
            for at, each in shown
        ]
        unit = self.frames[0][1].unit
        curves = (
            _("area, {unit}").format(unit=f"{unit}\u00b2"),
            _("long axis, {unit}").format(unit=unit),
            _("short axis, {unit}").format(unit=unit),
            _("brightness inside"),
        )
        return TableLogic.chart(self.segment, _("frame"), curves, rows, _extremes(shown))

    def toCsv(self, path: str | Path) -> None:
        """Write all rows; OSError where that cannot be."""
        write_atomically(Path(path), spreadsheets.text_of([HEADING, *self.rows]).encode())


@dataclass(frozen=True)
class Progress:
    """How far measuring is, in frames measured; `sizes` at its end."""

    done: int
    of: int
    sizes: Sizes | None = None


def numberOf(frame: Frame) -> str:
    """What the user calls the frame within its volume: item, number from 1, or both."""
    count, number = _countIn(frame), str(frame.index + 1)
    if not frame.item:
        return number
    return frame.item if count == 1 else f"{frame.item} {number}"


def wordsOf(measured: Measurements) -> str:
    """A line of words to copy, the other sizes, and what to heed; "" without an object."""
    said = measures.sentence_of(measured), measures.sizes_of(measured)
    return " ".join([*said, *measured.notes]).strip()


def ofMask(mask: np.ndarray, frame: Frame, brightness: bool = True) -> Measurements:
    """Sizes of an (H, W) bool mask on a frame, as it lies in the world; with how bright it is there."""
    spacing, lean = PixelSize.ofFrame(frame)
    pixels = FrameLogic.pixels(frame) if brightness else None
    return measures.measure(mask, spacing, pixels, lean, ScreenRegions.windowOf(frame, mask))


def ofSegment(segmentationNode, segmentId: str, volumeNode, frame: Frame | None = None) -> Sizes:
    """All frames of the volume, of its Sequence those of all items, that the segment lies in; or one frame.

    Refusal for what cannot be read as it lies, ValueError for a segment that does not exist.
    """
    if frame is None:
        return _atEnd(measuring(segmentationNode, segmentId, volumeNode))
    _check(segmentationNode, segmentId, volumeNode)
    return _atEnd(_measuring(segmentationNode, segmentId, [frame], []))


def measuring(segmentationNode, segmentId: str, volumeNode) -> Iterator[Progress]:
    """All frames, one after the other, for a timer; raises as `ofSegment`."""
    _check(segmentationNode, segmentId, volumeNode)
    items = FrameLogic.items(_firstFrame(volumeNode))
    asked = [each for item in items for each in slicesOf(item)]
    yield from _measuring(segmentationNode, segmentId, asked, items)


def ofShown(segmentationNode, segmentId: str, volumeNode) -> Sizes:
    """The same in the item that is shown alone: for a segmentation that does not follow the Sequence."""
    _check(segmentationNode, segmentId, volumeNode)
    first = _firstFrame(volumeNode)
    return _atEnd(_measuring(segmentationNode, segmentId, slicesOf(first), [first]))


def _extremes(shown: Sequence[tuple[int, Measurements]]) -> dict[str, tuple[float, float]]:
    """Where the area is largest and smallest, and how large it is there."""
    if len(shown) < 2:
        return {}
    words = (_("largest area, frame {number}"), max), (_("smallest area, frame {number}"), min)
    found = [(text, choose(shown, key=lambda each: each[1].area)) for text, choose in words]
    return {text.format(number=at): (at, each.area) for text, (at, each) in found}


def _check(segmentationNode, segmentId: str, volumeNode) -> None:
    FrameLogic.checkVolume(volumeNode)
    SegmentLogic.checkSegmentation(segmentationNode)
    SegmentLogic.ensureSegment(segmentationNode, segmentId or "(none)")


def _firstFrame(volumeNode) -> Frame:
    return FrameLogic.frameOf(volumeNode, 0, FrameLogic.acquiredAxis(volumeNode))


def _atEnd(steps: Iterator[Progress]) -> Sizes:
    *_others, last = steps
    return last.sizes


def _measuring(
    segmentationNode, segmentId: str, asked: list[Frame], items: list[Frame]
) -> Iterator[Progress]:
    """items: those whose volumes are to be measured, if they have several frames."""
    found, volumes, isSweep = [], [], len(asked) > len(items) > 0
    for number, each in enumerate(asked):
        yield Progress(number, len(asked))
        mask = SegmentLogic.maskOf(segmentationNode, segmentId, each)
        if mask.any():
            found.append((each, ofMask(mask, each)))
    found = found or [(asked[0], ofMask(np.zeros(FrameLogic.shape(asked[0]), bool), asked[0]))]
    for item in items if isSweep else ():
        yield Progress(len(asked), len(asked))
        volumes.append(_volume(segmentationNode, segmentId, item))
    name = segmentationNode.GetSegmentation().GetSegment(segmentId).GetName()
    sizes = Sizes(name, tuple(found), tuple(each for each in volumes if each.voxels))
    yield Progress(len(asked), len(asked), sizes)


def slicesOf(frame: Frame) -> list[Frame]:
    """All frames along the axis of this one, in its item."""
    return [replace(frame, index=index) for index in range(_countIn(frame))]


def _countIn(frame: Frame) -> int:
    return FrameLogic.imageOf(frame).GetImageData().GetDimensions()[frame.axis]


def _volume(segmentationNode, segmentId: str, frame: Frame) -> Volume:
    """Of the segment's own voxels in the item of a frame; without voxels for a loop, which has no volume."""
    node = FrameLogic.nodeAt(frame, segmentationNode)
    segment = node and node.GetSegmentation().GetSegment(segmentId)
    labelmap = segment and segment.GetRepresentation(SegmentLogic.LABELMAP)
    count = _voxelsOf(segment, labelmap) if labelmap else 0
    if not count:
        return Volume(frame.item, 0, 0.0, "mm")
    if PixelSize.ofFrame(frame)[0] is None:
        return Volume(frame.item, count, float(count), "px")
    if not PixelSize.isStepKnown(frame):
        return Volume(frame.item, 0, 0.0, "mm")
    toWorld = FrameLogic.toWorld(frame, segmentationNode) @ TransformLogic.imageToWorld(labelmap)
    return Volume(frame.item, count, count * abs(float(np.linalg.det(toWorld[:3, :3]))), "mm")


def _voxelsOf(segment, labelmap) -> int:
    """How many there are, counted layer by layer: a copy of a large labelmap takes long."""
    *layer, first, last = labelmap.GetExtent()
    layers = (GridLogic.voxelsIn(segment, labelmap, (*layer, k, k)) for k in range(first, last + 1))
    return sum(int(np.count_nonzero(each.values)) for each in layers if each)
