"""A session that looks at the mirror image too: the mean, agreement, uncertainty."""

import numpy as np
import pytest

from dots import HEIGHT, SIZE, WIDTH, Dots
from samca.evaluation import metrics
from samca.interaction.session import Session
from samca.prompts.geometry import Geometry


def mirroring(**settings):
    session = Session(Dots(mirror=True, **settings))
    session.set_image(np.zeros((HEIGHT, WIDTH), np.uint8))
    return session


def middle_of(mask):
    return np.nonzero(mask)[1].mean()


def test_a_mirrored_look_takes_away_a_lean_to_one_side():
    leaning = Session(Dots(lean=4.0))
    leaning.set_image(np.zeros((HEIGHT, WIDTH), np.uint8))
    assert middle_of(leaning.click(30, 30)) > 30 + 3
    assert middle_of(mirroring(lean=4.0).click(30, 30)) == pytest.approx(30, abs=0.6)


@pytest.mark.parametrize("fit", ["squash", "pad"])
@pytest.mark.parametrize("feedback", ["none", "last"])
@pytest.mark.parametrize("zoom", [0.0, 2.0])
def test_looks_that_agree_change_nothing(fit, feedback, zoom):
    settings = {"fit": fit, "feedback": feedback, "zoom": zoom}
    plain, session = Session(Dots(**settings)), mirroring(**settings)
    plain.set_image(np.zeros((HEIGHT, WIDTH), np.uint8))
    painted = np.zeros((HEIGHT, WIDTH), bool)
    painted[10:20, 60:75] = True
    for act in (
        lambda s: s.click(19.5, 29.5),
        lambda s: s.click(60, 30),
        lambda s: s.click(22, 30, positive=False),
        lambda s: s.box(4, 7, 25, 40),
        lambda s: s.undo(),
        lambda s: s.use_mask(painted),
    ):
        one, both = act(plain), act(session)
        assert metrics.dice(both, one) > 0.97
        assert session.iou == plain.iou
        assert session.agreement > 0.97


def test_both_looks_get_their_own_earlier_logits():
    session = mirroring(feedback="last")
    session.click(20, 30)
    session.click(60, 40)
    first, second = session.model.predictions[2:]
    assert second[1].argmax(1).max() > first[1].argmax(1).max()  # the first click lies to the right there
    assert [len(prompts.clicks) for prompts, _ in session.model.predictions] == [1, 1, 2, 2]


def test_uncertainty_is_where_the_looks_differ():
    session = mirroring(lean=4.0)
    session.click(40, 30)
    doubt = session.uncertainty()
    assert (doubt.shape, doubt.dtype) == ((HEIGHT, WIDTH), np.float32)
    assert doubt[30, 40] == pytest.approx(0, abs=0.01)
    sides = [middle_of(side) for side in (doubt[:, :40] > 0.4, doubt[:, 40:] > 0.4)]
    assert sides[0] < 40 - 6
    assert sides[1] > 6
    assert 0.4 < doubt.max() <= 0.5
    assert 0.3 < session.agreement < 0.6


def test_uncertainty_of_a_model_that_does_not_mirror_takes_a_second_look_when_asked():
    session = Session(Dots(lean=4.0))
    session.set_image(np.zeros((HEIGHT, WIDTH), np.uint8))
    mask = session.click(40, 30)
    before = len(session.model.calls)
    doubt = session.uncertainty()
    assert np.array_equal(doubt, mirroring_after_a_click(lean=4.0).uncertainty())
    assert len(session.model.calls) == before + 4  # two pictures, two answers
    assert session.agreement < 0.9
    assert len(session.model.calls) == before + 4
    assert np.array_equal(session.mask, mask)
    assert session.predict(session.prompts).agreement is None


def mirroring_after_a_click(**settings):
    session = mirroring(**settings)
    session.click(40, 30)
    return session


def test_without_prompts_there_is_nothing_to_disagree_about():
    session = mirroring()
    assert not session.uncertainty().any()
    assert session.agreement == 1


def test_a_second_look_needs_the_image():
    session = Session(Dots())
    session.use_embedding("features", Geometry(HEIGHT, WIDTH, SIZE))
    session.click(40, 30)
    with pytest.raises(RuntimeError, match="no image to look at twice: call set_image"):
        session.uncertainty()
