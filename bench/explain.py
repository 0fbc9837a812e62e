"""How long one person takes to be explained in a library of a million and more: `shuyuan explain` without the start of its process.

    python bench/explain.py [--people 1000000] [--asked 200]

A deployment of its own is made, filled by `generate_series` inside PostgreSQL (the real catalog's population library with its history, the
registers and feeds that claim about it, disagreements, readers), and `shuyuan.explain` asked for people drawn at random, today and as of a day.
Prints JSON: people, milliseconds at the median and the 95th percentile, the slowest, and how long a single query of a bare connection takes.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import tempfile
import time
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

from shuyuan import settings
from shuyuan.db import embedded
from shuyuan.db.engine import transaction
from shuyuan.db.sql import Literal, statement
from shuyuan.explain.ask import explain
from shuyuan.flow.migrate import migrate
from shuyuan.share import people
from shuyuan.share.moment import Moment

BAR = 50.0
DAY = date(2026, 11, 16)


def fill(count: int) -> None:
    """A town of `count` people, made by the server."""
    with transaction("shuyuan_owner") as connection:
        connection.execute(statement("bench/explain", count=Literal(count)))
    with transaction("shuyuan_owner") as connection:
        connection.execute("ANALYZE")
    people.add_person("lin", "public_security", "steward")


def measured(ask: Callable[[str], Any], keys: list[str]) -> list[float]:
    """Milliseconds per key, sorted; the first ten only warm up."""
    for key in keys[:10]:
        ask(key)
    found = []
    for key in keys[10:]:
        began = time.perf_counter()
        ask(key)
        found.append((time.perf_counter() - began) * 1000)
    return sorted(found)


def explained(key: str, item: str | None = None, moment: Moment = Moment()) -> None:  # noqa: B008 - frozen
    answer = explain("lin", "data_verification", "population", key, item, moment=moment)
    assert answer.found and answer.items, key


def bare(_: str) -> None:
    """What any answer costs: a connection as the door's role and one query."""
    with transaction("shuyuan_web") as connection:
        connection.execute("SELECT 1").fetchone()


def figures(count: int, asked: int) -> dict[str, Any]:
    """Everything that is measured, in milliseconds."""
    chance = random.Random(4)
    keys = [f"{chance.randrange(1, count + 1):018d}" for _ in range(asked + 10)]
    whole = measured(explained, keys)
    past = measured(lambda key: explained(key, moment=Moment(DAY)), keys)
    cell = measured(lambda key: explained(key, "name"), keys)
    connection = measured(bare, keys)
    return {
        "people": count, "asked": asked, **_of("", whole), **_of("past_", past), **_of("cell_", cell),
        "bare_connection_ms": round(connection[len(connection) // 2], 1),
        "met": whole[int(len(whole) * 0.95)] <= BAR,
    }  # fmt: skip


def _of(name: str, times: list[float]) -> dict[str, float]:
    places = {"p50": len(times) // 2, "p95": int(len(times) * 0.95), "max": -1}
    return {f"{name}{word}_ms": round(times[place], 1) for word, place in places.items()}


def main() -> None:
    """Make the deployment, fill it, ask, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--people", type=int, default=1_000_000)
    parser.add_argument("--asked", type=int, default=200)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="sy-explain-") as name:
        os.environ["SHUYUAN_HOME"] = str(Path(name) / "home")
        settings.load.cache_clear()
        home = settings.load().home
        embedded.start(home)
        try:
            migrate()
            began = time.perf_counter()
            fill(asked.people)
            filled = round(time.perf_counter() - began)
            print(json.dumps(figures(asked.people, asked.asked) | {"fill_seconds": filled}, indent=1))
        finally:
            embedded.kill(home)


if __name__ == "__main__":
    main()
