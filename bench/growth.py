"""How resolving grows with the library and with the change: seconds, memory and bytes at several sizes.

    python bench/growth.py [--people 1250000 5000000 20000000] [--rounds 2]

Everything is resolved at every size, and a day with 1 % changed; at the middle size also a day with 5 %. Every figure comes from a process of its own
that does nothing else; the registers are made in others. All sizes stand beside each other and take turns. Time should grow with the change: a day of
1 % at the largest size beside one of 5 % at the middle one, which is about as many persons when the sizes are four times apart. Prints JSON; what is
being done is said on stderr.
"""

from __future__ import annotations

import argparse
import json
import sys
from contextlib import ExitStack
from functools import partial
from typing import Any

from crosscheck import Registers, buckets, in_turns

SIZES = (1_250_000, 5_000_000, 20_000_000)
SMALL, LARGE = 0.01, 0.05


def main() -> int:
    """Measure, print JSON."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--people", type=int, nargs="+", default=list(SIZES))
    parser.add_argument("--rounds", type=int, default=2)
    asked = parser.parse_args()
    sizes = sorted(asked.people)
    middle = sizes[len(sizes) // 2]
    with ExitStack() as held:
        worlds = [held.enter_context(Registers(people)) for people in sizes]
        full = in_turns(asked.rounds, *(partial(registers.step, "full") for registers in worlds))
        shares = [[SMALL, LARGE] if people == middle else [SMALL] for people in sizes]
        found = [size(*one, asked.rounds) for one in zip(worlds, full, shares, strict=True)]
    print(json.dumps({"middle": middle, "sizes": linear(found, middle)}, indent=1))
    return 0


def size(registers: Registers, full: dict[str, Any], shares: list[float], rounds: int) -> dict[str, Any]:
    """Everything at one size, of which all was resolved before."""
    days = [day(registers, share, number, rounds) for number, share in enumerate(shares, 2)]
    sizes = registers.bytes_per_person()
    people = registers.people
    return {"people": people, "buckets": buckets(people), "full": full, "bytes_per_person": sizes, "days": days}


def day(registers: Registers, share: float, number: int, rounds: int) -> dict[str, Any]:
    """A day with a share of the persons changed."""
    registers.step("change", share, number)
    found = registers.best(rounds, "day", number)
    return {"share": share, "changed": sum(found["changes"].values()), **found}


def linear(found: list[dict[str, Any]], middle: int) -> list[dict[str, Any]]:
    """Every size with its seconds per person as a multiple of the middle size's, by the clock and by the processors: 1 is linear."""
    (base,) = (one["full"] for one in found if one["people"] == middle)
    ratios = (("wall", "to_linear"), ("cpu", "cpu_to_linear"))
    return [
        {**one, **{name: round(one["full"][kind] / one["people"] / base[kind] * middle, 3) for kind, name in ratios}}
        for one in found
    ]


if __name__ == "__main__":
    sys.exit(main())
