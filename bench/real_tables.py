"""The tables that a city's departments published, through `inspect`, `draft` and the whole line: nothing lost, no code altered.

    python bench/real_tables.py [--data DIR] [--only TEXT] [--no-line] [--json] [--others]

Per table: format, encoding, header lines, physical rows = loaded + quarantined + blank + preamble; and every code-like cell (identifiers, document
numbers, telephones, dates: six or more digits or letters) of what was loaded or set aside, held as multisets against a reader of its own
(`raw_cells.py`). `--no-line` stops after the drafted contract has read the file; otherwise an embedded PostgreSQL takes every delivery to `admitted`.
`--others`: csv-spectrum, the frictionless tables and the naughty strings through inspect and read: passed, or refused with a reason.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import shutil
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from datetime import date, datetime
from pathlib import Path
from typing import Any

import raw_cells

from shuyuan import settings
from shuyuan.catalog import Catalog, Resource, load_catalog
from shuyuan.reader.errors import ReadError
from shuyuan.reader.header import normalise
from shuyuan.reader.read import Column, stream
from shuyuan.survey.draft import Draft, draft, write
from shuyuan.survey.look import inspect
from shuyuan.survey.report import Table

DATA = Path(os.environ.get("SHUYUAN_SHARED_DATA", settings.PROJECT.parent / "shared" / "data"))
DAY = date(2026, 11, 20)
HOUSE = "house"  # the one department of the bench's catalog
NUMBERS = ("amount", "integer", "coordinate")


@dataclass
class Line:
    """What became of one table."""

    table: str
    sheet: str
    format: str = ""
    encoding: str = ""
    header: str = ""
    physical: int = 0
    loaded: int = 0
    quarantined: int = 0
    blank: int = 0
    preamble: int = 0
    compared: int = 0
    altered: int = 0
    state: str = ""
    seconds: float = 0.0
    examples: list[str] = field(default_factory=list)

    @property
    def accounted(self) -> bool:
        return self.physical == self.loaded + self.quarantined + self.blank + self.preamble


def drafts(folder: Path, catalog: Catalog, only: str) -> Iterator[tuple[Path, Draft, float]]:
    """Every table of every file with a contract of its own."""
    for number, path in enumerate(sorted(p for p in folder.iterdir() if p.is_file() and only in p.name), 1):
        began = time.perf_counter()
        first = draft(path, HOUSE, catalog, name=f"t{number:03d}", today=DAY)
        yield path, first, time.perf_counter() - began
        for at, sheet in enumerate(first.others, 2):
            began = time.perf_counter()
            yield (
                path,
                draft(path, HOUSE, catalog, name=f"t{number:03d}_{at}", sheet=sheet, today=DAY),
                time.perf_counter() - began,
            )


def by_reading(path: Path, made: Draft) -> Line:
    """Read the file through the drafted contract (by the form found where a contract cannot say where the table lies)."""
    line = _begun(path, made)
    resource = made.resource
    wanted = [Column(item.name, item.headers) for item in resource.items]
    rows: dict[int, dict[str, str]] = {}
    hints = {"sheet": resource.delivery.sheet, "header_row": resource.delivery.header_row}
    with stream(path, wanted, **(hints if made.reads else {"form": made.table.form})) as reading:  # type: ignore[arg-type]
        for batch in reading.batches():
            for row in batch.to_pylist():
                at = row.pop("_line")
                rows[at] = {name: text for name, text in row.items() if text is not None}
        account = reading.account()
    line.physical, line.loaded, line.quarantined = account.physical, account.rows, account.rejected
    line.blank, line.preamble = account.blank, account.preamble
    line.state = "read" if made.reads else "read by its form"
    _compare(line, path, made, rows, {reject.line: reject.raw for reject in account.rejects})
    return line


def _begun(path: Path, made: Draft) -> Line:
    encoding = made.survey.encoding
    name = f"{encoding.name}{' bom' if encoding.bom else ''}" if encoding else ""
    header = ",".join(map(str, made.table.form.header)) or "none"
    return Line(path.name, made.table.form.sheet or "", made.survey.format, name, header)


def _compare(line: Line, path: Path, made: Draft, rows: dict[int, dict[str, str]], refused: dict[int, str]) -> None:
    """Every code-like cell of the rows that were taken, and of those that could not be cut into cells, against the other reader's."""
    theirs = raw_cells.rows(path, made.table.form.sheet)
    places = _places(made, theirs)
    types = {item.name: item.type for item in made.resource.items}
    ours: Counter[tuple[str, str]] = Counter()
    said: Counter[tuple[str, str]] = Counter()
    for number, cells in rows.items():
        ours.update((n, t) for n, t in _plain(cells.items(), types) if raw_cells.is_code(t))
        other = theirs.get(number, [])
        found = ((n, other[at]) for n, at in places.items() if at < len(other))
        said.update((n, t) for n, t in _plain(found, types) if raw_cells.is_code(t))
    whole = [(number, t) for number in refused for t in theirs.get(number, []) if raw_cells.is_code(t)]
    lost = [t for number, t in whole if t not in refused[number]]
    differences = [*(said - ours).elements(), *(ours - said).elements()]
    line.compared = sum(said.values()) + len(whole)
    line.altered = max(len(list((said - ours).elements())), len(list((ours - said).elements()))) + len(lost)
    line.examples = [f"{name}: {text!r}" for name, text in differences[:4]] + [repr(text) for text in lost[:2]]


def _plain(cells: Iterable[tuple[str, str]], types: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """Cells with the numbers of quantities without the zeros that mean nothing: a warehouse keeps 1575.000000 for 1575."""
    return ((name, raw_cells.number(text) if types[name] in NUMBERS else text) for name, text in cells)


def _places(made: Draft, theirs: raw_cells.Rows) -> dict[str, int]:
    """Item → cell of the other reader, by the text of its header row."""
    lines = made.table.form.header
    heads = [[normalise(c) for c in theirs.get(n, [])] for n in lines]
    found: dict[str, int] = {}
    for item in made.resource.items:
        label = normalise(item.label)
        at = next((row.index(label) for row in reversed(heads) if label in row), None)
        found[item.name] = at if at is not None else made.table.form.names.index(item.label)
    return found


def through_the_line(path: Path, made: Draft, resource: Resource) -> Line:
    """receive → read → check → admit, and the comparison on what `read` staged."""
    from shuyuan.flow import feed, gate

    line = _begun(path, made)
    day = _day(path.name, resource.delivery.pattern)
    inbox = settings.load().inbox / resource.department / path.name
    inbox.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(path, inbox)
    batch = feed.receive(resource.id, day)
    assert batch is not None, path.name
    try:
        feed.read(batch)
        _compare_staged(line, path, made, batch)
        gate.check(batch)
        gate.admit(batch)
    except Exception as error:
        line.examples.append(f"{type(error).__name__}: {error}"[:200])
    _accounted(line, batch)
    inbox.unlink()
    return line


def _day(name: str, pattern: str) -> date:
    if "{date}" not in pattern:
        return DAY
    before = re.escape(pattern.partition("{date}")[0]).replace(r"\*", ".*")
    found = re.match(before + r"(\d{8})", name)
    assert found is not None, name
    return datetime.strptime(found[1], "%Y%m%d").date()


def _ledger(query: str, *values: object) -> list[Any]:
    from shuyuan.db.engine import transaction

    with transaction("shuyuan_owner") as connection:
        return connection.execute(query.encode(), values).fetchall()


def _accounted(line: Line, batch: int) -> None:
    query = "SELECT state, physical, loaded, quarantined, blank, preamble FROM ledger.batch WHERE batch_id = %s"
    (found,) = _ledger(query, batch)
    line.state = found[0]
    line.physical, line.loaded, line.quarantined, line.blank, line.preamble = (n or 0 for n in found[1:])


def _compare_staged(line: Line, path: Path, made: Draft, batch: int) -> None:
    """Loaded rows by value, or by the text kept beside it where that changed; quarantined rows by the text kept."""
    rows, refused = {}, {}
    for row in _staged(batch):
        kept = json.loads(row["_raw"] or "{}")
        values = {n: raw_cells.spelled(v) for n, v in row.items() if not n.startswith("_") and v is not None}
        rows[row["_line"]] = values | kept
    for number, raw in _ledger("SELECT line, raw FROM ledger.quarantine WHERE batch_id = %s", batch):
        cells = _object(raw)
        if cells is None:
            refused[number] = raw
        else:
            rows[number] = {n: raw_cells.spelled(t) for n, t in cells.items() if t is not None}
    _compare(line, path, made, rows, refused)


def _staged(batch: int) -> list[dict[str, Any]]:
    """The standardised rows as the line staged them."""
    from shuyuan.db.engine import transaction
    from shuyuan.intake.staged import Staged
    from shuyuan.lake import duck
    from shuyuan.ledger import batches

    with transaction("shuyuan_owner") as connection:
        folder = batches.get(connection, batch).folder
    with duck.connect() as engine:
        return duck.table(engine, f"SELECT * FROM {Staged.of(folder).scan()}").to_pylist()


def _object(raw: str) -> dict[str, object] | None:
    try:
        found = json.loads(raw)
    except ValueError:
        return None
    return found if isinstance(found, dict) else None


@contextmanager
def house(home: Path) -> Iterator[Path]:
    """A catalog with one department, the project's code lists and policy, and no resources; the environment that points to it."""
    catalog = home / "catalog"
    for folder in ("codes", "policies"):
        shutil.copytree(settings.PROJECT / "catalog" / folder, catalog / folder)
    (catalog / "expectations").mkdir()
    entry = f"- {{id: {HOUSE}, title: 各委办局, title_en: All departments, contact: 0000-0000000}}\n"
    (catalog / "departments.yml").write_text(entry, "utf-8")
    before = dict(os.environ)
    os.environ |= {"SHUYUAN_HOME": str(home / "home"), "SHUYUAN_CATALOG": str(catalog), "SHUYUAN_BUCKETS": "1"}
    os.environ.pop("SHUYUAN_EXPECTATIONS", None)
    settings.load.cache_clear()
    try:
        yield catalog
    finally:
        os.environ.clear()
        os.environ.update(before)
        settings.load.cache_clear()


def measure(folder: Path, only: str = "", *, line: bool = True) -> list[Line]:
    """Every table of the folder; through the whole line, or through reading alone."""
    home = Path(tempfile.mkdtemp(prefix="shuyuan-tables-"))
    try:
        with house(home) as catalog:
            return _measured(list(drafts(folder, load_catalog(catalog), only)), catalog, line=line)
    finally:
        if line:
            from shuyuan.db import embedded

            embedded.stop(home / "home")
        shutil.rmtree(home)


def _measured(made: list[tuple[Path, Draft, float]], catalog: Path, *, line: bool) -> list[Line]:
    for _, one, _ in made:
        write(one, catalog, catalog / "expectations")
    load_catalog.cache_clear()
    declared = load_catalog(catalog)  # every drafted contract is sound, or this names file and line
    if line:
        from shuyuan.db import embedded
        from shuyuan.flow.migrate import migrate

        embedded.start(settings.load().home)
        migrate()
    found = []
    for path, one, seconds in made:
        began = time.perf_counter()
        full = line and one.reads
        result = through_the_line(path, one, declared.resources[one.resource.id]) if full else by_reading(path, one)
        result.seconds = round(seconds + time.perf_counter() - began, 2)
        found.append(result)
    return found


def others(data: Path) -> Iterator[tuple[str, str]]:
    """(file, `passed …` or `refused: reason`) of the public collections of awkward files, through inspect and a full reading."""
    validators = data / "validators"
    for folder in ("csv_spectrum", "frictionless", "blns"):
        for path in sorted(p for p in (validators / folder).rglob("*") if p.is_file()):
            yield f"{folder}/{path.relative_to(validators / folder)}", outcome(path)


def outcome(path: Path) -> str:
    """How a file that nobody promised to be a table comes out."""
    try:
        found = inspect(path, as_of=DAY)
    except ReadError as error:
        return f"refused: {error.code}: {error.problem}"[:160]
    except Exception as error:
        return f"FAILED: {type(error).__name__}: {error}"[:160]
    return "passed: " + "; ".join(_read(path, table) for table in found.tables)


def _read(path: Path, table: Table) -> str:
    refused = sum(table.rejected.values())
    words = f"{table.rows} rows × {len(table.columns)}"
    words += f", {refused} refused ({', '.join(table.rejected)})" if refused else ""
    return words if table.accounted else f"NOT ACCOUNTED {words}"


def show(found: list[Line]) -> None:
    """The list, and its sum."""
    for one in found:
        rows = f"{one.physical:>6} = {one.loaded:>6} + {one.quarantined:>4} + {one.blank:>5} + {one.preamble:>3}"
        marks = f"{'100 %' if one.accounted else 'NOT ACCOUNTED'} codes {one.compared:>6} altered {one.altered}"
        where = f"{one.format} {one.encoding}".strip()
        print(
            f"{where:<16} header {one.header:<6} {rows} {marks} {one.state:<10} {one.table[:36]} {one.sheet}".rstrip()
        )
        for example in one.examples:
            print(f"      {example}")
    print(total(found))


def total(found: list[Line]) -> str:
    """All tables in one sentence."""
    rows = sum(one.physical for one in found)
    accounted = sum(one.accounted for one in found)
    states = ", ".join(f"{n} {state}" for state, n in Counter(one.state for one in found).items())
    compared, altered = sum(one.compared for one in found), sum(one.altered for one in found)
    return f"{len(found)} tables ({states}), {accounted} accounted for, {rows:,} physical rows; {compared:,} code-like cells compared, {altered} altered"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=DATA)
    parser.add_argument("--only", default="", help="only files whose name holds this")
    parser.add_argument("--no-line", action="store_true")
    parser.add_argument("--others", action="store_true")
    parser.add_argument("--json", action="store_true")
    asked = parser.parse_args()
    if asked.others:
        came = dict(others(asked.data))
        print(
            json.dumps(came, ensure_ascii=False, indent=1)
            if asked.json
            else "\n".join(f"{n}: {o}" for n, o in came.items())
        )
        print(Counter(o.partition(":")[0] for o in came.values()), file=sys.stderr)
        return
    found = measure(asked.data / "beijing_opendata", asked.only, line=not asked.no_line)
    if asked.json:
        json.dump(
            [asdict(one) | {"accounted": one.accounted} for one in found], sys.stdout, ensure_ascii=False, indent=1
        )
    else:
        show(found)


if __name__ == "__main__":
    main()
