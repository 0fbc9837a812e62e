"""Pages that call themselves books: each table is a sheet."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pytest

from shuyuan.reader.books import sheets
from shuyuan.reader.errors import Bomb, CorruptFile, HeaderNotFound, WrongEncoding
from shuyuan.reader.read import Column, RawRows, read

COLUMNS = (Column("name", ("姓名",)), Column("value", ("值",)))


def page(tmp_path: Path, body: str | bytes, encoding: str = "utf-8") -> Path:
    path = tmp_path / "a.xls"
    path.write_bytes(body if isinstance(body, bytes) else f"<html><body>{body}</body></html>".encode(encoding))
    return path


def rows(result: RawRows) -> list[tuple[object, ...]]:
    return [tuple(r.values()) for r in result.table.to_pylist()]


@pytest.mark.parametrize("encoding", ["utf-8", "gb18030", "utf-16"])
def test_a_page_is_read_as_a_book(tmp_path: Path, encoding: str) -> None:
    body = (
        "<style>td {mso-number-format:'@'}</style><table border=1><caption>名单</caption><thead><tr><th>姓名<th>值</thead>"
        "<tr><td> 张\n 三 &amp; 子</td><td>007</td></tr><tr><td>李<b>四</b><br>乙</td><td>&nbsp;</td></tr>"
        "<tr><td></td><td>\n</td></tr><tr><td>合计</td><td>7</td></tr></table>"
    )
    result = read(page(tmp_path, body, encoding), COLUMNS)
    assert rows(result) == [("张 三 & 子", "007", 2), ("李四\n乙", "\xa0", 3)]
    assert (result.format, result.physical, result.blank, result.preamble) == ("html", 5, 1, 2)
    assert {"format_by_content", "footer"} <= {n.kind for n in result.notes}


def test_spans_are_merged_ranges_and_never_filled(tmp_path: Path) -> None:
    body = (
        "<table><tr><td colspan=2>名单</td></tr><tr><td>姓名</td><td>值</td></tr>"
        "<tr><td rowspan=2>张三</td><td>1</td></tr><tr><td>2</td></tr><tr><td>李四</td><td>3</td></tr></table>"
    )
    path = page(tmp_path, body)
    result = read(path, COLUMNS)
    assert rows(result) == [("张三", "1", 3), (None, "2", 4), ("李四", "3", 5)]
    assert [n.message for n in result.notes if n.kind == "merged_cells"] == [
        "sheet table 1: 1 merged ranges in the data, the first in rows 3-4, columns 1-1: "
        "the value stands in the first cell only and is not repeated"
    ]
    (grid,) = sheets.sheets_of(path, "a.xls", None)
    assert grid.spread(grid.top(3)) == [(1, ["名单", "名单"]), (2, ["姓名", "值"]), (3, ["张三", "1"])]


def test_the_table_that_matches_among_layout_tables(tmp_path: Path) -> None:
    inner = "<table><tr><td>姓名</td><td>值</td></tr><tr><td>张三</td><td>1</td></tr></table>"
    body = f"<table><tr><td>导航</td><td>{inner}</td></tr></table><script>if (a<b) x='<td>'</script>"
    result = read(page(tmp_path, body), COLUMNS)
    assert rows(result) == [("张三", "1", 2)]
    assert any(n.kind == "sheet_ignored" and "table 1" in n.message for n in result.notes)


def test_refusals(tmp_path: Path) -> None:
    with pytest.raises(HeaderNotFound):
        read(page(tmp_path, "<table><tr><td>登录</td><td>超时</td></tr></table>"), COLUMNS)
    good = "<tr><td>张三</td><td>1</td></tr>\n".encode() * 9
    with pytest.raises(WrongEncoding, match="does not decode"):
        read(
            page(
                tmp_path, "<table><tr><td>姓名</td><td>值</td></tr>\n".encode() + good + b"<tr><td>\xff</td>\n" + good
            ),
            COLUMNS,
        )
    wide = "<table><tr><td>姓名</td><td>值</td>" + '<td colspan="1000">x</td>' * 20 + "</tr></table>"
    with pytest.raises(Bomb, match="16384 columns"):
        read(page(tmp_path, wide), COLUMNS)


def test_a_wide_row_above_many_narrow_ones(tmp_path: Path) -> None:
    body = "<table><tr>" + "<td colspan=1000>x" * 16 + "<tr><td>x" * 4_300 + "</table>"
    with pytest.raises(Bomb, match="more than 67108864 cells"):
        read(page(tmp_path, body), COLUMNS)


def test_columns_that_hold_nothing_cost_nothing(tmp_path: Path) -> None:
    body = "<table><tr><td>姓名<td>值" + "<td colspan=1000>x" * 15 + "<tr><td>x" * 3_000 + "</table>"
    before = pa.total_allocated_bytes()
    (grid,) = sheets.sheets_of(page(tmp_path, body), "a.xls", None)
    assert pa.total_allocated_bytes() - before < 8 << 20
    assert sum(len(numbers) for numbers, _ in grid.blocks()) == 3_001


@pytest.mark.parametrize(("times", "most"), [(40_000, 65_536), (1_100, 4_096)])
@pytest.mark.parametrize("opening", ["<!--", "<a b", "<![CDATA["])
def test_markup_without_end(tmp_path: Path, opening: str, times: int, most: int) -> None:
    body = "<html><table><tr><td>姓名<td>值<tr><td>x<td>1</table>" + opening * times
    with pytest.raises(CorruptFile, match=f"not closed within {most} characters"):
        read(page(tmp_path, body.encode()), COLUMNS)


def test_a_long_script_is_no_markup_without_end(tmp_path: Path) -> None:
    script = "<script>" + "if (a<b) c();" * 200_000 + "</script>"
    body = "<table><tr><td>姓名<td>值<tr><td>x<td>1</table>" + script
    assert rows(read(page(tmp_path, body), COLUMNS)) == [("x", "1", 2)]
