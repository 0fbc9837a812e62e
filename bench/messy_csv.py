"""The Pollock suite of polluted CSV files, read without being told anything, scored 0 to 10 as that suite scores.

    python bench/messy_csv.py [DIR] [--json]

DIR holds `csv/` and `clean/` (default ../shared/data/messy_csv beside the project). Ten parts averaged over files: load success, and
precision, recall and F1 of header cells, of records, of cells, each as multisets against the clean file. As in the suite, a cell
that holds quotes counts as several values and a record is its values joined, an empty one as `null`; cells must be equal as text
here, where the suite also takes 1.0 for 1. Every physical line must become a row, a reject, a blank or preamble, or the bench fails.
"""

from __future__ import annotations

import argparse
import csv
import json
import sys
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields
from pathlib import Path

import pyarrow as pa

from shuyuan.reader import discover
from shuyuan.reader.errors import ReadError
from shuyuan.reader.read import Column, stream

SUITE = Path(__file__).resolve().parents[2] / "shared" / "data" / "messy_csv"
BAR = 9.5


@dataclass(frozen=True)
class Read:
    """What our reader made of one file: the first table's names and rows, and what became of every physical row."""

    names: list[str]
    rows: list[list[str]]
    rejects: int = 0
    blank: int = 0
    preamble: int = 0
    physical: int = 0

    @property
    def lost(self) -> int:
        """Physical rows that became nothing."""
        return self.physical - len(self.rows) - self.rejects - self.blank - self.preamble


@dataclass(frozen=True)
class Score:
    """The ten parts, each 0 to 1."""

    success: float
    header_precision: float
    header_recall: float
    header_f1: float
    record_precision: float
    record_recall: float
    record_f1: float
    cell_precision: float
    cell_recall: float
    cell_f1: float

    @property
    def total(self) -> float:
        """0 to 10."""
        return float(sum(asdict(self).values()))


def read(path: Path) -> Read:
    """The first table of a file, as the product finds and reads it; `physical` is counted here, apart from it."""
    found = discover.forms(path)
    if not found.tables:
        return Read([], [])
    form = found.tables[0].form
    names = list(form.names)
    with stream(path, [Column(n, (n,)) for n in names], form=form) as reading:
        rows = [list(r) for table in reading.batches() for r in zip(*_columns(table, names), strict=True)]
        account = reading.account()
    return Read(names, rows, len(account.rejects), account.blank, account.preamble, _lines(path))


def _columns(table: pa.Table, names: Sequence[str]) -> list[list[str]]:
    return [["" if v is None else v for v in table[n].to_pylist()] for n in names]


def _lines(path: Path) -> int:
    """Physical lines; in this suite no cell holds a line end, so they are the records too."""
    return len(path.read_bytes().splitlines())


def score_file(path: Path, clean: Path) -> tuple[Score, Read | None]:
    """(score, what was read) of one file; a refused file scores nothing."""
    try:
        got = read(path)
    except ReadError:
        return Score(*([0.0] * 10)), None
    with clean.open(newline="", encoding="utf-8") as handle:
        rows = list(csv.reader(handle))
    header = _measure(
        [v for c in (rows[0] if rows else []) for v in _values(c)], [v for c in got.names for v in _values(c)]
    )
    record = _measure([_joined(r) for r in rows[1:]], [_joined(r) for r in got.rows])
    cell = _measure(
        [v for r in rows[1:] for c in r for v in _values(c)], [v for r in got.rows for c in r for v in _values(c)]
    )
    return Score(1.0, *header, *record, *cell), got


def _values(cell: str) -> list[str]:
    """The suite's XML holds a cell with quotes as several values, each but the first beginning with its quote."""
    first, *rest = cell.split('"')
    return [first, *('"' + r for r in rest)]


def _joined(row: Sequence[str]) -> str:
    return "".join(v or "null" for c in row for v in _values(c))


def _measure(wanted: Sequence[str], got: Sequence[str]) -> tuple[float, float, float]:
    """(precision, recall, F1) of two multisets; nothing wanted is met by anything, as the suite has it."""
    if not wanted:
        return 1.0, 1.0, 1.0
    hits = (Counter(wanted) & Counter(got)).total()
    if not hits:
        return 0.0, 0.0, 0.0
    precision, recall = hits / len(got), hits / len(wanted)
    return precision, recall, 2 * precision * recall / (precision + recall)


def scores(suite: Path) -> dict[str, tuple[Score, Read | None]]:
    """Every file of the suite, by name."""
    return {p.name: score_file(p, suite / "clean" / p.name) for p in sorted((suite / "csv").iterdir())}


def lost(found: dict[str, tuple[Score, Read | None]]) -> list[str]:
    """Files in which a physical row was not accounted for."""
    return [n for n, (_, r) in found.items() if r is not None and r.lost]


def total(found: dict[str, tuple[Score, Read | None]]) -> float:
    """The suite's score, 0 to 10."""
    return sum(s.total for s, _ in found.values()) / len(found)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("suite", nargs="?", type=Path, default=SUITE)
    parser.add_argument("--json", action="store_true")
    asked = parser.parse_args()
    if not (asked.suite / "csv").is_dir():
        print(f"{asked.suite} has no csv/ directory: name the directory of the suite", file=sys.stderr)
        return 2
    found = scores(asked.suite)
    _report(found, asked.json)
    return 0 if total(found) >= BAR and not lost(found) else 1


def _report(found: dict[str, tuple[Score, Read | None]], as_json: bool) -> None:
    parts = {f.name: sum(getattr(s, f.name) for s, _ in found.values()) / len(found) for f in fields(Score)}
    if as_json:
        files = {n: {"score": round(s.total, 4), **asdict(s)} for n, (s, _) in found.items()}
        print(
            json.dumps(
                {"score": round(total(found), 4), "bar": BAR, "lost": lost(found), "parts": parts, "files": files}
            )
        )
        return
    for name, (score, got) in found.items():
        counts = (
            f"{len(got.rows)} rows, {got.rejects} rejects, {got.blank} blank, {got.preamble} preamble"
            if got
            else "refused"
        )
        print(f"{score.total:7.4f}  {name:42} {counts}")
    for name, value in parts.items():
        print(f"{value:7.4f}  {name}")
    print(f"{total(found):7.4f}  of 10 over {len(found)} files; lines lost in {len(lost(found))} files")


if __name__ == "__main__":
    sys.exit(main())
