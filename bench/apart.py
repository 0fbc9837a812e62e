"""Runs one measured thing in a process of its own, within bounds of time and memory, and hands back what it printed.

Belongs here: processes of others. Does not belong here: what a process says of itself (`used.py`).
"""

from __future__ import annotations

import json
import os
import subprocess
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import psutil

LOOK = 0.1
PATIENCE = 60


@dataclass(frozen=True)
class Ended:
    """How a process ended: `figures` it printed, or `why` there are none (`memory`, `time`, or its exit code)."""

    figures: dict[str, Any] = field(default_factory=dict)
    why: str = ""


def run(
    command: Sequence[str],
    environment: Mapping[str, str],
    seconds: float = float("inf"),
    megabytes: float = float("inf"),
) -> Ended:
    """Run to the end, or until a bound is passed; then it is asked to end, and ended when it does not. What it says on stderr is seen."""
    with tempfile.TemporaryFile("w+", encoding="utf-8") as output:
        with subprocess.Popen(command, env={**os.environ, **environment}, stdout=output) as process:
            why = _watched(process, time.monotonic() + seconds, megabytes)
        output.seek(0)
        said = output.read()
    if why or process.returncode:
        return Ended(why=why or f"exit {process.returncode}")
    return Ended(json.loads(said[said.rindex("\n{") + 1 if "\n{" in said else 0 :]))


def _watched(process: subprocess.Popen[bytes], deadline: float, megabytes: float) -> str:
    """Wait for a process. → which bound it passed, if any."""
    while process.poll() is None:
        passed = "time" if time.monotonic() > deadline else "memory" if _megabytes(process.pid) > megabytes else ""
        if passed:
            _end(process)
            return passed
        time.sleep(LOOK)
    return ""


def _megabytes(pid: int) -> float:
    try:
        return float(psutil.Process(pid).memory_info().rss >> 20)
    except psutil.NoSuchProcess:
        return 0


def _end(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        process.wait(PATIENCE)
    except subprocess.TimeoutExpired:
        process.kill()
