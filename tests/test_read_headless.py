"""Tables without a header row: a contract with `header_row: 0` takes columns by their place."""

from __future__ import annotations

from pathlib import Path

import openpyxl
import pytest

from shuyuan.reader.errors import HeaderNotFound, MissingColumn
from shuyuan.reader.read import Column, read

COLUMNS = (Column("name", ("column_2",)), Column("note", ("column_3",)))


@pytest.mark.parametrize("delimiter", [",", "\t", ";"])
def test_text(tmp_path: Path, delimiter: str) -> None:
    path = tmp_path / "a.csv"
    path.write_text("".join(delimiter.join((f"{n}", f"王{n}", "x", "")) + "\n" for n in range(40)) + "1\n", "utf-8")
    result = read(path, COLUMNS, header_row=0)
    assert result.table["name"].to_pylist() == [f"王{n}" for n in range(40)]
    assert result.table["_line"].to_pylist() == list(range(1, 41))
    assert (result.physical, result.preamble, [r.reason for r in result.rejects]) == (41, 0, ["ragged_row"])


def test_book(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    for n in range(3):
        book.active.append([n, f"王{n}", "x"])
    book.save(tmp_path / "a.xlsx")
    result = read(tmp_path / "a.xlsx", COLUMNS, header_row=0)
    assert result.table["name"].to_pylist() == ["王0", "王1", "王2"]
    assert (result.physical, result.preamble) == (3, 0)


def test_a_place_that_is_not_there(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("1,2\n3,4\n", "utf-8")
    with pytest.raises(MissingColumn, match="column_3"):
        read(tmp_path / "a.csv", COLUMNS, header_row=0)
    with pytest.raises(HeaderNotFound):
        read(tmp_path / "a.csv", (Column("a", ("甲",)),), header_row=0)
