"""What each part of a running lab uses: only the workers are what is deployed."""

import contextlib
import os
from pathlib import Path

import psutil

from lab.bench.results import CpuParts
from lab.stack import Lab


def cpu_of_parts(lab: Lab) -> CpuParts:
    """Return the CPU time, user and system, in seconds, that each part has used until now."""
    return CpuParts(
        workers=sum(_cpu(pid) for pid in lab.host.worker_pids()),
        # The durable engine and the bench's own client are in this process.
        host=_cpu(os.getpid()),
        simulators=_cpu_of_all(lab.children["simulators"]),
        storage=_cpu_of_all(lab.children["azurite"]),
    )


def peak_memory_mb(lab: Lab) -> float:
    """Return the most memory, in MB, that all present workers together ever had."""
    return round(sum(peak_kb(pid) for pid in lab.host.worker_pids()) * 1024 / 1e6, 1)


def memory_mb(lab: Lab) -> float:
    """Return the memory, in MB, that all present workers together have now."""
    used = sum(psutil.Process(pid).memory_info().rss for pid in lab.host.worker_pids())
    return round(used / 1e6, 1)


def forget_peaks(lab: Lab) -> None:
    """Let the kernel count the most memory of each worker from now on, where it can (proc(5))."""
    for pid in lab.host.worker_pids():
        with contextlib.suppress(OSError):
            Path(f"/proc/{pid}/clear_refs").write_text("5", encoding="ascii")


def _cpu_of_all(pid: int) -> float:
    """Return the time of a child of the lab: its guard's, and that of what the guard runs."""
    return _cpu(pid) + sum(_cpu(one.pid) for one in psutil.Process(pid).children(recursive=True))


def _cpu(pid: int) -> float:
    times = psutil.Process(pid).cpu_times()
    return times.user + times.system


def peak_kb(pid: int) -> int:
    """Return the most memory that a process ever had, in KiB.

    ``getrusage`` would count what its parent had when it was started.
    """
    status = Path(f"/proc/{pid}/status")
    if not status.exists():
        # Elsewhere than on Linux nobody keeps the peak: what it has now.
        return int(psutil.Process(pid).memory_info().rss / 1024)
    lines = status.read_text(encoding="ascii").splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM:"))
