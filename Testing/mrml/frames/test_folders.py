"""Folders of pictures as Sequences: what an item holds, and what is no item."""

from __future__ import annotations

import numpy as np
import pytest
import slicer.util
import volumes
from PIL import Image

from SAMCALib.Frames import FolderLogic

PICTURE = volumes.speckle(20, 30)


def test_a_picture_of_one_bit_is_black_and_white(scene, tmp_path):
    Image.fromarray(PICTURE > 127).save(tmp_path / "bits.png")
    node = FolderLogic.loadSequence(tmp_path).GetNthDataNode(0)
    np.testing.assert_array_equal(slicer.util.arrayFromVolume(node)[0], (PICTURE > 127) * 255)


def test_a_turned_picture_is_an_upright_item(scene, tmp_path):
    exif = Image.Exif()
    exif[0x0112] = 6
    Image.fromarray(np.ascontiguousarray(np.rot90(PICTURE))).save(tmp_path / "turned.png", exif=exif)
    node = FolderLogic.loadSequence(tmp_path).GetNthDataNode(0)
    np.testing.assert_array_equal(slicer.util.arrayFromVolume(node)[0], PICTURE)


def test_a_stack_is_not_taken_for_its_first_page(scene, tmp_path):
    pages = [Image.fromarray(PICTURE), Image.fromarray(255 - PICTURE)]
    pages[0].save(tmp_path / "stack.tif", save_all=True, append_images=pages[1:])
    with pytest.raises(ValueError, match=r"stack\.tif has 2 frames"):
        FolderLogic.loadSequence(tmp_path)


def test_items_are_in_the_order_of_their_numbers_without_hidden_files(scene, tmp_path):
    for name in ("frame10.png", "frame9.png", "frame1.png"):
        Image.fromarray(PICTURE).save(tmp_path / name)
    (tmp_path / "._frame1.png").write_bytes(b"of another system")
    sequence = FolderLogic.loadSequence(tmp_path)
    items = [sequence.GetNthIndexValue(number) for number in range(sequence.GetNumberOfDataNodes())]
    assert items == ["frame1.png", "frame9.png", "frame10.png"]
