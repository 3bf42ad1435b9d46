"""Follow: the outline goes with an image that changes in place."""

from __future__ import annotations

import time

import numpy as np
import pytest
import volumes
from live_images import DIM, picture

from SAMCALib.Frames import FrameLogic
from SAMCALib.Prompts.PromptPoints import Change
from SAMCALib.Segments.MaskLogic import MaskOptions
from SAMCALib.Segments.SegmentLogic import EditorHost, replaceObject
from SAMCALib.Texts import Refusal


def test_of_two_objects_the_current_one_follows_and_stays_current(live, model):
    other = np.zeros((64, 64), bool)
    other[50:60, 50:60] = True
    replaceObject(EditorHost(live.editor.logic), live.editor.segmentation, "Lesion", live.frame, None, other)
    live.edit.setFrame(live.frame)
    live.edit.click(live.frame, 20, 32)
    live.settle()
    live.edit.newObject(live.frame)
    live.edit.box(live.frame, 46, 8, 56, 18)
    live.settle()
    first, second = live.edit.prompts.objects
    live.edit._take(Change("pick", first.id))
    live.edit.follow(live.frame)
    live.settle()
    live.show(30)
    live.settle()
    assert [thing.id for thing in live.objects()] == [first.id, second.id]
    assert live.edit.prompts.object.id == first.id
    assert live.mask()[other].all()


def test_the_outline_goes_with_each_image(live):
    live.start()
    for x in (24, 30, 38, 44):
        truth = live.show(x)
        live.settle()
        assert (live.mask() == truth).all()
        assert len(live.objects()) == 1
    assert "Following in Probe" in live.edit.status


def test_images_that_come_at_25_hz_are_followed_as_fast_as_they_are_answered(live, model):
    live.start()
    begun, looked = time.monotonic(), len(model.embedded)
    for number in range(50):
        truth = live.show(20 + number // 2)
        while time.monotonic() < begun + 0.04 * (number + 1):
            live.tick()
    live.settle()
    assert (live.mask() == truth).all()
    assert 2 <= len(model.embedded) - looked <= 51


def test_of_images_that_come_while_one_is_answered_the_newest_is_looked_at(live, held, model):
    seen = len(model.embedded)
    held.close()
    for x in (22, 24, 26, 28):
        truth = live.show(x)
        live.tick()
    held.gate.set()
    live.settle()
    assert len(model.embedded) - seen == 2  # the first one, and the last
    assert (live.mask() == truth).all()


def test_ended_it_leaves_an_object_with_its_prompts_on_the_image_that_is_shown(live):
    live.start()
    for x in (24, 30):
        truth = live.show(x)
        live.tick()
    live.stop()
    assert not live.edit.isFollowing
    assert live.edit.status == "Follow has ended."
    assert (live.mask() == truth).all()
    (click,) = live.objects()[0].prompts.clicks
    assert truth[round(click.y), round(click.x)]
    live.edit.click(live.frame, 45, 50)
    live.settle()
    assert live.mask()[50, 45]
    assert len(live.objects()) == 1


def test_the_image_that_is_shown_at_the_end_is_encoded_for_the_next_click_and_none_before(
    live, model, engine
):
    live.start()
    kept = engine.cachedFrames
    for x in (24, 30):
        live.show(x)
        live.settle()
    assert engine.cachedFrames == kept
    live.stop()
    assert engine.cachedFrames == kept + 1


def test_all_of_it_is_one_step(live):
    live.start()
    before = live.mask()
    for x in (24, 30, 38):
        live.show(x)
        live.settle()
    live.stop()
    after = live.mask()
    live.editor.logic.Undo()
    live.settle()
    assert (live.mask() == before).all()
    live.editor.logic.Redo()
    live.settle()
    assert (live.mask() == after).all()
    for _ in range(2):
        live.editor.logic.Undo()
    live.settle()
    assert not live.mask().any()
    assert not live.editor.logic.CanUndo()


def test_undo_while_it_follows_takes_all_of_it_back_and_ends_it(live):
    live.start()
    before = live.mask()
    for x in (24, 30):
        live.show(x)
        live.settle()
    live.editor.logic.Undo()
    live.settle()
    assert not live.edit.isFollowing
    assert "undone" in live.edit.status
    assert (live.mask() == before).all()
    live.show(40)
    live.settle()
    assert (live.mask() == before).all()


def test_where_it_is_not_sure_the_outline_is_hidden_and_comes_back_when_it_is(live):
    live.start()
    live.show(24, value=DIM)
    live.settle()
    assert not live.mask().any()
    assert "not seen for sure" in live.edit.status
    truth = live.show(26)
    live.settle()
    assert (live.mask() == truth).all()


def lose(live):
    for _ in range(7):
        live.show(None)
        live.settle()
    assert "lost: click on it" in live.edit.status
    assert not live.mask().any()


def test_lost_it_is_looked_for_no_more_and_a_click_takes_it_up_again(live, model):
    live.start()
    lose(live)
    looked = len(model.embedded)
    truth = live.show(50)
    live.settle()
    assert len(model.embedded) == looked
    assert not live.mask().any()
    with pytest.raises(Refusal, match="without Ctrl"):
        live.edit.click(live.frame, 50, 32, positive=False)
    live.edit.click(live.frame, 50, 32)
    live.settle()
    assert (live.mask() == truth).all()
    truth = live.show(44)
    live.settle()
    assert (live.mask() == truth).all()


def test_lost_it_ends_in_words_and_undo_brings_the_outline_back(live):
    live.start()
    before = live.mask()
    lose(live)
    live.stop()
    assert live.edit.status == "Follow has ended: the object was lost."
    live.editor.logic.Undo()
    live.settle()
    assert (live.mask() == before).all()


def test_a_click_mends_the_outline_on_the_image_that_it_was_made_on(live, held):
    held.close()
    live.show(24)
    live.tick()  # asks
    clicked = live.show(30)
    live.edit.click(live.frame, 50, 50)
    live.show(36)
    live.tick()
    held.gate.set()
    while not live.mask()[50, 50]:
        live.edit.answer(0.02)
    assert (live.mask() & clicked == clicked).all()
    live.settle()
    assert live.mask()[32, 44]


def test_a_second_click_before_the_first_is_answered_comes_to_it(live, held):
    held.close()
    for x in (44, 50):
        live.edit.click(live.frame, x, 50)
    held.gate.set()
    live.settle()
    assert live.mask()[50, 44]
    assert live.mask()[50, 50]


def test_a_click_elsewhere_than_it_follows_is_refused_in_words(live):
    live.start()
    other = volumes.volume(picture(20), name="Other")
    with pytest.raises(Refusal, match="another volume"):
        live.edit.click(FrameLogic.frameOf(other, 0), 20, 32)
    with pytest.raises(Refusal, match="outside the image"):
        live.edit.click(live.frame, 200, 32)
    assert live.edit.isFollowing


@pytest.mark.parametrize(
    "act",
    [
        lambda edit, frame: edit.newObject(frame),
        lambda edit, frame: edit.clear(frame),
        lambda edit, frame: edit.useMask(frame),
        lambda edit, frame: edit.segmentNeighbours(frame, 2),
        lambda edit, frame: edit.follow(frame),
        lambda edit, frame: edit.suggest(frame),
        lambda edit, frame: edit.suggestAll(frame),
        lambda edit, frame: edit.another(frame),
        lambda edit, frame: edit.startAnew(frame),
        lambda edit, frame: edit.takeFiducials(frame, [FrameLogic.xyToRas(frame, 20, 32)]),
    ],
)
def test_what_else_there_is_to_do_waits_until_it_is_ended(live, act):
    live.start()
    with pytest.raises(Refusal, match="end Follow first"):
        act(live.edit, live.frame)
    assert live.edit.isFollowing
    truth = live.show(30)
    live.settle()
    assert (live.mask() == truth).all()


def test_points_that_are_dragged_meanwhile_go_back(live):
    live.start()
    live.show(30)
    live.settle()
    node = live.edit.points.nodes["initial"]
    node.SetNthControlPointPositionWorld(0, *FrameLogic.xyToRas(live.frame, 50, 50))
    live.tick()
    assert "end Follow first" in live.edit.message
    assert live.edit.isFollowing


def test_options_are_heeded_from_the_next_image_on(live):
    live.start()
    live.edit.useOptions(MaskOptions(smoothingMm=3.0))
    truth = live.show(30)
    live.settle()
    assert live.mask().any()
    assert (live.mask() != truth).any()
    assert live.edit.isFollowing


def test_without_an_outline_it_says_what_to_do_first(live):
    with pytest.raises(Refusal, match="Click on the object first"):
        live.edit.follow(live.frame)
