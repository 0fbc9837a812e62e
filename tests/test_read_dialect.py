"""Any text file cut into cells and its tables found without a contract: tokens, sniffing, files."""

from __future__ import annotations

import re
import tempfile
from collections.abc import Iterator, Sequence
from itertools import count
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shuyuan.reader import discover
from shuyuan.reader.read import stream
from shuyuan.reader.rows import MAX_FIELD, Column, Dialect
from shuyuan.reader.texts import delimited, dialect, fixed, tokens
from shuyuan.reader.texts.text import TEXT_LINE

RFC = Dialect()


def lines_of(text: str) -> list[str]:
    return TEXT_LINE.findall(text)


def cut(text: str, how: Dialect = RFC) -> list[tokens.Record]:
    return list(tokens.records(iter(lines_of(text)), how))


def cells_of(text: str, how: Dialect = RFC) -> list[list[str]]:
    return [r.cells for r in cut(text, how)]


def sniffed(text: str) -> Dialect:
    return dialect.sniff(lines_of(text)).dialect


def found(tmp_path: Path, content: str | bytes, encoding: str = "utf-8") -> discover.Found:
    path = tmp_path / "delivery.csv"
    path.write_bytes(content if isinstance(content, bytes) else content.encode(encoding))
    return discover.forms(path)


# ── tokens ──────────────────────────────────────────────────────────────────────────────────────


@given(st.text(alphabet="ab\", \n\r;'\\#", max_size=60))
@settings(max_examples=400, deadline=None)
def test_the_default_dialect_is_cut_as_the_csv_grammar_cuts_it(text: str) -> None:
    theirs = delimited.records(iter(lines_of(text)), ",")
    assert [(r.line, r.cells, r.raw, r.sound, r.height) for r in cut(text)] == [
        (r.line, r.cells, r.raw, r.sound, r.height) for r in theirs
    ]


DIALECTS = st.builds(
    Dialect,
    st.sampled_from([",", ";", "\t", "|", "||", ", ", "\x01", "@@", "^"]),
    st.sampled_from(['"', "'", ""]),
    st.sampled_from(["", "\\"]),
    st.sampled_from(["", "#"]),
)
WIDTHS = st.lists(st.integers(1, 6), min_size=2, max_size=4).map(lambda w: Dialect("", "", widths=tuple(w)))


@given(st.text(alphabet="a中\"'\\,;|# \t\n\r@", max_size=60), st.one_of(DIALECTS, WIDTHS))
@settings(max_examples=400, deadline=None)
def test_no_dialect_loses_a_line(text: str, how: Dialect) -> None:
    lines, at = lines_of(text), 0
    for record in tokens.records(iter(lines), how):
        assert record.line == at + 1
        assert record.raw == "".join(lines[at : at + record.height]).rstrip("\r\n")
        at += record.height
    assert at == len(lines)


@given(st.text(alphabet="ab\"'\\,;|\t@ ", max_size=30), DIALECTS)
@settings(max_examples=600, deadline=None)
def test_the_fast_way_cuts_as_the_grammar_does(body: str, how: Dialect) -> None:
    grammar = tokens._grammar(how)
    fast = grammar._on_one_line(body) if body else None
    if fast is not None:
        assert fast == grammar._cells([body], tokens._Feed(iter(())))


def test_a_stray_quote_costs_one_line_and_a_bounded_look_ahead() -> None:
    taken = count()

    def source() -> Iterator[str]:
        yield '"open,1\n'
        for _ in range(4 * MAX_FIELD // 100):
            next(taken)
            yield "x" * 99 + "\n"

    found = tokens.records(source(), RFC)
    first, second = next(found), next(found)
    assert (first.sound, first.height, second.line, second.sound) == (False, 1, 2, True)
    assert next(taken) <= MAX_FIELD // 100 + 2


def test_an_escape_takes_quotes_and_itself_and_leaves_letters_alone() -> None:
    how = Dialect(",", '"', "\\")
    assert cells_of('"say \\"hi\\"","a\\\\b",C:\\new,8\\\'9\n', how) == [['say "hi"', "a\\b", "C:\\new", "8\\'9"]]
    assert cells_of("a\\,b,c\n", how) == [["a,b", "c"]]
    assert cells_of("C:\\dir\\\nnext,2\n", how) == [["C:\\dir\\"], ["next", "2"]]


def test_an_apostrophe_inside_single_quotes_is_a_letter_on_its_own_line() -> None:
    how = Dialect(",", "'")
    assert cells_of("1,'it won't, really'\n2,'it''s'\n", how) == [["1", "it won't, really"], ["2", "it's"]]
    # a place name that begins with an apostrophe must not take the next rows with it
    assert [(r.line, r.sound) for r in cut("'s-Gravenhage,1\nO'Hara,2\nx,3\n", how)] == [
        (1, False),
        (2, True),
        (3, True),
    ]


def test_comment_lines_are_records_of_their_own() -> None:
    found = cut('# made by x, y\n1,2\n#end\n"#no\n#no",3\n', Dialect(comment="#"))
    assert [(r.line, r.comment) for r in found] == [(1, True), (2, False), (3, True), (4, False)]
    assert found[3].cells == ["#no\n#no", "3"]


def test_fixed_width_counts_a_chinese_character_as_two_columns() -> None:
    how = Dialect("", "", widths=(10, 6, 4))
    assert cells_of("张三      男    12\nLi Si     F     7\n欧阳娜娜\n", how) == [
        ["张三", "男", "12"],
        ["Li Si", "F", "7"],
        ["欧阳娜娜", "", ""],
    ]
    assert [r.sound for r in cut("阿不都热合曼江男    12\n一二三四五男\na一二三四五男\n", how)] == [False, False, False]


def test_a_quoted_cell_cut_in_two_is_told() -> None:
    assert tokens.torn('8.20"Tee, long",x,', RFC)
    for sound in ('a,"b, c",d', 'table 24",chair', '"5"" pipe","6"""', "a,b", '24",36"'):
        assert not tokens.torn(sound, RFC), sound


# ── sniffing ────────────────────────────────────────────────────────────────────────────────────

ROWS = [
    ["序号", "企业名称", "登记日期", "注册资本", "地址"],
    ["1", "京城建设有限公司", "2021-03-04", "1200.50", "东城区; 北门 | 3号"],
    ["2", "东风, 西雨商行", "2020-11-30", "88", "西城区"],
    ["3", "say it", "2019-01-02", "3000000", "海淀区 'old' town"],
    ["4", "甲乙丙", "2018-07-15", "15.75", "朝阳区"],
]


def written(rows: Sequence[Sequence[str]], how: Dialect, end: str = "\n", quote_all: bool = False) -> str:
    return "".join(how.delimiter.join(_cell(c, how, quote_all) for c in row) + end for row in rows)


def _cell(cell: str, how: Dialect, quote_all: bool) -> str:
    special = [how.delimiter, how.delimiter[0], how.quote, how.escape, "\n", "\r"]
    if how.quote and (quote_all or any(s and s in cell for s in special)):
        inner = cell.replace(how.escape, how.escape * 2) if how.escape else cell
        return how.quote + inner.replace(how.quote, (how.escape or how.quote) + how.quote) + how.quote
    return cell


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|", "||", ", ", "; ", "^", "~", "\x01", "@@", "|@|"])
@pytest.mark.parametrize("quote", ['"', "'"])
@pytest.mark.parametrize("escape", ["", "\\"])
def test_every_dialect_is_found_by_what_it_makes_of_the_text(delimiter: str, quote: str, escape: str) -> None:
    how = Dialect(delimiter, quote, escape)
    rows = [*ROWS, ["5", f"a {quote}b{quote} c", "2017-05-06", "7", f"x{delimiter}y"]]
    text = written(rows, how)
    assert cells_of(text, sniffed(text)) == rows


WORD = st.text(alphabet="abcdeXYZ北京市东城区", min_size=1, max_size=8)
PIECE = st.one_of(WORD, st.sampled_from([",", ";", '"', "'", "|", "a,b", "o'c", "\n"]))
# A cell that begins with the other quote is left out: two such cells in lines one below the other are one cell by RFC 4180.
TEXT = st.tuples(WORD, st.lists(PIECE, max_size=3), WORD).map(lambda t: [t[0], *t[1], t[2]])
COLUMNS = st.sampled_from(["number", "date", "word", "text", "code"])
VALUES = {
    "number": st.integers(0, 99999).map(str),
    "date": st.dates().map(lambda d: d.isoformat()),
    "word": WORD,
    "text": TEXT.map(" ".join),
    "code": st.from_regex(r"[A-Z]{2}[0-9]{4}", fullmatch=True),
}


@st.composite
def tables(draw: st.DrawFn) -> tuple[list[list[str]], Dialect, str, int]:
    kinds = ["number", "date", *draw(st.lists(COLUMNS, min_size=1, max_size=5))]
    rows = draw(st.lists(st.tuples(*(VALUES[k] for k in kinds)).map(list), min_size=6, max_size=12))
    head = [f"{name}_{i}" for i, name in zip("abcdefg", kinds, strict=False)]
    escape = draw(st.sampled_from(["", "\\"]))
    how = Dialect(
        draw(st.sampled_from([",", ";", "\t", "|", "||", ", ", "\x01"])), draw(st.sampled_from(['"', "'"])), escape
    )
    return [head, *rows], how, draw(st.sampled_from(["\n", "\r\n", "\r"])), draw(st.integers(0, 2))


@given(tables(), st.booleans())
@settings(max_examples=120, deadline=None)
def test_random_tables_in_random_dialects_come_back(
    made: tuple[list[list[str]], Dialect, str, int], quote_all: bool
) -> None:
    rows, how, end, above = made
    text = "".join(f"关于第{i}期数据的说明{end}" for i in range(above)) + written(rows, how, end, quote_all)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "t.csv"
        path.write_bytes(text.encode())
        table = discover.forms(path).tables[0]
        columns = [Column(n, (n,)) for n in table.form.names]
        with stream(path, columns, form=table.form) as reading:
            got = [list(r.values())[: len(columns)] for t in reading.batches() for r in t.to_pylist()]
            account = reading.account()
    assert list(table.form.names) == rows[0]
    assert not account.rejects
    assert got == rows[1:]


def test_a_semicolon_with_decimal_commas_and_a_comma_with_times() -> None:
    assert sniffed("a;b;c\n1,5;2,5;3,5\n4,5;5,5;6,5\n7,1;8,2;9,3\n").delimiter == ";"
    assert sniffed("t,v\n10:01:02,5\n10:02:02,6\n10:03:02,7\n").delimiter == ","


def test_line_endings_are_told() -> None:
    endings = {"\r\n": "a,1\r\nb,2\r\n", "\n": "a,1\nb,2\n", "\r": "a,1\rb,2\r", "mixed": "a,1\r\nb,2\n", "": "a,1"}
    assert {dialect.sniff(lines_of(t)).ending for t in endings.values()} == set(endings)
    assert all(dialect.sniff(lines_of(t)).ending == e for e, t in endings.items())


def test_a_comment_sign_is_neither_the_header_nor_a_value() -> None:
    assert sniffed("# exported 2026, by x, y, z\nid,name\n1,a\n2,b\n# end\n").comment == "# "
    assert sniffed("#id,name\n1,a\n2,b\n").comment == ""
    assert sniffed("id,tag\n1,a\n#2,b\n#3,c\n").comment == ""


def test_prose_is_one_column() -> None:
    prose = "本市各区应当按照要求报送数据。\n请于月底前完成,\n谢谢\n联系人：某某; 某某\n"
    assert {len(c) for c in cells_of(prose, sniffed(prose))} <= {1, 2}
    assert dialect.sniff(lines_of("街道\n东华门街道\n景山街道\n")).why.startswith("no delimiter")


def test_fixed_width_is_found_by_display_columns_and_refused_where_only_characters_align() -> None:
    rows = [
        ("姓名", "编号", "金额"),
        ("张三", "A0001", "12.50"),
        ("欧阳娜娜", "A0002", "8.00"),
        ("李四", "A0003", "1200.00"),
    ]
    aligned = "".join(
        "".join(c + " " * (w - tokens.display(c)) for c, w in zip(r, (12, 10, 8), strict=True)).rstrip() + "\n"
        for r in rows
    )
    assert [tuple(c) for c in cells_of(aligned, sniffed(aligned))] == rows
    by_characters = "".join("".join(c.ljust(w) for c, w in zip(r, (6, 7, 8), strict=True)) + "\n" for r in rows)
    assert (
        fixed.dialect(lines_of(by_characters)) is None
        or [tuple(c) for c in cells_of(by_characters, sniffed(by_characters))] == rows
    )


@given(st.text(max_size=200))
@settings(max_examples=200, deadline=None)
def test_sniffing_never_fails(text: str) -> None:
    result = dialect.sniff(lines_of(text))
    assert 0 <= result.score <= 1
    assert result.why


# ── files ───────────────────────────────────────────────────────────────────────────────────────


def test_a_government_file_with_everything_around_its_table(tmp_path: Path) -> None:
    text = (
        "某区行政许可公示,,,\r\n填表单位：某局,,,\r\n,,,\r\n序号,名称,日期,金额\r\n"
        "1,甲,2020/1/2,3.5\r\n2,乙,2020/1/3,4\r\n3,丙,2020/1/4,5\r\n合计,,,12.5\r\n制表人：王某,,,\r\n"
    )
    got = found(tmp_path, text, "gb18030")
    (table,) = got.tables
    assert (got.encoding, table.preamble, table.form.header, table.first, table.footer) == (
        "gb18030",
        (1, 2),
        (4,),
        5,
        (8, 9),
    )


def test_tables_one_below_the_other(tmp_path: Path) -> None:
    one = "id,name,age\n" + "".join(f"{i},n{i} x,{i + 20}\n" for i in range(5))
    two = "code,day\n" + "".join(f"A{i}1,2020-01-0{i + 1}\n" for i in range(5))
    for text, lines in ((one + two, (6, 8)), (one + "\n\n第二部分\n" + two, (8, 11)), (one + one, (6, 8))):
        first, second = found(tmp_path, text).tables
        assert (first.first, first.last, second.first) == (2, lines[0], lines[1])
        assert first.form.last == first.last
        assert second.last is None


def test_a_short_table_above_a_long_one_is_a_table_and_labels_are_not(tmp_path: Path) -> None:
    short = "id,name,age\n1,ann x,20\n2,bob y,30\n"
    long = "code,day\n" + "".join(f"A{i},2020-01-{i + 10}\n" for i in range(20))
    assert [t.form.header for t in found(tmp_path, short + long).tables] == [(1,), (4,)]
    labels = "填表单位：,某局,\n填表日期：,2020-01-01,\n联系电话：,01065321111,\n"
    (table,) = found(tmp_path, labels + long).tables
    assert (table.preamble, table.form.header) == ((1, 2, 3), (4,))


def test_each_of_two_tables_is_read_by_its_own_form(tmp_path: Path) -> None:
    path = tmp_path / "delivery.csv"
    path.write_text(
        "id,name,age\n1,ann,20\n2,bob,30\n3,eve,40\ncode,day\nA1,2020-01-01\nA2,2020-01-02\nA3,2020-01-03\n"
    )
    got = []
    for table in discover.forms(path).tables:
        with stream(path, [Column(n, (n,)) for n in table.form.names], form=table.form) as reading:
            got.append([list(r.values())[:-1] for t in reading.batches() for r in t.to_pylist()])
            account = reading.account()
        assert account.physical == 8
        assert not account.rejects
    assert got == [
        [["1", "ann", "20"], ["2", "bob", "30"], ["3", "eve", "40"]],
        [["A1", "2020-01-01"], ["A2", "2020-01-02"], ["A3", "2020-01-03"]],
    ]


def test_a_damaged_row_is_no_table(tmp_path: Path) -> None:
    text = "id,name,age\n" + "".join(f"{i},n{i},{i}\n" for i in range(5)) + "7,x\n" + "8,y,1,,\n" + "9,z,1\n" * 3
    assert len(found(tmp_path, text).tables) == 1


def test_a_header_cell_over_two_lines(tmp_path: Path) -> None:
    (table,) = found(tmp_path, '序号,"金额\n（万元）",日期\n1,2.5,2020-01-01\n2,3.5,2020-01-02\n').tables
    assert (table.form.names, table.form.header, table.form.begin) == (("序号", "金额 （万元）", "日期"), (1,), 3)


def test_empty_files_have_no_table(tmp_path: Path) -> None:
    for content in (b"", b"\r\n\r\n", b" , ,\n"):
        got = found(tmp_path, content)
        assert got.tables == ()
        assert got.why


@pytest.mark.parametrize("text", ["id||name||day\n", "id, name, day\n", "id        name      day       \n"])
def test_the_reader_takes_the_form_that_was_found(tmp_path: Path, text: str) -> None:
    sep = re.split(r"id|name", text)[1] if "  " not in text else ""
    rows = [[str(i), f"n{i}", f"2020-01-{i + 10}"] for i in range(8)]
    path = tmp_path / "delivery.txt"
    path.write_text(text + "".join(sep.join(r) + "\n" if sep else "".join(c.ljust(10) for c in r) + "\n" for r in rows))
    (table,) = discover.forms(path).tables
    with stream(path, [Column(n, (n,)) for n in table.form.names], form=table.form) as reading:
        got = [list(r.values())[:-1] for t in reading.batches() for r in t.to_pylist()]
        assert reading.account().physical == 9
    assert table.form.names == ("id", "name", "day")
    assert got == rows


@given(st.binary(max_size=300))
@settings(max_examples=200, deadline=None)
def test_any_bytes_are_tables_or_refused_by_name(content: bytes) -> None:
    from shuyuan.reader.errors import ReadError

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "t.csv"
        path.write_bytes(content)
        try:
            got = discover.forms(path)
        except ReadError:
            return
        for table in got.tables:
            assert table.form.names
