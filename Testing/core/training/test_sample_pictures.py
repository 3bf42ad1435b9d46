"""Masks of a few validation cases, one picture an epoch."""

import numpy as np
from PIL import Image

from samca import datasets
from samca.evaluation.evaluate import Trial
from samca.evaluation.users import Interaction
from samca.prompts import Click
from samca.training.run_folder import RunFolder
from samca.training.sample_pictures import GAP, SHOWN, SIDE, SamplePictures
from training_runs import run


def trials_of(cases, masks):
    """Two clicks at the first target of each case, with these masks after them."""
    for case in cases:
        truth = case.targets()[0]
        click = Click(1, 1, True)
        steps = [Interaction((click,) * n, mask(truth), 1.0) for n, mask in enumerate(masks, start=1)]
        yield Trial(case, 0, truth, steps)


def test_a_picture_has_a_column_for_each_case_and_a_row_for_few_and_many_clicks(discs, tmp_path):
    cases = datasets.read(discs).cases
    pictures = SamplePictures(cases, (2, 1))
    found = trials_of(cases, (np.zeros_like, np.copy))
    assert len(list(pictures.watching(found))) == len(cases), "every trial goes on"
    pictures.write(tmp_path / "samples" / "one.png")
    picture = np.asarray(Image.open(tmp_path / "samples" / "one.png"))
    assert picture.shape == (2 * (SIDE + GAP), SHOWN * (SIDE + GAP), 3)
    few, many = picture[: SIDE + GAP].astype(int), picture[SIDE + GAP :].astype(int)
    yellow = [(half[..., 0] - half[..., 2] > 120).sum() for half in (few, many)]
    assert yellow[0] == 0, "nothing was found with one click"
    assert yellow[1] > 100


def test_a_run_leaves_a_picture_of_every_epoch_and_of_what_was_before(settings, drawn):
    run(settings())
    folder = RunFolder(settings()["out"])
    assert sorted(folder.path.glob("samples/*")) == [folder.samples(number) for number in range(3)]
    assert Image.open(folder.samples(2)).size == (2 * (SIDE + GAP), 2 * (SIDE + GAP))
