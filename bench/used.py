"""What a program has used: seconds, processors, memory. Standard library only, as programs of other environments use it too."""

from __future__ import annotations

import os
import resource
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any


def measured(work: Callable[[], Any]) -> tuple[Any, dict[str, float]]:
    """The result of some work, and the seconds that this process spent on it, by the clock and of its processors."""
    wall, processor = time.perf_counter(), time.process_time()
    result = work()
    return result, {
        "wall": round(time.perf_counter() - wall, 3),
        "cpu": round(time.process_time() - processor, 3),
    }


def peak_mb() -> int:
    """The most memory this process has held since its program began.

    Linux carries `ru_maxrss` over from the process that started this one, so its own mark is read where there is one.
    """
    try:
        status = Path("/proc/self/status").read_text(encoding="ascii")
    except FileNotFoundError:
        unit = 1 << 20 if sys.platform == "darwin" else 1 << 10
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // unit
    return int(next(line for line in status.splitlines() if line.startswith("VmHWM:")).split()[1]) >> 10


def server_cpu(postmaster: int) -> float:
    """Seconds of CPU that the sessions of a server have used, those that have ended and those that live (proc(5): ppid, utime to cstime)."""
    ticks = sum(int(field) for field in _stat(str(postmaster))[13:15])
    for path in Path("/proc").glob("[0-9]*"):
        fields = _stat(path.name)
        if fields and int(fields[1]) == postmaster:
            ticks += int(fields[11]) + int(fields[12])
    return ticks / os.sysconf("SC_CLK_TCK")


def _stat(process: str) -> list[str]:
    """The fields of a process after its name; none when it has gone."""
    try:
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return []


def told(*words: object) -> None:
    """A line of progress."""
    print("…", *words, file=sys.stderr, flush=True)
