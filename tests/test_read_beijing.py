"""Reading what departments really published: every table of the Beijing set goes through the one door."""

from __future__ import annotations

import os
from itertools import islice
from pathlib import Path

import pytest

from shuyuan.reader import formats, header
from shuyuan.reader.books import sheets
from shuyuan.reader.read import Column, RawRows, read
from shuyuan.reader.texts import delimited, text
from shuyuan.settings import PROJECT

SHARED = Path(os.environ.get("SHUYUAN_SHARED_DATA", PROJECT.parent / "shared" / "data"))
FOLDER = SHARED / "beijing_opendata"
FILES = sorted(FOLDER.iterdir()) if FOLDER.is_dir() else []
pytestmark = pytest.mark.skipif(not FILES, reason=f"no {FOLDER}: set SHUYUAN_SHARED_DATA to the folder of real tables")


def top(path: Path) -> list[list[str]]:
    """The first rows as cells, before any contract."""
    if formats.detect(path, path.name) in formats.BOOKS:
        book = sheets.sheets_of(path, path.name, None)
        return [cells for sheet in book for _, cells in islice(sheet.rows(), header.DEPTH)]
    lines = text.lines(text.load(path, path.name))
    return [r.cells for r in islice(delimited.records(lines, ","), header.DEPTH)]


def contract(path: Path) -> list[Column]:
    """A contract built from the file's own header: the first row that names at least 70 % as much as the widest."""
    rows = top(path)
    named = [{header.normalise(c) for c in cells} - {""} for cells in rows]
    widest = max(map(len, named))
    own = next(cells for cells, names in zip(rows, named, strict=True) if 10 * len(names) >= 7 * widest)
    texts = [header.normalise(c) for c in own]
    return [Column(f"c{i}", (c,)) for i, c in enumerate(own) if texts[i] and texts.count(texts[i]) == 1]


@pytest.fixture(scope="module")
def results() -> dict[str, RawRows]:
    return {p.name: read(p, contract(p)) for p in FILES}


def test_every_file_is_read_and_every_row_accounted_for(results: dict[str, RawRows]) -> None:
    assert len(results) == len(FILES) >= 132
    for name, found in results.items():
        rest = found.table.num_rows + len(found.rejects) + found.blank + found.preamble
        assert found.physical == rest, name
        assert found.table.num_rows > 0, name
    lost = sum(len(r.rejects) for r in results.values())
    assert lost * 1000 <= sum(r.table.num_rows for r in results.values()), "more than 1 in 1000 rows rejected"


def test_the_set_holds_what_it_is_known_to_hold(results: dict[str, RawRows]) -> None:
    assert {r.format for r in results.values()} == {"csv", "xlsx", "xls"}
    assert {r.encoding for r in results.values()} == {"utf-8", "gb18030", None}
    assert any(r.blank > 100 for r in results.values()), "blank-row padding"
    assert any(r.preamble > 1 for r in results.values()), "headers below line 1"


def test_cells_agree_with_a_reading_of_their_own(results: dict[str, RawRows]) -> None:
    """Text files once more by the csv module alone: the same cells in the same order."""
    import csv

    for path in FILES:
        found = results[path.name]
        if found.format != "csv":
            continue
        whole = path.read_bytes().decode("utf-8-sig" if found.encoding == "utf-8" else "gb18030")
        rows = list(csv.reader(whole.splitlines(keepends=True)))
        columns = contract(path)
        places = [int(c.name[1:]) for c in columns]
        plain = [[r[i] or None for i in places] for r in rows if len(r) > max(places)]
        ours = [list(r.values())[:-1] for r in found.table.to_pylist()]
        wanted = {tuple(r) for r in plain}
        assert all(tuple(r) in wanted for r in ours), path.name
