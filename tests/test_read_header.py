"""Finding the header and mapping it to the contract; drift is noted, contradictions are refused."""

from __future__ import annotations

from pathlib import Path

import openpyxl
import pytest

from shuyuan.reader import header
from shuyuan.reader import read as door
from shuyuan.reader.errors import AmbiguousColumn, ConservationError, HeaderNotFound, MissingColumn, ReadError
from shuyuan.reader.read import Column, RawRows, read

NAME = Column("name", ("企业名称", "单位名称"))
CODE = Column("uscc", ("统一社会信用代码（法人_1）",))
AREA = Column("area", ("所在区",), required=False)
COLUMNS = (NAME, CODE, AREA)


def given(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "b.csv"
    path.write_text(text, encoding="utf-8", newline="")
    return path


def notes(result: RawRows) -> dict[str, str]:
    return {n.kind: n.message for n in result.notes}


@pytest.mark.parametrize(
    "text",
    [
        "统一社会信用代码(法人_1)",
        "统一社会信用代码（法人＿1）",
        " 统一社会 信用代码（法人_1） ",
        "统一社会信用\n代码（法人_1）",
        "USCC",
    ],
)
def test_header_texts_match_without_width_and_blanks(tmp_path: Path, text: str) -> None:
    result = read(given(tmp_path, f'"{text}",企业名称\n91,甲\n'), COLUMNS)
    assert result.table["uscc"].to_pylist() == ["91"]


def test_normalise_keeps_different_words_apart() -> None:
    assert header.normalise("企业名称") != header.normalise("企业名")


def test_header_below_a_preamble(tmp_path: Path) -> None:
    text = "某市企业名单,,\n,,\n填报单位：某局,,\n企业名称,统一社会信用代码(法人_1),所在区\n甲,91,东城\n"
    result = read(given(tmp_path, text), COLUMNS)
    assert (result.preamble, result.blank, result.physical) == (4, 0, 5)
    assert result.table["_line"].to_pylist() == [5]


def test_header_beyond_thirty_rows_is_not_looked_for(tmp_path: Path) -> None:
    body = "说明,\n" * 30 + "企业名称,统一社会信用代码(法人_1)\n甲,91\n"
    path = given(tmp_path, body)
    with pytest.raises(HeaderNotFound):
        read(path, COLUMNS)
    assert read(path, COLUMNS, header_row=31).table.num_rows == 1


def test_header_not_found_names_what_is_missing(tmp_path: Path) -> None:
    with pytest.raises(HeaderNotFound) as caught:
        read(given(tmp_path, "甲,91\n乙,92\n"), COLUMNS)
    message = str(caught.value)
    for part in ("b.csv", "line 1", "企业名称", "统一社会信用代码（法人_1）", "甲", "Way out"):
        assert part in message


def test_forced_header_row_that_is_none(tmp_path: Path) -> None:
    with pytest.raises(HeaderNotFound, match="line 2"):
        read(given(tmp_path, "企业名称,统一社会信用代码(法人_1)\n甲,91\n"), COLUMNS, header_row=2)


def test_missing_required_column(tmp_path: Path) -> None:
    with pytest.raises(MissingColumn) as caught:
        read(given(tmp_path, "企业名称,所在区\n甲,东城\n"), COLUMNS)
    assert (caught.value.line, caught.value.column, caught.value.code) == (1, "uscc", "missing_column")
    assert "统一社会信用代码（法人_1）" in str(caught.value)


def test_a_column_found_twice_is_ambiguous(tmp_path: Path) -> None:
    with pytest.raises(AmbiguousColumn, match="'单位名称' \\(column 3\\)") as caught:
        read(given(tmp_path, "企业名称,统一社会信用代码(法人_1),单位名称\n甲,91,乙\n"), COLUMNS)
    assert isinstance(caught.value, MissingColumn)
    assert caught.value.column == "name"


def test_a_label_beats_another_columns_alias(tmp_path: Path) -> None:
    columns = (Column("a", ("甲名", "名称")), Column("b", ("名称",)))
    result = read(given(tmp_path, "甲名,名称\n1,2\n"), columns)
    assert result.table.to_pylist() == [{"a": "1", "b": "2", "_line": 2}]


def test_drift_is_noted(tmp_path: Path) -> None:
    text = "统一社会信用代码(法人_1),电话,,电话,企业名称\n91,1,2,3,甲\n"
    result = read(given(tmp_path, text), COLUMNS)
    found = notes(result)
    assert result.table.to_pylist() == [{"name": "甲", "uscc": "91", "area": None, "_line": 2}]
    assert "area" in found["missing_column"]
    assert "电话" in found["extra_column"]
    assert "电话" in found["duplicate_header"]
    assert "3" in found["empty_header"]
    assert found["reordered"].startswith("columns came as uscc、name")


def test_no_drift_no_note(tmp_path: Path) -> None:
    result = read(given(tmp_path, "企业名称,统一社会信用代码(法人_1),所在区\n甲,91,东城\n"), COLUMNS)
    assert result.notes == ()


def test_constants_stand_for_columns_the_file_lacks(tmp_path: Path) -> None:
    path = given(tmp_path, "企业名称,所在区\n甲,东城\n乙,,\n")
    result = read(path, COLUMNS, constants={"uscc": "91", "area": "西城"})
    assert result.table["uscc"].to_pylist() == ["91", "91"]
    assert result.table["area"].to_pylist() == ["东城", None]
    assert "constant_unused" in notes(result)


def test_quotes_around_a_damaged_header_do_not_hide_it(tmp_path: Path) -> None:
    result = read(given(tmp_path, '"企业名称,统一社会信用代码(法人_1)\n甲,91\n'), COLUMNS)
    assert result.table["name"].to_pylist() == ["甲"]


def test_every_refusal_is_a_read_error_with_its_own_code() -> None:
    def tree(kind: type[ReadError]) -> list[type[ReadError]]:
        return [kind, *(k for sub in kind.__subclasses__() for k in tree(sub))]

    # Other files of the room add refusals of their own (a bad control file), if they happen to be imported.
    codes = [k.code for k in tree(ReadError) if k.__module__ == ReadError.__module__]
    assert len(codes) == len(set(codes)) == 14


def test_rows_that_do_not_add_up_are_refused(tmp_path: Path) -> None:
    from dataclasses import replace

    with door.stream(given(tmp_path, "企业名称,统一社会信用代码(法人_1)\n甲,91\n"), COLUMNS) as reading:
        assert [batch.num_rows for batch in reading.batches()] == [1]
        account = reading.account()
    with pytest.raises(ConservationError, match=r"3 physical rows, but 2 accounted for"):
        door.conserve(replace(account, physical=3))


TWO_ROWS = "退税名单\n序号,纳税人信息,,退税信息,,备注\n,名称,信用代码,金额,日期,\n1,甲,91,5,2026-01-01,无\n2,乙,92,6,2026-01-02,\n"


def test_a_header_of_two_rows_is_read_when_one_alone_is_not_enough(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text(TWO_ROWS, "utf-8")
    columns = [
        Column("no", ("序号",)),
        Column("name", ("名称",)),
        Column("amount", ("退税信息/金额",)),
        Column("note", ("备注",)),
    ]
    result = read(path, columns)
    assert result.table.drop_columns(["_line"]).to_pylist() == [
        {"no": "1", "name": "甲", "amount": "5", "note": "无"},
        {"no": "2", "name": "乙", "amount": "6", "note": None},
    ]
    assert (result.physical, result.preamble, result.table["_line"][0].as_py()) == (5, 3, 4)


def test_a_header_of_two_rows_in_a_book(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    for line in TWO_ROWS.splitlines():
        book.active.append([cell or None for cell in line.split(",")])
    book.save(tmp_path / "a.xlsx")
    result = read(
        tmp_path / "a.xlsx", [Column("no", ("序号",)), Column("code", ("信用代码",)), Column("note", ("备注",))]
    )
    assert result.table["code"].to_pylist() == ["91", "92"] and result.preamble == 3


def test_data_below_a_whole_header_are_never_header(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("序号,名称\n备注,乙\n", "utf-8")
    with pytest.raises(MissingColumn):
        read(path, [Column("no", ("序号",)), Column("name", ("名称",)), Column("x", ("金额",))])
    assert read(path, [Column("no", ("序号",)), Column("name", ("名称",))]).table.num_rows == 1
