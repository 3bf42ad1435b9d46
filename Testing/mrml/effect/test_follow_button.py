"""Follow in the effect: its button and its key, what the mouse does meanwhile, and what ends it."""

from __future__ import annotations

import pytest
import volumes
from effect_editors import at, count, settled, status
from effect_editors import click as click_in
from live_images import Live, SeeingModel, picture

from SAMCALib.Frames import FrameLogic
from SAMCALib.Segments.SegmentLogic import maskOf


@pytest.fixture
def editor(open_editor, engine):
    engine.setModel(SeeingModel(), "seeing")
    return open_editor(volumes.volume(picture(20), name="Probe"))


@pytest.fixture
def live(editor):
    return Live(editor.volume, editor.effect.edit, editor.slicer)


@pytest.fixture
def following(editor, live):
    click_in(editor, 20, 32)
    editor.followButton.click()
    settled(editor)
    assert editor.followButton.checked
    return editor


def follows(editor, live, x):
    truth = live.show(x)
    settled(editor)
    return (live.mask() == truth).all()


def test_the_button_lets_the_outline_follow_and_ends_it(following, live):
    assert all(follows(following, live, x) for x in (24, 30, 36))
    assert "Following in Probe" in status(following)
    following.followButton.click()
    settled(following)
    assert not following.followButton.checked
    assert "Follow has ended." in status(following)
    assert not follows(following, live, 44)


def test_the_key_does_the_same(editor, live):
    click_in(editor, 20, 32)
    for isOn in (True, False):
        editor.effect.keys._actions["follow"]()
        settled(editor)
        assert editor.followButton.checked is isOn


def test_cancel_ends_it_and_keeps_the_outline(following, live):
    assert follows(following, live, 30)
    assert following.cancelButton.visible
    following.cancelButton.click()
    settled(following)
    assert not following.followButton.checked
    assert live.mask().any()


def test_without_an_outline_the_button_is_grey_and_says_why(editor):
    assert not editor.followButton.enabled
    assert "no object on this frame" in editor.followButton.toolTip
    editor.effect.keys._actions["follow"]()
    assert "Click on the object first" in status(editor)
    assert not editor.followButton.checked


def test_meanwhile_other_buttons_are_grey_and_say_why(following):
    for name in ("newObject", "clear", "useMask", "neighbours", "another"):
        button = getattr(following, f"{name}Button")
        assert not button.enabled
        assert "end Follow first" in button.toolTip
    assert following.followButton.enabled


def test_a_click_mends_the_outline_and_it_goes_on(following, live):
    click_in(following, 48, 50)
    assert live.mask()[50, 48]
    assert following.followButton.checked
    assert follows(following, live, 30) or live.mask()[32, 30]


def test_a_box_and_a_drag_beside_the_image_are_answered_in_words_or_mend_it(following, live):
    following.view.drag(at(following, 10, 10), at(following, 50, 50))
    settled(following)
    assert live.mask().any()
    assert following.followButton.checked


def test_scrolled_away_it_goes_on_and_a_click_there_is_refused_in_words(open_editor, engine):
    engine.setModel(SeeingModel(), "seeing")
    pixels = volumes.np.concatenate([picture(20)] * 5)
    editor = open_editor(volumes.volume(pixels, name="Probe"))
    live = Live(editor.volume, editor.effect.edit, editor.slicer)
    click_in(editor, 20, 32)
    frame = editor.effect.edit.frame
    editor.followButton.click()
    settled(editor)
    centre = FrameLogic.xyToRas(FrameLogic.frameOf(editor.volume, frame.index - 1), 32, 32)
    editor.view.node.JumpSliceByOffsetting(*centre)
    settled(editor)
    assert editor.effect.edit.frame.index == frame.index - 1
    click_in(editor, 20, 32)
    assert "The outline follows Probe" in status(editor)
    there = FrameLogic.slicer.util.arrayFromVolume(editor.volume)
    there[:] = picture(30)
    FrameLogic.slicer.util.arrayFromVolumeModified(editor.volume)
    settled(editor)
    assert (maskOf(live.editor.segmentation, "Lesion", frame) == (picture(30)[0] > 100)).all()


def test_another_effect_ends_it(following, live):
    live.show(30)
    following.deactivate()
    assert not following.effect.edit.isFollowing
    before = count(following)
    live.show(40)
    following.activate()
    settled(following)
    assert not following.followButton.checked
    assert count(following) == before
