"""Stand-ins for what installs packages in Slicer, with the real signatures; they note their calls."""

from __future__ import annotations

import subprocess


class Packages(dict):
    """Installed packages: name -> version; what can be downloaded: name -> version."""

    def __init__(self, installed, available):
        super().__init__(installed)
        self.available = available
        self.calls = []

    def install(self, words):
        """As pip does: known names get their version, anything else ends with an error."""
        for word in words:
            name = word.split(">")[0].split("=")[0]
            if name not in self.available:
                raise subprocess.CalledProcessError(1, "pip install")
            self[name] = self.available[name]

    def pip(self, arguments):
        """`pip install` of these arguments, where a file of requirements stands for segment-anything."""
        self.calls.append(("pip", arguments))
        arguments = list(arguments)
        if "--find-links" in arguments:
            place = arguments.index("--find-links")
            del arguments[place : place + 2]
        if "-r" in arguments:
            arguments[arguments.index("-r") :] = ["segment-anything==1.0"]
        self.install([word for word in arguments if not word.startswith("-")])


class Packaging:
    """`slicer.packaging` of Slicer 5.12."""

    def __init__(self, packages):
        self.packages, self.busy = packages, False

    def isPipInstallInProgress(self):
        return self.busy

    def pip_ensure(
        self,
        requirements,
        constraints=None,
        skip_packages=None,
        prompt_install=True,
        prompt_restart=True,
        requester=None,
        skip_in_testing=True,
        show_progress=True,
    ):
        assert not prompt_install, "the user was asked already"
        self.packages.calls.append(("pip_ensure", list(requirements)))
        self.packages.install(requirements)

    def pip_install(
        self,
        requirements,
        constraints=None,
        no_deps_requirements=None,
        skip_packages=None,
        blocking=True,
        show_progress=True,
        requester=None,
        parent=None,
        logCallback=None,
        completedCallback=None,
    ):
        assert isinstance(requirements, (str, list))
        self.packages.pip(requirements)


class Utilities:
    """`slicer.util` of Slicer 5.10, as far as packages go."""

    def __init__(self, packages):
        self.packages = packages

    def pip_install(self, requirements):
        assert isinstance(requirements, (str, list))
        self.packages.pip(requirements)


class PyTorchUtilsLogic:
    """`PyTorchUtils.PyTorchUtilsLogic` of the PyTorch extension."""

    packages: Packages

    def installTorch(
        self,
        askConfirmation=False,
        forceComputationBackend=None,
        torchVersionRequirement=None,
        torchvisionVersionRequirement=None,
    ):
        assert torchVersionRequirement.startswith(">="), torchVersionRequirement
        assert torchvisionVersionRequirement.startswith(">="), torchvisionVersionRequirement
        self.packages.calls.append(("installTorch", torchVersionRequirement))
        self.packages.install(["torch" + torchVersionRequirement])


class ExtensionsManager:
    """`slicer.app.extensionsManagerModel()`."""

    def __init__(self, online=True):
        self.online, self.interactive, self.installed = online, True, []

    def installExtensionFromServer(self, extensionName, restart=True, update=False):
        assert not self.interactive, "no popups"
        assert not restart, "Slicer restarts when the user presses the button"
        if self.online:
            self.installed.append(extensionName)
        return self.online


class Settings(dict):
    """QSettings as PythonQt gives it: values come back as strings, None where there is none."""

    def setValue(self, key, value):
        self[key] = str(value)

    def value(self, key, default=None):
        return self.get(key, default)

    def remove(self, key):
        self.pop(key, None)
