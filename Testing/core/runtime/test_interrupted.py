"""An encoding that nobody waits for any more ends between two layers, and the next one is whole."""

import threading

import numpy as np
import pytest

from samca.runtime import loading
from samca.runtime.graph_model import Interrupted

PICTURES = [np.zeros((256, 256, 3), np.float32)] * 8  # some tenths of a second


def test_an_encoding_ends_as_another_thread_wishes_and_the_next_is_whole():
    model, ended = loading.load(), []

    def encode():
        with pytest.raises(Interrupted, match="interrupted: ask again"):
            model.embed_each(PICTURES)
        ended.append(True)

    thread = threading.Thread(target=encode)
    thread.start()
    while thread.is_alive():
        model.interrupt()
    assert ended
    assert len(model.embed_each(PICTURES[:2]).embedding) == 2


def test_what_else_goes_wrong_is_told_as_it_is():
    with pytest.raises(ValueError, match="broadcast"):
        loading.load().embed(np.zeros((300, 300, 3), np.float32))
