"""How much memory this process has used at most, and how much there is."""

from __future__ import annotations

import os
import sys

import torch


def peak_bytes(device: torch.device) -> int:
    """The most that was in use at once: of the GPU's memory, or of the computer's by this process."""
    if device.type == "cuda":
        return torch.cuda.max_memory_reserved(device)
    if device.type == "mps":
        return torch.mps.driver_allocated_memory()
    if os.name == "nt":
        return _windows_peak()
    import resource

    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else 1024 * peak  # bytes there, KiB on Linux


def total_bytes(device: torch.device) -> int:
    """What the device has; Apple's GPU shares the computer's."""
    if device.type == "cuda":
        return torch.cuda.get_device_properties(device).total_memory
    if os.name == "nt":
        return _windows_total()
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")


def _windows_peak() -> int:
    import ctypes
    from ctypes import wintypes

    names = ("peak", "now", "a", "b", "c", "d", "e", "f")

    class Counters(ctypes.Structure):
        """PROCESS_MEMORY_COUNTERS."""

        _fields_ = [("size", wintypes.DWORD), ("faults", wintypes.DWORD)] + [
            (name, ctypes.c_size_t) for name in names
        ]

    counters = Counters()
    counters.size = ctypes.sizeof(counters)
    kernel = ctypes.WinDLL("kernel32")
    kernel.GetCurrentProcess.restype = wintypes.HANDLE
    ask = kernel.K32GetProcessMemoryInfo
    ask.argtypes = [wintypes.HANDLE, ctypes.POINTER(Counters), wintypes.DWORD]
    ask(kernel.GetCurrentProcess(), ctypes.byref(counters), counters.size)
    return counters.peak


def _windows_total() -> int:
    import ctypes

    class Status(ctypes.Structure):
        """MEMORYSTATUSEX."""

        _fields_ = [("length", ctypes.c_uint32), ("load", ctypes.c_uint32)] + [
            (name, ctypes.c_uint64) for name in ("total", "free", "a", "b", "c", "d", "e")
        ]

    status = Status()
    status.length = ctypes.sizeof(status)
    ctypes.WinDLL("kernel32").GlobalMemoryStatusEx(ctypes.byref(status))
    return status.total
