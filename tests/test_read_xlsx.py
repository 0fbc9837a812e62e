"""The fast lane of xlsx: the same cells as calamine gives, and what calamine does not give."""

from __future__ import annotations

import random
from itertools import zip_longest
from pathlib import Path

import pytest
import sheet_xml

from shuyuan.reader.books import books, xlsx_lane
from shuyuan.reader.books.xlsx_scan import Irregular
from shuyuan.reader.errors import Bomb, CorruptFile
from shuyuan.reader.read import Column, RawRows, read

COLUMNS = (Column("name", ("姓名",)), Column("value", ("值",)))
HEADER = (
    '<row r="1"><c r="A1" t="inlineStr"><is><t>姓名</t></is></c><c r="B1" t="inlineStr"><is><t>值</t></is></c></row>'
)
TEXTS = ("a", "张三", "a&amp;b", "&lt;x&gt;", "x_x000D_y", "_x005F_x000D_", "_xZZZZ_", "&#20013;&#x6587;", "a\nb", "a\r\nb", "",
         "007", "'", "=1+1", 'a="b" t="s"', "&quot;q&apos;")  # fmt: skip
NUMBERS = ("1", "0", "-1", "12.5", "0.1", "1e-7", "-0", "0.30000000000000004", "12.50", "007", "43000", "43000.5", "0.5", "60",
           "59", "2958465", "1234567.8901234", "12345678.12345678", "0.00012", "0.000012", "00.5", "1.")  # fmt: skip
LONG = ("1E+17", "110105199003074321", "999999999999999", "123456789012", "-100000000000000000000")
SHARED = (
    "<si><t>{}</t></si>",
    '<si><t xml:space="preserve">{}</t></si>',
    "<si><r><rPr><b/></rPr><t>{}</t></r><r><t>z</t></r></si>",
    '<si><t>{}</t><rPh sb="0" eb="1"><t>读音</t></rPh></si>',
)


def row_of(path: Path, *cells: str, **more: str) -> RawRows:
    body = "".join(f'<row r="{n}">{c}</row>' for n, c in enumerate(cells, 2))
    return read(sheet_xml.xlsx(path, HEADER + body, **more), COLUMNS)  # type: ignore[arg-type]


class Writer:
    """A random sheet in the grammar of the fast lane."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)
        self.shared: list[str] = []

    def rows(self) -> str:
        number, rows = 0, []
        for _ in range(self.random.randrange(1, 30)):
            number += self.random.choice([1, 1, 1, 2, 50])
            cells = "".join(self.cells(number))
            rows.append(f'<row r="{number}" spans="1:9">{cells}</row>' if cells else f'<row r="{number}"/>')
        return "".join(rows)

    def cells(self, row: int) -> list[str]:
        column, cells = -1, []
        for _ in range(self.random.randrange(9)):
            column += self.random.choice([1, 1, 1, 3, 30])
            cells.append(self.cell(f"{letters(column)}{row}"))
        return cells

    def cell(self, at: str) -> str:
        pick = self.random.choice
        style = pick(["", f' s="{self.random.randrange(6)}"'])
        text = pick(TEXTS)
        self.shared.append(pick(SHARED).format(pick(TEXTS)))
        return pick([
            f'<c r="{at}"{style} t="s"><v>{len(self.shared) - 1}</v></c>',
            f'<c r="{at}"{style}><v>{pick(NUMBERS)}</v></c>',
            f'<c r="{at}" t="n"{style}><v>{pick(NUMBERS)}</v></c>',
            f'<c r="{at}"><v>{pick(LONG)}</v></c>',
            f'<c r="{at}"{style} t="inlineStr"><is><t>{text}</t></is></c>',
            f'<c r="{at}" t="str"><f>A1&amp;"x"</f><v>{text}</v></c>',
            f'<c r="{at}"><f t="shared" si="0"/><v>3</v></c>',
            f'<c r="{at}" t="b"><v>{self.random.randrange(2)}</v></c>',
            f'<c r="{at}"{style}/>',
            f'<c r="{at}"{style}></c>',
        ])  # fmt: skip


def letters(column: int) -> str:
    text, rest = "", column + 1
    while rest:
        rest, digit = divmod(rest - 1, 26)
        text = chr(65 + digit) + text
    return text


def trimmed(cells: list[str]) -> list[str]:
    return cells[: max((i for i, c in enumerate(cells, 1) if c), default=0)]


@pytest.mark.parametrize("chunk", [64, 1_000, 4 << 20])
def test_both_ways_give_the_same_cells(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, chunk: int) -> None:
    monkeypatch.setattr(xlsx_lane, "CHUNK", chunk)
    path, compared = tmp_path / "a.xlsx", 0
    for seed in range(25):
        writer = Writer(seed)
        rows = writer.rows()
        sheet_xml.xlsx(path, rows, shared="".join(writer.shared), date1904=seed % 2 == 1)
        (fast,) = xlsx_lane.grids(path, "a.xlsx", lambda _: iter(()))
        if not fast.height:
            continue
        (careful,) = books.by_calamine(path, "a.xlsx", "xlsx").grids
        assert fast.height == careful.height
        for (line, cells), (number, others) in zip_longest(fast.rows(), careful.rows(), fillvalue=(0, [])):
            assert (line, trimmed(cells)) == (number, trimmed(others)), (seed, line)
            compared += len(trimmed(cells))
    assert compared > 500


def test_errors_and_formulas_without_a_value(tmp_path: Path) -> None:
    result = row_of(
        tmp_path / "a.xlsx",
        '<c r="A2" t="str"><f>X</f><v>甲</v></c><c r="B2" t="e"><v>#N/A</v></c>',
        '<c r="A3" t="str"><f>X</f><v>乙</v></c><c r="B3"><f>1+1</f></c>',
    )
    assert result.table.to_pylist() == [
        {"name": "甲", "value": "#N/A", "_line": 2},
        {"name": "乙", "value": None, "_line": 3},
    ]
    assert {n.kind for n in result.notes} == {"error_cells", "formula_cells"}
    assert all("1 cells" in n.message or "1 formulas" in n.message for n in result.notes)


def test_the_careful_way_tells_what_it_leaves_empty(tmp_path: Path) -> None:
    error = '<c r="A2" t="inlineStr"><is><t>甲</t></is></c><c r="B2" t="e"><v>#N/A</v></c>'
    odd = '<c r="A3" t="inlineStr"><is><r><t>乙</t></r></is></c><c r="B3"><f>1+1</f></c>'
    body = f'<row r="2">{error}</row><row r="3">{odd}</row>'
    result = read(sheet_xml.xlsx(tmp_path / "a.xlsx", HEADER + body), COLUMNS)
    assert result.table.num_rows == 2
    assert {n.kind for n in result.notes} >= {"error_cells", "formula_cells"}


def test_blanks_of_a_text_stay(tmp_path: Path) -> None:
    result = row_of(tmp_path / "a.xlsx", '<c r="A2" t="s"><v>0</v></c>', shared="<si><t> 张三 </t></si>")
    assert result.table["name"].to_pylist() == [" 张三 "]


def test_an_identifier_that_a_date_form_hides_is_not_lost(tmp_path: Path) -> None:
    result = row_of(
        tmp_path / "a.xlsx", '<c r="A2" s="1"><v>110105199003074321</v></c><c r="B2" s="1"><v>45000</v></c>'
    )
    assert result.table["name"].to_pylist() == ["1.1010519900307432E+17"]
    assert result.table["value"].to_pylist() == ["2023-03-15"]


def test_serial_numbers_without_a_date_form_stay_numbers(tmp_path: Path) -> None:
    result = row_of(tmp_path / "a.xlsx", '<c r="A2"><v>45000</v></c>')
    assert result.table["name"].to_pylist() == ["45000"]


def test_the_calendar_of_1904(tmp_path: Path) -> None:
    path = sheet_xml.xlsx(
        tmp_path / "a.xlsx", HEADER + '<row r="2"><c r="A2" s="1"><v>43538</v></c></row>', date1904=True
    )
    assert read(path, COLUMNS).table["name"].to_pylist() == ["2023-03-15"]


@pytest.mark.parametrize(
    "row",
    [
        '<row r="2"><c r="A2" cm="1"><v>1</v></c></row>',
        "<row r='2'><c r='A2'><v>1</v></c></row>",
        '<row r="2"><c r ="A2"><v>1</v></c></row>',
        "<row><c><v>1</v></c></row>",
        '<row r="2"><!-- x --><c r="A2"><v>1</v></c></row>',
        '<row r="2"><c r="A2" t="inlineStr"><is><r><t>1</t></r></is></c></row>',
        '<row r="2"><c r="A2" t="str"><v>1</v></c><c r="B2" t="str"><v>a>b</v></c></row>',
    ],
)
@pytest.mark.parametrize("below", [0, 400])
def test_what_is_not_plainly_written_is_read_the_careful_way(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, row: str, below: int
) -> None:
    monkeypatch.setattr(xlsx_lane, "CHUNK", 4_096)
    plain = "".join(f'<row r="{n}"><c r="A{n}"><v>7</v></c></row>' for n in range(2, below + 2))
    path = sheet_xml.xlsx(tmp_path / "a.xlsx", HEADER + plain + row.replace("2", str(below + 2)))
    result = read(path, COLUMNS)
    assert result.table["name"].to_pylist() == ["7"] * below + ["1"]
    assert result.table["_line"].to_pylist()[-1] == below + 2
    assert (result.physical, result.blank) == (below + 2, 0)


def test_a_cell_that_stands_in_another_row_is_never_lost(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(xlsx_lane, "CHUNK", 4_096)
    plain = "".join(f'<row r="{n}"><c r="A{n}"><v>7</v></c></row>' for n in range(2, 402))
    astray = '<row r="402"><c r="A402"><v>1</v></c><c r="C5"><v>2</v></c></row>'
    with pytest.raises(CorruptFile, match="not in the rows they stand in"):
        read(sheet_xml.xlsx(tmp_path / "a.xlsx", HEADER + plain + astray), COLUMNS)


def test_far_corners_cost_nothing_when_plainly_written_and_are_refused_otherwise(tmp_path: Path) -> None:
    far = '<row r="1048576"><c r="XFD1048576"><v>1</v></c></row>'
    result = read(sheet_xml.xlsx(tmp_path / "a.xlsx", HEADER + far), COLUMNS)
    assert (result.physical, result.blank, result.table.num_rows) == (1_048_576, 1_048_574, 1)
    assert any(n.kind == "beyond_header" and "1048576" in n.message for n in result.notes)
    for hidden in (
        far.replace('r="X', 'r ="X'),
        far.replace('"1048576"', '"4000000000"').replace("XFD1048576", "A4000000000"),
    ):
        with pytest.raises(Bomb, match="more than 67108864 cells"):
            read(sheet_xml.xlsx(tmp_path / "b.xlsx", HEADER + hidden), COLUMNS)
    unnamed = "<row>" + "<c/>" * 16_383 + '<c><v>1</v></c></row><row r="1048576"><c><v>1</v></c></row>'
    with pytest.raises(Bomb, match="1048576 rows by 16384 columns"):
        read(sheet_xml.xlsx(tmp_path / "c.xlsx", HEADER + unnamed), COLUMNS)


def test_a_dense_corner_of_a_thousand_columns_is_not_built_for_a_hundred_thousand_rows(tmp_path: Path) -> None:
    wide = '<row r="2">' + "".join(f'<c r="{letters(n)}2"><v>1</v></c>' for n in range(16_384)) + "</row>"
    tall = "".join(f'<row r="{n}"><c r="A{n}"><v>1</v></c></row>' for n in range(3, 30_000))
    with pytest.raises(Bomb):
        read(sheet_xml.xlsx(tmp_path / "a.xlsx", HEADER + wide + tall), COLUMNS)


def test_no_entities_of_its_own(tmp_path: Path) -> None:
    evil = (
        f'<!DOCTYPE x [<!ENTITY a "aaaaaaaa">]><worksheet {sheet_xml.MAIN}><sheetData>{HEADER}</sheetData></worksheet>'
    )
    with pytest.raises(Irregular):
        xlsx_lane.grids(sheet_xml.xlsx(tmp_path / "a.xlsx", "", whole=evil), "a.xlsx", lambda _: iter(()))
