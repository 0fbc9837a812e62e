"""The same cross-check beside others, in one run: our run, PostgreSQL, datacompy on pandas and on polars.

    python bench/rivals.py [--people 5000000] [--rounds 2] [--seconds 1800] [--gigabytes 16] [--only postgresql,pandas,polars]

Every one reads the same Parquet files, in processes of its own, best of the rounds. PostgreSQL makes the same library, disagreements and counts, and
has to find the same cells. datacompy only compares, and has to count the same mismatches. Who passes a bound of time or memory is tried on half as
many persons, and said to be; figures are then per person. datacompy comes in an environment of its own, `.venv-rivals`, made when it is first asked
for; where it cannot be made, its lines say why. Prints JSON.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import apart
import psutil
import used
from crosscheck import Registers, best

FOLDER = Path(__file__).resolve().parent
PROJECT = FOLDER.parent
RIVALS = Path(os.environ.get("SHUYUAN_RIVALS", PROJECT / ".venv-rivals")).absolute()
"""Where the environment of datacompy is, or will be."""
LEAST = 1 / 16
"""Of the persons: who cannot do so many is not tried with fewer."""


@dataclass(frozen=True)
class Bounds:
    """What a rival may use: seconds and megabytes of a process, and how often it may try."""

    seconds: float
    megabytes: float
    rounds: int


Task = dict[str, Any]
"""The files and what is expected of them: `crosscheck_steps.py inputs`."""
Rival = Callable[[Task, Bounds], apart.Ended]


def main() -> int:
    """Measure, print JSON."""
    asked = arguments()
    bounds = Bounds(asked.seconds, asked.gigabytes * 1024, asked.rounds)
    chosen = asked.only.split(",") if asked.only else list(BARS)
    with Registers(asked.people) as registers:
        rivals = {name: beside(registers, name, bounds) for name in chosen}
    print(json.dumps({"people": asked.people, "rivals": rivals}, indent=1, ensure_ascii=False))
    return 0


def beside(registers: Registers, name: str, bounds: Bounds) -> dict[str, Any]:
    """One rival's figures and its ratio to ours, whose rounds stand around it: a slow hour of the machine falls on both."""
    ours = [registers.step("full")]
    found = tried(registers, name, bounds)
    ours += [registers.step("full") for _ in range(bounds.rounds - 1)]
    return found if "skipped" in found else found | ratios(found, registers.people, best(ours))


def tried(registers: Registers, name: str, bounds: Bounds) -> dict[str, Any]:
    """A rival's figures, on all persons or on as many as it can do."""
    share, why = 1.0, ""
    while share >= LEAST:
        task = registers.step("inputs", share)
        used.told(f"{task['people']:,} persons: {name}")
        ended = RUNS[name](task, bounds)
        if ended.figures:
            return judged(name, ended.figures, task, registers.people) | ({"passed": why} if why else {})
        if ended.why not in ("time", "memory"):
            return {"skipped": ended.why, "bar": BARS[name]}
        why, share = ended.why, share / 2
    return {"skipped": f"passed the bound of {why} with {task['people']:,} persons too", "bar": BARS[name]}


def judged(name: str, found: dict[str, Any], task: Task, everybody: int) -> dict[str, Any]:
    """The figures, and how much the rival did not find that it should, or the other way round."""
    about = {"people": task["people"], "fewer": task["people"] < everybody, "bar": BARS[name]}
    return {**about, "differing": differing(found, task), **found}


def ratios(found: dict[str, Any], everybody: int, ours: dict[str, Any]) -> dict[str, Any]:
    """A rival's figures to ours, per person."""
    times = everybody / found["people"]
    told = {"ratio": found["wall"] / ours["wall"], "cpu_ratio": found["cpu"] / ours["cpu"]}
    if "less" in found:
        told["less_ratio"] = found["less"]["wall"] / ours["wall"]
    return {"ours": ours, **{kind: round(ratio * times, 2) for kind, ratio in told.items()}}


def differing(found: dict[str, Any], task: Task) -> int:
    """Cells that only one of us found, where the rival tells cells; else by how much the counts of the claims differ."""
    if "mismatches" not in found:
        return int(found["differing"])
    counted, expected = found["mismatches"], task["expected"]
    return sum(abs(counted.get(ref, 0) - expected.get(ref, 0)) for ref in {*counted, *expected})


def postgresql(task: Task, bounds: Bounds) -> apart.Ended:
    """The same in PostgreSQL, on a server of its own."""
    with tempfile.TemporaryDirectory(prefix="shuyuan-rival-") as name:
        home = Path(name) / "home"
        task = {**task, "rounds": bounds.rounds, "seconds": math.ceil(bounds.seconds)}
        ended = started([sys.executable, str(FOLDER / "rivals_postgres.py")], task, {"SHUYUAN_HOME": str(home)})
    return apart.Ended(why=ended.figures["ended"]) if "ended" in ended.figures else ended


def datacompy(engine: str) -> Rival:
    """datacompy on pandas or polars: a process per round, the best of them."""

    def run(task: Task, bounds: Bounds) -> apart.Ended:
        if why := unavailable():
            return apart.Ended(why=why)
        command = [str(RIVALS / "bin" / "python"), str(FOLDER / "rivals_datacompy.py"), engine]
        found = []
        for _ in range(bounds.rounds):
            found.append(started(command, task, {"PYTHONPATH": ""}, bounds))
            if found[-1].why:
                break
        return found[-1] if found[-1].why else min(found, key=lambda ended: float(ended.figures["wall"]))

    return run


def started(command: list[str], task: Task, environment: dict[str, str], bounds: Bounds | None = None) -> apart.Ended:
    """A program with its task as a file."""
    with tempfile.NamedTemporaryFile("w", suffix=".json", encoding="utf-8") as file:
        json.dump(task, file)
        file.flush()
        limits = (bounds.seconds, bounds.megabytes) if bounds else ()
        return apart.run([*command, file.name], environment, *limits)


def unavailable() -> str:
    """Make the rivals' environment if there is none. → why there is none."""
    command = [sys.executable, str(PROJECT / "scripts" / "bootstrap.py"), "rivals"]
    environment = {**os.environ, "SHUYUAN_VENV": str(RIVALS)}
    done = subprocess.run(command, env=environment, stdout=sys.stderr, stderr=subprocess.PIPE, text=True, check=False)
    print(done.stderr, end="", file=sys.stderr)
    return (
        " ".join(done.stderr.partition("shuyuan: ")[2].split()) or f"exit {done.returncode}" if done.returncode else ""
    )


def arguments() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--people", type=int, default=5_000_000)
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--seconds", type=float, default=1800, help="of one process, or one statement of PostgreSQL")
    parser.add_argument("--gigabytes", type=float, default=psutil.virtual_memory().total * 0.8 / 2**30)
    parser.add_argument("--only", help="some of " + ", ".join(BARS))
    return parser.parse_args()


RUNS: dict[str, Rival] = {"postgresql": postgresql, "pandas": datacompy("pandas"), "polars": datacompy("polars")}
BARS = {"postgresql": 4.0, "pandas": 8.0, "polars": 1.6}
"""How many times as long a rival has to take."""

if __name__ == "__main__":
    sys.exit(main())
