"""What a file really is: told by its content, whatever its name says."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from shuyuan.reader import formats
from shuyuan.reader.errors import UnknownFormat

ROWS = [{"姓名": "张三", "值": 1}, {"姓名": "李四", "值": 2}]
CELLS = "<table><tr><td>姓名</td><td>值</td></tr></table>"


def kind(tmp_path: Path, content: bytes) -> str:
    path = tmp_path / "a.xls"
    path.write_bytes(content)
    return formats.detect(path, path.name)


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (json.dumps(ROWS), "json"),
        (json.dumps(ROWS, indent=2), "json"),
        (json.dumps({"code": 0, "result": {"list": ROWS}}), "json"),
        (json.dumps({"data": ROWS}, indent=1), "json"),
        ("[]", "json"),
        ("\n".join(map(json.dumps, ROWS)), "jsonl"),
        (json.dumps(ROWS[0]), "jsonl"),
        (json.dumps({"姓名": "张三", "子女": {"名": ["a"]}}) + "\n{}", "jsonl"),
        ('{"broken": \n{"姓名": "张三"}\n', "jsonl"),
        ("{x},1\n2,3\n", "csv"),
        ("姓名,值\n张三,1\n", "csv"),
        ("姓名\t值\n张三\t1\n", "csv"),
        ("[1],2\n", "csv"),
        ("0123456789abcdef" * 40, "csv"),
        (f"<html><body>{CELLS}</body></html>", "html"),
        (f"<!-- exported -->\n<style>td {{}}</style>{CELLS.upper()}", "html"),
    ],
)
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be"])
def test_texts_in_any_encoding(tmp_path: Path, content: str, expected: str, encoding: str) -> None:
    assert kind(tmp_path, content.encode(encoding)) == expected


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("<html><p>登录超时</p></html>", "html"),
        ('<?xml version="1.0"?><Workbook xmlns="urn:schemas-microsoft-com:office:spreadsheet"/>', "SpreadsheetML 2003"),
        ('<?xml version="1.0"?><rows/>', "xml"),
    ],
)
def test_pages_without_a_table_are_refused_by_name(tmp_path: Path, content: str, words: str) -> None:
    with pytest.raises(UnknownFormat, match=f"{words}.*save it as xlsx"):
        kind(tmp_path, content.encode())


@pytest.mark.parametrize("start", [b"\x03", b"0", b"C", b"c"])
def test_texts_that_start_like_dbase_are_texts(tmp_path: Path, start: bytes) -> None:
    assert kind(tmp_path, start + b"1,2,3\n" * 30) == "csv"


def test_names_that_suit() -> None:
    assert formats.suits_name("dbf", "A.DBF")
    assert formats.suits_name("html", "a.htm")
    assert formats.suits_name("json", "a.json")
    assert not formats.suits_name("html", "a.xls")
