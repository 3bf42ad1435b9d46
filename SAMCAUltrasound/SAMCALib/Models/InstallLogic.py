"""What is installed of ONNX Runtime, torch and what belongs to them, and how the rest gets there, in words.

ONNX Runtime answers clicks with the model of SAMCA; training, other models and GPUs need torch. Nothing here
imports either, and pip starts only when `install`, `installFromFolder` or `resume` is called and its question
is answered with yes.
"""

from __future__ import annotations

import importlib
import importlib.metadata
import importlib.util
import logging
import os
import shutil
import sys
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from pathlib import Path

from ..Texts import _

LIGHT, LIGHT_NAME = "onnxruntime>=1.23", "onnxruntime"
TORCH, TORCHVISION = "torch>=2.8", ">=0.23"  # monai's lower bound, and the torchvision that belongs to it
REQUESTER = "SAMCA"
RESUME_KEY = "SAMCA/ResumeInstallation"  # in Slicer's user settings; "light": without torch
RESOURCES = Path(__file__).resolve().parents[2] / "Resources"

logger = logging.getLogger(__name__)


class State(Enum):
    """Where the installation stands."""

    READY = "ready"
    EXTENSION_MISSING = "extension missing"  # PyTorch extension, while torch is missing or too old
    TORCH_MISSING = "torch missing"
    TORCH_OLD = "torch too old"
    PACKAGES_MISSING = "packages missing"
    RESTART = "restart needed"
    DECLINED = "declined"
    FAILED = "failed"


@dataclass(frozen=True)
class Status:
    """A state, and the sentences about it for the panel."""

    state: State
    text: str
    lacksTorch: bool = False

    @property
    def ready(self) -> bool:
        """Whether a model can be loaded now; lacksTorch: that of SAMCA alone."""
        return self.state is State.READY

    @property
    def restart(self) -> bool:
        """Whether only a restart of Slicer helps."""
        return self.state is State.RESTART


def installedVersion(name: str) -> str | None:
    """Version of an installed package, None where there is none; imports nothing."""
    try:
        return importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return None


def hasNvidia() -> bool:
    """Whether the driver of an NVIDIA GPU is installed; starts nothing and imports nothing."""
    return any(path.exists() for path in nvidiaDriver()) or shutil.which("nvidia-smi") is not None


def nvidiaDriver() -> tuple[Path, ...]:
    """Files that it leaves on Linux and on Windows."""
    windows = Path(os.environ.get("SYSTEMROOT", "C:/Windows"))
    return Path("/proc/driver/nvidia/version"), windows / "System32" / "nvcuda.dll"


class InstallLogic:
    """Looks at the installation and completes it.

    ask: question -> whether the user agrees; say: is told what is being done; versionOf: package -> version.
    """

    def __init__(
        self,
        ask: Callable[[str], bool] = lambda question: False,
        say: Callable[[str], None] = logger.info,
        versionOf: Callable[[str], str | None] = installedVersion,
        packages: tuple[str, ...] = (),
        needsTorch: bool = False,
    ):
        """packages: requirements beside those of the effect, which need nothing that is not there then.
        needsTorch: what is to be done cannot do without."""
        self.ask, self.say, self.versionOf = ask, say, versionOf
        self.packages, self.needsTorch = packages, needsTorch
        self._replaced: dict[str, str] = {}  # packages whose old version is still in memory

    def status(self) -> Status:
        """What is there now, without importing or starting anything."""
        if self._replaced:
            return Status(State.RESTART, _restartText(", ".join(self._replaced)))
        missing = self.missing()
        if not missing and self._whole():
            text = _(
                "Ready: {versions}. Training, models of other forms and an NVIDIA GPU need torch; Install "
                "torch... gets it."
            )
            text = text.format(versions=f"{LIGHT_NAME} {self.versionOf(LIGHT_NAME)}")
            if hasNvidia():
                text += " " + _("This computer has an NVIDIA GPU, on which torch answers many times faster.")
            return Status(State.READY, text, lacksTorch=True)
        if not missing:
            return Status(State.READY, _("Ready: {versions}.").format(versions=self._versions()))
        state, what = self._whatIsMissing(missing)
        return Status(state, f"{what} {self._meanwhile()}")

    def missing(self, withTorch: bool = False) -> list[str]:
        """Requirements that are not met, torch first; ONNX Runtime will do in the place of torch, unless that
        is needed or there already."""
        whole = self._whole()
        if not whole or withTorch or self.needsTorch:
            return whole
        if self._isMet(LIGHT):
            return []
        return whole if TORCH not in whole else [LIGHT]

    def _whole(self) -> list[str]:
        """What is missing with torch."""
        return [line for line in [TORCH, *_requirements(), *self.packages] if not self._isMet(line)]

    def install(self, withTorch: bool = False) -> Status:
        """Ask once, then get all that is missing; torch through the PyTorch extension."""
        missing = self.missing(withTorch)
        if not missing:
            return self.status()
        question = _(
            "SAMCA needs {packages}. They are downloaded (torch: 0.2 GB without, up to 3 GB with a GPU) "
            "and installed into Slicer's Python. Install now?"
        )
        if missing == [LIGHT]:
            question = _(
                "SAMCA needs {packages}. It is downloaded (less than 30 MB) and installed into Slicer's "
                "Python. Install now?"
            )
        if not self.ask(question.format(packages=", ".join(missing))):
            return self._declined()
        return self._guarded(lambda: self._installFromNetwork(missing), withTorch)

    def installFromFolder(self, folder: str | Path, withTorch: bool = False) -> Status:
        """Ask, then install what is missing from wheels in a folder, without network."""
        missing, folder = self.missing(withTorch), Path(folder)
        if missing == [LIGHT] and not _hasWheel(folder, LIGHT) and _hasWheel(folder, TORCH):
            missing = self._whole()
        if not missing:
            return self.status()
        absent = [line for line in missing if not _hasWheel(folder, line)]
        if absent:
            text = _(
                "No wheel (.whl) of {packages} in {folder}: copy it there, with the wheels it depends on."
            )
            return self._failed(text.format(packages=", ".join(absent), folder=folder))
        question = _("Install {packages} from {folder} into Slicer's Python?")
        if not self.ask(question.format(packages=", ".join(missing), folder=folder)):
            return self._declined()
        options = ["--no-index", "--find-links", str(folder)]
        return self._guarded(lambda: self._installPackages(missing, options), withTorch)

    def shouldResume(self) -> bool:
        """Whether Slicer was restarted in the middle of an installation."""
        return str(_settings().value(RESUME_KEY)) in ("1", "light")

    def resume(self) -> Status:
        """Go on after a restart; asks again before anything is downloaded."""
        withTorch = str(_settings().value(RESUME_KEY)) == "1"
        _settings().remove(RESUME_KEY)
        return self.install(withTorch)

    def _guarded(self, action: Callable[[], Status | None], withTorch: bool) -> Status:
        """Run one installation; whatever goes wrong becomes a sentence, and replaced packages a restart."""
        names = (name for name in [LIGHT_NAME, *_names()] if name.replace("-", "_") in sys.modules)
        before = {name: self.versionOf(name) for name in names}
        try:
            status = action()
        except (
            Exception
        ) as error:  # pip and extensions raise what they like; the panel shows it, the log keeps it
            logger.exception("installation failed")
            return self._failed(_("The installation stopped: {error}.").format(error=str(error).rstrip(".")))
        importlib.invalidate_caches()
        self._replaced = {n: v for n, v in before.items() if self.versionOf(n) != v}
        if self._replaced:
            _settings().setValue(RESUME_KEY, "light" if list(self._replaced) == [LIGHT_NAME] else "1")
        if status is not None:
            return status
        left = self.missing(withTorch)
        if left:
            return self._failed(_("Still missing: {packages}.").format(packages=", ".join(left)))
        return self.status()

    def _installFromNetwork(self, missing: list[str]) -> Status | None:
        if TORCH in missing:
            utilities = _pyTorchUtilities()
            if utilities is None:
                return self._installExtension()
            self.say(_("Installing torch: this takes some minutes, and Slicer does not answer meanwhile."))
            utilities.installTorch(
                askConfirmation=False,
                torchVersionRequirement=TORCH.removeprefix("torch"),
                torchvisionVersionRequirement=TORCHVISION,
            )
        self._installPackages([line for line in missing if line != TORCH], [])
        return None

    def _installExtension(self) -> Status:
        self.say(_("Getting the PyTorch extension."))
        manager = getattr(_slicer().app, "extensionsManagerModel", lambda: None)()
        if manager is None:
            return self._failed(
                _("This Slicer was built without Extensions Manager: use a folder of wheels.")
            )
        interactive, manager.interactive = manager.interactive, False  # its questions were answered by ours
        try:
            installed = manager.installExtensionFromServer("PyTorch", False)
        finally:
            manager.interactive = interactive
        if not installed:
            return self._failed(_("The PyTorch extension could not be downloaded."))
        _settings().setValue(RESUME_KEY, "1")
        return Status(State.RESTART, _restartText(_("the PyTorch extension")))

    def _installPackages(self, lines: list[str], options: list[str]) -> None:
        """pip for these requirements; the file with hashes apart, because pip wants all hashes or none."""
        hashed = _hashedRequirement()
        plain = [line for line in lines if line != hashed and line not in self.packages]
        if plain:
            self.say(_("Installing {packages}.").format(packages=", ".join(plain)))
            pipInstall(plain, options)
        own = [line for line in lines if line in self.packages]
        if own:
            self.say(_("Installing {packages}.").format(packages=", ".join(own)))
            pipInstall(["--no-deps", *own], options)  # monai must not replace torch
        if hashed in lines:
            self.say(_("Installing {packages}.").format(packages=hashed))
            pipInstall(["--no-deps", "-r", str(RESOURCES / "segment-anything.txt")], options)

    def _whatIsMissing(self, missing: list[str]) -> tuple[State, str]:
        version = self.versionOf("torch")
        if TORCH not in missing:
            text = _("Missing: {packages}. Press Install.")
            return State.PACKAGES_MISSING, text.format(packages=", ".join(missing))
        if not _hasPyTorchExtension():
            text = _(
                "The PyTorch extension is not installed, and {torch}. Press Install: it is fetched from the "
                "Extensions Manager, then Slicer needs a restart."
            )
            found = (
                _("torch {version} is too old").format(version=version) if version else _("torch is missing")
            )
            return State.EXTENSION_MISSING, text.format(torch=found)
        if version:
            text = _("torch {version} is installed, SAMCA needs {needed}. Press Install.")
            return State.TORCH_OLD, text.format(version=version, needed=TORCH.removeprefix("torch"))
        return State.TORCH_MISSING, _("torch is not installed. Press Install.")

    def _declined(self) -> Status:
        return Status(State.DECLINED, _("Nothing was installed, as you wished.") + " " + self._meanwhile())

    def _failed(self, text: str) -> Status:
        advice = _("Check the network and press Install again, or use a folder of wheels.")
        return Status(State.FAILED, f"{text} {advice} {self._meanwhile()}")

    def _meanwhile(self) -> str:
        """What can be done while something is missing: all but training, or all but clicks."""
        if set(self.missing()) <= set(self.packages):
            return _("Until then data can be collected and results looked at; only training waits.")
        return _(
            "Until then outlines and saved points are shown, saved and edited by all other effects; "
            "only new clicks wait."
        )

    def _isMet(self, line: str) -> bool:
        requirement = requirementOf(line)
        version = self.versionOf(requirement.name)
        return version is not None and requirement.specifier.contains(version, prereleases=True)

    def _versions(self) -> str:
        return ", ".join(f"{name} {self.versionOf(name)}" for name in _names())


def _restartText(what: str) -> str:
    return _("Installed: {what}. Restart Slicer to go on; this panel opens again by itself.").format(
        what=what
    )


def _requirements() -> list[str]:
    """Requirement lines of requirements.txt, then the one with a hash."""
    return [*_lines(RESOURCES / "requirements.txt"), _hashedRequirement()]


def _hashedRequirement() -> str:
    return _lines(RESOURCES / "segment-anything.txt")[0].split(" --hash")[0]


def _lines(path: Path) -> list[str]:
    lines = (line.strip() for line in path.read_text(encoding="utf-8").splitlines())
    return [line for line in lines if line and not line.startswith("#")]


def requirementOf(line: str):
    """A requirement line, understood."""
    try:
        from packaging.requirements import Requirement
    except ImportError:  # a Slicer that has it inside pip only
        from pip._vendor.packaging.requirements import Requirement
    return Requirement(line)


def _names() -> list[str]:
    return [requirementOf(line).name for line in [TORCH, *_requirements()]]


def _hasWheel(folder: Path, line: str) -> bool:
    name = requirementOf(line).name.replace("-", "_").lower()
    return any(file.name.lower().startswith(f"{name}-") for file in folder.glob("*.whl"))


def pipInstall(words: list[str], options: list[str]) -> None:
    """slicer.packaging (5.12), or slicer.util.pip_install (5.10); raises what they raise."""
    try:
        from slicer import packaging
    except ImportError:
        _slicer().util.pip_install([*options, *words])
        return
    if packaging.isPipInstallInProgress():
        raise RuntimeError(_("another installation is still running; wait until it has ended"))
    if options or words[0].startswith("-"):  # pip_ensure takes requirements only
        packaging.pip_install([*options, *words], requester=REQUESTER)
    else:
        packaging.pip_ensure(words, prompt_install=False, prompt_restart=False, requester=REQUESTER)


def _hasPyTorchExtension() -> bool:
    return "PyTorchUtils" in sys.modules or importlib.util.find_spec("PyTorchUtils") is not None


def _pyTorchUtilities():
    """The logic of the PyTorch extension, None where it is not installed."""
    try:
        import PyTorchUtils
    except ImportError:
        return None
    return PyTorchUtils.PyTorchUtilsLogic()


def _settings():
    return _slicer().app.userSettings()


def _slicer():
    import slicer
    import slicer.util

    return slicer
