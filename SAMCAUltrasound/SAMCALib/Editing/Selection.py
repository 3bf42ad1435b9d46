"""What is chosen in an editor: the segmentation, the segment, the volume; whether a frame can be changed."""

from __future__ import annotations

from ..Frames import FrameLogic, SequenceLogic
from ..Frames.FrameLogic import Frame
from ..Prompts import TagLogic
from ..Segments import SegmentLogic
from ..Texts import Refusal, _


class Selection:
    """host: as of EditLogic."""

    def __init__(self, host):
        self.host = host

    @property
    def volume(self):
        """The source volume node, None without."""
        editor = self.host.parameterSetNode()
        return editor and editor.GetSourceVolumeNode()

    @property
    def segment(self) -> tuple:
        """(segmentation node or None, segment id or "")."""
        editor = self.host.parameterSetNode()
        segmentation = editor and editor.GetSegmentationNode()
        if segmentation is None or segmentation.GetSegmentation() is None:
            return None, ""
        segmentId = editor.GetSelectedSegmentID() or ""
        known = segmentId and segmentation.GetSegmentation().GetSegment(segmentId) is not None
        return segmentation, segmentId if known else ""

    def place(self, frame: Frame | None) -> tuple | None:
        """(segmentation id, segment id, frame), None without a segment or a frame."""
        segmentation, segmentId = self.segment
        return (segmentation.GetID(), segmentId, frame) if frame is not None and segmentId else None

    def hasVoxels(self, frame: Frame) -> bool:
        """Whether the frame is of the volume that is chosen, and that has its voxels still."""
        volume = self.volume
        isChosen = volume is not None and volume.GetID() == frame.volumeId
        image = volume.GetImageData() if isChosen else None
        return image is not None and image.GetNumberOfPoints() > 0

    def target(self, frame: Frame) -> tuple:
        """The place to change, prepared; a segment is made if there is none."""
        segmentation, segmentId = self.segment
        SegmentLogic.prepareSegmentation(segmentation, frame.volume)
        SequenceLogic.synchronise(segmentation, frame.volume)
        if not segmentId:
            segmentId = SegmentLogic.ensureSegment(segmentation)
            self.host.parameterSetNode().SetSelectedSegmentID(segmentId)
        SequenceLogic.addSegmentToItems(segmentation, segmentId)
        return segmentation.GetID(), segmentId, frame

    def sight(self, frame: Frame | None) -> tuple:
        """What is seen of prompts depends on it: (segmentation id, segment id, tag, frame)."""
        segmentation, segmentId = self.segment
        segment = segmentation.GetSegmentation().GetSegment(segmentId) if segmentId else None
        return segmentation and segmentation.GetID(), segmentId, TagLogic.tagText(segment), frame

    def check(self, frame: Frame | None, xy: tuple[float, float] | None = None) -> None:
        """Refusal unless this frame, and this place on it, can be clicked now; nothing is changed."""
        volume, (segmentation, _segmentId) = self.volume, self.segment
        FrameLogic.checkVolume(volume)
        if segmentation is None:
            raise Refusal(_("There is no segmentation: choose or create one above."))
        SequenceLogic.checkLoop(segmentation, volume)
        if frame is None or frame.volumeId != volume.GetID():
            raise Refusal(_("This view shows another volume than {name}.").format(name=volume.GetName()))
        if xy is not None and not FrameLogic.contains(frame, *xy):
            raise Refusal(_("The click is outside the image: click inside it."))
