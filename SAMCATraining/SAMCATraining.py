"""The module SAMCA Training: from the user's own segmentations to a model in the Segment Editor effect."""

from pathlib import Path

from slicer.i18n import tr as _
from slicer.i18n import translate
from slicer.ScriptedLoadableModule import (
    ScriptedLoadableModule,
    ScriptedLoadableModuleTest,
    ScriptedLoadableModuleWidget,
)

FOLDER = Path(__file__).resolve().parent


class SAMCATraining(ScriptedLoadableModule):
    """What Slicer shows of the module."""

    def __init__(self, parent):
        ScriptedLoadableModule.__init__(self, parent)
        parent.title = _("SAMCA Training")
        parent.categories = [translate("qSlicerAbstractCoreModule", "Segmentation")]
        parent.dependencies = ["SAMCAUltrasound", "Segmentations", "Sequences", "Tables", "Plots"]
        parent.contributors = ["SAMCA contributors"]
        parent.helpText = _(
            "Trains the model of the Segment Editor effect SAMCA on your own segmentations, on this "
            "computer: nothing is sent anywhere. The result is one file of a few MB that the effect offers."
        )
        parent.acknowledgementText = _(
            "After Huo et al., SAMCA, ICIC 2025, and Kirillov et al., Segment Anything, ICCV 2023."
        )


class SAMCATrainingWidget(ScriptedLoadableModuleWidget):
    """The panel; `logic` is what `slicer.util.getModuleLogic("SAMCATraining")` returns."""

    def setup(self):
        ScriptedLoadableModuleWidget.setup(self)
        from SAMCATrainingLib.TrainingLogic import TrainingLogic
        from SAMCATrainingLib.TrainingWidget import TrainingWidget

        self.logic = TrainingLogic()
        self.panel = TrainingWidget(self.resourcePath("UI"), self.logic)
        self.layout.addWidget(self.panel.widget)

    def enter(self):
        """The user opens the module."""
        self.panel.enter()

    def exit(self):
        """The user goes to another module."""
        self.panel.exit()

    def cleanup(self):
        """The application ends, or the module is reloaded; a run goes on without it."""
        self.panel.cleanup()


class SAMCATrainingTest(ScriptedLoadableModuleTest):
    """Runs the self tests of Testing/Python, which are in the source tree and are not installed."""

    def runTest(self):
        import importlib.util
        import unittest

        files = sorted((FOLDER.parent / "Testing" / "Python").glob("SAMCATraining*Test.py"))
        if not files:
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
