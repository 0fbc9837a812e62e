"""dBase tables: fields cut by their widths, deleted records, code pages, binary fields of Visual FoxPro."""

from __future__ import annotations

import struct
from collections.abc import Sequence
from pathlib import Path

import pytest

from shuyuan.reader.errors import CorruptFile, MissingColumn
from shuyuan.reader.read import Column, Form, read

COLUMNS = (Column("name", ("XM",)), Column("value", ("JE", "值"), required=False))
Field = tuple[str, str, int, int]


def table(
    path: Path,
    fields: Sequence[Field],
    records: Sequence[bytes],
    *,
    driver: int = 0x4D,
    version: int = 0x03,
    declared: int | None = None,
    end: bytes = b"\x1a",
) -> Path:
    """A dBase III table; `records` without their deletion mark are given one."""
    length = 1 + sum(width for _, _, width, _ in fields)
    body = 32 + 32 * len(fields) + 1
    count = len(records) if declared is None else declared
    head = struct.pack("<B3BIHH16xBB2x", version, 126, 11, 20, count, body, length, 0, driver)
    for name, kind, width, decimals in fields:
        size, rest = (width % 256, width // 256) if kind == "C" else (width, decimals)
        head += name.encode("gb18030").ljust(11, b"\0") + kind.encode() + bytes(4) + bytes([size, rest]) + bytes(14)
    assert all(len(r) in (length, length - 1) for r in records)
    path.write_bytes(head + b"\r" + b"".join(r.rjust(length) for r in records) + end)
    return path


def cells(*values: tuple[str, int], encoding: str = "gb18030") -> bytes:
    return b"".join(text.encode(encoding).ljust(width) for text, width in values)


def test_values_come_as_the_file_spells_them(tmp_path: Path) -> None:
    fields = [("XM", "C", 10, 0), ("JE", "N", 12, 2), ("RQ", "D", 8, 0), ("YX", "L", 1, 0), ("BL", "F", 8, 3)]
    records = [
        cells((" 张三", 10), ("   007.50", 12), ("20240229", 8), ("T", 1), ("1.500", 8)),
        cells(("李四", 10), ("", 12), ("", 8), ("?", 1), ("", 8)),
        cells(("王五", 10), ("******", 12), ("2024/1/1", 8), ("f", 1), ("1E5", 8)),
        cells(("", 10), ("", 12), ("00000000", 8), (" ", 1), ("", 8)),
    ]
    columns = [Column(n.lower(), (n,)) for n, *_ in fields]
    result = read(table(tmp_path / "a.dbf", fields, records), columns)
    assert [tuple(r.values()) for r in result.table.to_pylist()] == [
        (" 张三", "007.50", "2024-02-29", "T", "1.500", 1),
        ("李四", None, None, None, None, 2),
        ("王五", "******", "2024/1/1", "f", "1E5", 3),
    ]
    assert (result.format, result.lane, result.physical, result.blank, result.preamble) == ("dbf", "dbf", 4, 1, 0)
    assert result.notes == ()


def test_deleted_records_are_set_aside(tmp_path: Path) -> None:
    path = table(tmp_path / "a.dbf", [("XM", "C", 6, 0)], [cells(("张三", 6)), b"*" + cells(("李四", 6))])
    result = read(path, COLUMNS)
    assert result.table["name"].to_pylist() == ["张三"]
    assert [(r.line, r.reason, r.raw.strip()) for r in result.rejects] == [(2, "deleted_record", "李四")]


def test_binary_fields(tmp_path: Path) -> None:
    fields = [
        ("XM", "C", 4, 0),
        ("ZS", "I", 4, 0),
        ("HB", "Y", 8, 4),
        ("SJ", "T", 8, 0),
        ("SB", "B", 8, 0),
        ("BZ", "M", 4, 0),
    ]
    moment = struct.pack("<ii", 2460370, (13 * 3600 + 5 * 60) * 1000)
    binary = struct.pack("<i", -7) + struct.pack("<q", -12_345_600) + moment + struct.pack("<d", 1.10105e17) + bytes(4)
    nothing = struct.pack("<i", 0) + struct.pack("<q", 5) + bytes(8) + struct.pack("<d", 0.1) + bytes(4)
    path = table(tmp_path / "a.dbf", fields, [b"a   " + binary, b"b   " + nothing], version=0x30)
    columns = [Column(n.lower(), (n,)) for n, *_ in fields]
    result = read(path, columns)
    assert [tuple(r.values())[1:6] for r in result.table.to_pylist()] == [
        ("-7", "-1234.5600", "2024-02-29 13:05:00", "1.10105E+17", None),
        ("0", "0.0005", None, "0.1", None),
    ]
    assert [n.kind for n in result.notes] == ["memo_absent"]


@pytest.mark.parametrize(
    ("driver", "beside", "hint", "encoding", "noted"),
    [
        (0x4D, None, None, "gb18030", False),
        (0x4E, None, None, "big5", False),
        (0x00, "UTF-8", None, "utf-8", False),
        (0x00, "936", None, "gb18030", False),
        (0x00, None, None, "gb18030", True),
        (0x57, None, "utf-8", "utf-8", True),
    ],
)
def test_code_pages(
    tmp_path: Path, driver: int, beside: str | None, hint: str | None, encoding: str, noted: bool
) -> None:
    path = table(tmp_path / "a.dbf", [("XM", "C", 9, 0)], [cells(("中文", 9), encoding=encoding)], driver=driver)
    if beside:
        (tmp_path / "a.cpg").write_text(beside)
    result = read(path, COLUMNS, encoding=hint)
    assert result.table["name"].to_pylist() == ["中文"]
    assert [n.kind for n in result.notes if n.kind == "encoding_assumed"] == ["encoding_assumed"] * noted


def test_bytes_that_do_not_decode_cost_their_record(tmp_path: Path) -> None:
    path = table(tmp_path / "a.dbf", [("XM", "C", 6, 0)], [cells(("张三", 6)), b"\xff\xff\xff   ", b"a\0b   "])
    result = read(path, COLUMNS)
    assert result.table["_line"].to_pylist() == [1]
    assert [(r.line, r.reason, r.column) for r in result.rejects] == [
        (2, "undecodable", "name"),
        (3, "nul_byte", "name"),
    ]


def test_wide_texts_chinese_names_and_forms(tmp_path: Path) -> None:
    path = table(tmp_path / "a.dbf", [("XM", "C", 300, 0), ("值", "N", 3, 0)], [cells(("长" * 140, 300), ("1", 3))])
    for form in (None, Form(("XM", "值"), ())):
        result = read(path, COLUMNS, form=form)
        assert result.table.select(["name", "value"]).to_pylist() == [{"name": "长" * 140, "value": "1"}]


def test_cut_off_and_overfull_tables(tmp_path: Path) -> None:
    records = [cells(("张三", 6)), cells(("李四", 6))]
    with pytest.raises(CorruptFile, match="header says 3 records, the file holds 2"):
        read(table(tmp_path / "a.dbf", [("XM", "C", 6, 0)], records, declared=3), COLUMNS)
    result = read(table(tmp_path / "b.dbf", [("XM", "C", 6, 0)], records, declared=1), COLUMNS)
    assert (result.physical, result.table.num_rows) == (1, 1)
    assert "record_count" in {n.kind for n in result.notes}
    with pytest.raises(MissingColumn):
        read(table(tmp_path / "c.dbf", [("JE", "C", 6, 0)], records), COLUMNS)
