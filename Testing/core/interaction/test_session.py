"""A session with a model that needs no torch: prompts in, masks out, undo, replay, refusals."""

import inspect
import sys

import numpy as np
import pytest

import samca
from dots import HEIGHT, SIDE, SIZE, WIDTH, Dots
from samca.interaction.session import Session
from samca.prompts import Box, Click, Prompts
from samca.prompts.geometry import Geometry


@pytest.fixture
def session():
    session = Session(Dots())
    session.set_image(np.zeros((HEIGHT, WIDTH), np.uint8))
    return session


def test_the_package_offers_the_session_without_importing_torch():
    assert samca.Session is Session


def test_an_image_is_encoded_once_in_model_pixels(session):
    session.click(40, 30)
    session.click(10, 10)
    embeddings = [call for call in session.model.calls if call[0] == "embed"]
    assert embeddings == [("embed", (SIZE, SIZE, 3), np.float32)]


def test_a_click_gives_the_mask_around_it(session):
    mask = session.click(40, 30)
    assert (mask.shape, mask.dtype) == ((HEIGHT, WIDTH), bool)
    rows, columns = np.nonzero(mask)
    assert abs(rows.mean() - 30) < 2
    assert abs(columns.mean() - 40) < 2
    assert np.array_equal(session.logits > 0, mask)
    assert session.logits.dtype == np.float32


def test_nothing_is_marked_without_prompts(session):
    assert not session.mask.any()
    assert session.iou == 0
    assert session.model.predictions == []


def test_the_predicted_iou_stays_in_its_range(session):
    session.click(40, 30)
    assert session.iou == 1.0


def test_undo_goes_back_by_one_click_and_ends_at_nothing(session):
    first = session.click(40, 30)
    second = session.click(10, 10)
    assert (second & ~first).any()
    assert np.array_equal(session.undo(), first)
    assert session.prompts == Prompts((Click(40.0, 30.0),))
    assert not session.undo().any()
    assert not session.undo().any()


def test_undo_takes_back_moves_removals_boxes_and_clearing(session):
    start = session.click(40, 30)
    for change in (
        lambda: session.move(0, 20, 20),
        lambda: session.remove(0),
        lambda: session.box(5, 5, 50, 40),
        lambda: session.use_mask(np.eye(HEIGHT, WIDTH, dtype=bool)),
        session.clear,
    ):
        change()
        assert np.array_equal(session.undo(), start)


def test_a_moved_click_moves_the_mask_and_a_removed_one_takes_it_along(session):
    session.click(40, 30)
    session.click(70, 50)
    moved = session.move(1, 10, 10)
    assert moved[10, 10]
    assert not moved[50, 70]
    removed = session.remove(1)
    assert not removed[10, 10]
    assert removed[30, 40]


def test_a_box_is_replaced_by_the_next_one_and_works_with_clicks(session):
    session.box(5, 5, 20, 20)
    mask = session.box(40, 30, 70, 50)
    assert mask[40, 55]
    assert not mask[12, 12]
    assert not session.click(55, 40, positive=False)[40, 55]
    assert session.prompts.box == Box(40, 30, 70, 50)


def test_a_mask_prompt_reaches_the_model_in_its_pixels(session):
    painted = np.zeros((HEIGHT, WIDTH), bool)
    painted[20:40, 20:60] = True
    mask = session.use_mask(painted)
    assert (mask & painted).sum() > 0.8 * painted.sum()
    assert session.click(30, 30, positive=False)[30, 50]
    given = session.model.predictions[-1][0].mask
    assert given.shape == (SIZE, SIZE)


def test_a_first_negative_click_is_taken(session):
    assert not session.click(40, 30, positive=False).any()
    assert session.click(40, 30)[30, 40]


@pytest.mark.parametrize(("x", "y"), [(-1, 0), (WIDTH, 0), (0, HEIGHT), (0, -0.6), (float("nan"), 3)])
def test_a_click_outside_is_refused_and_changes_nothing(session, x, y):
    session.click(40, 30)
    before = session.prompts
    with pytest.raises(ValueError, match=r"outside the image: x must be 0\.\.79, y 0\.\.59"):
        session.click(x, y)
    with pytest.raises(ValueError, match="outside the image"):
        session.move(0, x, y)
    with pytest.raises(ValueError, match=r"box corner .* outside the image"):
        session.box(0, 0, x, y)
    assert session.prompts == before


def test_wrong_prompts_are_refused_in_words_and_change_nothing(session):
    session.click(40, 30)
    before = session.prompts
    with pytest.raises(ValueError, match=r"box .*expected finite x0 < x1"):
        session.box(20, 20, 10, 30)
    with pytest.raises(ValueError, match=r"mask of shape \(3, 3\): expected \(60, 80\)"):
        session.use_mask(np.ones((3, 3), bool))
    with pytest.raises(IndexError, match="click 4 does not exist: there are 1"):
        session.remove(4)
    assert session.prompts == before
    session.undo()
    assert not session.prompts


@pytest.mark.parametrize(
    "call",
    [
        lambda s: s.click(1, 1),
        lambda s: s.box(0, 0, 2, 2),
        lambda s: s.use_mask(np.ones((2, 2), bool)),
        lambda s: s.mask,
        lambda s: s.embedding,
    ],
)
def test_prompts_before_an_image_are_refused(call):
    with pytest.raises(RuntimeError, match="call set_image"):
        call(Session(Dots()))


def test_a_bad_image_leaves_the_old_one_active(session):
    mask = session.click(40, 30)
    with pytest.raises(ValueError, match=r"\S"):
        session.set_image(np.full((5, 5), np.nan))
    assert np.array_equal(session.mask, mask)


def test_a_new_image_forgets_the_prompts(session):
    session.click(40, 30)
    session.set_image(np.zeros((20, 30), np.uint8))
    assert not session.prompts
    assert session.mask.shape == (20, 30)


def test_a_kept_embedding_is_used_without_encoding_again(session):
    features, geometry, _ = session.embedding
    assert geometry == Geometry(HEIGHT, WIDTH, SIZE)
    other = Session(Dots())
    other.use_embedding(features, geometry)
    assert other.click(40, 30)[30, 40]
    assert all(call[0] != "embed" for call in other.model.calls)


def test_feedback_gives_each_click_the_logits_of_the_one_before():
    session = Session(Dots(feedback="last"))
    session.set_image(np.zeros((HEIGHT, WIDTH), np.uint8))
    session.click(40, 30)
    session.click(10, 10)
    session.click(70, 50)
    calls = session.model.predictions
    assert [len(prompts.clicks) for prompts, _ in calls] == [
        1,
        2,
        3,
    ]  # each prefix once: nothing is decoded again
    assert [previous is None for _, previous in calls] == [True, False, False]
    assert calls[2][1].max() == 5
    assert calls[2][1].min() == -6  # the logits after the second click, one lower than the first


def test_feedback_is_replayed_from_the_first_click_after_a_move():
    session = Session(Dots(feedback="last"))
    session.set_image(np.zeros((HEIGHT, WIDTH), np.uint8))
    session.click(40, 30)
    session.click(10, 10)
    session.model.calls.clear()
    moved = session.move(0, 60, 30)
    assert [len(prompts.clicks) for prompts, _ in session.model.predictions] == [1, 2]
    fresh = Session(Dots(feedback="last"))
    fresh.set_image(np.zeros((HEIGHT, WIDTH), np.uint8))
    fresh.click(60, 30)
    assert np.array_equal(fresh.click(10, 10), moved)


def test_feedback_of_the_initial_prompt_gives_its_logits_to_every_guided_click():
    session = Session(Dots(feedback="initial"))
    session.set_image(np.zeros((HEIGHT, WIDTH), np.uint8))
    session.click(40, 30)
    session.click(10, 10)
    session.click(70, 50)
    calls = session.model.predictions
    assert [len(prompts.clicks) for prompts, _ in calls] == [1, 2, 3]
    assert calls[0][1] is None
    assert np.array_equal(calls[1][1], calls[2][1])


def test_without_feedback_no_logits_are_given(session):
    session.click(40, 30)
    session.click(10, 10)
    assert [previous for _, previous in session.model.predictions] == [None, None]


def test_looking_twice_decodes_once(session):
    session.click(40, 30)
    _ = session.mask, session.logits, session.iou
    assert len(session.model.predictions) == 1


def test_history_can_be_put_back_from_outside(session):
    one, two = Prompts((Click(40, 30),)), Prompts((Click(40, 30), Click(10, 10)))
    session.start([Prompts(), one, two])
    assert session.prompts == two
    session.undo()
    assert session.prompts == one


def zooming():
    session = Session(Dots(zoom=2.0))
    session.set_image(np.zeros((HEIGHT, WIDTH), np.uint8))
    return session


def test_a_small_structure_is_looked_at_again_enlarged():
    session = zooming()
    whole, closer = session.click(40, 30), [call for call in session.model.calls if call[0] == "embed"]
    assert len(closer) == 2
    plain = Session(Dots())
    plain.set_image(np.zeros((HEIGHT, WIDTH), np.uint8))
    assert 0 < whole.sum() < plain.click(40, 30).sum()
    rows, columns = np.nonzero(whole)
    assert abs(rows.mean() - 30) < 2
    assert abs(columns.mean() - 40) < 2


def test_the_mask_depends_on_the_prompts_alone():
    there, back = zooming(), zooming()
    expected = there.click(40, 30)
    back.click(40, 30)
    back.click(60, 30)
    assert np.array_equal(back.undo(), expected)


def test_a_kept_embedding_keeps_the_windows_that_were_looked_at():
    session = zooming()
    expected = session.click(40, 30)
    again = Session(session.model)
    again.use_embedding(*session.embedding)
    before = len(session.model.calls)
    assert np.array_equal(again.click(40, 30), expected)
    assert all(call[0] != "embed" for call in session.model.calls[before:])


def windows(session):
    return [call for call in session.model.calls if call[0] == "embed"][1:]


def test_a_window_is_kept_from_click_to_click_while_the_mask_fits():
    session = Session(Dots(zoom=1.2))
    session.set_image(np.zeros((HEIGHT, WIDTH), np.uint8))
    for x, y, positive in ((40, 30, True), (41, 31, True), (33, 30, False), (39, 30, True)):
        session.click(x, y, positive)
    assert len(windows(session)) == 1
    session.click(55, 38)
    assert len(windows(session)) == 2


def test_a_window_depends_on_the_prompts_alone_whatever_was_looked_at_before():
    prompts = Prompts(tuple(Click(x, 30) for x in (40.0, 43.0, 46.0)))
    clicked, fresh, wandering = zooming(), zooming(), zooming()
    for click in prompts.clicks:
        expected = clicked.click(click.x, click.y)
    for x in (10, 60, 30):
        wandering.predict(Prompts((Click(x, 20),)))
    for session in (fresh, wandering):
        assert np.array_equal(session.predict(prompts).mask, expected)


def test_the_whole_frame_answers_before_a_window_is_encoded():
    session, prompts = zooming(), Prompts((Click(40, 30),))
    plain = Session(Dots())
    plain.set_image(np.zeros((HEIGHT, WIDTH), np.uint8))
    assert session.has_to_encode(prompts)
    assert np.array_equal(session.predict(prompts, closer=False).mask, plain.predict(prompts).mask)
    assert not windows(session)
    assert session.predict(prompts).mask.sum() < plain.predict(prompts).mask.sum()
    assert len(windows(session)) == 1
    assert not session.has_to_encode(prompts)
    assert not zooming().has_to_encode(Prompts())
    assert not plain.has_to_encode(prompts)


def test_what_is_kept_of_a_long_session_is_bounded_and_counted():
    session = zooming()
    bytes_before = session.nbytes
    for number in range(300):
        session.predict(Prompts((Click(10 + number % 60, 30 + number / 100),)))
        if number == 150:
            bytes_between = session.nbytes
    assert bytes_before < bytes_between
    assert session.nbytes <= bytes_between + 4 * SIDE * SIDE * 4 * 64


@pytest.mark.parametrize("feedback", ["none", "last"])
def test_as_many_clicks_as_anybody_makes_are_replayed(feedback):
    session = Session(Dots(feedback=feedback, zoom=2.0))
    session.set_image(np.zeros((HEIGHT, WIDTH), np.uint8))
    many = tuple(Click(30 + number % 20, 20 + number // 20) for number in range(400))
    before, frames = sys.getrecursionlimit(), len(inspect.stack(0))
    sys.setrecursionlimit(frames + 200)  # far fewer calls deep than there are clicks
    try:
        assert session.predict(Prompts(many)).mask[30, 40]
    finally:
        sys.setrecursionlimit(before)
