"""The effect's panel with real Qt, as wide as Slicer gives it: what is seen first, and in both themes."""

from __future__ import annotations

import types

import pytest

pytest.importorskip("PySide6", reason="PySide6-Essentials is not installed")
import qt_pictures
import real_qt
import slicer.util
from PySide6 import QtCore, QtGui, QtTest, QtWidgets
from slicer_widgets import Window

from SAMCALib import KeyTable
from SAMCALib.Models.ModelLogic import ModelInfo

WIDTH_PX = 340  # beside the effects' buttons, in a window of 1280 x 800
FOLD_PX = 86  # what of help and panel is seen there, with the data probe open


class Host:
    """The parameters of an effect."""

    def __init__(self):
        self.values = {}

    def parameterDefined(self, name):
        return name in self.values

    def setParameter(self, name, value):
        self.values[name] = value

    def parameter(self, name):
        return self.values[name]

    integerParameter = doubleParameter = parameter


@pytest.fixture
def panel(application, scene, monkeypatch):
    real_qt.install(monkeypatch, Window())
    from SAMCAUltrasoundLib.EffectOptions import EffectOptions
    from SAMCAUltrasoundLib.EffectPanel import BUTTONS, EffectPanel

    actions = {name: lambda: None for name in (*BUTTONS, "findTarget")}
    panel = EffectPanel(EffectOptions(Host()), actions, lambda: None)
    panel.showModels([ModelInfo("SAMCA small", "shipped", 1, "with SAMCA")])
    panel.show()
    panel.showTarget(False)
    panel.showSuggestions(())
    panel.showStatus("Click adds, Ctrl+click takes away.\nThe model is sure of this outline.", "")
    panel.showHelp(turn=False, startAnew=False, setup=False, cancel=False)
    panel.showReasons(dict.fromkeys(("newObject", "clear", "useMask", "neighbours"), ""))
    yield panel
    panel.disconnect()
    panel.widget.thing.setParent(None)
    panel.widget.thing.deleteLater()


def column(panel, theme="light"):
    """Help, collapsed as Slicer shows it first, and the panel under it."""
    from SAMCAUltrasoundLib.HelpText import helpText

    box, help_browser = QtWidgets.QWidget(), QtWidgets.QTextBrowser()
    panel.widget.joints["in"] = box  # the panel would go with its column
    layout = QtWidgets.QVBoxLayout(box)
    help_browser.setHtml(f'{helpText().split("<br>")[0]}&hellip; <a href="#more">Show details.</a></html>')
    help_browser.document().setTextWidth(WIDTH_PX - 2 * help_browser.frameWidth())
    height = help_browser.document().size().height() + 2 * help_browser.frameWidth()
    help_browser.setFixedHeight(round(height))
    layout.setContentsMargins(0, 0, 0, 0)
    layout.addWidget(help_browser)
    layout.addWidget(panel.widget.thing)
    layout.addStretch(1)
    qt_pictures.dress(box, theme)
    box.setAutoFillBackground(True)
    box.resize(WIDTH_PX, 600)
    box.grab()
    return box


def bottom(box, widget):
    """Where a widget ends in the column, px from above."""
    return widget.thing.mapTo(box, QtCore.QPoint(0, widget.thing.height())).y()


def test_status_and_cancel_are_above_the_fold(panel):
    panel.showHelp(cancel=True)
    box = column(panel)
    assert bottom(box, panel.ui.statusLabel) <= FOLD_PX
    assert bottom(box, panel.ui.cancelButton) <= FOLD_PX


def test_without_torch_the_reason_and_the_way_to_it_are_above_the_fold(panel):
    panel.showStatus("No click is answered yet: press Set up.\ntorch is not installed. Press Install.", "")
    panel.showHelp(setup=True)
    box = column(panel)
    assert bottom(box, panel.ui.setupButton) <= FOLD_PX
    top = panel.ui.setupButton.thing.y() - panel.ui.statusLabel.thing.y()
    assert abs(top) <= 2, "beside the first words"
    assert bottom(box, panel.ui.statusLabel) <= FOLD_PX


def test_what_the_panel_shows_first_needs_no_more_width_than_there_is(panel):
    panel.showSuggestions(("lesion", "nerve"))
    panel.showTarget(True)
    panel.showSuggestions(("lesion", "nerve"))
    panel.showHelp(turn=True, startAnew=True, setup=True, cancel=True)
    assert panel.widget.thing.minimumSizeHint().width() <= WIDTH_PX


@pytest.fixture(params=[1.0, 1.5, 2.0])
def scale(request):
    """How large the letters are, as on a screen of that scaling."""
    app = qt_pictures.application()
    before, larger = app.font(), app.font()
    larger.setPointSizeF(before.pointSizeF() * request.param)
    app.setFont(larger)
    yield request.param
    app.setFont(before)


def test_no_words_are_cut_at_any_scaling_of_the_screen(scale, panel):
    panel.showHelp(turn=True, startAnew=True, setup=True, cancel=True)
    panel.showSuggestions(("lesion",))
    panel.ui.optionsButton.collapsed = False
    box = column(panel)
    box.resize(round(WIDTH_PX * scale), 1500)
    box.grab()
    words = (QtWidgets.QPushButton, QtWidgets.QCheckBox, QtWidgets.QLabel)
    shown = [
        each for kind in words for each in panel.widget.thing.findChildren(kind) if each.isVisibleTo(box)
    ]
    assert len(shown) > 15
    for widget in shown:
        lines = widget.text().split("\n")
        needed = max(widget.fontMetrics().horizontalAdvance(line) for line in lines)
        assert needed <= widget.width() or getattr(widget, "wordWrap", bool)(), widget.objectName()
        assert widget.height() >= len(lines) * widget.fontMetrics().height(), widget.objectName()


@pytest.mark.parametrize("theme", qt_pictures.THEMES)
def test_the_link_of_the_help_stands_out_from_its_ground(panel, theme, monkeypatch):
    from SAMCAUltrasoundLib.HelpText import helpText

    window = QtWidgets.QWidget()
    qt_pictures.dress(window, theme)
    monkeypatch.setattr(slicer.util, "mainWindow", lambda: real_qt.Wrapped(window))
    document = QtGui.QTextDocument()
    document.setHtml(helpText().replace("</html>", ' <a href="#">link</a></html>'))
    cursor = QtGui.QTextCursor(document)
    cursor.movePosition(QtGui.QTextCursor.MoveOperation.End)
    colour = cursor.charFormat().foreground().color()
    assert contrast(colour, QtGui.QColor(qt_pictures.THEMES[theme][1])) > 4.5


class QtWindow(real_qt.Wrapped):
    """A main window as PythonQt shows it, which finds children by the names of their classes."""

    def findChildren(self, kind):
        return [real_qt.Wrapped(child) for child in self.thing.findChildren(getattr(QtGui, kind))]

    def press(self, keys):
        """What Qt calls for this key of the keyboard."""
        key = QtGui.QKeySequence(keys)[0]
        QtTest.QTest.keyClick(self.thing, key.key(), key.keyboardModifiers())
        QtTest.QTest.keyRelease(self.thing, key.key())  # without it Shift stays down for every later test
        QtCore.QCoreApplication.processEvents()


@pytest.fixture
def window(application, monkeypatch):
    qt = real_qt.install(monkeypatch, None)
    window = QtWidgets.QMainWindow()
    window.show()
    assert QtTest.QTest.qWaitForWindowActive(window)
    shown = QtWindow(window)
    monkeypatch.setattr(slicer.util, "mainWindow", lambda: shown)
    monkeypatch.setattr(qt, "QShortcut", real_qt.made(QtGui.QShortcut))
    monkeypatch.setattr(qt, "QKeySequence", QtGui.QKeySequence)
    yield shown
    window.close()


def test_qt_gives_the_keys_to_the_effect_whoever_else_wants_them(window):
    from SAMCAUltrasoundLib.Keys import Keys

    called, of_keys = [], {key: name for name, key in KeyTable.keys().items()} | KeyTable.FIXED
    left = QtGui.QShortcut(QtGui.QKeySequence("N"), window.thing)
    left.activated.connect(lambda: called.append("left behind"))
    action = window.thing.menuBar().addMenu("Edit").addAction("Redo")
    action.setShortcut("Ctrl+Y")
    action.triggered.connect(lambda: called.append("menu"))
    keys = Keys({name: lambda name=name: called.append(name) for name in of_keys.values()})
    keys.take(window)
    of_keys.pop("Tab")  # lives in slice views alone, of which there are none here
    for key in of_keys:
        window.press(key)
    assert called == list(of_keys.values())
    late = QtGui.QShortcut(QtGui.QKeySequence("N"), window.thing)
    called.clear()
    for _ in range(3):
        window.press("N")
    assert called == ["newObject"] * 3
    keys.giveBack()
    late.setEnabled(False)
    called.clear()
    for key in ("N", "Ctrl+Y", "Ctrl+Shift+Z"):
        window.press(key)
    assert called == ["left behind", "menu"]


def test_qt_gives_tab_to_the_effect_in_a_slice_view_and_elsewhere_to_the_focus(window, monkeypatch):
    from SAMCAUltrasoundLib.Keys import Keys

    view, field, console = QtWidgets.QWidget(), QtWidgets.QLineEdit(), QtWidgets.QPlainTextEdit()
    picture, middle = QtWidgets.QWidget(view), QtWidgets.QWidget()
    picture.setFocusPolicy(QtCore.Qt.FocusPolicy.StrongFocus)  # as the widget that VTK draws in
    layout = QtWidgets.QVBoxLayout(middle)
    for widget in (view, field, console):
        layout.addWidget(widget)
    window.thing.setCentralWidget(middle)
    QtCore.QCoreApplication.processEvents()  # until then nothing of it is visible
    widgets = types.SimpleNamespace(sliceView=lambda: real_qt.Wrapped(view))
    shown = types.SimpleNamespace(sliceViewNames=lambda: ("Red",), sliceWidget=lambda name: widgets)
    monkeypatch.setattr(slicer.app, "layoutManager", lambda: shown)
    called = []
    keys = Keys({"another": lambda: called.append("another")})
    keys.take(window)
    for _ in range(2):
        picture.setFocus()
        QtTest.QTest.keyClick(picture, QtCore.Qt.Key.Key_Tab)
    assert called == ["another"] * 2
    assert picture.hasFocus()
    field.setFocus()
    QtTest.QTest.keyClick(field, QtCore.Qt.Key.Key_Tab)
    assert console.hasFocus()
    QtTest.QTest.keyClick(console, QtCore.Qt.Key.Key_Tab)
    assert console.toPlainText() == "\t"
    keys.giveBack()
    picture.setFocus()
    QtTest.QTest.keyClick(picture, QtCore.Qt.Key.Key_Tab)
    assert field.hasFocus()
    assert called == ["another"] * 2


def contrast(one, other):
    """Of two colours, as WCAG has it: 1 to 21."""
    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def luminance(colour):
    parts = [
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in colour.getRgbF()
    ]
    return 0.2126 * parts[0] + 0.7152 * parts[1] + 0.0722 * parts[2]
