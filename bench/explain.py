"""How long one person takes to be explained in a library of a million and more: `shuyuan explain` without the start of its process.

    python bench/explain.py [--people 1000000] [--asked 200]

A deployment of its own is made, filled by `generate_series` inside PostgreSQL (the real catalog's population library with its history, the
registers and feeds that claim about it, disagreements, readers), and `shuyuan.explain` asked for people drawn at random, today and as of a day.
Asked as the console asks, on a connection that is kept, and as a command asks, which signs in each time.
Prints JSON: people, milliseconds at the median and the 95th percentile of people (the better of three answers each: the machine may be busy with
other things), of the first answers alone, and of a bare connection with one query, which every answer pays. CPU milliseconds per answer,
the program's and the server's, are what an idle machine would need.
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
from functools import partial
from pathlib import Path
from typing import Any

from used import server_cpu

from shuyuan import settings
from shuyuan.db import embedded
from shuyuan.db.engine import transaction
from shuyuan.db.sql import Literal, statement
from shuyuan.explain.ask import explain
from shuyuan.flow.migrate import migrate
from shuyuan.share import people
from shuyuan.share.moment import NOW, Moment

BAR = 50.0
TRIES = 3
DAY = date(2026, 11, 16)


def fill(count: int) -> None:
    """A town of `count` people, made by the server."""
    with transaction("shuyuan_owner") as connection:
        connection.execute(statement("bench/explain", count=Literal(count)))
    with transaction("shuyuan_owner") as connection:
        connection.execute("ANALYZE")
    people.add_person("lin", "public_security", "steward")


Times = list[tuple[float, float]]
"""Per person the best answer and the first, in milliseconds."""


def measured(ask: Callable[[str], Any], keys: list[str]) -> Times:
    """Every key asked three times; the first ten keys only warm up."""
    for key in keys[:10]:
        ask(key)
    return [(min(tries), tries[0]) for tries in ([_timed(ask, key) for _ in range(TRIES)] for key in keys[10:])]


def _timed(ask: Callable[[str], Any], key: str) -> float:
    began = time.perf_counter()
    ask(key)
    return (time.perf_counter() - began) * 1000


def cpu(name: str, ask: Callable[[str], Any], keys: list[str], postmaster: int) -> dict[str, float]:
    """CPU milliseconds per answer of this process and of the server."""
    own, served = time.process_time(), server_cpu(postmaster)
    for key in keys:
        ask(key)
    own = time.process_time() - own
    time.sleep(1)  # a session ends after its client has gone
    served = server_cpu(postmaster) - served
    times = {"program": own, "server": served}
    return {f"{name}cpu_{who}_ms": round(seconds * 1000 / len(keys), 1) for who, seconds in times.items()}


def explained(key: str, item: str | None = None, moment: Moment = NOW, *, keep: bool = True) -> None:
    """One person (or cell), whole."""
    answer = explain("lin", "data_verification", "population", key, item, moment=moment, keep=keep)
    assert answer.found and answer.items, key


def bare(_: str) -> None:
    """What any answer costs: a connection as the door's role and one query."""
    with transaction("shuyuan_web") as connection:
        connection.execute("SELECT 1").fetchone()


def figures(count: int, asked: int, postmaster: int) -> dict[str, Any]:
    """Everything that is measured, in milliseconds."""
    chance = random.Random(4)
    keys = [f"{chance.randrange(1, count + 1):018d}" for _ in range(asked + 10)]
    whole = measured(explained, keys)
    past = measured(lambda key: explained(key, moment=Moment(DAY)), keys)
    cell = measured(lambda key: explained(key, "name"), keys)
    signing_in = measured(partial(explained, keep=False), keys)
    connection = sorted(best for best, _ in measured(bare, keys))
    found = {"people": count, "asked": asked, **_of("", whole), **_of("past_", past), **_of("cell_", cell)}
    found |= _of("command_", signing_in)
    found["bare_connection_ms"] = round(connection[len(connection) // 2], 1)
    found |= cpu("", explained, keys, postmaster) | cpu("command_", partial(explained, keep=False), keys, postmaster)
    return found | {"met": found["p95_ms"] <= BAR}


def _of(name: str, times: Times) -> dict[str, float]:
    best, first = (sorted(column) for column in zip(*times, strict=True))
    half, most = len(best) // 2, int(len(best) * 0.95)
    places = {"p50": best[half], "p95": best[most], "first_p50": first[half], "first_p95": first[most]}
    return {f"{name}{word}_ms": round(value, 1) for word, value in places.items()}


def _postmaster(home: Path) -> int:
    return int((home / "pg" / "postmaster.pid").read_text().splitlines()[0])


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
            print(
                json.dumps(figures(asked.people, asked.asked, _postmaster(home)) | {"fill_seconds": filled}, indent=1)
            )
        finally:
            embedded.kill(home)


if __name__ == "__main__":
    main()
