"""The panel of SAMCA Training in Slicer itself: PythonQt's widgets and real views; no torch, no download."""

import json
import pathlib
import tempfile
import time
import unittest
import unittest.mock

import numpy as np
import slicer

PATIENCE = 60  # s


class SAMCATrainingPanelTest(unittest.TestCase):
    """Each test has a panel of its own, with data and runs in a folder of its own."""

    def setUp(self):
        slicer.mrmlScene.Clear(0)
        from SAMCALib.Models.ModelLogic import ModelLogic
        from SAMCATrainingLib.TrainingLogic import TrainingLogic
        from SAMCATrainingLib.TrainingWidget import TrainingWidget

        folder = tempfile.TemporaryDirectory(prefix="SAMCA Training ")
        self.addCleanup(folder.cleanup)
        patch = unittest.mock.patch.object(slicer.util, "confirmOkCancelDisplay", return_value=True)
        patch.start()  # outside of a test run it would wait for an answer
        self.addCleanup(patch.stop)
        self.logic = TrainingLogic(f"{folder.name}/Training", ModelLogic(f"{folder.name}/Models"))
        ui = pathlib.Path(slicer.modules.samcatraining.path).parent / "Resources" / "UI"
        self.panel = TrainingWidget(str(ui), self.logic)
        self.addCleanup(self.panel.cleanup)
        self.panel.widget.show()
        self.panel.enter()

    def segmented(self, number):
        """(volume, segmentation) with a square in two of three frames."""
        pixels = np.random.default_rng(number).integers(0, 255, (3, 48, 64)).astype(np.uint8)
        volume = slicer.util.addVolumeFromArray(pixels, name=f"Sweep {number}")
        segmentation = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLSegmentationNode", f"Truth {number}")
        segmentation.CreateDefaultDisplayNodes()
        segmentation.SetReferenceImageGeometryParameterFromVolumeNode(volume)
        segmentId = segmentation.GetSegmentation().AddEmptySegment("Lesion")
        voxels = np.zeros(pixels.shape, np.uint8)
        voxels[:2, 10:20, 10:30] = 1
        slicer.util.updateSegmentBinaryLabelmapFromArray(voxels, segmentation, segmentId, volume)
        return volume, segmentation

    def until(self, reached):
        """Let Slicer work until this is true."""
        end = time.monotonic() + PATIENCE
        while not reached():
            self.assertLess(time.monotonic(), end, "it did not come")
            slicer.app.processEvents()
            time.sleep(0.02)

    def addData(self):
        """Two segmentations, added with the button."""
        ui = self.panel.data.ui
        for number in range(2):
            volume, segmentation = self.segmented(number)
            ui.volumeSelector.setCurrentNode(volume)
            ui.segmentationSelector.setCurrentNode(segmentation)
            ui.addButton.click()
            self.until(lambda: ui.addButton.enabled and self.panel.data.isChecked)
        self.panel.tick()

    def aRun(self):
        """The folder of a run that was stopped after two epochs."""
        run = self.logic.folder / "Runs" / "Nerve"
        run.mkdir(parents=True)
        (run / "run.json").write_text(json.dumps({"name": "Nerve", "epochs": 4, "data": [], "out": str(run)}))
        losses = {"loss": 0.5, "initial": 0.3, "guided": 0.2}
        records = [{"event": "start", "device": "CPU", "training": 3, "validation": 1, "time": 1.0}]
        before = {"1": 50.0, "3": 58.0, "5": 70.0}
        records.append({"event": "base", "dice": before, "targets": 2, "groups": 2, "time": 1.5})
        for epoch in (1, 2):
            dice = {"1": 50.0 + epoch, "3": 60.0, "5": 70.0}
            record = {"event": "epoch", "epoch": epoch, "of": 4, **losses, "seconds": 1.0, "dice": dice}
            records.append({**record, "gain": 1.0 * epoch, "error": 0.4, "kept": epoch, "time": 1.0 + epoch})
        records.append({"event": "stopped", "epoch": 2, "step": 1, "time": 4.0})
        (run / "log.jsonl").write_text("".join(json.dumps(record) + "\n" for record in records))
        return run

    def test_every_button_has_a_tooltip(self):
        import qt

        for step in self.panel.steps:
            for child in vars(step.ui).values():
                if isinstance(child, (qt.QPushButton, qt.QToolButton, qt.QComboBox, qt.QLineEdit)):
                    self.assertTrue(child.toolTip or child.objectName.startswith("qt_"), child.objectName)

    def test_segmentations_become_rows_with_thumbnails(self):
        self.addData()
        table = self.panel.data.ui.casesTable
        self.assertEqual(table.rowCount, 4)
        self.assertFalse(table.item(0, 0).icon().isNull())
        self.assertTrue(table.item(0, 1).text())
        self.assertIn("4", self.panel.data.ui.countsLabel.text)

    def test_segments_can_be_left_out(self):
        import qt

        volume, segmentation = self.segmented(0)
        ui = self.panel.data.ui
        ui.volumeSelector.setCurrentNode(volume)
        ui.segmentationSelector.setCurrentNode(segmentation)
        self.assertEqual(ui.segmentsList.count, 1)
        ui.segmentsList.item(0).setCheckState(qt.Qt.Unchecked)
        ui.addButton.click()
        self.assertTrue(ui.addedLabel.text)
        self.assertFalse(self.panel.data.data)

    def test_selected_cases_are_removed(self):
        self.addData()
        table = self.panel.data.ui.casesTable
        table.selectRow(0)
        self.panel.data.ui.removeButton.click()
        self.until(lambda: self.panel.data.isChecked)
        self.assertEqual(table.rowCount, 3)

    def test_advanced_settings_are_widgets_that_can_be_read(self):
        advanced = self.panel.settings.advanced
        self.assertEqual(advanced.values(), {})
        advanced.widgets["epochs"].value = 3
        advanced.widgets["learning_rate"].text = "7e-4"
        self.assertEqual(advanced.values(), {"epochs": 3, "learning_rate": 7e-4})
        advanced.resetButton.click()
        self.assertEqual(advanced.values(), {})

    def test_a_run_is_found_again_with_its_curves_and_log(self):
        self.aRun()
        self.panel.enter()
        ui = self.panel.run.ui
        self.assertEqual(self.panel.run.state.status, "stopped")
        self.assertTrue(ui.resumeButton.enabled or not self.panel.run.installation.status().ready)
        self.assertFalse(ui.stopButton.enabled)
        ui.logButton.click()
        self.assertIn("2", ui.logText.plainText)
        before = slicer.app.layoutManager().layout
        ui.curvesButton.click()
        slicer.app.processEvents()
        views = slicer.util.getNodesByClass("vtkMRMLPlotViewNode")
        shown = [view for view in views if view.IsMappedInLayout()]
        self.assertEqual([view.GetPlotChartNode() is not None for view in shown], [True, True])
        tables = slicer.util.getNodesByClass("vtkMRMLTableNode")
        self.assertIn(3, [table.GetNumberOfRows() for table in tables])
        manager = slicer.app.layoutManager()
        plots = [manager.plotWidget(number) for number in range(manager.plotViewCount)]
        heights = [plot.height for plot in plots if plot.mrmlPlotViewNode().IsMappedInLayout()]
        self.assertTrue(heights and min(heights) > 100, heights)
        slicer.mrmlScene.Clear(0)
        self.panel.tick()
        ui.curvesButton.click()
        self.assertEqual(slicer.app.layoutManager().layout, before)

    def test_the_result_says_whether_training_has_helped(self):
        run = self.aRun()
        (run / "best.safetensors").write_bytes(b"not read here")
        self.panel.enter()
        ui = self.panel.result.ui
        self.assertIn("Better than before: Dice +2.0", ui.outcomeLabel.text)
        self.assertEqual(ui.diceTable.rowCount, 3)
        self.assertIn("better", ui.diceTable.item(0, 3).text())
        self.assertTrue(ui.useButton.enabled)

    def test_closing_the_scene_while_cases_are_added_breaks_nothing(self):
        volume, segmentation = self.segmented(0)
        ui = self.panel.data.ui
        ui.volumeSelector.setCurrentNode(volume)
        ui.segmentationSelector.setCurrentNode(segmentation)
        ui.addButton.click()
        slicer.mrmlScene.Clear(0)
        slicer.app.processEvents()
        self.assertTrue(ui.addButton.enabled)
