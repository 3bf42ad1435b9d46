"""What a click asks of the frame and of a window in it, with their mirror images, decoded in one batch."""

import numpy as np
import pytest

from dots import HEIGHT, WIDTH, Dots
from samca.interaction.decoding import Decoding, decode_together
from samca.interaction.looks import embed
from samca.interaction.session import Session
from samca.prompts import Box, Click, Prompts
from samca.prompts.geometry import Geometry

PLACES = (40, 30, True), (41, 31, True), (33, 30, False), (39, 30, True)


class Joining(Dots):
    """Takes several pictures in one batch; `batches` are the looks of each decoding."""

    def __init__(self, **settings):
        super().__init__(**settings)
        self.batches = []

    def joined(self, features):
        return "features" if set(features) == {"features"} else None

    def predict_each(self, features, prompts, previous):
        self.batches.append(len(prompts))
        return super().predict_each(features, prompts, previous)


class Apart(Joining):
    """The same model, which cannot."""

    joined = property()  # no such attribute


def clicked(model, places=PLACES):
    session = Session(model)
    session.set_image(np.zeros((HEIGHT, WIDTH), np.uint8))
    return [session.click(*place) for place in places]


@pytest.mark.parametrize("feedback", ["none", "initial", "last"])
def test_a_click_in_the_window_of_the_one_before_is_one_decoding(feedback):
    settings = {"zoom": 1.2, "mirror": True, "feedback": feedback}
    together, apart = Joining(**settings), Apart(**settings)
    masks, expected = clicked(together), clicked(apart)
    assert all(map(np.array_equal, masks, expected))
    assert together.batches[2:] == [4, 4, 4]  # the first click has no window before it
    assert apart.batches == [2] * 8


def test_a_window_that_the_mask_has_left_is_encoded_and_decoded_by_itself():
    far = (*PLACES[:2], (55, 38, True))
    together, apart = (kind(zoom=1.2, mirror=True) for kind in (Joining, Apart))
    assert all(map(np.array_equal, clicked(together, far), clicked(apart, far)))


def test_a_window_that_does_not_show_the_newest_click_says_what_it_said_before():
    far = (*PLACES[:2], (79, 59, False))
    together, apart = (kind(zoom=1.2, mirror=True) for kind in (Joining, Apart))
    assert all(map(np.array_equal, clicked(together, far), clicked(apart, far)))
    assert together.batches == [2, 2, 4, 2]


def pictures(model, mirror):
    """Two pictures of different sizes, each encoded by the model."""
    rng, found = np.random.default_rng(0), []
    for height, width in ((40, 56), (24, 30)):
        geometry = Geometry(height, width, model.config.image_size, model.config.fit)
        pixels = rng.uniform(0, 255, (height, width, 3)).astype(np.float32)
        features = embed(model, geometry.image_to_model(pixels), mirror)
        found.append(lambda f=features, g=geometry: Decoding(model, mirror, f, g))
    return found


POINTED = {
    "a click": Prompts((Click(10, 12),)),
    "three clicks": Prompts((Click(10, 12), Click(4, 20, False), Click(17, 9))),
    "a box and a click": Prompts((Click(3, 20, False),), box=Box(4, 5, 20, 18)),
    "a stroke": Prompts((Click(10, 12), Click(4, 20, False, ((9, 21), (14, 17))))),
    "a lasso": Prompts(lasso=((4, 5), (20, 6), (18, 19), (5, 17))),
}


@pytest.mark.parametrize("mirror", [False, True])
@pytest.mark.parametrize("feedback", ["none", "initial", "last"])
@pytest.mark.parametrize("fusion", ["single", "joined"])
def test_the_logits_are_those_of_single_decodings_to_rounding(tiny_model, fusion, feedback, mirror):
    model = tiny_model({"fusion": fusion, "feedback": feedback})
    for name, prompts in POINTED.items():
        one, other = pictures(model, mirror)
        expected = [make()(prompts) for make in (one, other)]
        together = [one(), other()]
        for count in range(len(prompts.clicks) + 1):  # as they were made, so that earlier logits are there
            decode_together([(decoding, prompts.first(count)) for decoding in together])
        decode = model.predict_each
        model.predict_each = None
        for decoding, (logits, iou) in zip(together, expected, strict=True):
            found, its_iou = decoding(prompts)
            np.testing.assert_allclose(found, logits, atol=1e-4, err_msg=name)
            assert its_iou == pytest.approx(iou, abs=1e-5), name
        model.predict_each = decode


def test_prompts_of_different_kinds_are_not_decoded_together(tiny_model):
    model = tiny_model({"feedback": "last"})
    decodings = [make() for make in pictures(model, mirror=True)]
    asked = POINTED["three clicks"], POINTED["a click"]
    decode_together(list(zip(decodings, asked, strict=True)))
    assert [decoding.nbytes for decoding in decodings] == [0, 0]
