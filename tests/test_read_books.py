"""Reading books: which sheet, which row, and every cell as the text it stands for."""

from __future__ import annotations

import datetime as dt
import struct
import zipfile
from collections.abc import Iterable
from pathlib import Path

import openpyxl
import pytest
import sheet_xml
import xlsb

from shuyuan.reader.books import books, sheets, xlsx_parts
from shuyuan.reader.books.xlsx_scan import Irregular
from shuyuan.reader.errors import (
    Bomb,
    CorruptFile,
    EmptyFile,
    HeaderNotFound,
    MissingColumn,
    SheetNotFound,
    UnknownFormat,
)
from shuyuan.reader.read import Column, Form, RawRows, read

COLUMNS = (Column("name", ("姓名",)), Column("value", ("值",)), Column("note", ("备注",), required=False))
HEADER = ["姓名", "值", "备注"]


def book(path: Path, sheets: dict[str, list[list[object]]]) -> Path:
    workbook = openpyxl.Workbook()
    workbook.remove(workbook.active)
    for title, rows in sheets.items():
        sheet = workbook.create_sheet(title)
        for row in rows:
            sheet.append(row)
    workbook.save(path)
    return path


def test_a_book_named_csv_is_read_as_a_book(tmp_path: Path) -> None:
    result = read(book(tmp_path / "a.csv", {"表": [HEADER, ["张三", "007", None]]}), COLUMNS)
    assert (result.format, result.lane, result.encoding) == ("xlsx", "sheet", None)
    assert result.table.to_pylist() == [{"name": "张三", "value": "007", "note": None, "_line": 2}]
    assert [n.kind for n in result.notes] == ["format_by_content"]


@pytest.mark.parametrize(
    ("cell", "text"),
    [
        (7, "7"),
        (-3.0, "-3"),
        (0.1, "0.1"),
        (1e-7, "1e-07"),
        (44327.5, "44327.5"),
        (110105780238342, "110105780238342"),
        (110105199003074321, "1.101051990030743E+17"),
        (1.10105e17, "1.10105E+17"),
        (1e15, "1E+15"),
        (-2.5e20, "-2.5E+20"),
        (True, "TRUE"),
        (dt.date(2024, 2, 29), "2024-02-29"),
        (dt.datetime(2024, 2, 29, 13, 5, 6), "2024-02-29 13:05:06"),
        (dt.time(8, 30), "08:30:00"),
        (" 007 ", " 007 "),
        ("9.11E+17", "9.11E+17"),
        ("", None),
    ],
)
def test_a_cell_as_text(tmp_path: Path, cell: object, text: str | None) -> None:
    result = read(book(tmp_path / "a.xlsx", {"表": [HEADER, ["张三", cell, None]]}), COLUMNS)
    assert result.table["value"].to_pylist() == [text]


def test_a_formula_looking_text_stays_text(tmp_path: Path) -> None:
    workbook = openpyxl.Workbook()
    workbook.active.append(HEADER)
    workbook.active.append(["张三", None, None])
    workbook.active["B2"].value, workbook.active["B2"].data_type = "=cmd|' /C calc'!A0", "s"
    workbook.save(tmp_path / "a.xlsx")
    assert read(tmp_path / "a.xlsx", COLUMNS).table["value"].to_pylist() == ["=cmd|' /C calc'!A0"]


def test_rows_are_numbered_as_the_sheet_numbers_them(tmp_path: Path) -> None:
    rows: list[list[object]] = [
        [],
        [],
        ["某局名单"],
        HEADER,
        ["张三", 1, None],
        [],
        ["李四", 2, "好"],
        ["合计", 3],
        [None, " "],
    ]
    result = read(book(tmp_path / "a.xlsx", {"表": rows}), COLUMNS)
    assert result.table["_line"].to_pylist() == [5, 7]
    assert (result.physical, result.preamble, result.blank) == (9, 5, 2)


def test_the_sheet_that_matches_is_read_and_the_others_named(tmp_path: Path) -> None:
    sheets: dict[str, list[list[object]]] = {"说明": [["填表说明"]], "空": [], "数据": [HEADER, ["张三", 1, None]]}
    result = read(book(tmp_path / "a.xlsx", sheets), COLUMNS)
    assert result.table.num_rows == 1
    assert any(n.kind == "sheet_ignored" and "说明" in n.message for n in result.notes)


def test_all_sheets_with_the_header_are_read(tmp_path: Path) -> None:
    sheets: dict[str, list[list[object]]] = {
        "一月": [["一月份"], HEADER, ["张三", 1, None], ["合计", 1]],
        "二月": [["值", "姓名"], [2, "李四"], [3, "王五"]],
    }
    result = read(book(tmp_path / "a.xlsx", sheets), COLUMNS)
    assert [tuple(r.values()) for r in result.table.to_pylist()] == [
        ("张三", "1", None, 3),
        ("李四", "2", None, 6),
        ("王五", "3", None, 7),
    ]
    assert (result.physical, result.preamble) == (7, 4)
    messages = {n.kind: n.message for n in result.notes}
    assert "二月 (its row 1 is line 5)" in messages["several_sheets"]
    assert messages["reordered"].startswith("sheet 二月")


def test_a_constant_stands_in_only_on_the_sheet_that_lacks_the_column(tmp_path: Path) -> None:
    sheets: dict[str, list[list[object]]] = {"一": [HEADER[:2], ["张三", 1]], "二": [HEADER, ["李四", 2, "好"]]}
    result = read(book(tmp_path / "a.xlsx", sheets), COLUMNS, constants={"note": "定"})
    assert result.table["note"].to_pylist() == ["定", "好"]


def test_a_named_sheet(tmp_path: Path) -> None:
    path = book(tmp_path / "a.xlsx", {"甲": [HEADER, ["张三", 1]], "乙": [HEADER, ["李四", 2]]})
    assert read(path, COLUMNS, sheet="乙").table["name"].to_pylist() == ["李四"]
    with pytest.raises(SheetNotFound, match="there are: 甲、乙"):
        read(path, COLUMNS, sheet="丙")


def test_refusals_name_the_sheet(tmp_path: Path) -> None:
    with pytest.raises(MissingColumn, match=r"a\.xlsx\[表\], line 2, column value"):
        read(book(tmp_path / "a.xlsx", {"表": [["名单"], ["姓名", "其他"], ["张三", 1]]}), COLUMNS)
    with pytest.raises(HeaderNotFound, match="姓名、值"):
        read(book(tmp_path / "b.xlsx", {"表": [["张三", 1]]}), COLUMNS)
    with pytest.raises(EmptyFile):
        read(book(tmp_path / "c.xlsx", {"表": []}), COLUMNS)


def test_header_only_and_over_long_cells(tmp_path: Path) -> None:
    result = read(book(tmp_path / "a.xlsx", {"表": [HEADER]}), COLUMNS)
    assert (result.table.num_rows, result.physical) == (0, 1)
    assert "header_only" in {n.kind for n in result.notes}


def test_a_torn_book_is_corrupt(tmp_path: Path) -> None:
    path = book(tmp_path / "a.xlsx", {"表": [HEADER, ["张三", 1]]})
    path.write_bytes(path.read_bytes()[:-200])
    with pytest.raises(CorruptFile, match="deliver"):
        read(path, COLUMNS)


def test_other_compound_files_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.xls"
    for stream, words in (("WordDocument", "doc"), ("EncryptedPackage", "password-protected")):
        path.write_bytes(compound(stream, b"\0" * 4096))
        with pytest.raises(UnknownFormat, match=words):
            read(path, COLUMNS)
    path.write_bytes(compound("Workbook", b"\0" * 4096))
    with pytest.raises(CorruptFile):
        read(path, COLUMNS)


def test_an_old_binary_book(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes(compound("Workbook", biff([["姓名", "值"], ["张三", 1.5], ["李四", 9.11e17]])))
    result = read(path, COLUMNS)
    assert result.format == "xls"
    assert result.table.select(["name", "value", "_line"]).to_pylist() == [
        {"name": "张三", "value": "1.5", "_line": 2},
        {"name": "李四", "value": "9.11E+17", "_line": 3},
    ]


def kinds(result: RawRows) -> set[str]:
    return {n.kind for n in result.notes}


def test_a_header_of_two_rows_with_merged_cells(tmp_path: Path) -> None:
    workbook = openpyxl.Workbook()
    sheet = workbook.active
    for row in (
        ["人员名单"],
        ["姓名", "住址", None, "备注"],
        [None, "区", "街道", None],
        ["张三", "东城", "安定门", "甲"],
    ):
        sheet.append(row)
    for merged in ("A1:D1", "A2:A3", "B2:C2", "D2:D3"):
        sheet.merge_cells(merged)
    workbook.save(tmp_path / "a.xlsx")
    columns = [Column("name", ("姓名",)), Column("town", ("街道",)), Column("note", ("备注",))]
    result = read(tmp_path / "a.xlsx", columns)
    assert result.table.to_pylist() == [{"name": "张三", "town": "安定门", "note": "甲", "_line": 4}]
    assert (result.physical, result.preamble) == (4, 3)
    assert "merged_cells" not in kinds(result)
    one = read(tmp_path / "a.xlsx", [Column("name", ("姓名",)), Column("note", ("备注",))])
    assert one.table.to_pylist() == [{"name": "张三", "note": "甲", "_line": 4}], "the lower header row is no data"
    (grid,) = sheets.sheets_of(tmp_path / "a.xlsx", "a.xlsx", None)
    assert grid.spread(grid.top(3))[1:] == [(2, ["姓名", "住址", "住址", "备注"]), (3, ["姓名", "区", "街道", "备注"])]


def test_cells_merged_in_the_data_are_told_and_not_filled(tmp_path: Path) -> None:
    workbook = openpyxl.Workbook()
    for row in (HEADER, ["张三", 1, None], [None, 2, None], ["李四", 3, None]):
        workbook.active.append(row)
    workbook.active.merge_cells("A2:A3")
    workbook.save(tmp_path / "a.xlsx")
    result = read(tmp_path / "a.xlsx", COLUMNS[:2])
    assert result.table["name"].to_pylist() == ["张三", None, "李四"]
    assert any(
        n.kind == "merged_cells" and "1 merged ranges" in n.message and "rows 2-3" in n.message for n in result.notes
    )


def test_a_hidden_sheet_and_cells_beyond_the_header_are_told(tmp_path: Path) -> None:
    path = book(tmp_path / "a.xlsx", {"甲": [["x", "y"]], "乙": [HEADER, ["张三", 1], ["李四", 2, "好", None, "多"]]})
    workbook = openpyxl.load_workbook(path)
    workbook["乙"].sheet_state = "hidden"
    workbook.save(path)
    result = read(path, COLUMNS)
    assert {"hidden_sheet", "beyond_header"} <= kinds(result)
    assert any("1 rows hold cells right of the last header, the first on line 3" in n.message for n in result.notes)


def test_a_form_says_where_the_table_lies(tmp_path: Path) -> None:
    rows: list[list[object]] = [["名单"], ["姓", "值"], ["名", None], ["张三", 1], [None], ["李四", 2], ["说明", None]]
    path = book(tmp_path / "a.xlsx", {"甲": rows, "乙": rows})
    columns = [Column("name", ("姓名",)), Column("value", ("值",))]
    result = read(path, columns, form=Form(("姓名", "值"), (2, 3), sheet="乙", first=4, last=6))
    assert [tuple(r.values()) for r in result.table.to_pylist()] == [("张三", "1", 4), ("李四", "2", 6)]
    assert (result.physical, result.preamble, result.blank) == (7, 4, 1)
    headless = read(path, columns, form=Form(("姓名", "值"), (), sheet="甲"))
    assert (headless.table.num_rows, headless.preamble) == (6, 0)


def test_many_rows_come_in_batches_with_a_footer_at_their_end(tmp_path: Path) -> None:
    rows: list[list[object]] = [HEADER, *([f"人{n}", n, None] for n in range(40_000)), ["合计", 40_000]]
    result = read(book(tmp_path / "a.xlsx", {"表": rows}), COLUMNS)
    assert (result.table.num_rows, result.physical, result.preamble) == (40_000, 40_002, 2)
    assert result.table["value"].to_pylist() == [str(n) for n in range(40_000)]
    assert result.table["_line"].to_pylist() == list(range(2, 40_002))


def test_cells_that_cannot_be_stored_cost_their_row(tmp_path: Path) -> None:
    body = '<row r="{0}"><c r="A{0}" t="str"><v>{1}</v></c><c r="B{0}" t="str"><v>{2}</v></c></row>'
    rows = [
        body.format(n, *cells)
        for n, cells in enumerate([("姓名", "值"), ("张三", "a_x0000_"), ("李四", "x" * 1_000_001), ("王五", 1)], 1)
    ]
    result = read(sheet_xml.xlsx(tmp_path / "a.xlsx", "".join(rows)), COLUMNS)
    assert result.table["name"].to_pylist() == ["王五"]
    assert [(r.line, r.reason, r.column) for r in result.rejects] == [
        (2, "nul_byte", "value"),
        (3, "field_too_large", "value"),
    ]


def cell(text: str, more: str = "") -> str:
    return f'<table:table-cell office:value-type="string"{more}><text:p>{text}</text:p></table:table-cell>'


def test_an_ods_book(tmp_path: Path) -> None:
    number = '<table:table-cell office:value-type="float" office:value="7.5"><text:p>7.50</text:p></table:table-cell>'
    day = '<table:table-cell office:value-type="date" office:date-value="2024-02-29"><text:p>29/2</text:p></table:table-cell>'
    error = cell("#N/A").replace(" office", ' calcext:value-type="error" office', 1)
    empty = '<table:table-cell table:number-columns-repeated="16000"/>'
    rows = [
        cell("姓名") + cell("值") + cell("备注") + empty,
        cell("张三", ' table:number-rows-spanned="2"') + number + day,
        error + number + empty,
    ]
    table = "".join(f"<table:table-row>{r}</table:table-row>" for r in rows)
    padding = f'<table:table-row table:number-rows-repeated="1048000">{empty}</table:table-row>'
    path = sheet_xml.ods(tmp_path / "a.csv", f'<table:table table:name="表">{table}{padding}</table:table>')
    result = read(path, COLUMNS)
    assert tuple(result.table.to_pylist()[0].values())[:3] == ("张三", "7.5", "2024-02-29")
    assert (result.format, result.physical, result.table.num_rows) == ("ods", 3, 2)
    assert {"merged_cells", "error_cells", "format_by_content"} <= kinds(result)


def test_an_xlsb_book(tmp_path: Path) -> None:
    head = xlsb.row(0) + xlsb.text(0, "姓名") + xlsb.text(1, "值")
    body = xlsb.row(1) + xlsb.text(0, "张三") + xlsb.real(1, 7.5) + xlsb.row(2) + xlsb.text(0, "李四") + xlsb.error(1)
    far = xlsb.row(1_048_575) + xlsb.blank(16_383)
    result = read(xlsb.book(tmp_path / "a.xlsb", head + body + far, merged=1), COLUMNS)
    assert result.table.select(["name", "value"]).to_pylist() == [
        {"name": "张三", "value": "7.5"},
        {"name": "李四", "value": None},
    ]
    assert result.format == "xlsb"
    assert {"merged_cells", "error_cells"} <= kinds(result)


def record(kind: int, body: bytes) -> bytes:
    return struct.pack("<HH", kind, len(body)) + body


def biff(rows: list[list[object]]) -> bytes:
    """A BIFF8 workbook stream with one sheet, written by hand: [MS-XLS] BOF, BoundSheet8, Dimensions, Label, Number, EOF."""
    bof = struct.pack("<HHHHII", 0x0600, 0x0005, 0x0DBB, 0x07CC, 0, 6)
    title = "S"
    bound_size = 4 + 8 + len(title)
    start = len(record(0x0809, bof)) + bound_size + 4
    bound = struct.pack("<IBBBB", start, 0, 0, len(title), 0) + title.encode()
    sheet = record(0x0809, struct.pack("<HHHHII", 0x0600, 0x0010, 0x0DBB, 0x07CC, 0, 6))
    sheet += record(0x0200, struct.pack("<IIHHH", 0, len(rows), 0, max(map(len, rows)), 0))
    sheet += b"".join(cells(rows)) + record(0x000A, b"")
    return record(0x0809, bof) + record(0x0085, bound) + record(0x000A, b"") + sheet


def cells(rows: list[list[object]]) -> Iterable[bytes]:
    for r, row in enumerate(rows):
        for c, value in enumerate(row):
            if isinstance(value, str):
                yield record(0x0204, struct.pack("<HHHHB", r, c, 0, len(value), 1) + value.encode("utf-16-le"))
            else:
                yield record(0x0203, struct.pack("<HHHd", r, c, 0, value))


def compound(name: str, stream: bytes) -> bytes:
    """A compound file ([MS-CFB] version 3) with one stream: header, allocation table, directory, data."""
    end, free, no = 0xFFFFFFFE, 0xFFFFFFFF, 0xFFFFFFFF
    stream = stream.ljust(4096, b"\0")
    stream += b"\0" * (-len(stream) % 512)
    sectors = len(stream) // 512
    header = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 16
    header += struct.pack("<HHHHH6xIIIIIIIII", 0x3E, 3, 0xFFFE, 9, 6, 0, 1, 1, 0, 4096, end, 0, end, 0)
    header += struct.pack("<I", 0) + struct.pack("<I", free) * 108
    table = [0xFFFFFFFD, end, *range(3, 2 + sectors), end]
    fat = b"".join(struct.pack("<I", n) for n in [*table, *[free] * (128 - len(table))])
    root = entry("Root Entry", 5, 1, end, 0)
    data = entry(name, 2, no, 2, len(stream))
    return header + fat + root + data + b"\0" * 256 + stream


def entry(name: str, kind: int, child: int, start: int, size: int) -> bytes:
    text = name.encode("utf-16-le") + b"\0\0"
    links = struct.pack("<HBBIII", len(text), kind, 1, 0xFFFFFFFF, 0xFFFFFFFF, child)
    return text.ljust(64, b"\0") + links + b"\0" * 36 + struct.pack("<IQ", start, size)


def test_an_old_book_with_a_far_corner(tmp_path: Path) -> None:
    far = record(0x0203, struct.pack("<HHHd", 65_535, 65_535, 0, 1.0))
    stream = biff([["姓名", "值"], ["张三", 1.5]])
    (tmp_path / "a.xls").write_bytes(
        compound("Workbook", stream.removesuffix(record(0x000A, b"")) + far + record(0x000A, b""))
    )
    with pytest.raises(Bomb, match="65536 rows by 65536 columns"):
        read(tmp_path / "a.xls", COLUMNS)


def test_errors_of_an_old_book_are_told(tmp_path: Path) -> None:
    stream = biff([["姓名", "值"], ["张三", 1.5]]).removesuffix(record(0x000A, b""))
    error = record(0x0205, struct.pack("<HHHBB", 2, 1, 0, 0x2A, 1))
    formula = record(0x0006, struct.pack("<HHH8sHIH", 3, 1, 0, b"\x02\0\x2a\0\0\0\xff\xff", 0, 0, 0))
    (tmp_path / "a.xls").write_bytes(compound("Workbook", stream + error + formula + record(0x000A, b"")))
    result = read(tmp_path / "a.xls", COLUMNS)
    assert any(n.kind == "error_cells" and n.message.startswith("2 cells") for n in result.notes)


def test_a_container_whose_chain_is_a_circle(tmp_path: Path) -> None:
    data = bytearray(compound("Workbook", biff([["姓名", "值"], ["张三", 1.5]])))
    data[512 + 4 * 2 : 512 + 4 * 3] = struct.pack("<I", 2)
    (tmp_path / "a.xls").write_bytes(data)
    with pytest.raises(CorruptFile, match="circle"):
        read(tmp_path / "a.xls", COLUMNS)


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-be"])
def test_a_document_type_that_utf16_hides(tmp_path: Path, encoding: str) -> None:
    book = (
        '<?xml version="1.0" encoding="UTF-16"?><!DOCTYPE a [<!ENTITY n "boo">]>'
        f'<workbook {sheet_xml.MAIN} xmlns:r="{sheet_xml.OFFICE}"><sheets><sheet name="&n;" sheetId="1" r:id="r0"/></sheets></workbook>'
    )
    path = sheet_xml.xlsx(tmp_path / "a.xlsx", '<row r="1"><c r="A1"><v>1</v></c></row>')
    with zipfile.ZipFile(path) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    parts["xl/workbook.xml"] = book.encode(encoding)
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
    with zipfile.ZipFile(path) as archive, pytest.raises(Irregular):
        xlsx_parts.package(archive)
    with pytest.raises(CorruptFile):
        books.open_book(path, "a.xlsx", "xlsx")
