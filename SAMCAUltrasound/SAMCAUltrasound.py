"""The module SAMCA Ultrasound: registers the Segment Editor effect and sample data, shows the setup panel."""

import logging
from pathlib import Path

import slicer
from slicer.i18n import tr as _
from slicer.i18n import translate
from slicer.ScriptedLoadableModule import (
    ScriptedLoadableModule,
    ScriptedLoadableModuleTest,
    ScriptedLoadableModuleWidget,
)

FOLDER = Path(__file__).resolve().parent
SELF_TESTS = ("SAMCAEffectTest", "SAMCAModuleTest")


class SAMCAUltrasound(ScriptedLoadableModule):
    """What Slicer shows of the module; everything else waits until the application has started."""

    def __init__(self, parent):
        ScriptedLoadableModule.__init__(self, parent)
        parent.title = _("SAMCA Ultrasound")
        parent.categories = [translate("qSlicerAbstractCoreModule", "Segmentation")]
        parent.dependencies = ["Segmentations", "Markups", "Sequences"]
        parent.contributors = ["SAMCA contributors"]
        parent.helpText = _(
            "Sets up the Segment Editor effect SAMCA, which outlines structures in ultrasound from a few "
            "clicks. The method: shared-weight adapters in a frozen Segment Anything model, double click "
            "training and dynamic fusion of prompts. Its worklist goes through a folder of images case by "
            "case and saves each as it is left; the keys are in the help of the effect."
        )
        parent.acknowledgementText = _(
            "After Huo et al., SAMCA, ICIC 2025, and Kirillov et al., Segment Anything, ICCV 2023. "
            "The sample SAMCANerve is frame 0185 of usgra-seg by T. Kandaouroff, CC BY 4.0, grey and reduced."
        )
        slicer.app.connect("startupCompleted()", onStartupCompleted)


def onStartupCompleted():
    """Register effect, samples and statistics; go on with an installation that a restart interrupted."""
    registerEffect()
    registerSampleData()
    registerStatistics()
    from SAMCALib.Models.InstallLogic import InstallLogic

    if InstallLogic().shouldResume() and slicer.util.mainWindow():
        slicer.util.selectModule("SAMCAUltrasound")


def registerEffect():
    """Tell the Segment Editor about the effect."""
    import qSlicerSegmentationsEditorEffectsPythonQt as effects

    import SAMCAUltrasoundLib  # imported first, so that Slicer takes the effect from this package

    effect = effects.qSlicerSegmentEditorScriptedEffect(None)
    effect.setPythonSource((Path(SAMCAUltrasoundLib.__file__).parent / "SegmentEditorEffect.py").as_posix())
    effect.self().register()


def registerSampleData():
    """Offer the samples in the module Sample Data."""
    from SAMCALib.Models import Samples

    try:
        Samples.register()
    except ImportError:  # an application without that module
        logging.info("SAMCA Ultrasound: no Sample Data module, so no samples")


def registerStatistics():
    """Offer sizes in the module Segment Statistics."""
    try:
        from SegmentStatistics import SegmentStatisticsLogic

        from SAMCAUltrasoundLib.StatisticsPlugin import SAMCASegmentStatisticsPlugin
    except ImportError:  # an application without that module
        logging.info("SAMCA Ultrasound: no Segment Statistics module, so no sizes there")
    else:
        SegmentStatisticsLogic.registerPlugin(SAMCASegmentStatisticsPlugin())


class SAMCAUltrasoundWidget(ScriptedLoadableModuleWidget):
    """The panel; `logic` is what `slicer.util.getModuleLogic("SAMCAUltrasound")` returns."""

    def setup(self):
        ScriptedLoadableModuleWidget.setup(self)
        from SAMCALib.SegmentationLogic import SegmentationLogic
        from SAMCAUltrasoundLib import ModuleWidget

        self.logic = SegmentationLogic()
        self.panel = ModuleWidget(self.resourcePath("UI/SAMCAUltrasound.ui"))
        self.layout.addWidget(self.panel.widget)

    def enter(self):
        """The user opens the module."""
        self.panel.enter()

    def cleanup(self):
        """The application ends, or the module is reloaded."""
        self.panel.cleanup()


class SAMCAUltrasoundTest(ScriptedLoadableModuleTest):
    """Runs the self tests of Testing/Python, which are in the source tree and are not installed."""

    def runTest(self):
        import importlib.util
        import unittest

        files = [FOLDER.parent / "Testing" / "Python" / f"{name}.py" for name in SELF_TESTS]
        if not all(file.is_file() for file in files):
            self.skipTest(_("The self tests are not installed: run them from the source tree."))
        suite = unittest.TestSuite()
        for file in files:
            specification = importlib.util.spec_from_file_location(file.stem, file)
            module = importlib.util.module_from_spec(specification)
            specification.loader.exec_module(module)
            suite.addTests(unittest.defaultTestLoader.loadTestsFromModule(module))
        result = unittest.TextTestRunner(verbosity=2).run(suite)
        if not result.wasSuccessful():
            self.fail(f"{len(result.failures + result.errors)} self tests failed")
