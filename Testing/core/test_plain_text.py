"""Names out of files, scenes and folders are shown as they are: nothing that Qt would take for HTML."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

pytest.importorskip("PySide6", reason="PySide6-Essentials is not installed")
import qt_pictures
from PySide6 import QtWidgets
from PySide6.QtCore import Qt
from PySide6.QtGui import Qt as QtText
from PySide6.QtGui import QTextDocument

from SAMCALib.Texts import asToolTip

EVIL = "<img src=x><b>bold</b>"
ROOT = Path(__file__).resolve().parents[2]
LIBS = ("SAMCAUltrasound/SAMCAUltrasoundLib", "SAMCATraining/SAMCATrainingLib")
SOURCES = sorted(path for lib in LIBS for path in (ROOT / lib).glob("*.py"))
DISPLAYS = ("Display", "messageBox")  # ends of the names of slicer.util's windows
MADE = ("QLabel", "QMessageBox", "QToolTip", "QWhatsThis", "QTextBrowser")


@pytest.mark.parametrize("file", qt_pictures.FILES, ids=lambda path: path.stem)
def test_every_label_shows_plain_text(file):
    panel = qt_pictures.load(file)
    labels = panel.findChildren(QtWidgets.QLabel)
    own = [label for label in labels if label.objectName() and not label.objectName().startswith("qt_")]
    assert own
    assert [label.objectName() for label in own if label.textFormat() != Qt.TextFormat.PlainText] == []


def test_a_plain_label_is_drawn_as_the_name_is_written():
    panel = qt_pictures.load(qt_pictures.FILES[0])
    label = panel.findChild(QtWidgets.QLabel, "statusLabel")
    label.setWordWrap(False)
    label.setText(EVIL)
    assert label.sizeHint().width() >= label.fontMetrics().horizontalAdvance(EVIL)
    label.setTextFormat(Qt.TextFormat.AutoText)
    assert label.sizeHint().width() < label.fontMetrics().horizontalAdvance(EVIL), (
        "where Qt guesses, it is not"
    )


@pytest.mark.parametrize(
    "text", [EVIL, "a < b & c", "&lt;i&gt;", "plain", "<qt>", "<a href='x'>", "two\n<lines>", "", "</qt><b>x"]
)
def test_a_tool_tip_says_what_was_written(text):
    tip = asToolTip(text)
    document = QTextDocument()
    qt_pictures.application()
    document.setHtml(tip) if QtText.mightBeRichText(tip) else document.setPlainText(tip)
    assert document.toPlainText() == text


def is_safe(tip: ast.AST) -> bool:
    """Whether a tool tip is one that was made plain, or words of ours."""
    if isinstance(tip, ast.IfExp):
        return is_safe(tip.body) and is_safe(tip.orelse)
    if isinstance(tip, ast.Call):
        return getattr(tip.func, "id", "") in ("asToolTip", "_")
    return isinstance(tip, ast.Constant) or "toolTips" in ast.unparse(tip)  # those of a .ui file, put back


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: path.stem)
def test_tool_tips_and_windows_are_made_plain_and_labels_come_from_the_files(path):
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Assign) and getattr(node.targets[0], "attr", "") == "toolTip":
            assert is_safe(node.value), ast.unparse(node)
        if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute):
            continue
        name, given = node.func.attr, {keyword.arg: ast.unparse(keyword.value) for keyword in node.keywords}
        if name == "setToolTip":
            assert is_safe(node.args[0]), ast.unparse(node)
        if name.endswith(DISPLAYS) and ast.unparse(node.func).startswith("slicer.util."):
            assert given.get("textFormat") == "qt.Qt.PlainText", ast.unparse(node)
        assert name not in MADE, ast.unparse(node)
