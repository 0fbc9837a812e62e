"""A short fuzz run of the reader, that it would find what it looks for, and the files that longer runs have found."""

from __future__ import annotations

import io
import struct
import time
import zipfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import ModuleType
from typing import Any

import bench_modules
import openpyxl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from shuyuan.reader import discover
from shuyuan.reader.errors import Bomb, CorruptFile
from shuyuan.reader.read import Column, RawRows, read
from shuyuan.reader.texts import layout
from shuyuan.survey.look import inspect

HEADERS = ("编号", "姓名", "日期", "金额", "备注")
COLUMNS = tuple(Column(f"c{i}", (h,), required=i < 2) for i, h in enumerate(HEADERS))
Rows = list[list[str]]


@pytest.fixture(scope="module")
def fuzz() -> ModuleType:
    return bench_modules.load("fuzz_reader")


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("fuzz") / "delivery.csv"


def sample(fuzz: ModuleType, name: str) -> bytes:
    return next(bytes(s.data) for s in fuzz.corpus() if s.name == name)


def rows_of(result: RawRows) -> Rows:
    return [[c or "" for c in row.values()] for row in result.table.drop_columns(["_line"]).to_pylist()]


# ── a short fuzz run, and that it would find what it looks for ──────────────────────────────────


def test_a_short_fuzz_run_finds_nothing(fuzz: ModuleType) -> None:
    report = fuzz.run(20261120, files=190)
    assert report.files == 190
    assert report.outcomes["read"] > 90
    assert {key: finding.why for key, finding in report.findings.items()} == {}


def _without_last(got: Any) -> Any:
    return replace(got, lines=got.lines[:-1], cells=got.cells[:-1])


def _uncounted(got: Any) -> Any:
    physical, blank, preamble = got.counts
    return replace(_without_last(got), counts=(physical - 1, blank, preamble))


def _altered(got: Any) -> Any:
    return replace(got, cells=[[*got.cells[0][:-1], "7"], *got.cells[1:]])


def _swapped(got: Any) -> Any:
    return replace(got, cells=[got.cells[1], got.cells[0], *got.cells[2:]])


@pytest.mark.parametrize(
    ("fault", "promise"),
    [
        (_without_last, "every physical row is accounted for"),
        (_uncounted, "what stands in a line is told of that line, by contract"),
        (_swapped, "what stands in a line is told of that line, by contract"),
        (lambda got: replace(got, lines=[got.lines[1], got.lines[0], *got.lines[2:]]), "lines rise"),
    ],
)
def test_the_run_sees_a_reader_that_loses_or_moves_rows(
    fuzz: ModuleType, path: Path, monkeypatch: pytest.MonkeyPatch, fault: Callable[[Any], Any], promise: str
) -> None:
    honest = fuzz.fuzz_promises.contracted
    monkeypatch.setattr(fuzz.fuzz_promises, "contracted", lambda p: fault(honest(p)))
    outcome, finding = fuzz.judged(fuzz.corpus()[0], path)
    assert (outcome, finding.key) == ("broken", promise)


def test_the_run_sees_an_altered_cell(fuzz: ModuleType, path: Path) -> None:
    content = "编号,姓名,日期,金额,备注\nK0001Q,张三,,1.5,x\n"
    path.write_text(content, encoding="utf-8")
    got = fuzz.fuzz_promises.contracted(path)
    with pytest.raises(fuzz.fuzz_promises.Broken, match="no cell is altered"):
        fuzz.fuzz_promises._verbatim(content.splitlines(keepends=True), _altered(got))


def test_a_finding_is_made_small(fuzz: ModuleType, path: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    honest = fuzz.fuzz_promises.check

    def fragile(file: Path, **how: bool) -> str:
        if b"K0005Q" in file.read_bytes():
            raise ZeroDivisionError("of the test")
        return str(honest(file, **how))

    monkeypatch.setattr(fuzz.fuzz_promises, "check", fragile)
    first = fuzz.corpus()[0]
    monkeypatch.setattr(fuzz, "corpus", lambda: [first])
    report = fuzz.run(1, files=1, folder=tmp_path)
    (finding,) = report.findings.values()
    assert finding.key.startswith("ZeroDivisionError")
    assert len(finding.sample.data) < 40
    assert (tmp_path / "ZeroDivisionError_at__.bin").read_bytes() == finding.sample.data


# ── what longer runs have found ─────────────────────────────────────────────────────────────────


def kinds(result: RawRows) -> set[str]:
    return {n.kind for n in result.notes}


def test_a_torn_xls_on_which_the_book_reader_panics(fuzz: ModuleType, path: Path) -> None:
    whole = sample(fuzz, "xls")
    for size in (1_200, 1_300, 1_400):
        path.write_bytes(whole[:size])
        with pytest.raises(CorruptFile):
            read(path, COLUMNS)


def dimensions(fuzz: ModuleType, top: int, below: int, left: int, behind: int) -> bytes:
    """The xls of the corpus with other DIMENSIONS ([MS-XLS] 2.4.90)."""
    whole = sample(fuzz, "xls")
    at = whole.index(struct.pack("<HHII", 0x0200, 14, 0, 13)) + 4
    return whole[:at] + struct.pack("<IIHH", top, below, left, behind) + whole[at + 12 :]


def test_an_xls_that_claims_more_cells_than_there_is_memory(fuzz: ModuleType, path: Path) -> None:
    path.write_bytes(dimensions(fuzz, 0, 0xFF00000D, 0, 5))
    with pytest.raises(Bomb, match="4278190093 rows by 5 columns"):
        read(path, COLUMNS)
    path.write_bytes(dimensions(fuzz, 0xFF, 13, 0, 5))
    with pytest.raises(CorruptFile, match="begins at row 256"):
        read(path, COLUMNS)
    path.write_bytes(dimensions(fuzz, 0, 40, 0, 9))
    assert read(path, COLUMNS).table.num_rows == 12


def test_rows_of_a_damaged_json_document_are_not_left_outside_its_array(path: Path) -> None:
    for document in (
        '[{"编号":"1","姓名":"a"}],{"编号":"2","姓名":"b"}',
        '{"data":[{"编号":"1","姓名":"a"}],{"编号":"2"}}',
        '[{"编号":"1","姓名":"a"}] x',
    ):
        path.write_text(document, encoding="utf-8")
        with pytest.raises(CorruptFile, match="around its array"):
            read(path, COLUMNS)
    for document in ('[{"编号":"1","姓名":"a"}];\n', '{"msg":"好","data":[{"编号":"1","姓名":"a"}],"n":1}\n'):
        path.write_text(document, encoding="utf-8")
        assert rows_of(read(path, COLUMNS))[0][:2] == ["1", "a"]


def test_a_json_key_that_is_half_a_character(path: Path) -> None:
    lines = [
        '{"编号":"1","姓名":"a"}',
        '{"编号":"2","姓名":"b","\\ud800x":"3"}',
        '{"编号":"4","姓名":"\\ud83d\\ude00"}',
    ]
    path.write_text("\n".join(lines), encoding="utf-8")
    result = read(path, COLUMNS)
    assert [r[0] for r in rows_of(result)] == ["1", "4"]
    assert [(r.line, r.reason) for r in result.rejects] == [(2, "bad_json")]
    assert "surrogate" in result.rejects[0].message
    assert inspect(path).tables[0].rows == 2


def test_cells_below_no_header_are_told_in_texts_too(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    body = (
        "".join(f"K{n},张三,,,备,,\n" for n in range(40)) + 'K40,张三,,,备,,"pushed, out"\nK41,张三,,,,备,\n,,,,,,x\n'
    )
    path.write_text("编号,姓名,日期,金额,备注,,\n" + body, encoding="utf-8")
    for piece in (layout.PIECE, 97):
        monkeypatch.setattr(layout, "PIECE", piece)
        result = read(path, COLUMNS)
        (note,) = (n for n in result.notes if n.kind == "beyond_header")
        assert note.message.startswith("3 rows hold cells right of the last header, the first on line 42")
        assert (result.table.num_rows, result.rejects) == (43, ())


def test_notes_quote_damaged_headers_as_storable_text(path: Path) -> None:
    path.write_bytes("编号,姓名,".encode() + b"\xff\xfe,x\n" + "1,张三,2,3\n".encode())
    (note,) = (n for n in read(path, COLUMNS).notes if n.kind == "extra_column")
    assert r"\xff\xfe" in note.message
    note.message.encode()


def parquet() -> bytes:
    out = io.BytesIO()
    pq.write_table(pa.table({"编号": ["1"], "姓名": ["a"]}), out, store_schema=False, compression="none")
    return out.getvalue()


def test_a_parquet_file_with_a_damaged_column_name(path: Path) -> None:
    whole, name = bytearray(parquet()), "编号".encode()
    whole[whole.index(name)] = 0xFF
    path.write_bytes(whole)
    for look in (lambda: read(path, COLUMNS), lambda: inspect(path)):
        with pytest.raises(CorruptFile):
            look()


def test_a_parquet_file_whose_column_is_named_otherwise_a_second_time(path: Path) -> None:
    """Every column chunk repeats its name; nobody asks there, so damage there changes nothing."""
    path.write_bytes(parquet())
    rows, whole, name = read(path, COLUMNS).table, bytearray(parquet()), "编号".encode()
    assert whole.count(name) > 1
    whole[whole.rindex(name)] = 0xFF
    path.write_bytes(whole)
    assert read(path, COLUMNS).table == rows
    assert inspect(path)


def test_a_parquet_file_with_a_damaged_footer(path: Path) -> None:
    whole = parquet()
    path.write_bytes(whole[:-40] + b"\xff" * 32 + whole[-8:])
    for look in (lambda: read(path, COLUMNS), lambda: inspect(path)):
        with pytest.raises(CorruptFile):
            look()


def without(whole: bytes, part: str) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(whole)) as old, zipfile.ZipFile(out, "w") as new:
        for name in old.namelist():
            if name != part:
                new.writestr(name, old.read(name))
    return out.getvalue()


def test_a_book_without_the_part_of_its_sheet(fuzz: ModuleType, path: Path) -> None:
    path.write_bytes(without(sample(fuzz, "xlsx by hand"), "xl/a.xml"))
    with pytest.raises(CorruptFile):
        read(path, COLUMNS)


def test_a_book_that_one_reader_opens_and_the_other_does_not(fuzz: ModuleType, path: Path) -> None:
    path.write_bytes(without(sample(fuzz, "xlsx by hand"), "[Content_Types].xml"))
    assert read(path, COLUMNS).table.num_rows == 15
    (sheet,) = inspect(path).sheets
    assert (sheet.name, sheet.rows, sheet.columns) == ("a", 16, 5)


def test_a_cell_in_the_far_corner_of_a_sheet(path: Path) -> None:
    """Asked for such a sheet, the book reader makes room for 2³⁴ cells, and the process dies."""
    book = openpyxl.Workbook()
    book.active["A1"], book.active["B1"], book.active["A2"], book.active["XFD1048576"] = "编号", "姓名", "1", "x"
    book.create_sheet("空").sheet_state = "hidden"
    book.save(path)
    assert [(s.name, s.rows, s.columns, s.hidden) for s in inspect(path).sheets] == [
        ("Sheet", 1_048_576, 16_384, False),
        ("空", 0, 0, True),
    ]


def test_errors_in_rows_that_the_careful_way_reads_are_told(
    fuzz: ModuleType, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = sample(fuzz, "xlsx by hand")
    with zipfile.ZipFile(io.BytesIO(whole)) as old:
        sheet = old.read("xl/a.xml").replace(b'<row r="9">', b'<row r="9" ><!-- x -->')
    out = io.BytesIO(without(whole, "xl/a.xml"))
    with zipfile.ZipFile(out, "a") as archive:
        archive.writestr("xl/a.xml", sheet)
    path.write_bytes(out.getvalue())
    monkeypatch.setattr("shuyuan.reader.books.xlsx_lane.CHUNK", 400)  # the first rows come by the fast lane
    assert "error_cells" in kinds(read(path, COLUMNS))


def test_a_dbase_table_that_lost_a_byte(fuzz: ModuleType, path: Path) -> None:
    whole = sample(fuzz, "dbf gb18030 0x4d")
    at = whole.index(b" K0010Q")
    path.write_bytes(whole[: at - 1] + whole[at:])
    result = read(path, COLUMNS)
    assert [r[0] for r in rows_of(result)] == [f"K{n:04}Q" for n in range(1, 10) if n != 6]
    assert {(r.line, r.reason) for r in result.rejects} == {
        (6, "deleted_record"),
        *((n, "shifted_row") for n in range(10, 15)),
    }


def test_a_zip_whose_entries_disagree_about_a_name(path: Path) -> None:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("名单.csv", "编号,姓名\n1,张三\n")
    whole = bytearray(out.getvalue())
    whole[whole.index("名单".encode())] = 0xFF
    path.write_bytes(whole)
    with pytest.raises(CorruptFile, match="damaged"):
        read(path, COLUMNS)


def test_a_quoted_cell_far_behind_in_its_line_among_damaged_rows(path: Path) -> None:
    """The careful look at a record begins with a few bytes: they are counted from the end of its first line."""
    wide = f'K1,张三,,{"9" * 70_000},"a\nb"\n'
    path.write_text(f'编号,姓名,日期,金额,备注\n"x"y,张三,,,\n{wide}K2,李四,,,\n', encoding="utf-8")
    result = read(path, COLUMNS)
    assert [(r[0], r[4]) for r in rows_of(result)] == [("K1", "a\nb"), ("K2", "")]
    assert [(r.line, r.reason) for r in result.rejects] == [(2, "stray_quote")]


def test_a_file_full_of_gaps_and_short_rows_is_searched_in_bounded_time(path: Path) -> None:
    head = "编号\t姓名\t日期\n" + "".join(f"K{i}\tx\t2024-01-0{i}\n" for i in range(1, 9))
    begun = time.process_time()
    for filling in ("a,b\n", "a\tb\n\n", "a\tb\n"):
        path.write_text(head + filling * 6_000 + head, encoding="utf-8")
        found = discover.forms(path)
        assert len(found.tables) <= discover.TABLES
        assert found.tables[-1].last is None
    assert time.process_time() - begun < 30
