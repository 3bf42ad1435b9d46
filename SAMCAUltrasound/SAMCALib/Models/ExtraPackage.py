"""A package that only one action needs: installed when that is asked for, after a question."""

from __future__ import annotations

import importlib
from collections.abc import Callable

from ..Texts import Refusal, _
from .InstallLogic import installedVersion, pipInstall, requirementOf

Ask = Callable[[str], bool]


def ensure(
    line: str,
    purpose: str,
    ask: Ask,
    versionOf: Callable = installedVersion,
    loaded: tuple[str, ...] = (),
) -> None:
    """Install the package of a requirement line, if it is not there and `ask` agrees; else a Refusal.

    purpose: what needs it, as the beginning of a sentence. versionOf: package -> version, None without.
    loaded: packages in memory that pip may have to replace: then Slicer has to start anew first.
    """
    if _isMet(line, versionOf):
        return
    question = _(
        "{purpose} needs the package {package}. It is downloaded and installed into Slicer's Python. Install "
        "it now?"
    )
    if not ask(question.format(purpose=purpose, package=line)):
        text = _("{purpose} needs the package {package}, which is not installed: try again and agree.")
        raise Refusal(text.format(purpose=purpose, package=line))
    before = [versionOf(name) for name in loaded]
    try:
        pipInstall([line], [])
    except Exception as error:  # pip and Slicer raise what they like
        text = _("{package} could not be installed ({error}): check the network and try again.")
        raise Refusal(text.format(package=line, error=str(error).rstrip("."))) from error
    importlib.invalidate_caches()
    if before != [versionOf(name) for name in loaded]:
        text = _(
            "{package} is installed, with newer versions of what is in use: restart Slicer, then try again."
        )
        raise Refusal(text.format(package=line))
    if not _isMet(line, versionOf):
        text = _("{package} could not be installed: restart Slicer and try again.")
        raise Refusal(text.format(package=line))


def _isMet(line: str, versionOf: Callable) -> bool:
    requirement = requirementOf(line)
    version = versionOf(requirement.name)
    return version is not None and requirement.specifier.contains(version, prereleases=True)
