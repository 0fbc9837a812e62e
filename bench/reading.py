"""How fast a delivery becomes a typed, verdict-bearing, bucketed snapshot, against parsing and writing the same rows and nothing else.

    python bench/reading.py [--rows 4000000] [--rounds 3] [--json]

Every measurement runs in a process of its own, so that its peak memory is its own too. Ratios are of the best rounds.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import resource as usage
import subprocess
import sys
import tempfile
import time
from datetime import date
from pathlib import Path
from typing import Any

PROJECT = Path(__file__).resolve().parents[1]
BARS = {"utf-8": 2.0, "gb18030": 1.6}


def floor(path: Path) -> int:
    """pyarrow parses the file as text and writes the rows to Parquet, both as they come."""
    import pyarrow as pa
    import pyarrow.csv as pacsv
    import pyarrow.parquet as pq

    names = pacsv.open_csv(path).schema.names
    as_text = pacsv.ConvertOptions(column_types={name: pa.string() for name in names})
    table = pacsv.read_csv(path, convert_options=as_text)
    pq.write_table(table, path.with_suffix(".parquet"))
    return int(table.num_rows)


def snapshot(path: Path) -> int:
    """The product's own way: read, standardise, look for personal data and markings, stage by bucket."""
    from people import resource

    from shuyuan import settings
    from shuyuan.catalog.load import load_catalog
    from shuyuan.intake.scan import Scan
    from shuyuan.intake.stage import stage
    from shuyuan.intake.staged import Staged
    from shuyuan.reader.read import Column, stream

    catalog, insured = load_catalog(settings.load().catalog), resource()
    with stream(path, [Column(i.name, i.headers) for i in insured.items], compact=True) as reading:
        scan = Scan(insured)
        result = stage(reading, insured, catalog, date(2026, 11, 20), Staged.of("staged/1"), scan.add)
        reading.account()
    if scan.findings():
        raise SystemExit(f"the register is not clean: {scan.findings()}")
    if result.rejects.num_rows or result.evidence.num_rows:
        raise SystemExit(f"the register is not clean: {result.rejects.num_rows} rejects, {result.evidence.to_pylist()}")
    return result.loaded


def reading(path: Path) -> int:
    """Reading alone, without standardising: rows and rejects."""
    from people import resource

    from shuyuan.reader.read import Column, stream

    with stream(path, [Column(i.name, i.headers) for i in resource().items], compact=True) as work:
        for _ in work.batches():
            work.take_rejects()
        account = work.account()
    return account.rows + account.rejected


WORK = {"floor": floor, "snapshot": snapshot, "reading": reading}


def one(work: str, path: Path) -> dict[str, Any]:
    """Do one piece of work in this process."""
    WORK[work](_small(path))  # imports, pools and caches are made before the clock starts
    begun, spent = time.perf_counter(), time.process_time()
    rows = WORK[work](path)
    seconds, used = time.perf_counter() - begun, time.process_time() - spent
    return {"rows": rows, "seconds": seconds, "cpu_seconds": used, "peak_mb": peak_mb()}


def peak_mb() -> int:
    """Where Linux tells it: the peak of this program; `ru_maxrss` also remembers that of the process it was forked from."""
    status = Path("/proc/self/status")
    if not status.exists():
        return usage.getrusage(usage.RUSAGE_SELF).ru_maxrss // 1024
    told = dict(line.split(":", 1) for line in status.read_text().splitlines())
    return int(told["VmHWM"].split()[0]) // 1024


def _small(path: Path) -> Path:
    small = path.with_name(f"small-{path.name}")
    if not small.exists():
        with path.open("rb") as whole:
            small.write_bytes(b"".join(whole.readline() for _ in range(100)))
    return small


def measure(work: str, path: Path, home: Path) -> dict[str, Any]:
    """`one` in a process of its own."""
    env = os.environ | {"SHUYUAN_HOME": str(home)}
    order = [sys.executable, str(Path(__file__)), "--one", work, str(path)]
    done = subprocess.run(order, env=env, check=True, stdout=subprocess.PIPE, text=True)
    return dict(json.loads(done.stdout.splitlines()[-1]))


def run(rows: int, rounds: int, folder: Path) -> dict[str, Any]:
    """All measurements; progress on stderr."""
    import people

    files = {"utf-8": folder / "clean.csv", "gb18030": folder / "gb18030.csv", "stray": folder / "stray.csv"}
    _say(f"writing {rows:,} rows, three times")
    people.write(files["utf-8"], rows)
    people.write(files["gb18030"], rows, "gb18030")
    people.write(files["stray"], rows // 4, stray=50)
    plan = [
        ("floor", "utf-8"),
        ("snapshot", "utf-8"),
        ("snapshot", "gb18030"),
        ("reading", "utf-8"),
        ("reading", "stray"),
    ]
    best: dict[tuple[str, str], dict[str, Any]] = {}
    for number in range(rounds):
        for work, kind in plan:
            found = measure(work, files[kind], folder)
            _say(
                f"round {number + 1}: {work} {kind}: {found['seconds']:.2f} s ({found['cpu_seconds']:.2f} of CPU), {found['peak_mb']} MB"
            )
            if (work, kind) not in best or found["seconds"] < best[work, kind]["seconds"]:
                best[work, kind] = found
    return _result(rows, files, best)


def _result(rows: int, files: dict[str, Path], best: dict[tuple[str, str], dict[str, Any]]) -> dict[str, Any]:
    def seconds(work: str, kind: str) -> float:
        return float(best[work, kind]["seconds"])

    stray = best["reading", "stray"]
    return {
        "rows": rows,
        "bytes": files["utf-8"].stat().st_size,
        "floor_seconds": round(seconds("floor", "utf-8"), 2),
        "snapshot_seconds": round(seconds("snapshot", "utf-8"), 2),
        "snapshot_to_floor": round(seconds("snapshot", "utf-8") / seconds("floor", "utf-8"), 2),
        "gb18030_to_utf8": round(seconds("snapshot", "gb18030") / seconds("snapshot", "utf-8"), 2),
        "peak_mb": max(best["snapshot", kind]["peak_mb"] for kind in ("utf-8", "gb18030")),
        "reading_rows_per_second": round(rows / seconds("reading", "utf-8")),
        "careful_rows_per_second": round(stray["rows"] / stray["seconds"]),
        "machine": {"cpus": os.cpu_count(), "python": platform.python_version(), "system": platform.machine()},
    }


def _say(words: str) -> None:
    print(words, file=sys.stderr, flush=True)


def figures(rows: int = 4_000_000, rounds: int = 3) -> dict[str, Any]:
    """The figures of `make bench`."""
    with tempfile.TemporaryDirectory(prefix="bench-reading-") as folder:
        return run(rows, rounds, Path(folder))


def main() -> None:
    """Print the figures, as a table or as JSON."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--rows", type=int, default=4_000_000)
    arguments.add_argument("--rounds", type=int, default=3)
    arguments.add_argument("--json", action="store_true")
    arguments.add_argument("--one", nargs=2, metavar=("WORK", "FILE"), help=argparse.SUPPRESS)
    asked = arguments.parse_args()
    sys.path[:0] = [str(PROJECT), str(Path(__file__).parent)]
    if asked.one:
        print(json.dumps(one(asked.one[0], Path(asked.one[1]))))
        return
    found = figures(asked.rows, asked.rounds)
    if asked.json:
        print(json.dumps(found, indent=1))
    else:
        for name, value in found.items():
            print(f"{name:28s} {value}")


if __name__ == "__main__":
    main()
