"""Each state of the installation in words, with installers that have Slicer's signatures."""

from __future__ import annotations

import sys
import types
from importlib.machinery import ModuleSpec

import pytest
import slicer_installers as fakes

from samca.runtime import sessions
from SAMCALib.Models.InstallLogic import RESUME_KEY, InstallLogic, State

AVAILABLE = {
    "torch": "2.9.1",
    "safetensors": "0.8.0",
    "segment-anything": "1.0",
    "onnxruntime": "1.32.0",
}
ALL = {"torch": "2.8.0", "safetensors": "0.5.0", "segment-anything": "1.0"}
RELEASES = ("5.12", "5.10")


class Machine:
    """A Slicer with these packages; `agree` is what the user answers."""

    def __init__(
        self,
        monkeypatch,
        installed,
        *,
        release="5.12",
        extension=True,
        online=True,
        agree=True,
        needsTorch=True,
    ):
        self.questions, self.said, self.agree = [], [], agree
        self.packages = fakes.Packages(installed, AVAILABLE if online else {})
        self.manager, self.settings = fakes.ExtensionsManager(online), fakes.Settings()
        self.packaging = fakes.Packaging(self.packages) if release == "5.12" else None
        self.needsTorch = needsTorch
        self.restart(monkeypatch, extension)

    def restart(self, monkeypatch, extension=True):
        """A new session of Slicer on the same machine."""
        slicer = types.ModuleType("slicer")
        slicer.util = types.ModuleType("slicer.util")
        slicer.util.pip_install = fakes.Utilities(self.packages).pip_install
        slicer.app = types.SimpleNamespace(
            extensionsManagerModel=lambda: self.manager, userSettings=lambda: self.settings
        )
        monkeypatch.setitem(sys.modules, "slicer", slicer)
        monkeypatch.setitem(sys.modules, "slicer.util", slicer.util)
        if self.packaging:
            slicer.packaging = self.packaging
        self._offer(monkeypatch, extension)
        self.logic = InstallLogic(self._ask, self.said.append, self.packages.get, needsTorch=self.needsTorch)

    def _offer(self, monkeypatch, extension):
        for name in ("PyTorchUtils", "torch", "safetensors", "segment_anything", "onnxruntime"):
            monkeypatch.delitem(sys.modules, name, raising=False)  # other tests have imported them
        if extension:
            module = types.ModuleType("PyTorchUtils")
            module.__spec__ = ModuleSpec("PyTorchUtils", None)
            module.PyTorchUtilsLogic = type("Logic", (fakes.PyTorchUtilsLogic,), {"packages": self.packages})
            monkeypatch.setitem(sys.modules, "PyTorchUtils", module)

    def _ask(self, question):
        self.questions.append(question)
        return self.agree


@pytest.fixture
def machine(monkeypatch):
    """Make a machine: machine(installed packages, ...)."""
    return lambda installed, **options: Machine(monkeypatch, installed, **options)


def test_everything_installed_is_ready_and_asks_nothing(machine):
    ours = machine(ALL)
    assert ours.logic.status().ready
    assert ours.logic.install().ready
    assert "torch 2.8.0" in ours.logic.status().text
    assert not ours.questions
    assert not ours.packages.calls


def test_looking_installs_and_imports_nothing(machine):
    ours = machine({})
    ours.logic.status()
    assert not ours.packages.calls
    assert not ours.questions
    assert not ours.manager.installed
    assert "torch" not in sys.modules


@pytest.mark.parametrize("release", RELEASES)
def test_missing_torch_comes_through_the_extension_and_the_rest_through_pip(machine, release):
    ours = machine({}, release=release)
    assert ours.logic.status().state is State.TORCH_MISSING
    assert ours.logic.install().ready
    assert len(ours.questions) == 1
    assert ("installTorch", ">=2.8") in ours.packages.calls
    assert not any(
        "torch" in word for kind, words in ours.packages.calls if kind != "installTorch" for word in words
    )


@pytest.mark.parametrize("release", RELEASES)
def test_segment_anything_is_taken_by_its_hash(machine, release):
    ours = machine({"torch": "2.8.0"}, release=release)
    assert ours.logic.status().state is State.PACKAGES_MISSING
    ours.logic.install()
    (words,) = [words for kind, words in ours.packages.calls if "-r" in words]
    file = words[words.index("-r") + 1]
    with open(file, encoding="utf-8") as lines:
        assert "segment-anything==1.0 --hash=sha256:86f67d41" in lines.read()


def test_a_local_build_of_torch_is_new_enough(machine):
    assert machine({**ALL, "torch": "2.13.0+cu130"}).logic.status().ready


def test_torch_that_is_too_old_is_named_and_replaced(machine):
    ours = machine({**ALL, "torch": "2.1.0"})
    status = ours.logic.status()
    assert status.state is State.TORCH_OLD
    assert "2.1.0" in status.text
    assert "2.8" in status.text
    assert ours.logic.install().ready
    assert ours.packages["torch"] == "2.9.1"


def test_torch_replaced_while_in_use_asks_for_a_restart(machine, monkeypatch):
    ours = machine({**ALL, "torch": "2.1.0"})
    monkeypatch.setitem(sys.modules, "torch", types.ModuleType("torch"))
    assert ours.logic.install().restart
    assert ours.logic.status().restart
    ours.restart(monkeypatch)
    assert ours.logic.shouldResume(), "the panel opens again and says that all is well"
    assert ours.logic.resume().ready


def test_a_missing_extension_is_fetched_and_the_installation_goes_on_after_the_restart(machine, monkeypatch):
    ours = machine({}, extension=False)
    assert ours.logic.status().state is State.EXTENSION_MISSING
    assert ours.logic.install().restart
    assert ours.manager.installed == ["PyTorch"]
    assert ours.manager.interactive
    assert ours.settings[RESUME_KEY] == "1"
    ours.restart(monkeypatch)
    assert ours.logic.shouldResume()
    assert ours.logic.resume().ready
    assert not ours.logic.shouldResume()


def test_the_extension_is_not_needed_where_torch_is(machine):
    assert machine(ALL, extension=False).logic.status().ready


def test_declining_changes_nothing_and_says_what_still_works(machine):
    ours = machine({}, agree=False)
    status = ours.logic.install()
    assert status.state is State.DECLINED
    assert "still" in status.text or "shown" in status.text
    assert not ours.packages.calls
    assert ours.packages == {}
    assert ours.logic.status().state is State.TORCH_MISSING


@pytest.mark.parametrize("release", RELEASES)
@pytest.mark.parametrize(("installed", "extension"), [({}, True), ({}, False), ({"torch": "2.8.0"}, True)])
def test_without_network_it_says_so_and_points_to_a_folder(machine, release, installed, extension):
    ours = machine(installed, extension=extension, online=False, release=release)
    status = ours.logic.install()
    assert status.state is State.FAILED
    assert "network" in status.text
    assert "folder of wheels" in status.text
    assert not ours.logic.shouldResume()
    assert ours.packages == installed


def test_without_extensions_manager_it_says_so(machine, monkeypatch):
    ours = machine({}, extension=False)
    del sys.modules["slicer"].app.extensionsManagerModel
    assert "Extensions Manager" in ours.logic.install().text


@pytest.mark.parametrize("release", RELEASES)
def test_a_folder_of_wheels_needs_neither_network_nor_extension(machine, tmp_path, release):
    for name in ("torch-2.9.1-cp312", "safetensors-0.8.0-cp38", "segment_anything-1.0-py3"):
        (tmp_path / f"{name}-none-any.whl").touch()
    ours = machine({}, extension=False, release=release)
    assert ours.logic.installFromFolder(tmp_path).ready
    assert ours.packages.calls
    for _, words in ours.packages.calls:
        assert words[:3] == ["--no-index", "--find-links", str(tmp_path)]


def test_a_folder_without_the_wheels_is_refused_before_anything_is_installed(machine, tmp_path):
    (tmp_path / "safetensors-0.8.0-cp38-none-any.whl").touch()
    ours = machine({})
    status = ours.logic.installFromFolder(tmp_path)
    assert status.state is State.FAILED
    assert "torch" in status.text
    assert str(tmp_path) in status.text
    assert "safetensors" not in status.text
    assert not ours.packages.calls
    assert not ours.questions


def test_declining_the_folder_changes_nothing(machine, tmp_path):
    (tmp_path / "safetensors-0.8.0-cp38-none-any.whl").touch()
    ours = machine({"torch": "2.9.1", "segment-anything": "1.0"}, agree=False)
    assert ours.logic.installFromFolder(tmp_path).state is State.DECLINED
    assert not ours.packages.calls


def test_a_running_installation_is_waited_for(machine):
    ours = machine({"torch": "2.8.0"})
    ours.packaging.busy = True
    status = ours.logic.install()
    assert status.state is State.FAILED
    assert "still running" in status.text


def test_pip_that_ends_well_but_installs_nothing_is_told(machine):
    ours = machine({"torch": "2.8.0", "segment-anything": "1.0"})
    ours.packages.install = lambda words: None
    status = ours.logic.install()
    assert status.state is State.FAILED
    assert "safetensors" in status.text


@pytest.mark.parametrize("release", RELEASES)
def test_a_package_of_another_module_comes_without_what_it_depends_on(machine, release):
    ours = machine(ALL, release=release)
    ours.packages.available = {**AVAILABLE, "monai": "1.6.0"}
    logic = InstallLogic(
        ours._ask, ours.said.append, ours.packages.get, packages=("monai>=1.5.1",), needsTorch=True
    )
    assert logic.missing() == ["monai>=1.5.1"]
    assert logic.status().state is State.PACKAGES_MISSING
    assert logic.install().ready
    assert ours.packages.calls == [("pip", ["--no-deps", "monai>=1.5.1"])], "torch stays as it is"


LIGHT = {"onnxruntime": "1.32.0"}


@pytest.mark.parametrize("release", RELEASES)
@pytest.mark.parametrize("extension", [True, False])
def test_clicks_ask_for_one_small_package_and_no_restart(machine, release, extension):
    ours = machine({}, needsTorch=False, release=release, extension=extension)
    assert ours.logic.missing() == ["onnxruntime>=1.23"]
    assert ours.logic.install().ready
    (question,) = ours.questions
    assert "less than 30 MB" in question
    assert "torch" not in question
    assert ours.packages == LIGHT
    assert not ours.manager.installed
    assert not ours.logic.shouldResume()


def test_what_answers_clicks_says_what_torch_is_for_and_gets_it_when_asked(machine):
    ours = machine(LIGHT, needsTorch=False)
    status = ours.logic.status()
    assert status.ready
    assert status.lacksTorch
    assert "onnxruntime 1.32.0. Training, models of other forms and an NVIDIA GPU need torch" in status.text
    assert ours.logic.install().ready
    assert not ours.questions, "clicks need nothing more"
    status = ours.logic.install(withTorch=True)
    assert status.ready
    assert not status.lacksTorch
    assert ours.packages == {**AVAILABLE}


@pytest.mark.parametrize("isThere", [True, False])
def test_an_nvidia_gpu_is_seen_without_torch_by_what_its_driver_leaves(
    machine, monkeypatch, tmp_path, isThere
):
    driver = tmp_path / "version"
    monkeypatch.setattr("SAMCALib.Models.InstallLogic.nvidiaDriver", lambda: (driver,))
    monkeypatch.setenv("PATH", "")
    if isThere:
        driver.touch()
    status = machine(LIGHT, needsTorch=False).logic.status()
    assert status.ready
    assert ("This computer has an NVIDIA GPU" in status.text) is isThere


def test_an_old_onnx_runtime_is_replaced(machine):
    ours = machine({"onnxruntime": "1.9.0"}, needsTorch=False)
    assert ours.logic.status().state is State.PACKAGES_MISSING
    assert ours.logic.install().ready
    assert ours.packages == LIGHT


def test_an_old_onnx_runtime_in_use_is_replaced_by_a_restart_that_asks_for_no_torch(machine, monkeypatch):
    ours = machine({"onnxruntime": "1.9.0"}, needsTorch=False)
    monkeypatch.setitem(sys.modules, "onnxruntime", types.ModuleType("onnxruntime"))
    assert ours.logic.install().restart, "the old one would be asked until then"
    ours.restart(monkeypatch)
    assert ours.logic.shouldResume()
    status = ours.logic.resume()
    assert status.ready
    assert status.lacksTorch
    assert len(ours.questions) == 1
    assert not ours.logic.shouldResume()


def test_where_torch_is_complete_nothing_else_is_asked_for(machine):
    ours = machine(ALL, needsTorch=False)
    assert ours.logic.status().ready
    assert not ours.logic.status().lacksTorch
    assert ours.logic.missing() == []


def test_where_torch_is_there_what_belongs_to_it_is_completed(machine):
    assert machine({"torch": "2.8.0"}, needsTorch=False).logic.missing()[0].startswith("safetensors")


@pytest.mark.parametrize("release", RELEASES)
def test_one_wheel_in_a_folder_is_enough_for_clicks(machine, tmp_path, release):
    (tmp_path / "onnxruntime-1.32.0-cp312-cp312-any.whl").touch()
    ours = machine({}, needsTorch=False, release=release)
    assert ours.logic.installFromFolder(tmp_path).ready
    assert ours.packages == LIGHT
    assert "No wheel (.whl) of torch" in ours.logic.installFromFolder(tmp_path, withTorch=True).text


def test_a_folder_with_torch_but_no_onnx_runtime_will_do(machine, tmp_path):
    for name in ("torch-2.9.1-cp312", "safetensors-0.8.0-cp38", "segment_anything-1.0-py3"):
        (tmp_path / f"{name}-none-any.whl").touch()
    ours = machine({}, needsTorch=False)
    assert ours.logic.installFromFolder(tmp_path).ready
    assert "torch" in ours.packages


def test_what_is_asked_for_is_what_the_core_needs():
    assert f"onnxruntime>={sessions.OLDEST}" == InstallLogic(versionOf=lambda name: None).missing()[0]


def test_declining_torch_leaves_clicks_answered(machine):
    ours = machine(LIGHT, needsTorch=False, agree=False)
    assert "only training waits" in ours.logic.install(withTorch=True).text
    assert ours.logic.status().ready
