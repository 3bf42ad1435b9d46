"""Keys that the user has changed: they last, are told where they are taken, and are shown everywhere."""

from __future__ import annotations

from pathlib import Path

import pytest
import slicer
import slicer.util
from effect_editors import click, prompts
from slicer_widgets import Action, KeySequence

import SAMCALib
from SAMCALib import KeyTable
from SAMCALib.Models.ModelLogic import ModelLogic
from SAMCALib.Texts import Refusal

UI = Path(SAMCALib.__file__).parents[1] / "Resources" / "UI" / "SAMCAUltrasound.ui"


@pytest.fixture
def window(qt):
    return slicer.util.mainWindow()


@pytest.fixture
def panel(qt, tmp_path):
    """The module's panel, of which the part with the keys is looked at."""
    from SAMCAUltrasoundLib import ModuleWidget

    widget = ModuleWidget(str(UI), models=ModelLogic(tmp_path / "models"))
    yield widget
    widget.cleanup()


def row(name):
    return [action.name for action in KeyTable.actions()].index(name)


def change(panel, name, key):
    """The user chooses a line, presses the key and the button; what is said then."""
    panel.ui.keysTable.select(row(name))
    panel.ui.keyEdit.press(KeySequence(key))
    panel.ui.changeKeyButton.click()
    return panel.ui.keysLabel.text


def test_no_two_actions_have_one_key_and_none_is_slicers(qt):
    for action in KeyTable.actions():
        assert KeyTable.conflictOf(action.name, action.default) == ""
    assert len({action.name for action in KeyTable.actions()}) == len(KeyTable.actions())


def test_a_key_that_is_changed_works_at_once_and_the_old_one_no_more(open_editor, window, panel):
    editor = click(open_editor(), 20, 30)
    assert change(panel, "newObject", "Ctrl+Shift+K") == "Ctrl+Shift+K: the next click starts another object."
    window.press("N")
    click(editor, 60, 30)
    assert len(prompts(editor).objects) == 1
    window.press("Ctrl+Shift+K")
    click(editor, 40, 10)
    assert len(prompts(editor).objects) == 2


def test_what_is_changed_lasts_and_is_shown_in_table_help_and_tool_tip(open_editor, panel):
    change(panel, "clear", "F6")
    assert slicer.app.userSettings().values == {"SAMCA/Keys/clear": "F6"}
    assert panel.ui.keysTable.cells[row("clear"), 1] == "F6"
    editor = click(open_editor(), 20, 30)
    assert editor.clearButton.toolTip.endswith(" Key: F6")
    assert "<b>P</b>" in editor.effect.helpText()
    assert "<b>C</b>" not in editor.effect.helpText()


@pytest.mark.parametrize(
    ("key", "says"),
    [
        ("M", "M is taken (what the segment covers becomes a prompt): choose another one, or give that one"),
        ("z", "z is a key of the Segment Editor: choose another one."),
        ("Ctrl+Y", "Ctrl+Y is a key of the Segment Editor"),
        ("Shift+5", "Shift+5 is a key of the Segment Editor"),
        ("Left", "Left is a key of the slice views"),
        ("Ctrl+S", "Ctrl+S is taken (Save): choose another one."),
        ("A, B", "A, B are several keys"),
        ("", "Press the new key in the field first."),
    ],
)
def test_a_key_that_is_taken_stays_whose_it_is_and_the_user_is_told(panel, window, key, says):
    Action(KeySequence("Ctrl+S"), window, "&Save")
    before = KeyTable.keys()
    assert change(panel, "clear", key).startswith(says)
    assert KeyTable.keys() == before


def test_a_key_can_be_given_back_one_by_one_or_all_at_once(panel):
    first = KeyTable.keys()
    change(panel, "clear", "F6")
    change(panel, "clear", "C")
    assert slicer.app.userSettings().values == {}
    change(panel, "clear", "F6")
    change(panel, "useMask", "C")
    panel.ui.resetKeysButton.click()
    assert KeyTable.keys() == first
    assert slicer.app.userSettings().values == {}


def test_without_a_line_there_is_nothing_to_change(panel):
    assert not panel.ui.changeKeyButton.enabled
    panel.ui.keysTable.select(row("newObject"))
    assert panel.ui.changeKeyButton.enabled
    assert panel.ui.keyEdit.keySequence == "N"


@pytest.mark.parametrize("value", [None, 7, ["C", "D"], ""])
def test_settings_that_hold_anything_else_do_no_harm(open_editor, window, value):
    slicer.app.userSettings().setValue("SAMCA/Keys/clear", value)
    open_editor()
    held = window.keys()
    assert "" not in held
    assert "N" in held


def test_of_two_actions_with_one_key_in_the_settings_one_has_it(qt):
    for name in ("clear", "useMask"):
        slicer.app.userSettings().setValue(f"SAMCA/Keys/{name}", "F6")
    slicer.app.userSettings().setValue("SAMCA/Keys/measure", "N")  # the default of another
    keys = KeyTable.keys()
    assert sorted((keys["clear"], keys["useMask"])) == ["", "F6"]
    assert (keys["measure"], keys["newObject"]) == ("N", "")


def test_the_settings_are_read_once_however_often_the_status_is_told(open_editor, window, panel, monkeypatch):
    editor, asked = click(open_editor(), 20, 30), []
    settings = slicer.app.userSettings()
    monkeypatch.setattr(settings, "value", lambda key: asked.append(key) or settings.values.get(key))
    for _ in range(10):
        editor.effect.showStatus()
        KeyTable.keys()
    assert asked == []
    change(panel, "clear", "F6")
    assert KeyTable.keys()["clear"] == "F6"
    assert len(asked) == len(KeyTable.actions()), "once, after a change"


def test_tools_with_other_keys_have_theirs_side_by_side(open_editor, window, monkeypatch):
    from SAMCAUltrasoundLib.Keys import Keys

    called, table = [], KeyTable.actions()
    more = (*table, KeyTable.KeyAction("next", "F6", "show the next image"))
    monkeypatch.setattr(KeyTable, "actions", lambda: more)
    KeyTable.forget()
    keys = Keys({"next": lambda: called.append("next")})
    keys.take(window)
    editor = open_editor()
    window.press("F6")
    window.press("H")
    assert called == ["next"]
    assert editor.hoverCheckBox.checked
    editor.deactivate()
    window.press("F6")
    assert called == ["next", "next"]
    keys.giveBack()
    assert window.keys() == []


def test_refusals_are_sentences_from_the_console_too(qt):
    with pytest.raises(Refusal, match="B is a key of the slice views"):
        KeyTable.change("clear", "B")
