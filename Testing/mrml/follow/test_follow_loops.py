"""Follow in Sequences: one that is played, items of other sizes, and one that is being recorded."""

from __future__ import annotations

import pytest
import slicer
import slicer.util
import volumes
from disc_model import DiscModel
from live_images import DIM, Live, picture
from slicer_scene import Editor

from SAMCALib.Frames import FrameLogic, SequenceLogic

COUNT = 12


class Played(Live):
    """A Sequence; `go` shows an item, as the browser does while it plays."""

    @property
    def loop(self):
        return FrameLogic.items(self.frame)

    def go(self, number=-1):
        number = number % self.browser.GetNumberOfItems()
        self.browser.SetSelectedItemNumber(number)
        slicer.modules.sequences.logic().UpdateProxyNodesFromSequences(self.browser)

    def truth(self, number):
        image = self.browser.GetSequenceNode(self.volume).GetNthDataNode(number)
        return slicer.util.arrayFromVolume(image)[0] > 100

    def right(self):
        """The items whose outline is that of their own image; of those that have one."""
        masks = {n: self.mask(frame) for n, frame in enumerate(self.loop)}
        return [n for n, mask in masks.items() if (mask == self.truth(n)).all()]

    def filled(self):
        return [n for n, frame in enumerate(self.loop) if self.mask(frame).any()]


@pytest.fixture
def played(scene, editing, model):
    """A clip whose object goes to the right, playing."""

    def make(*images):
        images = images or [picture(16 + 2 * number) for number in range(COUNT)]
        browser, proxy = volumes.clip(*images)
        editor = Editor(proxy)
        live = Played(proxy, editing(editor), editor, browser)
        browser.SetPlaybackActive(True)
        live.go(0)
        return live

    return make


def test_each_item_that_is_shown_while_it_plays_gets_its_own_outline(played):
    live = played()
    live.start(16)
    for number in (1, 2, 3, 5, 6, 8, 9, 10):  # the others were passed over
        live.go(number)
        live.settle()
    live.stop()
    assert live.right() == live.filled() == [0, 1, 2, 3, 5, 6, 8, 9, 10]
    assert "Follow has ended." in live.edit.status


def test_an_answer_goes_into_the_item_that_was_asked_about(played, gated):
    live = played()
    live.start(16)
    gated.close()
    live.go(1)
    live.tick()
    live.go(2)
    live.tick()
    gated.gate.set()
    live.settle()
    assert live.right() == [0, 1, 2]


def test_all_items_are_one_step(played):
    live = played()
    live.start(16)
    for number in range(1, COUNT):
        live.go(number)
        live.settle()
    live.stop()
    assert live.right() == list(range(COUNT))
    live.edit.steps.takeBack()
    live.settle()
    assert live.filled() == [0]
    live.edit.steps.takeBack()
    live.settle()
    assert live.filled() == []


def test_taken_back_while_it_follows_it_ends(played):
    live = played()
    live.start(16)
    for number in (1, 2):
        live.go(number)
        live.settle()
    live.edit.steps.takeBack()
    live.settle()
    assert not live.edit.isFollowing
    assert live.filled() == [0]


def test_round_after_round_each_item_has_one_object(played):
    live = played(*(picture(x) for x in (16, 26, 36, 26)))
    live.start(16)
    for number in (1, 2, 3, 0) * 3:
        live.go(number)
        live.settle()
    assert live.right() == [0, 1, 2, 3]
    assert [len(live.objects(frame)) for frame in live.loop] == [1, 1, 1, 1]


def test_what_the_user_outlined_in_an_item_is_not_changed_and_leads_from_there(played):
    live = played()
    live.go(4)
    live.edit.setFrame(live.frame)
    live.edit.click(live.frame, 24, 32)
    live.settle()
    live.edit.click(live.frame, 50, 50)
    live.settle()
    mended = live.mask()
    live.go(0)
    live.start(16)
    for number in (1, 2, 4, 5):
        live.go(number)
        live.settle()
    assert (live.mask(live.loop[4]) == mended).all()
    assert (live.mask(live.loop[5]) == live.truth(5)).all()


def test_another_structure_of_an_item_does_not_lead(played, engine):
    engine.setModel(DiscModel(), "discs")  # which sees what it is told
    live = played()
    for x, y in ((50, 8), (16, 32)):
        live.edit.newObject(live.frame) if live.objects() else live.edit.setFrame(live.frame)
        live.edit.box(live.frame, x - 6, y - 6, x + 6, y + 6)
        live.settle()
    other = live.loop[2]
    live.go(2)
    live.edit.setFrame(live.frame)
    live.edit.box(live.frame, 44, 2, 56, 14)
    live.settle()
    before = live.objects(other)
    live.go(0)
    live.edit.setFrame(live.frame)
    live.edit.follow(live.frame)
    for number in (1, 2):
        live.go(number)
        live.settle()
    first, second = live.objects(other)
    assert first.prompts == before[0].prompts
    assert second.carried


def test_a_click_while_it_plays_mends_the_item_it_was_made_on_and_stays(played):
    live = played()
    live.start(16)
    live.go(3)
    live.edit.setFrame(live.frame)
    live.edit.click(live.frame, 50, 50)
    live.go(4)
    live.settle()
    assert live.mask(live.loop[3])[50, 50]
    mended = live.mask(live.loop[3])
    for number in (5, 3, 4):
        live.go(number)
        live.settle()
    assert (live.mask(live.loop[3]) == mended).all()


def test_items_in_which_it_is_not_sure_stay_as_they_are(played):
    live = played(picture(16), picture(18), picture(20, value=DIM), picture(22))
    live.start(16)
    for number in (1, 2, 3):
        live.go(number)
        live.settle()
    assert live.right() == live.filled() == [0, 1, 3]


def test_items_of_another_size_are_followed(played, model):
    model.config.image_size = 96
    shape = 96, 96
    live = played(picture(20, shape=shape), picture(22), picture(24, shape=shape))
    live.start(20)
    for number in (1, 2):
        live.go(number)
        live.settle()
    masks = [live.mask(frame) for frame in live.loop]
    assert [mask.shape for mask in masks] == [(96, 96), (64, 64), (96, 96)]
    assert live.right() == [0, 1, 2]


@pytest.mark.parametrize("every", [1, 2])
def test_images_of_a_tracked_probe_are_followed_in_the_items_of_its_tracker(scene, editing, model, every):
    browser, proxy = volumes.tracked(6, (64, 64), every=every)
    sequence = browser.GetSequenceNode(proxy)
    for number in range(sequence.GetNumberOfDataNodes()):
        slicer.util.updateVolumeFromArray(sequence.GetNthDataNode(number), picture(16 + 2 * number))
    editor = Editor(proxy)
    live = Played(proxy, editing(editor), editor, browser)
    live.go(1)
    live.go(0)
    live.start(16)
    for number in range(1, 6):
        live.go(number)
        live.settle()
    live.stop()
    for number, frame in enumerate(live.loop):
        assert (live.mask(frame) == (picture(16 + 2 * (number // every))[0] > 100)).all()


def test_an_item_that_leaves_while_it_is_asked_about_is_passed_over(played, gated):
    live = played()
    live.start(16)
    gated.close()
    live.go(1)
    live.tick()
    gone = SequenceLogic.itemsOf(live.browser)[1]
    live.go(2)
    for sequence in (
        live.browser.GetMasterSequenceNode(),
        live.browser.GetSequenceNode(live.editor.segmentation),
    ):
        sequence.RemoveDataNodeAtValue(gone)
    gated.gate.set()
    live.go(1)  # which was number two
    live.settle()
    assert live.edit.isFollowing
    assert live.right() == [0, 1]


def test_a_sequence_that_is_deleted_ends_it_in_words(played):
    live = played()
    live.start(16)
    live.go(1)
    live.tick()
    slicer.mrmlScene.RemoveNode(live.browser)
    slicer.mrmlScene.RemoveNode(live.volume)
    live.edit.poll()
    assert not live.edit.isFollowing
    assert "removed" in live.edit.message or "gone" in live.edit.message


def test_a_loop_of_one_image_is_followed_and_nothing_happens(played):
    live = played(picture(16))
    live.start(16)
    live.settle()
    live.stop()
    assert live.right() == [0]
    assert not live.edit.isFollowing


# Recording


@pytest.fixture
def recorded(scene, editing, model):
    """A probe in a Sequence browser that is ready to record it."""
    volume = volumes.volume(picture(16), name="Probe")
    editor = Editor(volume)
    return Played(volume, editing(editor), editor, volumes.recorder(volume))


def test_a_volume_that_is_going_to_be_recorded_can_be_clicked(recorded):
    recorded.edit.click(recorded.frame, 16, 32)
    recorded.settle()
    assert recorded.mask()[32, 16]


def test_what_is_followed_while_a_sequence_is_recorded_is_recorded_with_its_image(recorded):
    recorded.start(16)
    recorded.browser.SetRecordingActive(True)
    places = range(18, 42, 2)
    for x in places:
        truth = recorded.show(x)
        recorded.settle()
        assert (recorded.mask() == truth).all()
    recorded.browser.SetRecordingActive(False)
    recorded.settle()
    assert recorded.edit.isFollowing
    recorded.stop()
    assert recorded.browser.GetNumberOfItems() == len(places)
    assert recorded.right() == list(range(len(places)))
    assert [len(recorded.objects(frame)) for frame in recorded.loop] == [1] * len(places)


def test_of_images_that_were_recorded_and_passed_over_the_answered_ones_have_their_own_outline(
    recorded, gated
):
    recorded.start(16)
    recorded.browser.SetRecordingActive(True)
    gated.close()
    for x in (18, 20, 22, 24):
        truth = recorded.show(x)
        recorded.tick()
    gated.gate.set()
    recorded.settle()
    assert (recorded.mask() == truth).all()
    recorded.browser.SetRecordingActive(False)
    recorded.settle()
    recorded.stop()
    assert {0, 3} <= set(recorded.right())
    assert recorded.filled() == [0, 1, 2, 3]


def test_undo_takes_back_what_is_shown_while_a_sequence_is_recorded(recorded):
    recorded.start(16)
    before = recorded.mask()
    recorded.browser.SetRecordingActive(True)
    for x in (18, 20, 22):
        recorded.show(x)
        recorded.settle()
    recorded.editor.logic.Undo()
    recorded.settle()
    assert not recorded.edit.isFollowing
    assert (recorded.mask() == before).all()


def test_a_frozen_image_can_be_clicked_while_a_sequence_is_recorded_and_that_is_recorded(recorded):
    recorded.browser.SetRecordingActive(True)
    recorded.show(16)
    recorded.edit.setFrame(recorded.frame)
    for x, y in ((16, 32), (40, 50)):
        recorded.edit.click(recorded.frame, x, y)
        recorded.settle()
    assert recorded.mask()[50, 40]
    assert recorded.browser.GetNumberOfItems() == 1
    recorded.show(17)
    recorded.browser.SetRecordingActive(False)
    assert recorded.mask(recorded.loop[1])[50, 40]
