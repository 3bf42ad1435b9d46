"""What belongs to an item of a loop is the same whether the item is shown or not."""

from __future__ import annotations

import numpy as np
import pytest
import slicer
import slicer.util
import volumes

from SAMCALib.Frames import FrameLogic, SequenceLogic
from SAMCALib.Texts import Refusal

LOOPS = {
    "the browser's master": lambda: volumes.cine(5),
    "beside a tracker, with other times": lambda: volumes.tracked(5),
    "fewer images than poses": lambda: volumes.tracked(6, every=3),
    "times of one recording": lambda: volumes.tracked(5, lag=0.0),
    "more than 8 bits, each with a window of its own": lambda: volumes.tracked(3, kind=np.int16),
    "items of different size": lambda: volumes.clip(volumes.speckle(1, 20, 24), volumes.speckle(1, 31, 17)),
}


@pytest.fixture(params=LOOPS)
def loop(scene, request):
    return LOOPS[request.param]()


def about(frame):
    """All that there is to know of a frame."""
    ras = FrameLogic.pictureToRas(frame).round(6).tolist()
    shape, spacing = FrameLogic.shape(frame), FrameLogic.spacing(frame)
    return FrameLogic.pixels(frame).tolist(), shape, spacing, ras, FrameLogic.window(frame)


def as_shown(browser, proxy):
    """The same of every item while it is shown."""
    told = {}
    for item in SequenceLogic.itemsOf(browser):
        SequenceLogic.showItem(browser, item)
        frame = FrameLogic.frameOf(proxy, 0)
        told[frame] = about(frame), FrameLogic.digest(frame), FrameLogic.cacheKey(frame)
    return told


def test_an_item_that_is_not_shown_has_the_image_and_the_place_that_it_has_when_shown(loop):
    browser, proxy = loop
    told = as_shown(browser, proxy)
    SequenceLogic.showItem(browser, SequenceLogic.itemsOf(browser)[1])
    frames = FrameLogic.loopOf(FrameLogic.frameOf(proxy, 0))
    assert frames == list(told)
    for frame in frames:
        assert (about(frame), FrameLogic.digest(frame), FrameLogic.cacheKey(frame)) == told[frame]
    assert len({str(about(frame)) for frame in frames}) == len(frames), "no two items are alike"


def test_items_without_an_image_are_no_part_of_the_loop(scene):
    browser, proxy = volumes.tracked(4, every=2, lag=0.0)
    image = browser.GetSequenceNode(proxy)
    browser.SetMissingItemMode(image, browser.MissingItemIgnore)
    SequenceLogic.showItem(browser, "0.2")
    shown = FrameLogic.frameOf(proxy, 0)
    assert [frame.item for frame in FrameLogic.loopOf(shown)] == ["0.0", "0.2"]
    assert [frame.item for frame in FrameLogic.neighbours(shown)] == ["0.0"]
    browser.SetPlayback(image, False)
    assert [frame.item for frame in FrameLogic.loopOf(shown)] == ["0.0", "0.1", "0.2", "0.3"]


def test_the_same_slice_is_found_in_an_item_of_another_geometry(scene):
    browser, proxy = volumes.clip(volumes.speckle(9, 20, 24), volumes.speckle(5, 20, 24))
    sixth, third = FrameLogic.frameOf(proxy, 6), FrameLogic.frameOf(proxy, 3)
    SequenceLogic.showItem(browser, "1")
    assert FrameLogic.current(third) == FrameLogic.frameOf(proxy, 3)
    assert FrameLogic.current(sixth) is None
    assert FrameLogic.shape(sixth) == (20, 24)
    assert len(FrameLogic.loopOf(sixth)) == 9


def test_an_item_or_a_browser_that_is_gone_is_said(scene):
    browser, proxy = volumes.cine(3)
    last = FrameLogic.loopOf(FrameLogic.frameOf(proxy, 0))[2]
    browser.GetMasterSequenceNode().RemoveDataNodeAtValue("0.2")
    with pytest.raises(Refusal, match=r"no image in item 0\.2 any more"):
        FrameLogic.pixels(last)
    slicer.mrmlScene.RemoveNode(browser)
    with pytest.raises(Refusal, match="in no Sequence any more"):
        FrameLogic.pixels(last)
    assert FrameLogic.current(last) == FrameLogic.frameOf(proxy, 0)


def test_the_digest_is_of_what_is_stored(scene):
    pixels = volumes.speckle(2, 20, 24)
    one, other = volumes.volume(pixels, name="One"), volumes.volume(pixels.copy(), "flipped along i", "Other")
    frame = FrameLogic.frameOf(one, 1)
    assert FrameLogic.digest(frame) == FrameLogic.digest(FrameLogic.frameOf(other, 1))
    assert FrameLogic.digest(frame) != FrameLogic.digest(FrameLogic.frameOf(one, 0))
    before = FrameLogic.digest(frame)
    slicer.util.arrayFromVolume(one)[1, 0, 0] ^= 1
    slicer.util.arrayFromVolumeModified(one)
    assert FrameLogic.digest(frame) != before
