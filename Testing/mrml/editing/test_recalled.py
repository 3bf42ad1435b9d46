"""Neighbours and Follow by a model that remembers: what was clicked is found again, beside others like it."""

from __future__ import annotations

import types

import numpy as np
import pytest
import slicer.util
import volumes
from live_images import Live, SeeingModel, picture
from slicer_scene import Editor

from SAMCALib.Frames import FrameLogic
from SAMCALib.Prompts import PromptLogic
from SAMCALib.Segments.MaskLogic import MaskOptions
from SAMCALib.Segments.SegmentLogic import maskOf

OBJECT, OTHER = 200, 150


class RememberingModel(SeeingModel):
    """Asked by prompts it sees all that is not dark; its memory knows how bright the object was."""

    remembers, mask_side = True, 64

    def __init__(self):
        super().__init__()
        self.kinds = []

    def remember(self, features, masks):
        seen = features[0].mean(2)
        return types.SimpleNamespace(brightness=seen[masks[0] > 0.5].mean(), nbytes=1, mask=masks[0])

    def recall(self, features, bank, kinds):
        self.kinds.append((list(kinds), [kept.mask for kept in bank]))
        found = abs(features[0].mean(2) - np.mean([kept.brightness for kept in bank])) < 15
        return np.where(found, 8.0, -8.0).astype(np.float32)[None], [0.9 if found.any() else 0.1]


@pytest.fixture
def model(engine):
    model = RememberingModel()
    engine.setModel(model, "remembering")
    return model


def beside(x, other=None):
    """(H, W) uint8: the object, and another one beside it, which may be missing."""
    seen = picture(x, value=OBJECT)[0]
    return seen if other is None else np.maximum(seen, picture(other, value=OTHER)[0])


class Carried:
    """A volume in an editor, clicked in one frame and carried to the others."""

    def __init__(self, frames, editing, settle):
        self.volume = volumes.volume(np.stack(frames))
        self.editor, self.settle = Editor(self.volume), settle
        self.edit = editing(self.editor)
        self.edit.maskOptions = MaskOptions(largestComponent=False, fillHoles=False)

    def click(self, place, x, y=32, positive=True):
        self.edit.setFrame(self.frame(place))
        self.edit.click(self.frame(place), x, y, positive)
        self.settle(self.edit)

    def carry(self, place):
        self.edit.segmentNeighbours(self.frame(place), 99)
        while self.edit.sweep.isRunning:
            self.settle(self.edit)
        return self.edit.message

    def frame(self, place):
        return FrameLogic.frameOf(self.volume, place)

    def mask(self, place):
        return maskOf(self.editor.segmentation, "Lesion", self.frame(place))

    def objects(self, place):
        return PromptLogic.framePrompts(self.editor.segmentation, "Lesion", self.frame(place)).objects


def test_neighbours_are_recalled_and_not_asked_by_the_mask_beside_them(scene, editing, settle, model):
    frames = [beside(20), beside(30, 50), beside(44, 12), beside(20, 52)]
    loop = Carried(frames, editing, settle)
    loop.click(0, 20)
    loop.carry(0)
    for place, frame in enumerate(frames):
        assert (loop.mask(place) == (frame == OBJECT)).all()
    assert [kinds for kinds, _ in model.kinds] == [[0], [0, 1], [0, 1, 1]]


def test_a_carried_object_keeps_its_own_mask_as_a_prompt(scene, editing, settle, model):
    loop = Carried([beside(20), beside(34)], editing, settle)
    loop.click(0, 20)
    loop.carry(0)
    (thing,) = loop.objects(1)
    assert (thing.prompts.mask == (beside(34) == OBJECT)).all()
    assert abs(thing.prompts.clicks[0].x - 34) <= 1


def test_it_stops_where_the_object_is_gone_and_says_so(scene, editing, settle, model):
    loop = Carried([beside(20), beside(24), beside(None, 40), beside(28)], editing, settle)
    loop.click(0, 20)
    says = loop.carry(0)
    assert "Sure up to frame 2. Frame 3 is not sure" in says
    assert not loop.mask(2).any()


def test_what_was_mended_by_hand_is_remembered_as_it_is(scene, editing, settle, model):
    loop = Carried([beside(20), beside(26), beside(32)], editing, settle)
    loop.click(0, 20)
    loop.click(0, 20, 28, positive=False)
    mended = loop.mask(0)
    assert mended.any()
    assert (mended != (beside(20) == OBJECT)).any()
    loop.carry(0)
    assert ((model.kinds[0][1][0] > 0.5) == mended).all()


def test_follow_recalls_the_object_and_finds_it_again(scene, editing, model):
    volume = volumes.volume(picture(20), name="Probe")
    editor = Editor(volume)
    live = Live(volume, editing(editor), editor)
    live.start()
    for frame in (beside(40, 12), beside(14, 40), beside(None, 30), beside(50, 30)):
        slicer.util.updateVolumeFromArray(volume, frame[None])
        live.settle()
        assert (live.mask() == (frame == OBJECT)).all()
    assert model.kinds


def test_another_model_begins_anew_with_what_it_is_asked_by(scene, editing, settle, model, engine):
    loop = Carried([beside(20), beside(22), beside(24)], editing, settle)
    loop.click(0, 20)
    loop.edit.segmentNeighbours(loop.frame(0), 99)
    loop.edit.poll()
    other = RememberingModel()
    engine.setModel(other, "other")
    while loop.edit.sweep.isRunning:
        settle(loop.edit)
    assert loop.mask(2).any()
