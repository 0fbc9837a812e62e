"""Cross-check and resolve four departments against the floor: scan the four inputs and write the outputs, nothing else.

    python bench/resolve.py [--people 5000000] [--changed 0.01 0.05] [--rounds 2]

Every round is a process of its own, so that its memory is that of resolving alone; the registers are made in another one. CPU seconds
are told beside wall seconds. Then a day with a share of the persons changed. `SHUYUAN_ENGINE=spark` measures the same on Spark.
"""

from __future__ import annotations

import argparse
import json
import sys
from typing import Any

from crosscheck import Registers, buckets, in_turns


def main() -> int:
    """Measure, print JSON."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--people", type=int, default=5_000_000)
    parser.add_argument("--changed", type=float, nargs="*", default=[0.01, 0.05])
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--json", action="store_true", help="accepted for the sake of bench/run.py")
    asked = parser.parse_args()
    with Registers(asked.people) as registers:
        print(json.dumps(measured(registers, asked.changed, asked.rounds), indent=1))
    return 0


def measured(registers: Registers, changed: list[float], rounds: int) -> dict[str, Any]:
    """Resolve and floor, then a day for every share changed."""
    full, floor = in_turns(rounds, lambda: registers.step("full"), lambda: registers.step("floor"))
    days = [day(registers, share, number, full["wall"], rounds) for number, share in enumerate(changed, 2)]
    return {
        "people": registers.people, "buckets": buckets(registers.people), "disputes": full["disputes"], "full": full, "floor": floor,
        "ratio": round(full["wall"] / floor["wall"], 3), "cpu_ratio": round(full["cpu"] / floor["cpu"], 3), "peak_mb": full["peak_mb"],
        "lake_bytes_per_person": registers.bytes_per_person(), "changed": days,
    }  # fmt: skip


def day(registers: Registers, share: float, number: int, whole: float, rounds: int) -> dict[str, Any]:
    """A day with a share of the persons changed, beside the whole."""
    registers.step("change", share, number)
    found = registers.best(rounds, "day", number)
    return {"share": share, **found, "of_full": round(found["wall"] / whole, 3)}


if __name__ == "__main__":
    sys.exit(main())
