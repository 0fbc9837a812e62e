"""Cross-check and resolve four departments against the floor: scan the four inputs and write the outputs, nothing else.

    python bench/resolve.py [--people 5000000] [--json]

One process, in its own folder; CPU seconds are told beside wall seconds. Then a day with a share of the persons changed.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import shutil
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

PER_BUCKET = 312_500
DAY = date(2026, 11, 20)


def main() -> int:
    """Measure, print JSON."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--people", type=int, default=5_000_000)
    parser.add_argument("--changed", type=float, nargs="*", default=[0.01, 0.05])
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--json", action="store_true", help="accepted for the sake of bench/run.py")
    asked = parser.parse_args()
    home = Path(tempfile.mkdtemp(prefix="bench-resolve-"))
    os.environ |= {"SHUYUAN_HOME": str(home), "SHUYUAN_BUCKETS": str(max(4, -(-asked.people // PER_BUCKET)))}
    try:
        print(json.dumps(_measured(asked), indent=1))
    finally:
        shutil.rmtree(home, ignore_errors=True)
    return 0


def _measured(asked: argparse.Namespace) -> dict[str, Any]:
    import crosscheck_world as world

    from shuyuan.lake.snapshot import Snapshot
    from shuyuan.resolve.run import Inputs, run
    from shuyuan.settings import load

    catalog = world.catalog()
    library = catalog.libraries["bench"]
    members = world.write(asked.people)
    inputs = Inputs(members, Snapshot(), Snapshot())
    before = _peak()
    full, outcome = _best(asked.rounds, lambda: run(catalog, library, inputs, DAY, "library/bench/1"))
    peak = _peak()
    floors = [_floor(members, outcome) for _ in range(asked.rounds)]
    floor = {name: round(min(one[name] for one in floors), 2) for name in floors[0]}
    bytes_ = sum(path.stat().st_size for path in (load().lake / "library").rglob("*.parquet"))
    sources = sum(path.stat().st_size for path in (load().lake / "bench").rglob("b*.parquet"))
    figures: dict[str, Any] = {
        "people": asked.people, "buckets": load().buckets, "disputes": outcome.disputes["I"],
        "full": full, "floor": floor, "ratio": round(full["wall"] / floor["wall"], 3), "cpu_ratio": round(full["cpu"] / floor["cpu"], 3),
        "peak_mb": peak, "peak_before_mb": before,
        "lake_bytes_per_person": {"library": round(bytes_ / asked.people), "sources": round(sources / asked.people)},
        "changed": [],
    }  # fmt: skip
    counts = outcome.crosschecks
    for number, share in enumerate(asked.changed):
        later = world.changed(members, share, number + 2)
        told = {name: snapshot.manifest for name, snapshot in members.items()}
        again = Inputs(later, outcome.library, outcome.discrepancies, told, counts)
        figure, found = _best(
            asked.rounds, lambda again=again, n=number: run(catalog, library, again, DAY, f"library/bench/{n + 2}")
        )  # type: ignore[misc]
        changes = dict(found.changes)
        figures["changed"].append(
            {"share": share, **figure, "of_full": round(figure["wall"] / full["wall"], 3), "changes": changes}
        )
    return figures


def _floor(members: dict[str, Any], outcome: Any) -> dict[str, float]:
    """Every column of the inputs decoded once; every output row written once more, from memory. → seconds of that alone."""
    import crosscheck_world as world

    from shuyuan.lake import duck
    from shuyuan.settings import load

    columns = ", ".join(world.decoded(name) for name in (*world.ITEMS, "id_no", "_as_of", "_deleted"))
    spent = {"wall": 0.0, "cpu": 0.0}
    with duck.connect() as connection:
        for snapshot in members.values():
            for bucket in snapshot.buckets.values():
                query = f"SELECT {columns} FROM {duck.scan([load().lake / bucket.path])}"
                _timed(spent, lambda query=query: duck.rows(connection, query))  # type: ignore[misc]
        for name in (*outcome.files["rows"], *outcome.files["disputes"]):
            connection.execute(f"CREATE OR REPLACE TEMP TABLE kept AS SELECT * FROM {duck.scan([load().lake / name])}")
            _timed(spent, lambda: duck.write_parquet(connection, "FROM kept", load().lake / "floor.parquet"))
    return spent


def _timed(spent: dict[str, float], work: Callable[[], Any]) -> Any:
    wall, cpu = time.perf_counter(), _cpu()
    result = work()
    spent["wall"] += time.perf_counter() - wall
    spent["cpu"] += _cpu() - cpu
    return result


def _best(rounds: int, work: Callable[[], Any]) -> tuple[dict[str, float], Any]:
    best, result = {"wall": float("inf"), "cpu": float("inf")}, None
    for _ in range(rounds):
        spent = {"wall": 0.0, "cpu": 0.0}
        result = _timed(spent, work)
        best = {name: round(min(best[name], spent[name]), 2) for name in best}
    return best, result


def _cpu() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def _peak() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024


if __name__ == "__main__":
    sys.exit(main())
