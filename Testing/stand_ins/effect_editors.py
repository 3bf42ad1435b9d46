"""What a test does with an editor that has the effect active, and what it reads of it."""

from __future__ import annotations

from SAMCALib.Frames import FrameLogic
from SAMCALib.Models.InstallLogic import State, Status
from SAMCALib.Prompts import PromptLogic

READY = Status(State.READY, "ready")
MISSING = Status(State.TORCH_MISSING, "torch is not installed. Press Install.")


def settled(editor):
    """Let the timer run until the engine has answered."""
    for _ in range(3):
        editor.tick()
        assert editor.effect.edit.engine.wait(30)
    editor.tick()
    return editor


def at(editor, x, y, frame=None):
    """Window pixel of an image pixel."""
    return editor.view.pixelOf(FrameLogic.xyToRas(frame or editor.effect.edit.frame, x, y))


def click(editor, x, y, control=0):
    editor.view.click(at(editor, x, y), control)
    return settled(editor)


def prompts(editor, segment="Lesion"):
    return PromptLogic.framePrompts(editor.slicer.segmentation, segment, editor.effect.edit.frame)


def count(editor, segment="Lesion"):
    return int(editor.slicer.voxels(segment).sum())


def status(editor):
    return editor.statusLabel.text
