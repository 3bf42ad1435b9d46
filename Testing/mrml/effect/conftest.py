"""The module itself, for the tests of what it registers and shows."""

from __future__ import annotations

import importlib
import sys
import types

import pytest


@pytest.fixture
def shell(qt, monkeypatch):
    """The module SAMCAUltrasound, imported with Slicer's base classes stood in for."""
    base, i18n = types.ModuleType("slicer.ScriptedLoadableModule"), types.ModuleType("slicer.i18n")

    class Module:
        def __init__(self, parent):
            self.parent = parent

    for name in ("ScriptedLoadableModule", "ScriptedLoadableModuleWidget", "ScriptedLoadableModuleTest"):
        setattr(base, name, type(name, (Module,), {}))
    i18n.tr, i18n.translate = str, lambda context, text: text
    monkeypatch.setitem(sys.modules, base.__name__, base)
    monkeypatch.setitem(sys.modules, i18n.__name__, i18n)
    monkeypatch.delitem(sys.modules, "SAMCAUltrasound", raising=False)
    module = importlib.import_module("SAMCAUltrasound")
    yield module
    del sys.modules["SAMCAUltrasound"]
