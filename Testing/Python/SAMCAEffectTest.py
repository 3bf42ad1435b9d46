"""The effect in Slicer itself: PythonQt's widgets, the real host, real history; no weights, no download."""

import time
import types
import unittest

import numpy as np
import slicer


class DiscModel:
    """Stands in for a network: a disc around every positive click, without discs around the negative ones and
    a hole of this radius beside the click."""

    hole = 0
    config = types.SimpleNamespace(
        image_size=64, fit="squash", feedback="none", zoom=0.0, mirror=False, tidy=False
    )

    def embed(self, pixels):
        return (pixels,)

    def predict(self, features, prompts, previous):
        y, x = np.mgrid[:64, :64]
        inside = np.zeros((64, 64), bool)
        for click in prompts.clicks:
            distance = np.hypot(x - click.x, y - click.y)
            if click.positive:
                beside = np.hypot(x - click.x + self.hole + 1, y - click.y)
                inside |= (distance <= 8) & (beside >= self.hole)
            else:
                inside &= distance > 4
        return np.where(inside, 8.0, -8.0).astype(np.float32), 0.9


class SAMCAEffectTest(unittest.TestCase):
    """Each test gets an editor of its own with the effect active on one frame of 64 x 80 px."""

    def setUp(self):
        from SAMCALib.Engine.EngineLogic import sharedEngine

        slicer.mrmlScene.Clear(0)
        self.engine = sharedEngine()
        self.model = DiscModel()
        self.engine.setModel(self.model, "discs")
        pixels = np.random.default_rng(0).integers(0, 255, (1, 64, 80)).astype(np.uint8)
        self.volume = slicer.util.addVolumeFromArray(pixels, name="Frame")
        self.segmentation = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLSegmentationNode")
        self.segmentation.CreateDefaultDisplayNodes()
        self.segmentation.SetReferenceImageGeometryParameterFromVolumeNode(self.volume)
        self.segmentation.GetSegmentation().AddEmptySegment("Lesion", "Lesion")
        self.editor = self.openEditor()
        self.effect = self.editor.activeEffect().self()
        self.effect.tick()  # it looks at the views before a user can click

    def tearDown(self):
        self.editor.setActiveEffectByName("")
        self.editor = self.effect = None
        self.engine.stop()
        slicer.mrmlScene.Clear(0)

    def openEditor(self):
        """A segment editor widget with the effect active."""
        node = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLSegmentEditorNode")
        node.SetAttribute("SAMCA.Model", "discs")
        node.SetOverwriteMode(node.OverwriteNone)
        editor = slicer.qMRMLSegmentEditorWidget()
        editor.setMRMLScene(slicer.mrmlScene)
        editor.setMRMLSegmentEditorNode(node)
        editor.setMaximumNumberOfUndoStates(10)
        editor.setSegmentationNode(self.segmentation)
        editor.setSourceVolumeNode(self.volume)
        node.SetSelectedSegmentID("Lesion")
        editor.setActiveEffectByName("SAMCA")
        return editor

    def click(self, x, y, positive=True):
        """A click in pixels of the frame, and the answer of the engine."""
        from SAMCALib.Frames import FrameLogic

        frame = FrameLogic.frameOf(self.volume, 0)
        self.effect.edit.click(frame, x, y, positive)
        self.settle()

    def settle(self):
        for _ in range(3):
            self.effect.tick()
            self.assertTrue(self.engine.wait(30))
        self.effect.tick()

    def voxels(self):
        array = slicer.util.arrayFromSegmentBinaryLabelmap(self.segmentation, "Lesion", self.volume)
        return int(np.count_nonzero(array))

    def test_a_click_fills_the_segment_and_undo_empties_it(self):
        self.click(40, 32)
        filled = self.voxels()
        self.assertGreater(filled, 50)
        self.click(44, 32, positive=False)
        self.assertLess(self.voxels(), filled)
        self.editor.undo()
        self.settle()
        self.assertEqual(self.voxels(), filled)
        self.editor.undo()
        self.settle()
        self.assertEqual(self.voxels(), 0)
        self.editor.redo()
        self.settle()
        self.assertEqual(self.voxels(), filled)

    def test_widgets_and_parameters_follow_each_other(self):
        ui = self.effect.panel.ui
        ui.fillHolesCheckBox.click()
        node = self.editor.mrmlSegmentEditorNode()
        self.assertEqual(node.GetAttribute("SAMCA.FillHoles"), "0")
        ui.smoothingSpinBox.value = 0.5
        self.assertEqual(node.GetAttribute("SAMCA.SmoothingMm"), "0.5")
        self.effect.options.largestComponent = False
        self.effect.updateGUIFromMRML()
        self.assertFalse(ui.largestComponentCheckBox.checked)

    def test_buttons_act(self):
        self.effect.view.frame, self.effect.view.isOld = self.frame, True
        self.click(20, 32)
        self.effect.panel.ui.newObjectButton.click()
        self.click(60, 32)
        self.assertEqual(len(self.effect.edit.prompts.objects), 2)
        self.effect.panel.ui.clearButton.click()
        self.settle()
        self.assertEqual(len(self.effect.edit.prompts.objects), 0)

    def frame(self):
        from SAMCALib.Frames import FrameLogic

        return FrameLogic.frameOf(self.volume, 0)

    def test_two_editors_have_two_instances_and_deactivation_leaves_nothing(self):
        nodes = slicer.mrmlScene.GetNumberOfNodesByClass("vtkMRMLMarkupsFiducialNode")
        other = self.openEditor()
        self.assertIsNot(other.activeEffect().self(), self.effect)
        self.click(40, 32)
        other.setActiveEffectByName("")
        self.editor.setActiveEffectByName("")
        self.assertEqual(slicer.mrmlScene.GetNumberOfNodesByClass("vtkMRMLMarkupsFiducialNode"), nodes)

    def test_a_click_is_answered_while_the_application_waits_for_events(self):
        from SAMCALib.Frames import FrameLogic

        self.effect.edit.click(FrameLogic.frameOf(self.volume, 0), 40, 32)
        end = time.monotonic() + 10
        while self.voxels() == 0 and time.monotonic() < end:
            slicer.app.processEvents()
        self.assertGreater(self.voxels(), 50)

    def test_other_options_change_the_outline_that_is_there(self):
        self.model.hole = 3
        self.click(40, 32)
        filled = self.voxels()
        self.effect.panel.ui.fillHolesCheckBox.click()
        self.settle()
        self.assertLess(self.voxels(), filled)
        self.editor.undo()
        self.settle()
        self.assertEqual(self.voxels(), filled)

    def test_a_hole_that_was_clicked_stays_open(self):
        self.click(40, 32)
        filled = self.voxels()
        self.click(40, 32, positive=False)
        self.assertLess(self.voxels(), filled)

    def test_a_point_has_an_item_in_the_hierarchy_and_so_a_menu(self):
        self.click(40, 32)
        node = self.effect.edit.points.nodes["initial"]
        handler = slicer.qSlicerSubjectHierarchyPluginHandler.instance()
        self.assertTrue(handler.subjectHierarchyNode().GetItemByDataNode(node))
        self.assertTrue(node.GetHideFromEditors())

    def test_keys_of_others_sleep_while_the_effect_is_active(self):
        import qt

        window = slicer.util.mainWindow()
        self.editor.setActiveEffectByName("")
        other = qt.QShortcut(qt.QKeySequence("N"), window)
        self.editor.setActiveEffectByName("SAMCA")
        self.assertFalse(other.enabled)
        self.editor.setActiveEffectByName("")
        self.assertTrue(other.enabled)
        other.setParent(None)
        other.deleteLater()

    def test_undo_of_an_option_shows_it_as_it_was(self):
        self.model.hole = 3
        self.click(40, 32)
        box = self.effect.panel.ui.fillHolesCheckBox
        box.click()
        self.settle()
        self.editor.undo()
        self.settle()
        self.assertTrue(box.checked)

    def test_a_box_has_handles_and_goes_with_one_of_them(self):
        self.effect.edit.box(self.frame(), 20, 20, 60, 50)
        self.settle()
        handles = self.effect.edit.points.nodes["box"]
        self.assertEqual(handles.GetNumberOfControlPoints(), 3)
        handles.RemoveNthControlPoint(2)
        self.settle()
        self.assertEqual(len(self.effect.edit.prompts.objects), 0)

    def test_strokes_and_lassos_are_one_step_each_and_are_held_by_a_point(self):
        self.effect.edit.stroke(self.frame(), [(20, 30), (40, 32), (60, 30)])
        self.settle()
        self.effect.edit.lasso(self.frame(), [(15, 20), (65, 20), (65, 50), (15, 50)])
        self.settle()
        (thing,) = self.effect.edit.prompts.objects
        self.assertEqual((len(thing.prompts.clicks), len(thing.prompts.lasso)), (1, 4))
        self.assertEqual(self.effect.edit.points.nodes["lasso"].GetNumberOfControlPoints(), 1)
        self.editor.undo()
        self.settle()
        self.assertEqual(self.effect.edit.points.nodes["lasso"].GetNumberOfControlPoints(), 0)
        self.effect.edit.points.nodes["initial"].RemoveAllControlPoints()
        self.settle()
        self.assertEqual(len(self.effect.edit.prompts.objects), 0)

    def test_buttons_choose_what_dragging_draws(self):
        ui = self.effect.panel.ui
        ui.strokeButton.click()
        ui.lassoButton.click()
        self.assertEqual((ui.strokeButton.checked, ui.lassoButton.checked), (False, True))
        ui.lassoButton.click()
        self.assertEqual(self.effect.options.drag, "box")

    def test_the_status_says_what_to_do_next_and_what_cannot_work_says_why(self):
        ui = self.effect.panel.ui
        self.effect.view.frame, self.effect.view.isOld = self.frame, True
        self.settle()
        self.assertFalse(ui.clearButton.enabled)
        self.assertIn("no object", ui.clearButton.toolTip)
        self.click(40, 32)
        self.assertTrue(ui.clearButton.enabled)
        self.assertIn("Click adds", ui.statusLabel.text)

    def test_the_console_segments_from_fiducials(self):
        points = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLMarkupsFiducialNode")
        points.AddControlPointWorld(40, 32, 0)
        logic = slicer.util.getModuleLogic("SAMCAUltrasound")
        segment = logic.segment(
            self.volume, initial=points, segmentationNode=self.segmentation, segmentId="Lesion"
        )
        self.assertEqual(segment, "Lesion")
        self.assertGreater(self.voxels(), 50)

    def test_closing_the_scene_while_the_effect_is_active_breaks_nothing(self):
        self.click(40, 32)
        slicer.mrmlScene.Clear(0)
        slicer.app.processEvents()

    def test_in_a_loop_undo_takes_all_frames_and_take_back_what_slicer_has_dropped(self):
        from SAMCALib.Frames import FrameLogic, SequenceLogic
        from SAMCALib.Segments.SegmentLogic import maskOf

        sequence = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLSequenceNode", "Loop")
        for number in range(3):
            sequence.SetDataNodeAtValue(self.volume, str(number))
        browser, self.volume = SequenceLogic.browse(sequence)
        self.editor.setSourceVolumeNode(self.volume)
        frames, button = FrameLogic.items(self.frame()), self.effect.panel.ui.takeBackButton

        def filled():
            self.settle()
            return [bool(maskOf(self.segmentation, "Lesion", frame).any()) for frame in frames]

        self.click(40, 32)
        self.effect.edit.segmentNeighbours(self.frame(), 2)
        while self.effect.edit.sweep.isRunning:
            self.settle()
        self.assertEqual(filled(), [True, True, True])
        self.editor.undo()
        self.assertEqual(filled(), [True, False, False])
        self.editor.redo()
        self.assertEqual(filled(), [True, True, True])
        self.assertFalse(button.enabled)
        SequenceLogic.showItem(browser, "2")
        self.settle()
        self.assertTrue(button.enabled)
        button.click()
        self.assertEqual(filled(), [True, False, False])

    def test_the_outline_follows_an_image_that_changes_and_one_undo_takes_that_back(self):
        self.effect.view.frame, self.effect.view.isOld = self.frame, True
        self.click(40, 32)
        button = self.effect.panel.ui.followButton
        button.click()
        self.settle()
        self.assertTrue(button.checked)
        for _ in range(3):
            slicer.util.arrayFromVolume(self.volume)[:] += 1
            slicer.util.arrayFromVolumeModified(self.volume)
            self.settle()
        self.assertTrue(self.effect.edit.prompts.object.carried)
        button.click()
        self.settle()
        self.assertFalse(button.checked)
        self.assertGreater(self.voxels(), 50)
        self.editor.undo()
        self.settle()
        self.assertFalse(self.effect.edit.prompts.object.carried)

    def test_icon_cursor_and_help_are_what_the_host_expects(self):
        self.assertFalse(self.effect.icon().isNull())
        self.assertIn("Ctrl+click", self.effect.helpText())
        self.assertIsNotNone(self.effect.createCursor(None))

    def test_measure_shows_two_lines_that_follow_the_outline(self):
        self.effect.view.frame, self.effect.view.isOld = self.frame, True
        self.click(40, 32)
        box = self.effect.panel.ui.measureCheckBox
        box.click()
        self.settle()
        nodes = self.effect.measure.sizes.lines.nodes
        self.assertEqual(set(nodes), {"long", "short"})
        before = nodes["long"].GetName()
        self.assertIn(" px", before)  # nobody knows the size of a pixel
        self.assertIn("in px, not in mm", self.effect.panel.ui.sizesLabel.text)
        self.click(52, 32)
        self.assertNotEqual(nodes["long"].GetName(), before)
        box.click()
        self.settle()
        self.assertEqual(slicer.mrmlScene.GetNumberOfNodesByClass("vtkMRMLMarkupsLineNode"), 0)
