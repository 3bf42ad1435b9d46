"""The settings under Advanced: one widget each, made from what the logic says about a setting."""

from __future__ import annotations

import qt

from SAMCALib.Texts import _, asToolTip

LARGEST = 2**31 - 1  # of a QSpinBox


class AdvancedWidget:
    """settings: Settings of the logic. layout: a QFormLayout. changed(): after every change by the user."""

    def __init__(self, settings: list, layout, changed):
        self.settings, self.changed = settings, changed
        self._preset: dict = {}
        self._isShowing = False
        self._connections: list = []
        self.widgets = {}
        for setting in settings:
            widget = self._make(setting)
            default = _("Default: {value}.").format(value=setting.default)
            widget.toolTip = asToolTip(f"{setting.tip} {default}" if setting.default != "" else setting.tip)
            layout.addRow(f"{setting.title}:", widget)
            self.widgets[setting.name] = widget
        button = qt.QPushButton(_("Back to the preset"))
        button.toolTip = asToolTip(_("Give every setting here the value of the preset again."))
        self._connect(button, "clicked()", self.reset)
        layout.addRow("", button)
        self.resetButton = button
        self.reset()

    def cleanup(self) -> None:
        """Let go of every signal."""
        for widget, signal, slot in self._connections:
            widget.disconnect(signal, slot)
        self._connections = []

    def values(self) -> dict:
        """The settings that differ from those of the preset; ValueError for what is no number."""
        read = {setting.name: self._read(setting) for setting in self.settings}
        return {name: value for name, value in read.items() if value != self._of(name)}

    def show(self, preset: dict) -> None:
        """Show the values of another preset or method; what the user has changed stays."""
        try:
            changed = self.values()
        except ValueError:
            changed = {}
        self._preset = preset
        self._write(changed)

    def reset(self) -> None:
        """Forget what the user has changed."""
        self._write({})
        self.changed()

    def _of(self, name: str):
        """The value without a change by the user."""
        default = next(setting.default for setting in self.settings if setting.name == name)
        return self._preset.get(name, default)

    def _write(self, changed: dict) -> None:
        self._isShowing = True
        for setting in self.settings:
            value, widget = changed.get(setting.name, self._of(setting.name)), self.widgets[setting.name]
            if setting.kind == "int":
                widget.value = value
            elif setting.kind == "bool":
                widget.checked = value
            elif setting.kind == "choice":
                widget.setCurrentIndex(setting.choices.index(value))
            else:
                widget.text = f"{value:g}" if setting.kind == "float" else value
        self._isShowing = False

    def _read(self, setting):
        widget = self.widgets[setting.name]
        if setting.kind == "int":
            return widget.value
        if setting.kind == "bool":
            return widget.checked
        if setting.kind == "choice":
            return setting.choices[widget.currentIndex]
        return _number(setting, widget.text) if setting.kind == "float" else widget.text.strip()

    def _make(self, setting):
        if setting.kind == "int":
            widget = qt.QSpinBox()
            widget.minimum = -LARGEST if setting.minimum is None else setting.minimum
            widget.maximum = LARGEST if setting.maximum is None else setting.maximum
            self._connect(widget, "valueChanged(int)", self._tell)
        elif setting.kind == "bool":
            widget = qt.QCheckBox()
            self._connect(widget, "toggled(bool)", self._tell)
        elif setting.kind == "choice":
            widget = qt.QComboBox()
            for choice in setting.choices:
                widget.addItem(choice)
            self._connect(widget, "activated(int)", self._tell)
        else:
            widget = qt.QLineEdit()
            self._connect(widget, "textChanged(QString)", self._tell)
        return widget

    def _connect(self, widget, signal: str, slot) -> None:
        widget.connect(signal, slot)
        self._connections.append((widget, signal, slot))

    def _tell(self, _value) -> None:
        if not self._isShowing:
            self.changed()


def _number(setting, text: str) -> float:
    """The number that was typed, with a point or a comma."""
    try:
        return float(text.strip().replace(",", "."))
    except ValueError:
        said = _("{title} is {text!r}: expected a number, as {default:g}.")
        raise ValueError(said.format(title=setting.title, text=text, default=setting.default)) from None
