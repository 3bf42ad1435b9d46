"""Tables of boxes and clicks: what is asked of which image, and what is said of rows that are wrong."""

import pytest

from samca.batch import asked
from samca.batch.asked import Asked
from samca.prompts import Box, Click, Prompts

IMAGES = ["a.png", "visit1/b.png", "visit2/b.png", "loop.nrrd", "IM0001"]


@pytest.fixture
def table(tmp_path):
    """`table("boxes", "image,x0,...", "a.png,1,...")` is what is read of these lines."""

    def read(kind, *lines):
        path = tmp_path / "table.csv"
        path.write_text("\n".join(lines) + "\n")
        return getattr(asked, kind)(path, IMAGES)

    return read


def test_each_box_is_an_object(table):
    found = table("boxes", "image,x0,y0,x1,y1", "a.png,1,2,30,40", "a.png,5,6,7.5,8")
    assert found.asked == {
        "a.png": (Asked(0, Prompts(box=Box(1, 2, 30, 40))), Asked(0, Prompts(box=Box(5, 6, 7.5, 8))))
    }
    assert not found.wrong
    assert not found.notes


def test_clicks_at_one_object_belong_together_by_frame_and_object(table):
    lines = ["loop,1,1,1,0,a", "loop,2,2,0,0,a", "loop,3,3,,0,b", "loop,4,4,+,7,a"]
    found = table("clicks", "image,x,y,positive,frame,object", *lines)
    assert found.asked["loop.nrrd"] == (
        Asked(0, Prompts((Click(1, 1), Click(2, 2, False)))),
        Asked(0, Prompts((Click(3, 3),))),
        Asked(7, Prompts((Click(4, 4),))),
    )


def test_an_image_is_meant_by_its_path_its_name_or_its_stem(table):
    words = ["a", "a.png", "visit1/b", r"visit2\b.png", "IM0001"]
    found = table("clicks", "image,x,y", *(f"{word},1,1" for word in words))
    assert list(found.asked) == ["a.png", "visit1/b.png", "visit2/b.png", "IM0001"]
    assert not found.wrong


@pytest.mark.parametrize(
    ("line", "name", "says"),
    [
        ("c.png,1,2,3,4", "c.png", "row 2: there is no image 'c.png' in the folder"),
        (",1,2,3,4", "row 2", "row 2: there is no image '' in the folder"),
        ("b.png,1,2,3,4", "b.png", "row 2: 'b.png' may be visit1/b.png or visit2/b.png: give the path"),
        ("a,1,2,x,4", "a.png", "row 2: x1 is 'x', expected a number of px"),
        ("a,1,2,,4", "a.png", "row 2: x1 is '', expected a number of px"),
        ("a,1,2,inf,4", "a.png", "row 2: x1 is 'inf', expected a number of px"),
        ("a,9,2,3,4", "a.png", r"row 2: box \(9.0, 2.0, 3.0, 4.0\): expected finite x0 < x1"),
    ],
)
def test_a_row_that_is_wrong_leaves_its_image_out_and_the_rest_goes_on(table, line, name, says):
    found = table("boxes", "image,x0,y0,x1,y1", line, "IM0001,1,2,3,4")
    assert list(found.asked) == ["IM0001"]
    assert list(found.wrong) == [name]
    with pytest.raises(ValueError, match=says):
        raise ValueError(found.wrong[name])


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("a,1,1,maybe,0", "row 2: positive is 'maybe', expected 1 or 0"),
        ("a,1,1,1,-1", "row 2: frame is '-1', expected a whole number from 0"),
        ("a,1,1,0,0", "no click says where the object is"),
    ],
)
def test_clicks_that_cannot_be_are_told(table, line, says):
    found = table("clicks", "image,x,y,positive,frame", line)
    assert not found.asked
    assert says in found.wrong["a.png"]


def test_one_wrong_row_leaves_out_all_of_its_image_since_less_would_be_something_else(table):
    found = table("clicks", "image,x,y,positive", "a,1,1,1", "a,9,oops,0")
    assert not found.asked
    assert found.wrong == {"a.png": "row 3: y is 'oops', expected a number of px"}


def test_other_columns_are_refused_and_more_are_told(table):
    with pytest.raises(ValueError, match=r"has no column y1, but image, x0, y0, x1: expected image, x0, y0"):
        table("boxes", "image,x0,y0,x1", "a,1,2,3")
    with pytest.raises(ValueError, match="but none at all"):
        table("clicks", "")
    found = table("clicks", "Image,X,Y,postive", "a,1,2,0")
    assert found.asked["a.png"][0].prompts.clicks[0].positive
    assert found.notes[0].endswith("table.csv: not read are the columns postive")
