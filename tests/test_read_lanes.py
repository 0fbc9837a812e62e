"""The two lanes of delimited text agree, the control count agrees with both, and no input loses a row."""

from __future__ import annotations

from pathlib import Path

import hypothesis.strategies as st
import pytest
from hypothesis import event, example, given, settings

from shuyuan.reader.rows import Column, Contract, Dialect, Parts
from shuyuan.reader.texts import delimited, lanes, layout, text
from shuyuan.reader.texts.tokens import torn

CONTRACT = Contract((Column("a", ("甲",)), Column("b", ("乙",)), Column("c", ("丙",), required=False)))
HEADER = "甲,x,乙,\n"
WORDS = st.sampled_from(
    ["", "", "1", "007", " ", "\u3000", "中文", "𠮷", "a b", "\x1f", "\x85", "合计", "注：x", "\ufeff"]
)
QUOTED = st.text(st.sampled_from('a中, \n"\x85'), max_size=5).map(lambda s: '"' + s.replace('"', '""') + '"')
CELL = st.one_of(WORDS, WORDS, QUOTED)
ROW = st.lists(CELL, min_size=0, max_size=6).map(",".join)
CLEAN = st.tuples(st.lists(ROW, max_size=12), st.sampled_from(["\n", "\r\n"]), st.booleans())
SOUP = st.text(st.sampled_from('a中1,,"\n\r \0'), max_size=60)


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("lanes") / "a.csv"


def outcome(source: text.Text, lane: str | None) -> tuple[Parts, str]:
    _, parts, taken = lanes.read_delimited(source, CONTRACT, lane)
    rest = parts.table.num_rows + len(parts.rejects) + parts.blank + parts.preamble
    assert parts.physical == rest
    return parts, taken


def comparable(parts: Parts) -> tuple[object, ...]:
    notes = [n for n in parts.notes if n.kind != "careful_lane"]
    rejects = sorted(parts.rejects, key=lambda r: r.line)
    return parts.table.to_pylist(), rejects, parts.physical, parts.blank, parts.preamble, notes


@settings(max_examples=400, deadline=None)
@given(CLEAN, st.sampled_from(["utf-8", "gb18030", "utf-16"]))
@example((["1,,2,", "1,2,3,4,5", '""', "", " , ,,", '"a\nb",,"",'], "\r\n", False), "utf-8")
def test_lanes_agree(path: Path, body: tuple[list[str], str, bool], encoding: str) -> None:
    rows, end, closed = body
    whole = end.join([HEADER.rstrip("\n"), *rows]) + (end if closed else "")
    path.write_bytes(whole.encode(encoding))
    source = text.load(path, path.name)
    quick, lane = outcome(source, None)
    event(lane)
    slow, _ = outcome(source, "careful")
    assert lane == "fast"
    assert quick.table.schema == slow.table.schema
    assert comparable(quick) == comparable(slow)


@settings(max_examples=400, deadline=None)
@given(SOUP)
@example('1,"a\n2,b,c\n"x"y,\n')
def test_any_soup_is_accounted_for(path: Path, soup: str) -> None:
    path.write_bytes((HEADER + soup).encode())
    source = text.load(path, path.name)
    parts, lane = outcome(source, None)
    event(lane)
    assert comparable(parts) == comparable(outcome(source, "careful")[0])


@settings(max_examples=300, deadline=None)
@given(SOUP.map("中\n".__add__))
def test_where_the_layout_speaks_it_counts_as_the_pattern_does(path: Path, soup: str) -> None:
    path.write_bytes(soup.encode())
    source = text.load(path, path.name)
    where = layout.regular(source.data[:], source.start, ",")
    records = list(delimited.records(text.lines(source), ","))
    assert delimited.count(source, ",") == len(records)
    if where is not None:
        event("layout")
        assert list(where.lines) == [r.line for r in records]


@settings(max_examples=300, deadline=None)
@given(SOUP.map("中\n".__add__))
def test_the_irregular_layout_sees_the_records_that_the_csv_module_sees(path: Path, soup: str) -> None:
    data = soup.encode()
    where = layout.Irregular(data, 0, len(data), ",", final=True).layout()
    path.write_bytes(data)
    records = list(delimited.records(text.lines(text.load(path, path.name)), ","))
    assert list(where.lines) == [r.line for r in records]
    assert [not stray for stray in where.stray] == [r.sound and not torn(r.raw, Dialect()) for r in records]
    assert where.height == sum(r.height for r in records)


@pytest.mark.parametrize("encoding", ["utf-8", "gb18030"])
def test_small_pieces_give_what_one_piece_gives(path: Path, encoding: str, monkeypatch: pytest.MonkeyPatch) -> None:
    rows = [f'{i},"中\n文{i}",{i},' if i % 5 else (f'{i},"x"y,,' if i % 2 else f"{i},短") for i in range(3_000)]
    path.write_bytes((HEADER + "\r\n".join([*rows, "合计,,3,"])).encode(encoding))
    whole = outcome(text.load(path, path.name), None)[0]
    monkeypatch.setattr(layout, "PIECE", 997)
    small, lane = outcome(text.load(path, path.name), None)
    assert lane == "careful"
    assert comparable(small) == comparable(whole) == comparable(outcome(text.load(path, path.name), "careful")[0])


def test_a_large_file_of_several_blocks_keeps_lines_and_odd_rows(path: Path) -> None:
    body = "".join(f'{i},"中\n文",{i},\n' if i % 7 else f"{i},short\n\n" for i in range(60_000))
    path.write_bytes((HEADER + body).encode())
    source = text.load(path, path.name)
    quick, lane = outcome(source, None)
    slow, _ = outcome(source, "careful")
    assert lane == "fast"
    assert quick.table.equals(slow.table.combine_chunks())
    assert sorted(quick.rejects, key=lambda r: r.line) == slow.rejects
    assert len(slow.rejects) == quick.blank == 60_000 // 7 + 1


STRAY_END = '"x"y,b,c\n'


@pytest.mark.parametrize(
    "body",
    [
        "".join(f'{i},"' + "长\n" * 9_000 + f'",{i},\n' for i in range(40)),
        '5" pipe,"' + "y\n" * 60_000 + '",b,\n',
        ('1,"' + "a" * 65_520 + '""' + "b" * 20 + "\n" + "c" * 3_000 + '",b,\n') * 2,
        '"a\nb",' + "y" * 100_000 + ",c,\n",
    ],
    ids=["many long records", "a quote as a letter", "a doubled quote on the border", "a long bare tail"],
)
def test_long_records_beside_a_stray_quote_are_read_as_the_careful_lane_reads_them(path: Path, body: str) -> None:
    path.write_text(HEADER + body + STRAY_END, "utf-8")
    quick, _ = outcome(text.load(path, path.name), None)
    assert comparable(quick) == comparable(outcome(text.load(path, path.name), "careful")[0])


def test_columns_that_a_large_file_does_not_carry(path: Path) -> None:
    rows = "".join(f"{i},x,{i % 3},\n" for i in range(60_000))
    path.write_text(HEADER + rows, "utf-8")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(layout, "PIECE", len(rows) - 40)
        work = lanes.rows(text.load(path, path.name), CONTRACT, compact=True)
        tables = list(work.batched().batches)
    assert len({str(table.schema) for table in tables}) == 1
    assert sum(table.num_rows for table in tables) == 60_000
