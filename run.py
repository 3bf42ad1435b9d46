"""Sets up what the project needs in .venv, once, and runs it; needs nothing but Python itself.

python3 run.py demo ...      segment an ultrasound frame and leave pictures (python -m samca demo)
python3 run.py test ...      run the tests (python -m pytest)
python3 run.py samca ...     the command line (python -m samca)
python3 run.py python ...    the environment's interpreter
"""

import contextlib
import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent
CONSTRAINTS = ROOT / "Testing" / "constraints.txt"
VENV = ROOT / ".venv"
STAMP = VENV / "samca-environment.txt"
SUPPORTED = ((3, 13), (3, 12), (3, 11), (3, 10))
EXTRAS = ("train", "test")  # of pyproject.toml; each holds the ones before it
BUILDER = "hatchling"  # what pyproject.toml asks for in build-system
SIDE_BY_SIDE = ["-n", "auto", "--maxprocesses", "4", "--dist", "loadfile"]  # 2 GB of memory each
COMMANDS = {  # the extra that a command needs, and what the environment's Python is given
    "demo": ("train", ["-m", "samca", "demo"]),
    "test": ("test", ["-m", "pytest", *SIDE_BY_SIDE]),
    "samca": ("train", ["-m", "samca"]),
    "python": ("train", []),
}


class SetupError(Exception):
    """The environment cannot be made; the text is one sentence for the user."""


def environment_python(venv, windows=os.name == "nt"):
    """Path of the interpreter inside a virtual environment."""
    return venv / "Scripts" / "python.exe" if windows else venv / "bin" / "python"


def version_of(command):
    """(major, minor) of the Python that this command starts, None where it does not start."""
    question = [*command, "-c", "import sys; print(*sys.version_info[:2])"]
    try:
        answer = subprocess.run(
            question, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, check=True
        ).stdout
    except (OSError, subprocess.CalledProcessError):
        return None
    return tuple(int(number) for number in answer.split())


def succeeds(command):
    """Whether the command ends well; its output is dropped."""
    return subprocess.call(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) == 0


def candidates(windows=os.name == "nt"):
    """Commands that may start a supported Python, the running one first."""
    yield [sys.executable]
    for major, minor in SUPPORTED:
        name = f"python{major}.{minor}"
        if shutil.which(name):
            yield [name]
        if windows and shutil.which("py"):
            yield ["py", f"-{major}.{minor}"]


def find_interpreter():
    """The first supported Python of `candidates`."""
    for command in candidates():
        if version_of(command) in SUPPORTED:
            return command
    raise SetupError(
        "This is Python {}.{} and no other was found on PATH: install Python 3.10, 3.11, 3.12 or 3.13 "
        "and run the same command again.".format(*sys.version_info[:2])
    )


def digest(version, files, root):
    """What the environment depends on, in one word: its Python, the requirements, where the sources lie."""
    content = [
        repr((version, str(root))).encode(),
        *(file.read_bytes().replace(b"\r\n", b"\n") for file in files),
    ]
    return hashlib.sha256(b"\0".join(content)).hexdigest()


def is_ready(stamp, extra, key):
    """Whether an environment with this stamp holds the extra, from requirements with this key."""
    return stamp in [f"{name} {key}" for name in EXTRAS[EXTRAS.index(extra) :]]


def run(command, **options):
    """Run to the end and return the exit code; 128 + n where signal n ended it, as shells say it."""
    with subprocess.Popen(command, **options) as process:
        while process.returncode is None:
            with contextlib.suppress(KeyboardInterrupt):  # the child got it too and ends in its own way
                process.wait()
    return process.returncode if process.returncode >= 0 else 128 - process.returncode


def step(command):
    """Run one step of the setup, its output on stderr so that stdout is the command's own."""
    code = run([str(word) for word in command], stdout=sys.stderr, cwd=str(ROOT))
    if code == 130:
        raise KeyboardInterrupt
    if code:
        raise SetupError("Setting up .venv stopped (see above); run the same command again to go on.")


def environment_steps(python):
    """Commands that make .venv with pip in it; none where the one that is there works."""
    if version_of([str(python)]) in SUPPORTED and succeeds([str(python), "-m", "pip", "--version"]):
        return []
    interpreter = find_interpreter()
    venv = [*interpreter, "-m", "venv", "--clear", VENV]
    if succeeds([*interpreter, "-c", "import ensurepip"]):
        return [venv]
    if succeeds([*interpreter, "-m", "pip", "--version"]):  # Debian keeps ensurepip in a package of its own
        return [[*venv, "--without-pip"], [*interpreter, "-m", "pip", "--python", python, "install", "pip"]]
    raise SetupError(
        f"{interpreter[0]} has neither ensurepip nor pip: install one of them "
        "(on Debian and Ubuntu the package python3-venv) and run the same command again."
    )


def install_steps(python, extra):
    """Commands that install the package with this extra, every version from the constraints."""
    pip = [python, "-m", "pip", "install", "--disable-pip-version-check", "-c", CONSTRAINTS]
    return [
        [*pip, BUILDER],  # so that the package is built by the pinned one
        [*pip, "--no-build-isolation", "-e", f".[{extra}]"],
    ]


def prepare(extra):
    """Bring .venv to the state that pyproject.toml and the constraints ask for; return its interpreter."""
    python, requirements = environment_python(VENV), (ROOT / "pyproject.toml", CONSTRAINTS)
    stamp = STAMP.read_text() if STAMP.exists() else ""
    if is_ready(stamp, extra, digest(version_of([str(python)]), requirements, ROOT)):
        return python
    steps = environment_steps(python) + install_steps(python, extra)
    print("Setting up .venv; this needs the network and happens once.", file=sys.stderr, flush=True)
    STAMP.unlink(missing_ok=True)
    for command in steps:
        step(command)
    STAMP.write_text(f"{extra} {digest(version_of([str(python)]), requirements, ROOT)}")
    return python


def main(arguments):
    """Run one of COMMANDS and return its exit code."""
    if not arguments or arguments[0] not in COMMANDS:
        print(__doc__.strip(), file=sys.stderr)
        return 0 if arguments[:1] in (["-h"], ["--help"]) else 2
    extra, words = COMMANDS[arguments[0]]
    try:
        python = prepare(extra)
    except SetupError as error:
        print(error, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("Interrupted; run the same command again to go on.", file=sys.stderr)
        return 130
    folder = str(ROOT) if arguments[0] == "test" else None  # other commands take paths from where the user is
    return run([str(python), *words, *arguments[1:]], cwd=folder)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
