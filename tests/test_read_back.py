"""Random tables, written in every format, dialect and encoding, come back as they were: by contract, by form, and found by nobody's word."""

from __future__ import annotations

import datetime as dt
import io
import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from xml.sax.saxutils import escape

import bench_modules
import hypothesis.strategies as st
import openpyxl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, example, given, settings

from shuyuan.reader.cells import number
from shuyuan.reader.read import Column, Dialect, Form, RawRows, read, stream
from shuyuan.reader.records import json_rows
from shuyuan.reader.texts import lanes, layout
from shuyuan.survey import tables

CORPUS = bench_modules.load("fuzz_corpus")
HEADERS = ("编号", "姓名", "日期", "金额", "备注")
COLUMNS = tuple(Column(f"c{i}", (h,), required=i < 2) for i, h in enumerate(HEADERS))
Rows = list[list[str]]


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("back") / "delivery.csv"


def rows_of(result: RawRows) -> Rows:
    return [[c or "" for c in row.values()] for row in result.table.drop_columns(["_line"]).to_pylist()]


RICH = st.text(st.sampled_from("a1中𠮷·,;|\t\"'\\ \n\r\u3000\u00e9\ufeff\u2028"), max_size=8)
TAME = st.text(st.sampled_from("ab中𠮷·é/"), max_size=6)
DAYS = st.dates(dt.date(1950, 1, 1), dt.date(2024, 12, 31))
AMOUNTS = st.integers(-10_000_000, 10_000_000).map(lambda n: n / 4)


@st.composite
def of_rows(draw: st.DrawFn, words: st.SearchStrategy[str], least: int = 0) -> Rows:
    """Rows of the five columns: a code of its own, a name, a day, an amount, and `words`."""
    height = draw(st.integers(least, 12))
    return [
        [
            f"K{n:03}",
            draw(st.sampled_from(["张三", "李四光", "𠮷田·木"])),
            draw(DAYS).isoformat(),
            number(draw(AMOUNTS)),
            draw(words),
        ]
        for n in range(height)
    ]


def by_form(path: Path, form: Form) -> Rows:
    places = [Column(f"p{i}", ()) for i in range(len(form.names))]
    with stream(path, places, form=replace(form, names=tuple(c.name for c in places))) as reading:
        table = pa.concat_tables(list(reading.batches()))
        assert reading.account().rejected == 0
    return [[c or "" for c in row.values()] for row in table.drop_columns(["_line"]).to_pylist()]


def found_rows(path: Path, kind: str) -> Rows:
    """The file's one table as the survey finds and reads it."""
    (found,) = tables.found(path, kind)
    assert found.labels == HEADERS
    with tables.rows(path, found) as reading:
        table = pa.concat_tables(list(reading.batches()))
        assert reading.account().rejected == 0
    return [[c or "" for c in row.values()] for row in table.drop_columns(["_line"]).to_pylist()]


def back(path: Path, content: bytes, rows: Rows) -> None:
    """Written as `content`, the table comes back by contract."""
    path.write_bytes(content)
    result = read(path, COLUMNS)
    assert rows_of(result) == rows
    assert result.rejects == ()


MARKS = {"utf-16-le": b"\xff\xfe", "utf-16-be": b"\xfe\xff"}


@settings(max_examples=120, deadline=None)
@given(
    of_rows(RICH),
    st.sampled_from(",;\t|"),
    st.sampled_from(["\n", "\r\n", "\r"]),
    st.sampled_from(["utf-8", "utf-8-sig", "gb18030", *MARKS]),
)
def test_delimited_texts(path: Path, rows: Rows, delimiter: str, end: str, encoding: str) -> None:
    content = _written([list(HEADERS), *rows], Dialect(delimiter), end)
    back(path, MARKS.get(encoding, b"") + content.encode(encoding), rows)


def _written(rows: Sequence[Sequence[str]], how: Dialect, end: str = "\n") -> str:
    return str(CORPUS.text(rows, how, end))


def _dialects() -> list[Dialect]:
    quoted = [Dialect(d, q, e) for d in (",", "||", "@@", "^", ", ", "\x01") for q in ('"', "'") for e in ("", "\\")]
    return [*quoted, Dialect(",", '"', "", "#")]


@settings(max_examples=120, deadline=None)
@given(of_rows(RICH, 1), st.sampled_from(_dialects()), st.sampled_from(["utf-8", "gb18030"]))
def test_any_dialect_by_its_form(path: Path, rows: Rows, how: Dialect, encoding: str) -> None:
    path.write_bytes(_written([list(HEADERS), *rows], how).encode(encoding))
    assert by_form(path, Form(HEADERS, (1,), how)) == rows


@settings(max_examples=60, deadline=None)
@given(
    of_rows(TAME, 6),
    st.sampled_from(
        [Dialect(d) for d in (",", ";", "\t", "|", "||", "@@", "\x01")] + [Dialect("", "", widths=(10, 14, 14, 14, 10))]
    ),
    st.sampled_from(["utf-8", "gb18030"]),
)
def test_a_dialect_that_nobody_told(path: Path, rows: Rows, how: Dialect, encoding: str) -> None:
    path.write_bytes(_written([list(HEADERS), *rows], how).encode(encoding))
    assert found_rows(path, "csv") == rows
    assert rows_of(read(path, COLUMNS)) == rows


ANY = st.text(st.characters(exclude_categories=("Cs",), exclude_characters="\0"), max_size=12)
VALUES = st.one_of(
    ANY,
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(allow_nan=False, allow_infinity=False),
    st.lists(ANY, max_size=2),
)


def _json_text(value: object) -> str:
    if value is None or isinstance(value, str):
        return value or ""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


@settings(max_examples=80, deadline=None)
@given(
    of_rows(TAME, 1),
    st.lists(VALUES, min_size=12, max_size=12),
    st.booleans(),
    st.booleans(),
    st.sampled_from(["utf-8", "gb18030", "utf-16"]),
)
@example([["K000", "张三", "", "", ""]], ["\x1a"] * 12, False, True, "utf-8")
def test_json(path: Path, rows: Rows, values: list[object], lines: bool, ascii_only: bool, encoding: str) -> None:
    objects = [dict(zip(HEADERS, [*row[:4], value], strict=True)) for row, value in zip(rows, values, strict=False)]
    words = [json.dumps(o, ensure_ascii=ascii_only) for o in objects]
    content = "\n".join(words) if lines else "[" + ",\n".join(words) + "]"
    expected = [[*row[:4], _json_text(value)] for row, value in zip(rows, values, strict=False)]
    back(path, content.encode(encoding), expected)
    assert found_rows(path, "jsonl" if lines else "json") == expected


SHEET_CELLS = st.one_of(
    st.text(st.sampled_from("a1中𠮷·,\"'&<> \n\u3000"), max_size=6).filter(
        lambda s: s == "" or bool(s.strip() and s[0] != "=")
    ),
    st.none(),
    st.booleans(),
    AMOUNTS,
    DAYS,
)


def _sheet_text(value: object) -> str:
    if value is None or isinstance(value, str):
        return value or ""
    if isinstance(value, bool):
        return str(value).upper()
    return value.isoformat() if isinstance(value, dt.date) else number(float(value))  # type: ignore[arg-type]


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(of_rows(TAME, 3), st.lists(SHEET_CELLS, min_size=12, max_size=12))
def test_xlsx(path: Path, rows: Rows, values: list[object]) -> None:
    book, out = openpyxl.Workbook(), io.BytesIO()
    book.active.append(HEADERS)
    for row, value in zip(rows, values, strict=False):
        book.active.append([*row[:2], dt.date.fromisoformat(row[2]), float(row[3]), value])
    book.save(out)
    expected = [[*row[:4], _sheet_text(value)] for row, value in zip(rows, values, strict=False)]
    back(path, out.getvalue(), expected)
    assert found_rows(path, "xlsx") == expected


def _ods(rows: Rows) -> bytes:
    def cell(value: str, kind: str) -> str:
        typed = {"float": f' office:value="{value}"', "date": f' office:date-value="{value}"'}.get(kind, "")
        shown = f"<text:p>{escape(value)}</text:p>"
        return (
            f'<table:table-cell office:value-type="{kind}"{typed}>{shown}</table:table-cell>'
            if value
            else "<table:table-cell/>"
        )

    types = ("string", "string", "date", "float", "string")
    parts = CORPUS.ods_parts()
    head, _, rest = parts["content.xml"].decode().partition("<table:table-row>")
    body = "".join(cell(c, "string") for c in HEADERS) + "</table:table-row>"
    body += "".join("<table:table-row>" + "".join(map(cell, row, types)) + "</table:table-row>" for row in rows)
    parts["content.xml"] = f"{head}<table:table-row>{body}</table:table>{rest.partition('</table:table>')[2]}".encode()
    return bytes(CORPUS.packed(parts))


@settings(max_examples=30, deadline=None)
@given(of_rows(TAME, 3))
def test_ods(path: Path, rows: Rows) -> None:
    back(path, _ods(rows), rows)
    assert found_rows(path, "ods") == rows


@settings(max_examples=40, deadline=None)
@given(of_rows(ANY))
def test_parquet(path: Path, rows: Rows) -> None:
    out = io.BytesIO()
    columns = {h: pa.array([row[i] for row in rows], pa.string()) for i, h in enumerate(HEADERS)}
    pq.write_table(pa.table(columns), out, row_group_size=5)
    back(path, out.getvalue(), rows)
    assert found_rows(path, "parquet") == rows


NARROW = st.text(st.sampled_from('ab中𠮷, \n"|'), max_size=5).map(lambda s: s.rstrip(" "))


@settings(max_examples=40, deadline=None)
@given(of_rows(NARROW, 1))
def test_dbf(path: Path, rows: Rows) -> None:
    written = CORPUS.dbf(rows, "gb18030", 0x4D).replace(b"\r*", b"\r ", 1)
    alive = [row for n, row in enumerate(rows) if n != 5]  # the writer marks its sixth record as deleted
    path.write_bytes(written)
    result = read(path, COLUMNS)
    assert rows_of(result) == alive
    assert [r.reason for r in result.rejects] == ["deleted_record"] * (len(rows) > 5)


@settings(max_examples=60, deadline=None)
@given(
    of_rows(RICH, 4), st.integers(40, 400), st.sampled_from(["utf-8", "gb18030"]), st.sampled_from(["\n", "\r\n", "\r"])
)
def test_pieces_of_any_size_give_the_same_rows(path: Path, rows: Rows, size: int, encoding: str, end: str) -> None:
    path.write_bytes(_written([list(HEADERS), *rows], Dialect(), end).encode(encoding) + b'K"x",1\n"open,1\n')
    whole = read(path, COLUMNS)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(layout, "PIECE", size)
        patch.setattr(lanes, "BATCH", 3)
        patch.setattr(json_rows, "CHUNK", 50)
        small = read(path, COLUMNS)
    assert small.table.equals(whole.table.combine_chunks()) or small.table.to_pylist() == whole.table.to_pylist()
    assert (small.rejects, small.physical, small.blank) == (whole.rejects, whole.physical, whole.blank)
