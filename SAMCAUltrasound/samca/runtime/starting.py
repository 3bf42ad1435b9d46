"""Why a package that computes does not start on this computer, in words."""

from __future__ import annotations

import platform

X86 = ("x86_64", "amd64", "x86", "i386", "i686")
LONGEST = 200  # characters of what a package says itself


def why_not(error: Exception) -> str:
    """What importing a package raised, and whether the processor lacks AVX, which such packages count on."""
    says = " ".join(str(error).split())[:LONGEST].rstrip(".") or type(error).__name__
    if isinstance(error, ModuleNotFoundError) or not lacks_avx():
        return says
    return f"{says}; this processor has no AVX, for which the package may be built"


def lacks_avx() -> bool:
    """Whether this is an x86 processor without AVX; False where numpy does not tell."""
    try:
        from numpy._core._multiarray_umath import __cpu_features__ as features
    except ImportError:
        return False
    return platform.machine().lower() in X86 and not features.get("AVX", True)
