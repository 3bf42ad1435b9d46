"""Strokes and lassos that are curves in the scene, or positions, as prompts of a frame."""

from __future__ import annotations

from samca.prompts import Prompts

from ..Frames import FrameLogic
from ..Frames.FrameLogic import Frame
from ..Texts import Refusal, _
from . import Drawing, PromptLogic, TagLogic


def firstOf(strokes, lasso) -> list:
    """The positions, world RAS mm, of the first stroke, or of the lasso; none without."""
    curves = [_signed(each)[0] for each in strokes] + ([] if lasso is None else [lasso])
    return _positionsOf(curves[0]) if curves else []


def promptsOf(frame: Frame, points: tuple, strokes, lasso, outline: int) -> Prompts:
    """What points at an object: (initial, guidedPositive, guidedNegative) as of `promptsFromFiducials`, then
    strokes, a curve each or (curve, whether it belongs), a lasso, and which outline a single click means.

    A curve is a curve node, or a sequence of world RAS positions, mm. Refusal for what is beside the frame.
    """
    if not 0 <= outline <= TagLogic.MOST_OUTLINES:
        text = _("{number} outlines further: expected 0 to {most}.")
        raise Refusal(text.format(number=outline, most=TagLogic.MOST_OUTLINES))
    given = PromptLogic.promptsFromFiducials(frame, *points, needsInitial=points[0] is not None)
    drawn = [Drawing.strokeAlong(frame, _xy(frame, curve), isIn) for curve, isIn in map(_signed, strokes)]
    given = given.plus(*drawn)
    if outline and not given.is_ambiguous:
        raise Refusal(_("Other outlines are what one click may mean: give a single initial point with it."))
    corners = () if lasso is None else Drawing.lassoAlong(frame, _xy(frame, lasso))
    prompts = Prompts(given.clicks, lasso=corners, alternative=int(outline))
    if not (prompts.lasso or any(click.positive for click in prompts.clicks)):
        raise Refusal(_("Nothing says where the object is: give an initial point, a stroke or a lasso."))
    return prompts


def _signed(stroke) -> tuple:
    """(curve, whether it belongs) of either."""
    isPair = isinstance(stroke, tuple) and len(stroke) == 2 and isinstance(stroke[1], bool)
    return stroke if isPair else (stroke, True)


def _xy(frame: Frame, curve) -> list:
    places = _positionsOf(curve)
    if not any(FrameLogic.holds(frame, ras) for ras in places):
        raise Refusal(_("The curve does not lie on {frame}: choose its frame.").format(frame=frame.name))
    return [FrameLogic.rasToXy(frame, ras) for ras in places]


def _positionsOf(curve) -> list:
    """World RAS mm along a curve node, or of positions."""
    if hasattr(curve, "GetCurvePointsWorld"):
        along = curve.GetCurvePointsWorld()
        return [along.GetPoint(i) for i in range(along.GetNumberOfPoints())] if along else []
    return PromptLogic.positionsOf(curve)
