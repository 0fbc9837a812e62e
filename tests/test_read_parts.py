"""A delivery in parts is read as one: every row of every part, lines counted through, rejects where they stand."""

from __future__ import annotations

import zipfile
from contextlib import AbstractContextManager
from pathlib import Path

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from shuyuan.intake import parts
from shuyuan.reader.errors import Bomb, ManyMembers, MissingColumn
from shuyuan.reader.read import Account, Column, Reading, Reject, read, stream

COLUMNS = [Column("a", ("甲",)), Column("b", ("乙",), required=False)]
Taken = tuple[pa.Table, list[Reject], Account, list[int]]


def opened(path: Path) -> AbstractContextManager[Reading]:
    return stream(path, COLUMNS)


def take(pieces: list[parts.Piece], eagerly: bool = False) -> Taken:
    tables, rejects = [], []
    with parts.stream(pieces, "all", opened) as reading:
        for table in reading.batches():
            tables.append(table)
            rejects += reading.take_rejects() if eagerly else []
        account = reading.account()
        return pa.concat_tables(tables), [*rejects, *account.rejects], account, reading.lines


def put(folder: Path, *texts: str) -> list[Path]:
    paths = [folder / f"x_{number}.csv" for number in range(1, len(texts) + 1)]
    for path, text in zip(paths, texts, strict=True):
        path.write_text(text, encoding="utf-8")
    return paths


@pytest.mark.parametrize("eagerly", [True, False])
def test_parts_are_one_behind_the_other(tmp_path: Path, eagerly: bool) -> None:
    paths = put(tmp_path, "甲,乙\n1,x\n2,y\n", "名单\n乙,甲\nz,3\n,,,,\n\n1,2,3,4\nw,4\n", "甲,乙\n5,v\n")
    table, rejects, account, lines = take(parts.of_files(paths), eagerly)
    assert table["a"].to_pylist() == ["1", "2", "3", "4", "5"]
    assert table["b"].to_pylist() == ["x", "y", "z", "w", "v"]
    places = [
        (next(n for n, until in enumerate([3, 10, 12], 1) if line <= until), line)
        for line in table["_line"].to_pylist()
    ]
    assert [part for part, _ in places] == [1, 1, 2, 2, 3]
    assert table["_line"].to_pylist() == [2, 3, 6, 10, 12]
    assert [reject.line for reject in rejects] == [9]
    assert lines == [3, 7, 2]
    assert account.physical == 12 == account.rows + account.rejected + account.blank + account.preamble
    assert account.file == "all"


def test_a_part_without_the_promised_columns_is_named(tmp_path: Path) -> None:
    paths = put(tmp_path, "甲,乙\n1,x\n", "丙,乙\n2,y\n")
    with pytest.raises(Exception, match=r"x_2\.csv") as caught:
        take(parts.of_files(paths))
    assert isinstance(caught.value, MissingColumn | ValueError)


def test_an_empty_part_is_no_empty_delivery(tmp_path: Path) -> None:
    _, _, account, _ = take(parts.of_files(put(tmp_path, "甲,乙\n1,x\n", "甲,乙\n")))
    assert "header_only" not in [note.kind for note in account.notes]
    _, _, account, _ = take(parts.of_files(put(tmp_path, "甲,乙\n", "甲,乙\n")))
    assert "header_only" in [note.kind for note in account.notes]


def test_members_of_a_zip_are_parts_in_the_order_of_their_numbers(tmp_path: Path) -> None:
    path = tmp_path / "x.zip"
    with zipfile.ZipFile(path, "w") as archive:
        for number in (10, 2, 1):
            archive.writestr(f"区县/名单{number}.csv", f"甲,乙\n{number},x\n")
        archive.writestr("__MACOSX/._x", "junk")
    pieces = parts.of_archive(path, 3)
    assert [piece.name for piece in pieces] == ["区县/名单1.csv", "区县/名单2.csv", "区县/名单10.csv"]
    table, _, _, lines = take(pieces)
    assert table["a"].to_pylist() == ["1", "2", "10"] and lines == [2, 2, 2]
    assert len(parts.of_archive(path, "any")) == 3


@pytest.mark.parametrize("promised", [1, 2, 4])
def test_a_zip_with_another_number_of_members_is_refused(tmp_path: Path, promised: int) -> None:
    path = tmp_path / "x.zip"
    with zipfile.ZipFile(path, "w") as archive:
        for number in range(3):
            archive.writestr(f"{number}.csv", "甲\n1\n")
    with pytest.raises(ManyMembers, match=f"the contract says {promised} parts"):
        parts.of_archive(path, promised)


def test_an_empty_zip_has_no_part(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "x.zip", "w") as archive:
        archive.writestr("folder/", "")
    with pytest.raises(ManyMembers):
        parts.of_archive(tmp_path / "x.zip", "any")


@pytest.mark.parametrize("attack", ["nested", "escape", "ratio"])
def test_an_archive_of_parts_is_opened_as_carefully_as_one_of_a_table(tmp_path: Path, attack: str) -> None:
    path, inner = tmp_path / "x.zip", tmp_path / "inner.zip"
    with zipfile.ZipFile(inner, "w") as archive:
        archive.writestr("a.csv", "甲\n1\n")
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("1.csv", "甲\n1\n")
        if attack == "nested":
            archive.write(inner, "2.csv")
        elif attack == "escape":
            archive.writestr("../2.csv", "甲\n1\n")
        else:
            archive.writestr("2.csv", "甲\n" + "0" * 50_000_000)
    with pytest.raises(Bomb):
        take(parts.of_archive(path, 2))


CELLS = st.lists(st.tuples(st.integers(0, 10**6).map(str), st.text("王李 ,\"'\n", max_size=8)), max_size=12)


@given(st.lists(CELLS, min_size=1, max_size=4))
def test_reading_parts_is_reading_each(
    tmp_path_factory: pytest.TempPathFactory, content: list[list[tuple[str, str]]]
) -> None:
    """Whatever is in them: rows, counts and rejects are those of each part, and no line number stands for two rows."""
    folder = tmp_path_factory.mktemp("parts")
    texts = ["甲,乙\n" + "".join(f'{a},"{b.replace(chr(34), chr(34) * 2)}"\n' for a, b in rows) for rows in content]
    paths = put(folder, *texts)
    alone = [read(path, COLUMNS) for path in paths]
    table, rejects, account, lines = take(parts.of_files(paths))
    assert table.drop_columns("_line").to_pylist() == [
        row for one in alone for row in one.table.drop_columns("_line").to_pylist()
    ]
    assert account.physical == sum(one.physical for one in alone)
    numbers = table["_line"].to_pylist() + [reject.line for reject in rejects]
    assert len(set(numbers)) == len(numbers)
    starts = [sum(lines[:at]) for at in range(len(lines))]
    told = [line + start for one, start in zip(alone, starts, strict=True) for line in one.table["_line"].to_pylist()]
    assert table["_line"].to_pylist() == told
