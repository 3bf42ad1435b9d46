"""run.py: which Python it takes, when it installs again, what it hands on."""

from __future__ import annotations

import importlib.util
import re
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.fixture
def starter():
    spec = importlib.util.spec_from_file_location("run", ROOT / "run.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_environment_python_is_where_each_system_puts_it(starter):
    assert starter.environment_python(Path("v"), windows=False) == Path("v/bin/python")
    assert starter.environment_python(Path("v"), windows=True) == Path("v/Scripts/python.exe")


def test_the_running_python_is_asked_first(starter):
    assert next(starter.candidates()) == [sys.executable]
    assert starter.version_of([sys.executable]) == sys.version_info[:2]


def test_a_command_that_does_not_start_has_no_version(starter, tmp_path):
    assert starter.version_of([str(tmp_path / "python3.12")]) is None


def test_windows_is_searched_through_its_launcher(starter, monkeypatch):
    monkeypatch.setattr(starter.shutil, "which", lambda name: name if name == "py" else None)
    assert ["py", "-3.12"] in list(starter.candidates(windows=True))
    assert list(starter.candidates(windows=False)) == [[sys.executable]]


@pytest.mark.parametrize("version", [(3, 9), (3, 14), None])
def test_an_unsupported_python_gives_way_to_another(starter, monkeypatch, version):
    versions = {sys.executable: version, "python3.11": (3, 11)}
    monkeypatch.setattr(starter.shutil, "which", lambda name: name if name in versions else None)
    monkeypatch.setattr(starter, "version_of", lambda command: versions[command[0]])
    assert starter.find_interpreter() == ["python3.11"]


def test_no_supported_python_is_one_sentence(starter, monkeypatch):
    monkeypatch.setattr(starter, "version_of", lambda command: (3, 14))
    with pytest.raises(starter.SetupError, match=r"install Python 3\.10"):
        starter.find_interpreter()


def words(steps):
    return [" ".join(map(str, command)) for command in steps]


@pytest.mark.parametrize(("missing", "expected"), [("", 1), ("ensurepip", 2)])
def test_an_environment_gets_pip_from_what_the_host_has(starter, monkeypatch, tmp_path, missing, expected):
    monkeypatch.setattr(starter, "succeeds", lambda command: not missing or missing not in command[-1])
    steps = words(starter.environment_steps(tmp_path / "python"))
    assert len(steps) == expected
    assert ("--without-pip" in steps[0]) == (missing == "ensurepip")
    assert all("--python" in step for step in steps[1:])


def test_a_host_without_ensurepip_and_pip_is_one_sentence(starter, monkeypatch, tmp_path):
    monkeypatch.setattr(starter, "succeeds", lambda command: False)
    with pytest.raises(starter.SetupError, match="python3-venv"):
        starter.environment_steps(tmp_path / "python")


def test_a_working_environment_is_kept(starter):
    assert starter.environment_steps(Path(sys.executable)) == []


def test_every_install_is_held_to_the_constraints(starter):
    steps = words(starter.install_steps("python", "test"))
    assert steps
    assert all(f"-c {starter.CONSTRAINTS}" in step for step in steps)
    assert steps[-1].endswith("-e .[test]")


def test_what_builds_the_package_is_installed_first_and_pinned(starter):
    """Without build isolation pip does not fetch it by itself."""
    requires = re.search(r'^requires = \["(\w+)', (ROOT / "pyproject.toml").read_text(), re.MULTILINE)[1]
    install, build = words(starter.install_steps("python", "test"))
    assert install.endswith(f" {requires}")
    assert "--no-build-isolation" in build
    assert f"\n{requires}==" in starter.CONSTRAINTS.read_text()


def test_the_key_follows_the_requirements_the_python_and_the_place(starter, tmp_path):
    file = tmp_path / "constraints.txt"
    file.write_bytes(b"torch==1\n")
    first = starter.digest((3, 11), [file], tmp_path)
    others = [starter.digest((3, 12), [file], tmp_path), starter.digest((3, 11), [file], tmp_path / "moved")]
    file.write_bytes(b"torch==1\r\n")  # a checkout with Windows line ends asks for the same
    assert starter.digest((3, 11), [file], tmp_path) == first
    file.write_bytes(b"torch==2\n")
    others.append(starter.digest((3, 11), [file], tmp_path))
    assert len({first, *others}) == 4


@pytest.mark.parametrize(
    ("stamp", "extra", "ready"),
    [
        ("train K", "train", True),
        ("test K", "train", True),
        ("test K", "test", True),
        ("train K", "test", False),
        ("test OLD", "test", False),
        ("", "train", False),
    ],
)
def test_a_stamp_stands_for_its_extra_and_smaller_ones(starter, stamp, extra, ready):
    assert starter.is_ready(stamp, extra, "K") is ready


@pytest.mark.parametrize("code", [0, 3])
def test_exit_codes_are_handed_on(starter, code):
    assert starter.run([sys.executable, "-c", f"raise SystemExit({code})"]) == code


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no signals to end by")
def test_a_signal_becomes_128_and_its_number(starter):
    assert starter.run([sys.executable, "-c", "import os; os.kill(os.getpid(), 15)"]) == 143


def test_a_failed_step_says_how_to_go_on(starter):
    with pytest.raises(starter.SetupError, match="run the same command again"):
        starter.step([sys.executable, "-c", "raise SystemExit(1)"])


def test_a_finished_environment_is_used_without_a_step(starter, monkeypatch, tmp_path):
    python = starter.environment_python(starter.VENV)
    key = starter.digest(
        starter.version_of([str(python)]), (ROOT / "pyproject.toml", starter.CONSTRAINTS), ROOT
    )
    stamp = tmp_path / "stamp"
    stamp.write_text(f"test {key}")
    monkeypatch.setattr(starter, "STAMP", stamp)
    monkeypatch.setattr(starter, "step", lambda command: pytest.fail(f"{command} was run"))
    assert starter.prepare("train") == python


@pytest.mark.parametrize(("arguments", "code"), [([], 2), (["--help"], 0), (["tset"], 2)])
def test_usage_is_shown_where_no_command_is_named(starter, arguments, code, capsys):
    assert starter.main(arguments) == code
    assert "run.py demo" in capsys.readouterr().err
