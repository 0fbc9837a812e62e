"""Registers of so many persons in a folder of their own, and the steps that benches measure on them, each in a process of its own."""

from __future__ import annotations

import shutil
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Any

import apart
import used

STEPS = str(Path(__file__).resolve().parent / "crosscheck_steps.py")
PER_BUCKET = 312_500
LEAST = 4
TOLD = ("wall", "cpu", "peak_mb")


def buckets(people: int) -> int:
    """How many buckets hold so many persons."""
    return max(LEAST, -(-people // PER_BUCKET))


def in_turns(rounds: int, *steps: Callable[[], dict[str, Any]]) -> list[dict[str, Any]]:
    """The best of every step's rounds. All take a round before any takes the next: a slow minute of the machine falls on all that are compared."""
    found = [[step() for step in steps] for _ in range(rounds)]
    return [best(list(rounds_of_one)) for rounds_of_one in zip(*found, strict=True)]


def best(found: list[dict[str, Any]]) -> dict[str, Any]:
    """The best seconds of a step's rounds, and the most memory that one of them held."""
    least = {name: min(one[name] for one in found) for name in ("wall", "cpu")}
    peak = {"peak_mb": max(one["peak_mb"] for one in found)} if "peak_mb" in found[0] else {}
    return {**found[-1], **least, **peak}


class Registers:
    """The registers of four departments about the same persons; gone at the end of the block."""

    def __init__(self, people: int) -> None:
        self.people = people
        self.home = Path(tempfile.mkdtemp(prefix="shuyuan-bench-")) / "home"
        self.home.mkdir()
        self.environment = {"SHUYUAN_HOME": str(self.home), "SHUYUAN_BUCKETS": str(buckets(people))}

    def __enter__(self) -> Registers:
        try:
            self.step("make", self.people)
        except BaseException:
            shutil.rmtree(self.home.parent, ignore_errors=True)
            raise
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        shutil.rmtree(self.home.parent, ignore_errors=True)

    def step(self, *words: object) -> dict[str, Any]:
        """The figures of one step."""
        used.told(f"{self.people:,} persons:", *words)
        ended = apart.run([sys.executable, STEPS, *map(str, words)], self.environment)
        if ended.why:
            raise SystemExit(f"bench/crosscheck_steps.py {' '.join(map(str, words))}: {ended.why}")
        used.told(
            f"{self.people:,} persons:",
            *words,
            *(f"{name} {ended.figures[name]}" for name in TOLD if name in ended.figures),
        )
        return ended.figures

    def best(self, rounds: int, *words: object) -> dict[str, Any]:
        """The best of several rounds of one step."""
        (found,) = in_turns(rounds, lambda: self.step(*words))
        return found

    def bytes_per_person(self) -> dict[str, int]:
        """On disk, of what is live."""
        return {name: round(size / self.people) for name, size in self.step("sizes").items()}
