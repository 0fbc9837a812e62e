"""How much PostgreSQL writes on a changed day, against how much truly changed.

Runs the demo city's two days in a deployment of its own. `changed` is counted apart from the line: every table's rows before and
after the second day are compared by content. `written` is the server's own statistics. Usage: python bench/changed_day.py [people]
"""

from __future__ import annotations

import json
import os
import shutil
import sys
import tempfile
from datetime import date
from pathlib import Path
from typing import Any

BAR = 1.05
DAYS = (date(2026, 11, 16), date(2026, 11, 17))


def main(people: int) -> None:
    home = Path(tempfile.mkdtemp(prefix="shuyuan-bench-")) / "home"
    os.environ["SHUYUAN_HOME"] = str(home)
    from shuyuan.db import embedded
    from shuyuan.flow.migrate import migrate

    try:
        embedded.start(home)
        migrate()
        _day(home, people, 0)
        tables = _tables()
        before, written = {table: _contents(table) for table in tables}, _written()
        _day(home, people, 1)
        after, total = {table: _contents(table) for table in tables}, _written()
        rows = [_row(table, before[table], after[table], total[table] - written[table]) for table in tables]
        _report(people, rows)
    finally:
        embedded.stop(home)
        shutil.rmtree(home.parent, ignore_errors=True)


def _day(home: Path, people: int, number: int) -> None:
    from shuyuan.demo import city
    from shuyuan.flow import line

    city.generate(
        home / "inbox",
        DAYS[number],
        people=people,
        day=number,
        first_day=DAYS[0],
        truth=home / f"truth{number}.parquet",
    )
    line.run(DAYS[number])


def _ask(query: str) -> list[tuple[Any, ...]]:
    from shuyuan.db.engine import transaction

    with transaction("shuyuan_owner") as connection:
        return connection.execute(query.encode()).fetchall()


def _tables() -> list[str]:
    query = "SELECT schemaname || '.' || tablename FROM pg_tables WHERE schemaname IN ('source', 'library') ORDER BY 1"
    return [name for (name,) in _ask(query)]


def _contents(table: str) -> dict[str, int]:
    """Key → hash of the row's items, without our own bookkeeping (which batch, which line, which day)."""
    items = "to_jsonb(t) - '{_line,_batch,_run,_as_of,_hash,_raw,_verdicts}'::text[]"
    return dict(_ask(f"SELECT _key, hashtextextended(({items})::text, 0) FROM {table} t"))


def _written() -> dict[str, int]:
    _ask("SELECT pg_stat_force_next_flush()")
    query = "SELECT schemaname || '.' || relname, n_tup_ins + n_tup_upd + n_tup_del FROM pg_stat_user_tables"
    return dict(_ask(query))


def _row(table: str, before: dict[str, int], after: dict[str, int], written: int) -> dict[str, Any]:
    changed = sum(before.get(key) != after.get(key) for key in before.keys() | after.keys())
    return {"table": table, "rows": len(after), "changed": changed, "written": written}


def _report(people: int, rows: list[dict[str, Any]]) -> None:
    for row in rows:
        print(f"{row['table']:45} rows {row['rows']:>9,}  changed {row['changed']:>7,}  written {row['written']:>7,}")
    changed, written = sum(row["changed"] for row in rows), sum(row["written"] for row in rows)
    ratio = written / changed
    print(
        json.dumps(
            {
                "people": people,
                "changed": changed,
                "written": written,
                "ratio": round(ratio, 4),
                "bar": BAR,
                "met": ratio <= BAR,
            }
        )
    )


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 20000)
