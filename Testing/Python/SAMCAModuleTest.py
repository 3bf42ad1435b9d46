"""The module in Slicer itself: panel, console logic, samples."""

import unittest

import slicer


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

    def test_the_effect_is_registered(self):
        editor = slicer.qMRMLSegmentEditorWidget()
        self.assertIn("SAMCA", editor.availableEffectNames())
