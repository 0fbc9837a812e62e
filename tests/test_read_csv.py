"""Reading delimited text: encodings, delimiters, headers, and every fault of a single row."""

from __future__ import annotations

from pathlib import Path

import pytest

from shuyuan.reader.errors import EmptyFile, UnknownFormat, WrongEncoding
from shuyuan.reader.read import Column, RawRows, read

NAME = Column("name", ("姓名", "名称"))
CODE = Column("code", ("证件号码（本人）", "证件号"))
NOTE = Column("note", ("备注",), required=False)
COLUMNS = (NAME, CODE, NOTE)
HEADER = "姓名,证件号码（本人）,备注\n"


def write(tmp_path: Path, content: str | bytes, name: str = "a.csv", encoding: str = "utf-8") -> Path:
    path = tmp_path / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode(encoding))
    return path


def rows(result: RawRows) -> list[tuple[object, ...]]:
    return [tuple(r.values()) for r in result.table.to_pylist()]


def kinds(result: RawRows) -> set[str]:
    return {n.kind for n in result.notes}


def only_reject(result: RawRows) -> tuple[int, str]:
    (reject,) = result.rejects
    assert f"line {reject.line}" in reject.message
    return reject.line, reject.reason


@pytest.mark.parametrize(
    ("encoding", "found"),
    [
        ("utf-8", "utf-8"),
        ("utf-8-sig", "utf-8"),
        ("gb18030", "gb18030"),
        ("gbk", "gb18030"),
        ("utf-16", "utf-16"),
        ("utf-16-be-bom", "utf-16"),
    ],
)
def test_encoding_is_found_by_content(tmp_path: Path, encoding: str, found: str) -> None:
    text = HEADER + "张三,007,\n李四,008,㐂\n".replace("㐂", "好")
    data = b"\xfe\xff" + text.encode("utf-16-be") if encoding == "utf-16-be-bom" else text.encode(encoding)
    result = read(write(tmp_path, data), COLUMNS)
    assert result.encoding == found
    assert rows(result) == [("张三", "007", None, 2), ("李四", "008", "好", 3)]
    assert ("bom" in kinds(result)) == (encoding not in ("utf-8", "gb18030", "gbk"))


def test_gb18030_beyond_gbk(tmp_path: Path) -> None:
    result = read(write(tmp_path, HEADER + "𠮷㐂,1,\n", encoding="gb18030"), COLUMNS)
    assert rows(result) == [("𠮷㐂", "1", None, 2)]


def test_the_hint_is_only_a_hint(tmp_path: Path) -> None:
    path = write(tmp_path, HEADER + "张三,1,\n")
    result = read(path, COLUMNS, encoding="gbk")
    assert rows(result) == [("张三", "1", None, 2)]
    assert "encoding_by_content" in kinds(result)
    assert "encoding_by_content" not in kinds(read(path, COLUMNS, encoding="UTF8"))
    assert "encoding_by_content" in kinds(read(path, COLUMNS, encoding="no-such-encoding"))


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_delimiter_is_found_from_the_header(tmp_path: Path, delimiter: str) -> None:
    text = (HEADER + '张三,1,"a;b|c,d"\n').replace(",", delimiter)
    result = read(write(tmp_path, text, encoding="gb18030"), COLUMNS)
    assert rows(result) == [("张三", "1", f"a;b|c{delimiter}d", 2)]


def test_values_come_exactly_as_written(tmp_path: Path) -> None:
    body = ' 张三 ,007,=cmd|\' /C calc\'!A0\nnull,NaN,\\N\n6" pipe,１２,"say ""hi"""\n'
    result = read(write(tmp_path, HEADER + body), COLUMNS)
    assert rows(result) == [
        (" 张三 ", "007", "=cmd|' /C calc'!A0", 2),
        ("null", "NaN", "\\N", 3),
        ('6" pipe', "１２", 'say "hi"', 4),
    ]


def test_lines_are_physical_lines(tmp_path: Path) -> None:
    text = '名单\r\n"姓名","证件号",备注\r\n张三,1,"a\r\nb"\r\n\r\n李四,2,\r\n,,\r\n'
    result = read(write(tmp_path, text), COLUMNS)
    assert rows(result) == [("张三", "1", "a\r\nb", 3), ("李四", "2", None, 6)]
    assert (result.physical, result.blank, result.preamble) == (6, 2, 2)


def test_line_ends_of_old_macs(tmp_path: Path) -> None:
    result = read(write(tmp_path, "姓名,证件号\r张三,1\r李四,2"), COLUMNS)
    assert rows(result) == [("张三", "1", None, 2), ("李四", "2", None, 3)]


def test_footer_is_preamble_not_data(tmp_path: Path) -> None:
    result = read(write(tmp_path, HEADER + "张三,1,\n合计,1,\n填表人：王五\n,,\n"), COLUMNS)
    assert rows(result) == [("张三", "1", None, 2)]
    assert (result.physical, result.blank, result.preamble, result.rejects) == (5, 1, 3, ())
    assert "footer" in kinds(result)


def test_a_total_in_the_middle_stays_a_row(tmp_path: Path) -> None:
    result = read(write(tmp_path, HEADER + "合计,1,\n张三,2,\n"), COLUMNS)
    assert result.table.num_rows == 2


def test_header_only_is_zero_rows_with_a_note(tmp_path: Path) -> None:
    result = read(write(tmp_path, HEADER), COLUMNS)
    assert result.table.num_rows == 0
    assert result.table.column_names == ["name", "code", "note", "_line"]
    assert "header_only" in kinds(result)


@pytest.mark.parametrize("line", ["张三,1", "张三,1,备,多", "张三"])
def test_ragged_row(tmp_path: Path, line: str) -> None:
    result = read(write(tmp_path, f"{HEADER}{line}\n李四,2,\n"), COLUMNS)
    assert only_reject(result) == (2, "ragged_row")
    assert result.rejects[0].raw == line
    assert rows(result) == [("李四", "2", None, 3)]


def test_trailing_empty_cells_beyond_the_header_are_fine(tmp_path: Path) -> None:
    result = read(write(tmp_path, HEADER + "张三,1,,,, \n李四,2,\n"), COLUMNS)
    assert rows(result) == [("张三", "1", None, 2), ("李四", "2", None, 3)]
    assert [n.message[:6] for n in result.notes if n.kind == "trailing_cells"] == ["1 rows"]


def test_nul_byte(tmp_path: Path) -> None:
    result = read(write(tmp_path, HEADER + "张\0三,1,\n李四,2,\n"), COLUMNS)
    assert only_reject(result) == (2, "nul_byte")
    assert result.rejects[0].column == "name"
    assert result.rejects[0].value == "张\\x00三"
    assert rows(result) == [("李四", "2", None, 3)]


@pytest.mark.parametrize("encoding", ["utf-8", "gb18030"])
def test_undecodable_bytes_cost_one_row(tmp_path: Path, encoding: str) -> None:
    lines = [HEADER, "张三,1,好\n", "王五,2,?\n", "李四,3,\n"]
    data = b"".join(line.encode(encoding) for line in lines).replace(b"?", b"\xff\xfe")
    result = read(write(tmp_path, data), COLUMNS)
    assert result.encoding == encoding
    assert only_reject(result) == (3, "undecodable")
    assert (result.rejects[0].column, result.rejects[0].value) == ("note", "\\xff\\xfe")
    assert [r[0] for r in rows(result)] == ["张三", "李四"]


def test_undecodable_byte_in_an_ascii_file(tmp_path: Path) -> None:
    result = read(write(tmp_path, b"name,code\nana,1\ncaf\xe9,2\nbob,3\n"), COLUMNS)
    assert only_reject(result) == (3, "undecodable")


def test_broken_utf16_costs_one_row(tmp_path: Path) -> None:
    good = (HEADER + "张三,1,\n").encode("utf-16-le")
    data = b"\xff\xfe" + good + b"\x00\xd8" + ",2,\n李四,3,\n".encode("utf-16-le")
    result = read(write(tmp_path, data), COLUMNS)
    assert only_reject(result) == (3, "undecodable")
    assert len(rows(result)) == 2


@pytest.mark.parametrize(
    "broken",
    ['"王五,2,', '"王五"x,2,', '王五,2,"', '王五,"2,a"b'],
)
def test_stray_quote_never_swallows_the_rows_below(tmp_path: Path, broken: str) -> None:
    text = f'{HEADER}张三,1,\n{broken}\n李四,3,"好\n好"\n赵六,4,\n'
    result = read(write(tmp_path, text), COLUMNS)
    assert only_reject(result) == (3, "stray_quote")
    assert result.rejects[0].raw == broken
    assert rows(result) == [("张三", "1", None, 2), ("李四", "3", "好\n好", 4), ("赵六", "4", None, 6)]


def test_field_too_large(tmp_path: Path) -> None:
    result = read(write(tmp_path, f"{HEADER}张三,1,{'长' * 1_000_001}\n李四,2,\n"), COLUMNS)
    assert only_reject(result) == (2, "field_too_large")
    assert len(result.rejects[0].raw) == 1000
    assert result.rejects[0].column == "note"
    assert rows(result) == [("李四", "2", None, 3)]


def test_a_field_of_exactly_the_limit_is_a_value(tmp_path: Path) -> None:
    result = read(write(tmp_path, f"{HEADER}张三,1,{'长' * 1_000_000}\n"), COLUMNS)
    assert (result.table.num_rows, result.rejects) == (1, ())


@pytest.mark.parametrize("content", [b"", b"  \n\n \t\n", b"\xef\xbb\xbf\n", b"\xff\xfe"])
def test_empty_file(tmp_path: Path, content: bytes) -> None:
    with pytest.raises(EmptyFile, match=r"a\.csv"):
        read(write(tmp_path, content), COLUMNS)


def test_wrong_encoding_names_offset_and_line(tmp_path: Path) -> None:
    with pytest.raises(WrongEncoding, match=r"a\.csv, line 1, .*offset 0") as caught:
        read(write(tmp_path, b"\xff\x81\x00\xff\n\x80\xff\xff,\xff\n"), COLUMNS)
    assert caught.value.line == 1


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        (b"%PDF-1.7\n", "pdf"),
        (b"<!DOCTYPE html><table><tr><td>1</td></tr></table>", "html"),
        (b'\xef\xbb\xbf <?xml version="1.0"?><Workbook/>', "html"),
        (b"Rar!\x1a\x07", "rar"),
    ],
)
def test_unknown_format_names_the_kind_and_the_way_out(tmp_path: Path, content: bytes, kind: str) -> None:
    with pytest.raises(UnknownFormat, match=f"a\\.csv.*{kind}.*Way out"):
        read(write(tmp_path, content), COLUMNS)


def test_gb18030_is_read_by_its_edition_of_2022(tmp_path: Path) -> None:
    body = "姓名,证件号\n王".encode("gb18030") + b"\xfe\x59" + ",1\n李".encode("gb18030") + b"\xa8\xbc" + b",2\n"
    result = read(write(tmp_path, body), COLUMNS)
    assert [row[0] for row in rows(result)] == ["王\u9fb4", "李\u1e3f"]
