"""Marks of touched entities: a scan that asks them loses none, passes over nearly all others, and asks before it decodes the rest of a row."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from datetime import date
from pathlib import Path

import pyarrow as pa
import pytest

from shuyuan import settings
from shuyuan.lake import duck
from shuyuan.lake.snapshot import Snapshot
from shuyuan.resolve.ruled import ALIASES, ROWS, Ruled
from shuyuan.resolve.touched import Touched

KEYS = [f"{number:018d}" for number in range(100_000)]
MOVED = KEYS[::100]
DAY = date(2026, 11, 20)


@pytest.fixture
def connection(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[duck.Duck]:
    monkeypatch.setenv("SHUYUAN_HOME", str(tmp_path))
    settings.load.cache_clear()
    with duck.connect() as opened:
        yield opened
    settings.load.cache_clear()


@pytest.fixture
def rows(connection: duck.Duck) -> str:
    """A relation of a file: every key, and a row that names nobody."""
    connection.register("keys", pa.table({"key": [*KEYS, None], "note": ["某"] * (len(KEYS) + 1)}))
    path = settings.load().lake / "rows.parquet"
    duck.write_parquet(connection, "SELECT * FROM keys", path)
    return duck.scan([path])


def _touched(connection: duck.Duck, moved: list[str]) -> Touched:
    Ruled(connection, ALIASES.empty_table(), ROWS.empty_table(), moved)
    touched = Touched(connection, {}, {}, Snapshot(), DAY)
    touched.take(list(range(settings.load().buckets)))
    return touched


def _passed(connection: duck.Duck, rows: str, touched: Touched, of: str = "touched") -> set[str]:
    return {key for (key,) in duck.rows(connection, f"SELECT key FROM {rows} WHERE {touched.perhaps('key', of)}")}


@pytest.mark.parametrize("of", ["touched", "touched_all"])
def test_all_that_are_touched_pass_and_few_others(connection: duck.Duck, rows: str, of: str) -> None:
    passed = _passed(connection, rows, _touched(connection, MOVED), of)
    assert set(MOVED) <= passed
    assert len(passed) < 1.5 * len(MOVED)
    assert None not in passed


def test_another_connection_asks_the_same(connection: duck.Duck, rows: str) -> None:
    touched = _touched(connection, MOVED)
    with closing(connection.cursor()) as other:
        touched.known_to(other)
        assert _passed(other, rows, touched) == _passed(connection, rows, touched)


def test_nobody_passes_where_nobody_is_touched(connection: duck.Duck, rows: str) -> None:
    assert _passed(connection, rows, _touched(connection, [])) == set()


def test_a_key_of_another_type_passes_as_its_text(connection: duck.Duck) -> None:
    touched = _touched(connection, ["7", "11"])
    found = duck.rows(connection, f"SELECT n FROM range(20) AS numbers (n) WHERE {touched.perhaps('n')}")
    assert {(7,), (11,)} <= set(found)


def test_the_scan_itself_asks(connection: duck.Duck, rows: str) -> None:
    """A filter above the scan would see rows that are decoded already."""
    touched = _touched(connection, MOVED)
    ((_, plan),) = duck.rows(connection, f"EXPLAIN SELECT note FROM {rows} WHERE {touched.perhaps('key')}")
    assert "get_bit" in plan
    assert "FILTER" not in plan
