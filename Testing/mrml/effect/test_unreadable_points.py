"""Points stored by a newer SAMCA, or damaged: told in the status line, kept, dropped by a button alone."""

from __future__ import annotations

import json

import pytest
from effect_editors import click, count, settled, status

from SAMCALib.Prompts import TagLogic

NEWER = json.dumps({"version": 99, "points": "somewhere else"})
OTHER = json.dumps({"version": 1, "frames": {"2:0": [{"clicks": [["here"]]}]}})


def segment(editor):
    return editor.slicer.segmentation.GetSegmentation().GetSegment("Lesion")


def with_tag(editor, text):
    segment(editor).SetTag(TagLogic.TAG, text)
    settled(editor)
    return editor


@pytest.mark.parametrize(("text", "words"), [(NEWER, "newer SAMCA"), (OTHER, "damaged here")])
def test_a_click_does_not_write_over_what_cannot_be_read(open_editor, text, words):
    editor = open_editor()
    assert not editor.startAnewButton.visible
    with_tag(editor, text)
    assert words in status(editor)
    assert editor.startAnewButton.visible
    click(editor, 40, 30)
    assert words in status(editor)
    assert TagLogic.tagText(segment(editor)) == text
    assert count(editor) == 0
    assert not editor.logic.CanUndo()


@pytest.mark.parametrize("button", ["newObject", "clear", "useMask", "suggest", "neighbours"])
def test_no_button_writes_over_it(open_editor, button):
    editor = with_tag(open_editor(), NEWER)
    editor.effect.panel.actions[button]()
    settled(editor)
    assert TagLogic.tagText(segment(editor)) == NEWER


def test_start_anew_drops_it_and_undo_brings_it_back(open_editor):
    editor = with_tag(open_editor(), NEWER)
    editor.startAnewButton.click()
    settled(editor)
    assert not editor.startAnewButton.visible
    assert "newer" not in status(editor)
    click(editor, 40, 30)
    assert count(editor) > 0
    editor.logic.Undo()
    editor.logic.Undo()
    settled(editor)
    assert TagLogic.tagText(segment(editor)) == NEWER
    assert editor.startAnewButton.visible


def test_start_anew_changes_nothing_where_all_can_be_read(open_editor):
    editor = click(open_editor(), 40, 30)
    before, tag = count(editor), TagLogic.tagText(segment(editor))
    editor.startAnewButton.click()
    settled(editor)
    assert (count(editor), TagLogic.tagText(segment(editor))) == (before, tag)
