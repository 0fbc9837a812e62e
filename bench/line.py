"""The whole line on clean registers: one CSV from file to published and audited against `\\copy` of the same file; four CSVs to one library.

    python bench/line.py [--rows 4000000] [--people 5000000] [--departments 1 4] [--json]

Several feeds run two at once, as Airflow's workers run them. Every department knows `rows` of `people` persons, the first ones and the last
ones in turn. On a server of its own, with a catalog of its own.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from datetime import date
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import people
import yaml

DAY = date(2026, 11, 16)
AT_ONCE = 2  # feeds under way together, each in a process of its own, as Airflow runs them
WRONG = 0.02  # of what a department says that is not the source
PROCESSES = (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
NAMES = ("hrss", "health", "education", "housing")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=4_000_000)
    parser.add_argument("--people", type=int, default=5_000_000)
    parser.add_argument("--departments", type=int, nargs="*", default=[1, 4])
    parser.add_argument("--json", action="store_true", help="accepted for the sake of bench/run.py")
    asked = parser.parse_args()
    print(json.dumps({f"departments_{n}": _line(n, asked.rows, asked.people) for n in asked.departments}, indent=1))
    return 0


def _line(departments: int, rows: int, persons: int) -> dict[str, Any]:
    """One deployment, its registers, the line; in a process of its own, whose memory is its own."""
    home = Path(tempfile.mkdtemp(prefix="shuyuan-bench-"))
    script = [sys.executable, __file__, "--inner", str(departments), str(rows), str(persons)]
    environment = {**os.environ, "SHUYUAN_HOME": str(home / "home"), "SHUYUAN_CATALOG": str(home / "catalog"),
                   "SHUYUAN_BUCKETS": str(max(8, -(-persons // 312_500)))}  # fmt: skip
    try:
        _catalog(home / "catalog", NAMES[:departments])
        done = subprocess.run(script, env=environment, stdout=subprocess.PIPE, text=True, check=True)
        return dict(json.loads(done.stdout[done.stdout.rindex("\n{") :]))
    finally:
        shutil.rmtree(home, ignore_errors=True)


def _catalog(folder: Path, names: tuple[str, ...]) -> None:
    """The real catalog with one register per department and one library in place of its own."""
    from shuyuan.settings import PROJECT

    shutil.copytree(PROJECT / "catalog", folder)
    for part in ("resources", "libraries"):
        shutil.rmtree(folder / part)
        (folder / part).mkdir()
    shared = people.resource().model_dump(mode="json", exclude_defaults=True)
    for name in names:
        contract = {**shared, "id": f"{name}.person", "delivery": {"pattern": f"{name}_{{date}}.csv"}}
        _write(folder / "resources" / name / "person.yml", contract)
    items = [{**item, "source": f"{names[0]}.person.{item['name']}"} for item in shared["items"][1:]]
    items = [_compared(item, names[1:]) for item in items]
    library = {
        "id": "bench", "title": "人", "title_en": "Persons", "kind": "basic", "lead": names[0], "items": items,
        "key": {"name": "id_no", "label": "号码", "type": "citizen_id"},
        "members": [{"resource": f"{name}.person", "on": "id_no", "entity": True} for name in names],
    }  # fmt: skip
    _write(folder / "libraries" / "bench.yml", library)


def _compared(item: dict[str, Any], others: tuple[str, ...]) -> dict[str, Any]:
    """The library's item: checked against every other department, and filled from them."""
    plain = {name: value for name, value in item.items() if name not in ("codes", "required")}
    if not others:
        return plain
    refs, kind = [f"{name}.person.{item['name']}" for name in others], item.get("type", "text")
    spelled = ("date", "amount", "person_name", "org_name", "address")
    return {**plain, "check": refs, "compare": kind if kind in spelled else "exact", "fallback": refs}


def _write(path: Path, document: dict[str, Any]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(yaml.safe_dump(document, allow_unicode=True, sort_keys=False), encoding="utf-8")


def _inner(departments: int, rows: int, persons: int) -> None:
    from shuyuan import settings
    from shuyuan.db import embedded
    from shuyuan.flow.migrate import migrate

    home = settings.load().home
    embedded.start(home)
    try:
        migrate()
        files = [_register(home, name, number, rows, persons) for number, name in enumerate(NAMES[:departments])]
        copied = _copied(home, files[0], rows) if departments == 1 else None
        begun = time.perf_counter()
        spent = _walk(NAMES[:departments])
        figures = {
            "rows": rows,
            "steps": spent,
            "seconds": round(time.perf_counter() - begun, 1),
            "peak_mb": max(resource.getrusage(who).ru_maxrss for who in PROCESSES) // 1024,
        }
        figures |= {
            "published": _published(),
            "copy_seconds": copied,
            "ratio": copied and round(figures["seconds"] / copied, 2),
        }
        print("\n" + json.dumps(figures))
    finally:
        embedded.stop(home)


def _register(home: Path, name: str, number: int, rows: int, persons: int) -> Path:
    """A department's register: the first of the persons, or the last."""
    path = home / "inbox" / name / f"{name}_{DAY:%Y%m%d}.csv"
    path.parent.mkdir(parents=True, exist_ok=True)
    first = (persons - rows) * (number % 2) if rows < persons else 0
    people.write(path, rows, first=first, wrong=WRONG if number else 0)
    return path


def _copied(home: Path, file: Path, rows: int) -> float:
    """Seconds of the floor: the bytes of the file into an unlogged table of texts."""
    from shuyuan.db.engine import transaction

    best = float("inf")
    with transaction("shuyuan_owner") as connection:
        names = ", ".join(f"c{number} text" for number in range(12))
        for _ in range(2):
            connection.execute("DROP TABLE IF EXISTS staging.floor")
            connection.execute(f"CREATE UNLOGGED TABLE staging.floor ({names})")
            begun = time.perf_counter()
            with (
                file.open("rb") as data,
                connection.cursor() as cursor,
                cursor.copy("COPY staging.floor FROM STDIN (FORMAT csv, HEADER)") as copy,
            ):
                while chunk := data.read(1 << 20):
                    copy.write(chunk)
            best = min(best, time.perf_counter() - begun)
        connection.execute("DROP TABLE staging.floor")
    return round(best, 2)


def _walk(names: tuple[str, ...]) -> dict[str, float]:
    """The feeds of the departments, a few at once, then the library. → seconds by step; of feeds side by side they add up to more than passed."""
    if len(names) == 1:
        fed = [_feed(names[0])]
    else:
        with ProcessPoolExecutor(AT_ONCE, get_context("spawn")) as pool:
            fed = list(pool.map(_feed, names))
    spent = {step: round(sum(one[step] for one in fed), 2) for step in fed[0]}
    from shuyuan import flow

    run = _timed(spent, "resolve", flow.resolve, "bench")
    _timed(spent, "publish", flow.publish, run)
    return spent


def _feed(name: str) -> dict[str, float]:
    """One department's delivery, step by step. → seconds by step."""
    from shuyuan import flow

    spent: dict[str, float] = {}
    batch = _timed(spent, "receive", flow.receive, f"{name}.person", DAY)
    for step in ("read", "check", "admit"):
        batch = _timed(spent, step, getattr(flow, step), batch)
    return spent


def _timed(spent: dict[str, float], name: str, work: Callable[..., Any], *arguments: Any) -> Any:
    begun = time.perf_counter()
    result = work(*arguments)
    spent[name] = round(time.perf_counter() - begun, 2)
    return result


def _published() -> int:
    from shuyuan.db.engine import transaction

    with transaction("shuyuan_loader") as connection:
        ((found,),) = connection.execute("SELECT count(*) FROM library.bench").fetchall()
    return int(found)


if __name__ == "__main__":
    if sys.argv[1:2] == ["--inner"]:
        _inner(*map(int, sys.argv[2:5]))
    else:
        sys.exit(main())
