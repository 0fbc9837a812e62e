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

from shuyuan.intake import discover, text
from shuyuan.intake.errors import ReadError
from shuyuan.intake.rows import Dialect, Fault, Head, judge
from shuyuan.intake.shift import Profile, surplus
from shuyuan.intake.tokens import Record, records, torn

SUITE = Path(__file__).resolve().parents[2] / "shared" / "data" / "messy_csv"
BAR = 9.5
STRAY = Fault("stray_quote", None, None, "a quote that neither opens nor closes a cell")


@dataclass
class Read:
    """What our reader made of one file: the first table's names and rows, and what became of the file's physical lines."""

    names: list[str]
    rows: list[list[str]]
    rejects: int = 0
    blank: int = 0
    preamble: int = 0
    physical: int = 0
    accounted: int = 0


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
    """The first table of a file by the product's own discovery and grammar."""
    found = discover.forms(path)
    if not found.tables:
        return Read([], [])
    table = found.tables[0]
    source = text.load(path, path.name)
    lines = list(text.lines(source))
    result = Read(list(table.form.names), [], physical=len(lines))
    dialect = table.form.dialect
    assert dialect is not None
    whole = list(records(iter(lines), dialect))
    head = _head(table)
    first, last = table.first or len(lines) + 1, table.last or len(lines)
    inside = [r for r in whole if first <= r.line <= last]
    profile = Profile(head.width, (r.cells for r in inside if r.sound))
    for record, following in zip(whole, [*whole[1:], None], strict=True):
        taken = (following.line if following else len(lines) + 1) - record.line
        result.accounted += taken
        if record.comment or not first <= record.line <= last:
            blank = not record.comment and not record.raw.strip()
            result.blank, result.preamble = result.blank + blank, result.preamble + (not blank)
        else:
            _take(record, dialect, head, profile, result)
    return result


def _take(record: Record, dialect: Dialect, head: Head, profile: Profile, result: Read) -> None:
    damaged = not record.sound or torn(record.raw, dialect)
    fault: Fault | None = STRAY if damaged else judge(record.cells, head) or surplus(record.cells, profile)
    if fault is not None and fault.reason == "blank":
        result.blank += 1
    elif fault is not None:
        result.rejects += 1
    else:
        result.rows.append((record.cells + [""] * head.width)[: head.width])


def _head(table: discover.Table) -> Head:
    names = table.form.names
    line = table.form.header[-1] if table.form.header else 0
    return Head({n: i for i, n in enumerate(names)}, names, len(names), len(names), line, line, (), {})


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
    """Files in which a physical line was not accounted for."""
    return [n for n, (_, r) in found.items() if r is not None and r.physical != r.accounted]


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
