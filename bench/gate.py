"""The gate: how long the judge takes over a batch of few rows and of many, by evidence, with a small delta, and with a first delivery's.

    python bench/gate.py [--json] [--rows 1000000] [--few 10000]

The register of residents goes through receive, read and check in a deployment of its own, the next day with 1 % changed. Judged is with
that resource's own suite. Great Expectations is imported beforehand. Ratios count, seconds only inform.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import Any

import people
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pacsv

BAR = 1.0  # seconds
DAYS = (date(2026, 11, 16), date(2026, 11, 17))
RESOURCE = "public_security.resident"
HEADER = (
    "公民身份号码,姓名,曾用名,性别代码,民族代码,出生日期,户号,户籍地区划代码,户籍地址,婚姻状况代码,文化程度代码,"
    "户籍状态代码,死亡日期,联系电话"
)


def main(few: int, many: int) -> dict[str, Any]:
    import shuyuan.quality.validation  # noqa: F401

    small, big = (_deployment(rows) for rows in (few, many))
    by_evidence = big["judge_seconds"]["by_evidence"]
    return {
        "rows": many,
        "expectations": big["expectations"],
        "seconds": by_evidence,
        "bar": BAR,
        "many_to_few": round(by_evidence / small["judge_seconds"]["by_evidence"], 2),
        "few": small,
        "many": big,
    }


def _deployment(rows: int) -> dict[str, Any]:
    home = Path(tempfile.mkdtemp(prefix="shuyuan-bench-")) / "home"
    os.environ["SHUYUAN_HOME"] = str(home)
    from shuyuan import settings
    from shuyuan.db import embedded, engine
    from shuyuan.flow.migrate import migrate

    settings.load.cache_clear()
    engine._engine.cache_clear()
    try:
        embedded.start(home)
        migrate()
        return _measure(home, rows)
    finally:
        embedded.stop(home)
        shutil.rmtree(home.parent, ignore_errors=True)


def _measure(home: Path, rows: int) -> dict[str, Any]:
    first, again = _day(home, rows, 0), _day(home, rows, 1)
    return {
        "rows": rows,
        "expectations": first["expectations"],
        "judge_seconds": {
            "by_evidence": first["by_evidence"],
            "with_delta_of_1_percent": again["judge"],
            "with_first_delivery": first["judge"],
        },
        "first_delivery_seconds": first["steps"],
        "changed_day_seconds": again["steps"],
    }


def _day(home: Path, rows: int, number: int) -> dict[str, Any]:
    """One delivery through the line, with the seconds of its steps and of what is inside check and admit."""
    from shuyuan.flow import admit, check, gate, read, receive

    path = home / "inbox" / "public_security" / f"resident_{DAYS[number]:%Y%m%d}.csv"
    write(path, rows, number)
    batch = receive(RESOURCE, DAYS[number])
    assert batch is not None
    seconds = {"read": _seconds(lambda: read(batch))}
    judged: list[tuple[Any, ...]] = []
    inner = [
        ("check: delta", gate, "_delta"), ("check: staging", gate.source, "stage"), ("check: judge", gate.judge, "batch"),
    ]  # fmt: skip
    with timed(inner, seconds, judged):
        seconds["check"] = _seconds(lambda: check(batch))
    by_evidence = min(_by_evidence(judged[0]) for _ in range(3))
    inner = [
        ("admit: delta", gate, "_delta"),
        ("admit: snapshot", gate.Delta, "next_snapshot"),
        ("admit: warehouse", gate.source, "apply"),
    ]
    with timed(inner, seconds, []):
        seconds["admit"] = _seconds(lambda: admit(batch))
    steps = {name: round(value, 2) for name, value in seconds.items()}
    found = {"judge": steps["check: judge"], "steps": steps, "by_evidence": round(by_evidence, 3)}
    return found | {"expectations": _expectations(judged[0][1])}


def _seconds(work: Callable[[], object]) -> float:
    begun = time.perf_counter()
    work()
    return time.perf_counter() - begun


@contextmanager
def timed(
    inner: list[tuple[str, Any, str]], seconds: dict[str, float], judged: list[tuple[Any, ...]]
) -> Iterator[None]:
    """Within the block the named functions also write down how long they took, and the judge what it was asked."""
    originals = [getattr(home, name) for _, home, name in inner]
    for (label, home, name), original in zip(inner, originals, strict=True):
        setattr(home, name, _watched(original, label, seconds, judged))
    try:
        yield
    finally:
        for (_, home, name), original in zip(inner, originals, strict=True):
            setattr(home, name, original)


def _watched(
    original: Callable[..., Any], label: str, seconds: dict[str, float], judged: list[Any]
) -> Callable[..., Any]:
    def watched(*arguments: Any) -> Any:
        if label == "check: judge":
            judged.append(arguments)
        begun = time.perf_counter()
        found = original(*arguments)
        seconds[label] = time.perf_counter() - begun
        return found

    return watched


def _by_evidence(asked: tuple[Any, ...]) -> float:
    """Seconds of the judgement without rows to read: what a batch of any size costs."""
    from shuyuan.quality import judge

    return _seconds(lambda: judge.batch(*asked[:-1], None))


def _expectations(resource: Any) -> int:
    from shuyuan.quality import suites

    return len(suites.for_resource(resource))


def write(path: Path, rows: int, day: int) -> None:
    """The register of a day as public security sends it, with its control file; every hundredth telephone is new on the second."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("wb") as out:
        out.write(f"{HEADER}\n".encode("gb18030"))
        for start in range(0, rows, people.PIECE):
            part = _residents(people.register(start, min(people.PIECE, rows - start)), day)
            sink = pa.BufferOutputStream()
            pacsv.write_csv(part, sink, pacsv.WriteOptions(include_header=False, quoting_style="none"))
            out.write(sink.getvalue().to_pybytes().decode().encode("gb18030"))
    path.with_name(path.name + ".ok").write_text(str(rows))


def _residents(known: pa.Table, day: int) -> pa.Table:
    ids, phone = known["公民身份号码"].combine_chunks(), known["联系电话"].combine_chunks()
    odd = pc.is_in(pc.utf8_slice_codeunits(ids, 16, 17), pa.array(list("13579")))
    changed = pc.equal(pa.array([i % 100 == 0 for i in range(len(ids))]), bool(day))
    other = pc.binary_join_element_wise("139", pc.utf8_slice_codeunits(phone, 3), "")
    cells = {
        "公民身份号码": ids, "姓名": known["姓名"], "性别代码": pc.if_else(odd, "1", "2"), "民族代码": known["民族"],
        "出生日期": known["出生日期"], "户号": pc.binary_join_element_wise("H", pc.utf8_slice_codeunits(ids, 6), ""),
        "户籍地区划代码": known["户籍区划"], "户籍地址": known["居住地址"], "婚姻状况代码": known["婚姻状况"],
        "文化程度代码": pa.repeat("20", len(ids)), "户籍状态代码": pa.repeat("1", len(ids)),
        "联系电话": pc.if_else(pc.and_(changed, bool(day)), other, phone),
    }  # fmt: skip
    empty = pa.repeat("", len(ids))
    return pa.table([cells.get(name, empty) for name in HEADER.split(",")], names=HEADER.split(","))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--few", type=int, default=10_000)
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args()
    result = main(given.few, given.rows)
    print(json.dumps(result, ensure_ascii=False, indent=None if given.json else 1))
    sys.exit(int(result["seconds"] > BAR))
