"""Draws docs/effect.md's slice view with points: python Resources/draw_screenshots.py [model file].

Needs slicer-core, with SAMCAUltrasound and Testing/stand_ins on PYTHONPATH. The frame is simulated; what the
model gives for the clicks is outlined, nothing is painted.
"""

from __future__ import annotations

import sys
from pathlib import Path

import make_samples
import numpy as np
import slicer
import slicer_scene
from scipy import ndimage

from samca.files import make_folder, replacing
from SAMCALib.Editing.EditLogic import EditLogic
from SAMCALib.Engine.EngineLogic import EngineLogic
from SAMCALib.Frames import FrameLogic
from SAMCALib.Segments.SegmentLogic import EditorHost

FOLDER = Path(__file__).resolve().parent / "Screenshots"
SIZE_PX = (800, 600)
OUTLINE = (0.95, 0.8, 0.2)  # red, green, blue; else it is another one each time


def places(labels: np.ndarray) -> list[tuple[float, float, bool]]:
    """(x, y, positive) of an initial click, one that adds and one that takes away, from the truth."""
    inside, outside = (ndimage.distance_transform_edt(part) for part in (labels == 1, labels == 0))
    depth = inside.max()
    middle = np.unravel_index(inside.argmax(), inside.shape)
    away = np.hypot(*(np.indices(labels.shape) - np.reshape(middle, (2, 1, 1))))
    adding = np.where(inside > 0.3 * depth, away, 0)
    taking = np.where((outside > 0.5 * depth) & (away < 2.2 * depth), away, 0)
    spots = [middle, *(np.unravel_index(score.argmax(), score.shape) for score in (adding, taking))]
    return [(float(x), float(y), number < 2) for number, (y, x) in enumerate(spots)]


def draw(application, engine: EngineLogic, path: Path) -> None:
    """Click on the sample SAMCALesion in a slice view and write what the view shows."""
    path_of_sample = str(make_samples.FOLDER / "samca-lesion.nrrd")
    volume = slicer.modules.volumes.logic().AddArchetypeVolume(path_of_sample, "SAMCALesion")
    editor = slicer_scene.Editor(volume)
    view = slicer_scene.SliceView(application, volume, size=SIZE_PX)
    edit = EditLogic(EditorHost(editor.logic), engine)
    edit.activate()
    for x, y, positive in places(make_samples.lesion().labels):
        edit.click(FrameLogic.frameShownIn(view.node, volume), x, y, positive)
        for _ in range(3):
            edit.poll()
            engine.wait(600)
    edit.poll()
    editor.segmentation.GetSegmentation().GetNthSegment(0).SetColor(*OUTLINE)
    display = editor.segmentation.GetDisplayNode()
    display.SetVisibility2DFill(False)  # so that the border in the picture can be judged
    display.SetSliceIntersectionThickness(3)
    make_folder(path.parent)
    with replacing(path) as temporary:
        view.save(temporary)
    edit.deactivate()
    view.close()


if __name__ == "__main__":
    engine = EngineLogic()
    engine.useModel(*(sys.argv[1:2] or ["shipped"]))
    engine.wait(600)
    if not engine.modelName:
        sys.exit(engine.status)
    draw(slicer_scene.start(), engine, FOLDER / "effect.png")
    engine.stop()
