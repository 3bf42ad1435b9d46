"""The effect's keys: they work while it is active, whatever else wants them, and are given back after."""

from __future__ import annotations

import pytest
import slicer.util
from effect_editors import click, count, prompts, settled
from slicer_widgets import Action, KeySequence, Shortcut


@pytest.fixture
def window(qt):
    return slicer.util.mainWindow()


@pytest.fixture
def others(window):
    """What modules have left behind, each with what it was called."""

    class Others:
        called = ()

        def shortcut(self, key):
            made = Shortcut(KeySequence(key), window)
            made.connect("activated()", lambda: self.call(key))
            return made

        def action(self, key):
            made = Action(KeySequence(key), window)
            made.connect("triggered()", lambda: self.call(key))
            return made

        def call(self, key):
            self.called += (key,)

    return Others()


def test_keys_are_there_while_the_effect_is_active_and_do_what_the_buttons_do(open_editor, window):
    editor = click(open_editor(), 20, 30)
    assert window.keys() == sorted([*"ACDHLMNPSUX", "Ctrl+Y", "Ctrl+Shift+Z", "Shift+L"])
    window.press("N")
    click(editor, 60, 30)
    assert len(prompts(editor).objects) == 2
    window.press("H")
    assert editor.hoverCheckBox.checked
    editor.deactivate()
    assert window.keys() == []


@pytest.mark.parametrize("key", ["Ctrl+Y", "Ctrl+Shift+Z"])
def test_what_was_undone_is_done_again_by_all_keys_that_do_so_elsewhere(open_editor, window, key):
    editor = click(open_editor(), 40, 30)
    before = count(editor)
    editor.logic.Undo()
    settled(editor)
    window.press(key)
    settled(editor)
    assert count(editor) == before
    window.press(key)  # and nothing more is there
    assert count(editor) == before


@pytest.mark.parametrize("kind", ["shortcut", "action"])
def test_a_key_that_another_module_has_left_is_ours_while_the_effect_is_active(
    open_editor, window, others, kind
):
    for key in ("N", "F6"):
        getattr(others, kind)(key)
    editor = click(open_editor(), 20, 30)
    window.press("N")
    window.press("F6")
    click(editor, 60, 30)
    assert len(prompts(editor).objects) == 2
    assert others.called == ("F6",)
    editor.deactivate()
    window.press("N")
    assert others.called == ("F6", "N")


def test_what_was_grey_before_stays_so(open_editor, window, others):
    asleep = others.shortcut("N")
    asleep.enabled = False
    open_editor().deactivate()
    assert not asleep.enabled


def test_a_key_that_somebody_takes_meanwhile_is_taken_back_when_it_is_pressed(open_editor, window, others):
    editor = click(open_editor(), 20, 30)
    late = others.shortcut("N")
    window.press("N")
    click(editor, 60, 30)
    assert len(prompts(editor).objects) == 2
    assert others.called == ()
    editor.deactivate()
    assert late.enabled


def test_shortcuts_that_have_gone_meanwhile_are_let_go(open_editor, window, others):
    gone = others.shortcut("N")
    editor = open_editor()
    gone.deleteLater()
    editor.deactivate()
    assert window.children == []


def test_keys_belong_to_the_editor_that_was_activated_last(open_editor, window, others):
    others.shortcut("H")
    one, two = open_editor(), open_editor()
    window.press("H")
    assert (one.hoverCheckBox.checked, two.hoverCheckBox.checked) == (False, True)
    two.deactivate()
    window.press("H")
    assert one.hoverCheckBox.checked
    assert others.called == ()
    one.deactivate()
    window.press("H")
    assert others.called == ("H",)


def test_an_editor_that_goes_after_the_window_asks_for_no_keys(open_editor, window, monkeypatch):
    one, two = open_editor(), open_editor()
    monkeypatch.setattr(slicer.util, "mainWindow", lambda: None)
    two.deactivate()
    one.deactivate()
    assert window.keys() == []
