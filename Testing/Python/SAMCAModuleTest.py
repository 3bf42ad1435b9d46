"""The module in Slicer itself: panel, console logic, samples."""

import tempfile
import unittest
from pathlib import Path

import numpy as np
import slicer
import slicer.util


class SAMCAModuleTest(unittest.TestCase):
    """Nothing is installed or downloaded here."""

    def setUp(self):
        slicer.mrmlScene.Clear(0)

    def test_the_console_logic_is_found(self):
        logic = slicer.util.getModuleLogic("SAMCAUltrasound")
        self.assertTrue(callable(logic.segment))

    def test_the_panel_says_how_things_stand_and_every_button_has_a_tooltip(self):
        panel = slicer.modules.samcaultrasound.widgetRepresentation().self().panel
        panel.showModels()
        panel.showInstallation()
        self.assertTrue(panel.ui.installLabel.text)
        for name in ("segmentButton", "installButton", "addButton", "removeButton", "downloadButton"):
            self.assertTrue(getattr(panel.ui, name).toolTip, name)

    def test_samples_are_registered(self):
        sources = [s for group in slicer.modules.sampleDataSources.values() for s in group]
        names = [s.sampleName for s in sources if s.sampleName and s.sampleName.startswith("SAMCA")]
        self.assertEqual(names, ["SAMCANerve", "SAMCALesion", "SAMCALoop"])

    def test_a_script_gets_a_frame_by_its_name(self):
        import SampleData

        volume = SampleData.downloadSample("SAMCALesion")
        self.assertEqual(volume.GetImageData().GetDimensions(), (512, 384, 1))

    def test_a_script_gets_a_loop_as_a_sequence_that_is_shown(self):
        import SampleData

        sequence = SampleData.downloadSample("SAMCALoop")
        self.assertEqual(sequence.GetNumberOfDataNodes(), 12)
        browser = slicer.mrmlScene.GetFirstNodeByClass("vtkMRMLSequenceBrowserNode")
        self.assertEqual(browser.GetProxyNode(sequence).GetImageData().GetDimensions(), (208, 160, 1))

    def test_a_worklist_saves_each_case_as_it_is_left_and_goes_on_another_day(self):
        from PIL import Image

        worklist = slicer.modules.samcaultrasound.widgetRepresentation().self().panel.worklist
        with tempfile.TemporaryDirectory() as folder:
            for number in range(3):
                Image.fromarray(np.full((60, 80), 50 * number, np.uint8)).save(Path(folder, f"{number}.png"))
            worklist.openFolder(folder)
            worklist.next()
            case = worklist.logic.current
            mask = np.zeros((1, 60, 80), np.uint8)
            mask[0, 20:40, 30:50] = 1
            segment = case.segmentation.GetSegmentation().GetNthSegmentID(0)
            words = mask, case.segmentation, segment, case.volume
            slicer.util.updateSegmentBinaryLabelmapFromArray(*words)
            worklist.accept()
            self.assertEqual(worklist.logic.name, "1.png")
            self.assertTrue(Path(folder, "0.seg.nrrd").is_file())
            worklist.close()
            worklist.openFolder(folder)
            self.assertEqual(worklist.logic.counts["accepted"], 1)
            worklist.close()

    def test_the_effect_is_registered(self):
        editor = slicer.qMRMLSegmentEditorWidget()
        self.assertIn("SAMCA", editor.availableEffectNames())
