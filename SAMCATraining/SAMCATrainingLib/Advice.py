"""What went wrong with a child process: one sentence, and what to do about it."""

from __future__ import annotations

import re
from pathlib import Path

from SAMCALib.Texts import _

READ = 20000  # characters at the end of the output
OLD_DRIVER = r"NVIDIA driver on your system is too old"


def notice(output: Path) -> str:
    """What a process that goes on should be told about, "" if nothing."""
    try:
        said = output.read_bytes()[:READ].decode("utf-8", "replace")
    except OSError:
        return ""
    return _advice()[OLD_DRIVER] if re.search(OLD_DRIVER, said) else ""


def adviceFor(says: str) -> str:
    """What to do about a sentence of `samca` or an error of Python, torch or the operating system."""
    for pattern, advice in _advice().items():
        if re.search(pattern, says, re.IGNORECASE):
            return advice
    return _("Look at the log for more; Resume goes on from the last save.")


def killedText() -> tuple[str, str]:
    """Sentence and advice for a process that ended without a word."""
    return _("The training process was ended from outside."), _(
        "Resume goes on from the last save. If it ends again, memory may be short: close other programs, or "
        "choose a smaller batch or image size."
    )


def _advice() -> dict[str, str]:
    """Patterns, the first that fits counts."""
    return {
        r"out of memory|can't allocate memory|MemoryError|paging file": _(
            "Close other programs that use the device, then Resume; or start again with a smaller "
            "image size, a smaller base model or the CPU as device."
        ),
        r"cannot be written, (its disk|all the space)": _(
            "Resume goes on from the last save, which is whole."
        ),
        r"No space left|Errno 28|disk quota|not enough space": _(
            "Free some space on this disk, then Resume: the last save is whole."
        ),
        OLD_DRIVER: _(
            "The NVIDIA driver is too old for the installed torch, so the GPU is not used: update the "
            "driver, or install a fitting torch in the module PyTorch Utils."
        ),
        r"device '.*' cannot be used": _("Choose auto or cpu as device under Advanced, then start again."),
        r"No module named|needs the package|PackageNotFound": _("Press Install in this module, then Resume."),
        r"DLL load failed|cannot open shared object|libcud|WinError 126": _(
            "torch is damaged or does not fit this computer: install it again in the module PyTorch Utils."
        ),
        r"loss (nan|inf|-inf)|gradient (nan|inf)": _(
            "Start again with a ten times smaller learning rate, or with precision float32; the weights on "
            "disk are from before and can be used."
        ),
        r"is working in": _("Wait until it has ended, or stop it; one folder takes one process."),
        r"is no SAM checkpoint|^model\.": _(
            "Choose another base model, method or setting in step 2, then start a new training."
        ),
        r"is damaged": _("Delete the file that is named, or take a good copy, then start again."),
        r"dataset folder .* does not exist": _(
            "Put the data back where they were, or start a new training with them where they are."
        ),
        r"problem\(s\)|cannot be read as|no truth|without mask|cases with a mask": _(
            "Go back to the data, mend or remove what is named there, then start again."
        ),
        r"Permission denied|Errno 13|Errno 30|Read-only": _(
            "This folder cannot be written to: choose another one, or change its permissions."
        ),
        r"another \w+ \(": _("Give the training another name; its folder belongs to other settings."),
        r"needs its base|belongs to the base": _(
            "Add the base file that is named in the module SAMCA Ultrasound, then start again."
        ),
    }
