"""The worklist in the module's panel: opened, gone through by buttons and keys, and what it says."""

from __future__ import annotations

import threading
import types

import pytest
import slicer
import slicer.util
from cases import nodes, picture
from disc_model import DiscModel
from PIL import Image
from suggesting_model import BrightModel

from SAMCALib import KeyTable
from SAMCALib.Frames import FrameLogic
from SAMCALib.Texts import asToolTip
from SAMCALib.Worklist.FolderCases import FolderCases


@pytest.fixture
def opened(panel, qt, folder):
    """The panel with the worklist of the five pictures."""
    qt.QFileDialog.getExistingDirectory = lambda *words: str(folder)
    panel.ui.worklistFolderButton.click()
    return panel


def rows(panel):
    """The lines of the table: case, state, how sure, rater."""
    table = panel.ui.worklistTable
    return [[table.cells[row, column] for column in range(1, 5)] for row in range(table.rows)]


def ticks(panel, engine, until, turns=3000):
    for _turn in range(turns):
        if until():
            return
        panel.worklist.timer.timer.fire()
    raise AssertionError(f"it does not come: {panel.worklist.logic.run.problems}")


def click(panel, engine, x=30, y=20):
    """The user outlines the shown case."""
    from SAMCALib.SegmentationLogic import SegmentationLogic

    case = panel.worklist.logic.current
    place = FrameLogic.xyToRas(FrameLogic.frameOf(case.volume, 0), x, y)
    segment = case.segmentation.GetSegmentation().GetNthSegmentID(0)
    words = {"segmentationNode": case.segmentation, "segmentId": segment, "frame": 0}
    SegmentationLogic(engine).segment(case.volume, [place], **words)


def test_before_a_list_is_opened_there_is_nothing_to_press(panel):
    for name in ("previousCase", "nextCase", "acceptCase", "unsureCase", "lookAnew", "worklistClose"):
        assert not getattr(panel.ui, f"{name}Button").enabled
    assert not panel.worklist.timer.timer.isRunning
    slicer.util.mainWindow().press("J")


def test_a_folder_is_listed_and_nothing_is_loaded(opened):
    assert rows(opened) == [[f"case{number}.png", "untouched", "", ""] for number in range(1, 6)]
    assert opened.ui.worklistCountsLabel.text == "5 untouched."
    assert not slicer.util.getNodesByClass("vtkMRMLVolumeNode")


def test_buttons_go_from_case_to_case_in_the_segment_editor(opened, editor, qt):
    opened.ui.nextCaseButton.click()
    assert editor.volume.GetName() == "case1"
    assert editor.effect == "SAMCA"
    assert "SegmentEditor" in qt.opened
    assert opened.ui.worklistLabel.text == "Case 1 of 5: case1.png, untouched."
    opened.ui.nextCaseButton.click()
    assert editor.volume.GetName() == "case2"
    assert opened.ui.caseSpinBox.value == 2
    opened.ui.previousCaseButton.click()
    assert editor.volume.GetName() == "case1"
    opened.ui.previousCaseButton.click()
    assert opened.ui.worklistLabel.text == "This is the first case."
    assert len(slicer.util.getNodesByClass("vtkMRMLScalarVolumeNode")) == 1


def test_keys_do_the_same_while_the_panel_is_out_of_sight(opened, editor, engine, folder):
    window = slicer.util.mainWindow()
    window.press("J")
    assert editor.volume.GetName() == "case1"
    click(opened, engine)
    window.press("E")
    assert opened.worklist.logic.cases.entries["case1.png"].state == "accepted"
    assert editor.volume.GetName() == "case2"
    window.press("O")
    window.press("K")
    assert editor.volume.GetName() == "case2"
    assert opened.ui.worklistCountsLabel.text == "3 untouched, 1 accepted, 1 unsure."
    opened.ui.worklistCloseButton.click()
    assert {"J", "K", "E", "O"}.isdisjoint(window.keys())


def test_the_keys_of_the_effect_work_beside_those_of_the_worklist(open_editor, opened, engine):
    effect = open_editor()
    window = slicer.util.mainWindow()
    assert {"N", "J"} <= set(window.keys())
    effect.deactivate()
    assert {action.default for action in KeyTable.actions() if "Case" in action.name} == set(window.keys())


def test_the_rater_is_remembered_and_stands_beside_the_case(opened, engine):
    opened.ui.raterLineEdit.text = " AB "
    opened.ui.nextCaseButton.click()
    click(opened, engine)
    opened.ui.acceptCaseButton.click()
    assert rows(opened)[0] == ["case1.png", "accepted", "", "AB"]
    assert slicer.app.userSettings().value("SAMCA/Rater") == "AB"


def test_a_click_into_a_line_and_a_number_go_there(opened, editor):
    opened.ui.worklistTable.press(3)
    assert editor.volume.GetName() == "case4"
    opened.ui.caseSpinBox.value = 2
    assert editor.volume.GetName() == "case2"


def test_small_pictures_come_and_unreadable_images_say_why(panel, qt, folder, engine):
    (folder / "case2.png").write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(50))
    panel.worklist.openFolder(str(folder))
    thumbnails = panel.worklist.thumbnails
    ticks(panel, engine, lambda: thumbnails.of("case5.png") is not None and thumbnails.problems)
    panel.worklist.timer.timer.fire()
    table = panel.ui.worklistTable
    assert [table.icons[row, 0].icon is not None for row in range(5)] == [True, False, True, True, True]
    assert rows(panel)[1][1] == "unreadable"
    assert "case2.png" in table.tips[1, 1]
    Image.fromarray(picture(2)).save(folder / "case2.png")
    panel.ui.lookAnewButton.click()
    ticks(panel, engine, lambda: thumbnails.of("case2.png") is not None)


def resting(panel):
    """The timer has nothing more to do; seconds until it looks whether something is to be saved."""
    timer = panel.worklist.timer
    for _turn in range(3000):
        if not timer.isAwake:
            return timer.timer.interval / 1000
        timer.timer.fire()
    raise AssertionError("the timer never rests")


def test_the_timer_rests_while_nothing_is_read_or_looked_for(opened, engine):
    assert 5 < resting(opened) <= 10
    assert len(opened.worklist.thumbnails._made) == 5
    opened.ui.nextCaseButton.click()
    assert opened.worklist.timer.isAwake
    resting(opened)
    opened.ui.backgroundComboBox.choose(1)
    assert opened.worklist.timer.isAwake
    resting(opened)
    listed, shown = opened.worklist.logic.listed, opened.worklist.logic.name
    entries = opened.worklist.logic.cases.entries
    assert all(entries[name].model for name in listed if name != shown), "all are looked at before it rests"
    engine.setModel(engine._model, "another")
    assert opened.worklist.timer.isAwake, "all are to be looked at again"


def test_the_timer_waits_for_a_model_that_is_loaded(opened, engine, disc_model):
    gate = threading.Event()
    engine._load = lambda source, device: gate.wait(30) and disc_model
    engine.setModel(None, "")
    resting(opened)
    opened.ui.orderComboBox.choose(1)
    for _turn in range(20):
        opened.worklist.timer.timer.fire()
    assert opened.worklist.timer.isAwake
    gate.set()
    engine.waitForModel()
    resting(opened)
    assert engine.modelName == "shipped"


def test_a_small_picture_is_shown_in_its_own_line_alone(opened, engine, monkeypatch):
    table, shown = opened.worklist.table, []
    showRow = table._showRow
    monkeypatch.setattr(
        table, "_showRow", lambda row, name, *of: shown.append(name) or showRow(row, name, *of)
    )
    thumbnails, names = opened.worklist.thumbnails, opened.worklist.logic.listed
    ticks(opened, engine, lambda: len(shown) >= len(names))
    assert sorted(shown) == names
    assert all(thumbnails.of(name) is not None for name in names)
    assert all(opened.ui.worklistTable.icons[row, 0].icon is not None for row in range(len(names)))
    for _tick in range(3):
        opened.worklist.timer.timer.fire()
    assert sorted(shown) == names


def test_a_case_that_cannot_be_looked_at_says_so_in_its_line(opened, engine, folder):
    ticks(opened, engine, lambda: opened.worklist.thumbnails.of("case5.png") is not None)
    (folder / "case2.png").write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(50))
    opened.ui.backgroundComboBox.choose(1)
    ticks(opened, engine, lambda: "case2.png" in opened.worklist.logic.run.problems)
    problem = opened.worklist.logic.run.problems["case2.png"]
    assert opened.ui.worklistTable.tips[1, 1] == asToolTip(problem)


def test_suggestions_come_in_the_background_and_the_most_unsure_is_first(opened, engine):
    assert opened.ui.backgroundComboBox.items == ["Nothing", "lesion", "vessel"]
    opened.ui.backgroundComboBox.choose(1)
    assert "5 cases to look at" in opened.ui.worklistCountsLabel.text
    logic = opened.worklist.logic
    ticks(opened, engine, lambda: logic.counts["suggested"] == 5)
    opened.ui.orderComboBox.choose(1)
    assert rows(opened)[0][1] == "suggested"
    assert rows(opened)[0][2].endswith("%")
    opened.ui.nextCaseButton.click()
    assert logic.current.segmentation.GetSegmentation().GetNthSegment(0).GetName() == "lesion"


def test_a_case_nobody_has_suggested_gets_a_segment_of_the_same_name(opened):
    opened.ui.backgroundComboBox.choose(1)
    opened.ui.nextCaseButton.click()
    segmentation = opened.worklist.logic.current.segmentation.GetSegmentation()
    assert segmentation.GetNthSegment(0).GetName() == "lesion"


def test_another_model_offers_what_it_finds(opened, engine):
    opened.ui.backgroundComboBox.choose(1)
    engine.setModel(DiscModel(), "clicks only")
    opened.worklist.timer.timer.fire()
    assert opened.ui.backgroundComboBox.items == ["Nothing"]
    assert opened.worklist.logic.run.kind is None
    engine.setModel(BrightModel(), "trained")
    opened.worklist.timer.timer.fire()
    assert opened.ui.backgroundComboBox.currentIndex == 1, "what was looked for is looked for again"
    ticks(opened, engine, lambda: opened.worklist.logic.counts["suggested"] == 5)


def test_accepted_cases_go_into_the_chosen_dataset(opened, engine, training):
    assert opened.ui.acceptedComboBox.items == ["No dataset", "New: Worklist"]
    opened.ui.acceptedComboBox.choose(1)
    opened.ui.nextCaseButton.click()
    click(opened, engine)
    opened.ui.acceptCaseButton.click()
    (dataset,) = training.datasets()
    assert len(list((dataset / "images").iterdir())) == 1


def test_outlines_are_saved_to_a_chosen_folder(panel, qt, folder, engine, tmp_path):
    qt.QFileDialog.getExistingDirectory = lambda *words: str(tmp_path / "AB")
    panel.ui.saveToComboBox.choose(1)
    assert "AB" in panel.ui.saveToComboBox.toolTip
    panel.worklist.openFolder(str(folder))
    panel.ui.nextCaseButton.click()
    click(panel, engine)
    panel.ui.worklistCloseButton.click()
    assert (tmp_path / "AB" / "case1.seg.nrrd").is_file()
    qt.QFileDialog.getExistingDirectory = lambda *words: ""
    panel.ui.saveToComboBox.choose(1)
    assert panel.ui.saveToComboBox.currentIndex == 0, "nothing was chosen"


def test_what_is_shown_is_saved_now_and_then(opened, engine, folder, monkeypatch):
    opened.ui.nextCaseButton.click()
    click(opened, engine)
    opened.worklist.timer.timer.fire()
    assert not (folder / "case1.seg.nrrd").exists()
    monkeypatch.setattr(opened.worklist, "_keptAt", -1e9)
    opened.worklist.timer.timer.fire()
    assert (folder / "case1.seg.nrrd").is_file()
    assert opened.worklist.logic.name == "case1.png"


def test_a_folder_that_is_in_use_is_told_and_nothing_is_opened(panel, folder):
    cases = FolderCases(folder, None, "CD")
    panel.worklist.openFolder(str(folder))
    assert "in use as a worklist by CD" in panel.ui.worklistLabel.text
    assert panel.worklist.logic.cases is None
    cases.close()
    panel.worklist.openFolder(str(folder))
    assert len(rows(panel)) == 5


def test_closing_the_scene_saves_what_is_shown(opened, engine, folder):
    opened.ui.nextCaseButton.click()
    click(opened, engine)
    slicer.mrmlScene.Clear(0)
    assert (folder / "case1.seg.nrrd").is_file()
    assert opened.worklist.logic.cases is None
    assert not opened.worklist.timer.timer.isRunning


def test_the_panel_goes_and_leaves_nothing_in_scene_or_folder(opened, engine, folder):
    opened.ui.worklistCloseButton.click()
    before = nodes()
    opened.worklist.openFolder(str(folder))
    opened.ui.nextCaseButton.click()
    opened.ui.worklistCloseButton.click()
    assert nodes() == before
    FolderCases(folder).close()


def test_of_ten_thousand_cases_the_table_shows_those_around_the_shown_one(panel, tmp_path, engine):
    many = tmp_path / "many"
    many.mkdir()
    Image.fromarray(picture(1)).save(many / "0.png")
    content = (many / "0.png").read_bytes()
    for number in range(1, 300):
        (many / f"{number}.png").write_bytes(content)
    panel.worklist.openFolder(str(many))
    panel.ui.caseSpinBox.value = 200
    assert panel.ui.worklistTable.rows == 100
    assert panel.ui.worklistTable.cells[50, 1] == "199.png"
    assert panel.ui.worklistTable.row == 50


class Run:
    """A run of boxes that does what the test says."""

    def __init__(self, folder, out):
        self.folder, self.out, self.isAlive, self.hasChanged, self.started, self.text = (
            folder,
            out,
            False,
            False,
            [],
            "",
        )

    def start(self, kind, path, model):
        self.started.append((kind, path, model))
        self.isAlive, self.text = True, "0 of 5 images are done."

    def stop(self):
        self.isAlive, self.text = False, "Stopped after 1 of 5 images: start it again to go on."

    def state(self):
        return types.SimpleNamespace(text=self.text)


def test_boxes_from_a_table_are_started_followed_and_stopped(panel, qt, folder, tmp_path, monkeypatch):
    monkeypatch.setattr("SAMCALib.Worklist.BatchRun.BatchRun", Run)
    monkeypatch.setattr("SAMCAUltrasoundLib.BatchButton.LOOK_SECONDS", 0.0)
    assert not panel.ui.batchButton.enabled
    qt.QFileDialog.getExistingDirectory = lambda *words: str(folder)
    panel.ui.worklistFolderButton.click()
    table = tmp_path / "boxes.csv"
    table.write_text("image,x0,y0,x1,y1\ncase1,1,1,9,9\n")
    qt.QFileDialog.getOpenFileName = lambda *words: str(table)
    panel.ui.batchButton.click()
    run = panel.worklist.batch.run
    assert run.started == [("boxes", str(table), "discs")]
    assert panel.ui.batchButton.text == "Stop"
    panel.worklist.timer.timer.fire()
    assert panel.ui.worklistCountsLabel.text == "5 untouched. 0 of 5 images are done."
    panel.ui.batchButton.click()
    panel.worklist.timer.timer.fire()
    assert panel.ui.batchButton.text == "From a table..."
    assert "Stopped after 1 of 5 images" in panel.ui.worklistCountsLabel.text


def test_another_table_is_refused_in_a_sentence(opened, qt, tmp_path, monkeypatch):
    monkeypatch.setattr("SAMCALib.Worklist.BatchRun.BatchRun", Run)
    table = tmp_path / "others.csv"
    table.write_text("name,size\n")
    qt.QFileDialog.getOpenFileName = lambda *words: str(table)
    opened.ui.batchButton.click()
    assert (
        "expected image, x0, y0, x1, y1 for boxes, or image, x, y for clicks." in opened.ui.worklistLabel.text
    )
    assert opened.ui.batchButton.text == "From a table..."
    qt.QFileDialog.getOpenFileName = lambda *words: ""
    opened.ui.batchButton.click()
