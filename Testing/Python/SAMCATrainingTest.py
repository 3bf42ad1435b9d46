"""SAMCA Training in Slicer itself: from segmentations to a model in the effect. Nothing is downloaded."""

import importlib.util
import tempfile
import time
import unittest

import numpy as np
import slicer

NEEDED = ("torch", "safetensors", "segment_anything", "monai")
PATIENCE = 300  # s


class SAMCATrainingTest(unittest.TestCase):
    """Needs torch and monai for the last test only."""

    def setUp(self):
        slicer.mrmlScene.Clear(0)
        from SAMCALib.Models.ModelLogic import ModelLogic
        from SAMCATrainingLib.TrainingLogic import TrainingLogic

        folder = tempfile.TemporaryDirectory(
            prefix="SAMCA Training ", ignore_cleanup_errors=True
        )  # with a space, as many users have
        self.addCleanup(folder.cleanup)
        self.logic = TrainingLogic(f"{folder.name}/Training", ModelLogic(f"{folder.name}/Models"))

    def segmented(self, number):
        """(volume, segmentation) with a disc in each of three frames."""
        frames, rows, columns = np.mgrid[:3, :64, :80]
        disc = np.hypot(rows - 30 - 2 * number, columns - 36 - 3 * frames) < 14 + number
        noise = np.random.default_rng(number).integers(0, 90, disc.shape)
        volume = slicer.util.addVolumeFromArray((noise + 100 * disc).astype(np.uint8), name=f"Sweep {number}")
        segmentation = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLSegmentationNode")
        segmentation.CreateDefaultDisplayNodes()
        segmentation.SetReferenceImageGeometryParameterFromVolumeNode(volume)
        segmentId = segmentation.GetSegmentation().AddEmptySegment("Disc")
        slicer.util.updateSegmentBinaryLabelmapFromArray(
            disc.astype(np.uint8), segmentation, segmentId, volume
        )
        return volume, segmentation

    def data(self):
        """A data set of three volumes."""
        folder = self.logic.newDataset("Discs")
        for number in range(3):
            self.logic.addCase(*self.segmented(number), folder)
        return folder

    def until(self, run, reached):
        """The first state for which this is true; Slicer goes on meanwhile."""
        end = time.monotonic() + PATIENCE
        while time.monotonic() < end:
            slicer.app.processEvents()
            state = self.logic.state(run)
            if reached(state):
                return state
            self.assertNotEqual(state.status, "failed", f"{state.text} {state.advice}")
            time.sleep(0.1)
        self.fail(f"it did not come: {state}")
        return None

    def test_the_console_logic_is_found(self):
        logic = slicer.util.getModuleLogic("SAMCATraining")
        for name in ("addCase", "check", "start", "state", "stop", "resume", "evaluate", "register"):
            self.assertTrue(callable(getattr(logic, name)), name)

    def test_the_interpreter_is_slicers_own(self):
        from SAMCALib import ChildProcess

        self.assertIn("PythonSlicer", ChildProcess.python())

    def test_segmentations_become_cases(self):
        summary = self.logic.check(self.data())
        self.assertEqual(summary.problems, ())
        self.assertEqual((summary.counts.cases, summary.counts.groups), (9, 3))

    @unittest.skipIf(
        any(importlib.util.find_spec(name) is None for name in NEEDED), "torch or monai is missing"
    )
    def test_the_whole_path(self):
        advanced = {"epochs": 3, "batch": 3, "device": "cpu", "validation_share": 0.3}
        settings = self.logic.settings(self.data(), "Discs", preset="quick", advanced=advanced)
        run = self.logic.start(settings)
        self.until(run, lambda state: state.epochRecords)
        self.logic.stop(run)
        self.until(run, lambda state: not state.isAlive)
        self.logic.resume(run)
        state = self.until(run, lambda state: state.status in ("running", "finished"))
        if state.isAlive:
            self.logic.kill(run)
            self.until(run, lambda state: not state.isAlive)
            self.logic.resume(run)
        self.until(run, lambda state: state.status == "finished")
        self.logic.evaluate(run)
        self.until(run, lambda state: state.evaluation.status == "finished")
        self.assertEqual(self.logic.resultTable(run).GetNumberOfRows(), 6)
        info = self.logic.register(run)
        self.assertIn(info.source, [model.source for model in self.logic.models.models()])
        self.assertNotEqual(self.maskOf("shipped").tobytes(), self.maskOf(info.source).tobytes())

    def maskOf(self, source):
        """What one click gives with this model."""
        from SAMCALib.Engine.EngineLogic import EngineLogic
        from SAMCALib.Frames import FrameLogic
        from SAMCALib.SegmentationLogic import SegmentationLogic
        from SAMCALib.Segments.SegmentLogic import maskOf

        volume, segmentation = self.segmented(1)
        frame = FrameLogic.frameOf(volume, 1)
        engine = EngineLogic()
        engine.useModel(source, "cpu")
        where = [FrameLogic.xyToRas(frame, 39, 32)]
        logic = SegmentationLogic(engine)
        segmentId = logic.segment(volume, where, segmentationNode=segmentation, frame=frame)
        engine.stop()
        return maskOf(segmentation, segmentId, frame)
