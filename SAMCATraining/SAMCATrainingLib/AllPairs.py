"""Everything that is segmented in the scene becomes cases of a dataset in one go, pair by pair."""

from __future__ import annotations

from collections.abc import Iterator

from SAMCALib.Texts import Refusal, _, counted

from . import MadeOn
from .CaseFiles import nameOf
from .DatasetLogic import Added, Progress, adding


def addingAll(folder, keepBanner: bool = False) -> Iterator[Progress]:
    """Add each segmentation on the image that it was made on; progress in pairs; keepBanner: as of `adding`.

    A pair that cannot be added is left out, and told. Refusal where there is none that can.
    """
    pairs, done, left = MadeOn.pairs(), [], []
    for number, pair in enumerate(pairs):
        try:
            for progress in adding(*pair, folder, keepBanner=keepBanner):
                last = progress
                yield Progress(number, len(pairs))
            done.append(last.added)
        except Refusal as refusal:
            left.append(str(refusal))
    left += [_("{name} does not say on which image it was made.").format(name=n) for n in MadeOn.strays()]
    if not done:
        text = _("The scene has no image with a segmentation: segment some first, or add a folder.")
        raise Refusal(" ".join(left) or text)
    cases = tuple(name for added in done for name in added.cases)
    replaced = sum(added.replaced for added in done)
    text = _sentence(nameOf(done[0].folder), len(cases), len(done), replaced, left)
    text = " ".join([text, *filter(None, (added.heed for added in done))])
    yield Progress(len(pairs), len(pairs), Added(done[0].folder, cases, replaced, text))


def _sentence(name: str, cases: int, images: int, replaced: int, left: list[str]) -> str:
    text = _("Added to {folder}: {cases} of {images}.").format(
        folder=name,
        cases=counted(cases, _("1 case"), _("{count} cases")),
        images=counted(images, _("1 image"), _("{count} images")),
    )
    if replaced:
        text += " " + _("Of these were there before, and replaced: {replaced}.").format(replaced=replaced)
    return " ".join([text, *([_("Left out:"), *left] if left else [])])
