"""The files a fuzz run starts from, all written here: every format, encoding and dialect that the reader reads.

Every row carries two marks (`K0001Q`, `N0001Z`) that nothing else holds: whoever finds a mark in the bytes of a file knows that a row must
be told for it, however the file was damaged.
"""

from __future__ import annotations

import gzip
import io
import json
import struct
import zipfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from xml.sax.saxutils import escape

import openpyxl
import pyarrow as pa
import pyarrow.parquet as pq

from shuyuan.reader.read import Column, Dialect

HEADERS = ("编号", "姓名", "日期", "金额", "备注")
COLUMNS = (
    Column("code", ("编号",)),
    Column("name", ("姓名",)),
    Column("day", ("日期",), required=False),
    Column("amount", ("金额",), required=False),
    Column("note", ("备注",), required=False),
)
NAMES = ("张三", "李四光", "欧阳娜娜", "古丽·买买提", "𠮷田", "O'Hara")
BEHIND = ("", "，好", " 说“好”", ',a "b"', "\n第二行", "'", "\\", "　", "\r\nx", "|;\t")
Table = list[list[str]]
RFC = Dialect()


@dataclass(frozen=True)
class Sample:
    """A file: how it came about, its bytes, `family` (text, json, html, zip, dbf, bytes) and, of a text, its encoding and dialect."""

    name: str
    data: bytes
    family: str
    encoding: str = "utf-8"
    dialect: Dialect = RFC
    end: str = "\n"


def table(height: int, first: int = 1, simple: bool = False) -> Table:
    """Rows with their marks; `simple`: no cell needs quotes."""
    return [
        [
            f"K{n:04}Q",
            NAMES[n % (len(NAMES) - simple)],
            f"2024-0{n % 9 + 1}-1{n % 10}",
            "" if n % 4 == 3 else f"{n * 7}.{n % 10}5",
            f"N{n:04}Z" + ("" if simple else BEHIND[n % len(BEHIND)]),
        ]
        for n in range(first, first + height)
    ]


def corpus() -> list[Sample]:
    """All samples, always the same."""
    texts = [*_encodings(), *_dialects(), *_arrangements()]
    return [*texts, *_json(), *_html(), *_books(), *_records(), *_packed(texts[0], texts[1])]


def text(rows: Sequence[Sequence[str]], how: Dialect, end: str = "\n") -> str:
    """Rows in a dialect."""
    if how.widths:
        return "".join("".join(map(_padded, row, how.widths)).rstrip(" ") + end for row in rows)
    return "".join(how.delimiter.join(_cell(c, how) for c in row) + end for row in rows)


def _padded(cell: str, width: int) -> str:
    return cell + " " * (width - sum(1 + (ord(c) > 0x2000) for c in cell))


def _cell(cell: str, how: Dialect) -> str:
    q, e = how.quote, how.escape
    special = (how.delimiter, q, "\r", "\n", e) if q else (how.delimiter, "\r", "\n")
    if not any(s and s in cell for s in special):
        return cell
    if not q:
        return cell.replace(how.delimiter, " ").replace("\r", " ").replace("\n", " ")
    inner = cell.replace(e, e + e).replace(q, e + q) if e else cell.replace(q, q + q)
    return f"{q}{inner}{q}"


def _text(name: str, content: str, encoding: str, how: Dialect, end: str) -> Sample:
    marked = {"utf-16-le-bom": b"\xff\xfe", "utf-16-be-bom": b"\xfe\xff", "utf-8-bom": b"\xef\xbb\xbf"}.get(
        encoding, b""
    )
    codec = encoding.removesuffix("-bom")
    return Sample(name, marked + content.encode(codec), "text", codec, how, end)


def _encodings() -> Iterator[Sample]:
    how = Dialect()
    for encoding in ("utf-8", "gb18030", "utf-8-bom", "utf-16-le-bom", "utf-16-be-bom", "utf-16-le", "utf-16-be"):
        for end in ("\n", "\r\n", "\r"):
            rows = [list(HEADERS), *table(24)]
            yield _text(f"{encoding} {end!r}", text(rows, how, end), encoding, how, end)


DIALECTS = (
    Dialect(";"), Dialect("\t"), Dialect("|"), Dialect("||"), Dialect("@@"), Dialect("\x01"), Dialect("^", ""), Dialect(","), Dialect(",", "'"),
    Dialect(",", '"', "\\"), Dialect("|", "", "\\"), Dialect(", "), Dialect(",", '"', "", "#"), Dialect("，", ""),
    Dialect("", "", widths=(10, 14, 12, 10, 10)),
)  # fmt: skip


def _dialects() -> Iterator[Sample]:
    for how in DIALECTS:
        for encoding in ("utf-8", "gb18030"):
            rows = [list(HEADERS), *table(20, simple=not how.quote)]
            above = f"{how.comment} a note\n" if how.comment else ""
            yield _text(f"{how} {encoding}", above + text(rows, how), encoding, how, "\n")


def _arrangements() -> Iterator[Sample]:
    """Preambles, footers, several tables, headers over several lines, padding, mixed line ends."""
    how, rows, head = Dialect(), table(16), list(HEADERS)
    title = "某局名单（2024年）,,,,\n\n填表单位：某局,,,,\n"
    body = text([head, *rows], how)
    tall = text([["编号", "姓名", "日期", "金额\n（元）", "备注"], *rows], how)
    twice = (
        body + "\n\n" + text([["代码", "数量", "单位"], *([f"K{n}Q", str(n), "个"] for n in range(7001, 7009))], how)
    )
    mixed = "".join(text([row], how, ("\n", "\r\n", "\r")[n % 3]) for n, row in enumerate([head, *rows]))
    padded = text([[*head, "", ""], *([*row, "", ""] for row in rows)], how) + ",,,,,,\n" * 5
    contents = {
        "preamble": title + body,
        "footer": body + "合计,,,100.5,\n填表人：王五,,,,\n",
        "tall header": tall,
        "two tables": twice,
        "mixed line ends": mixed,
        "padding": padded,
        "header only": text([head], how),
        "no header": text(rows, how),
        "long": text([head, *table(700)], how),
        "one column": text([["编号"], *([f"K{n}Q"] for n in range(8001, 8013))], how),
    }
    for name, content in contents.items():
        for encoding in ("utf-8", "gb18030"):
            yield _text(f"{name} {encoding}", content, encoding, how, "\n")


def _objects(height: int = 18) -> list[dict[str, object]]:
    rows = [dict(zip(HEADERS, row, strict=True)) for row in table(height)]
    extra: list[object] = [None, 1.50, True, [1, {"a": "b]"}], {"x": '"}'}, 110105199003074321]
    return [{**row, "金额": extra[n % len(extra)]} for n, row in enumerate(rows)]


def _json() -> Iterator[Sample]:
    rows = _objects()
    lines = "\n".join(json.dumps(r, ensure_ascii=False) for r in rows)
    contents = {
        "jsonl": lines + "\n",
        "jsonl with blank lines": lines.replace("\n", "\r\n\r\n"),
        "json": json.dumps(rows, ensure_ascii=False),
        "json indented": json.dumps(rows, ensure_ascii=False, indent=2),
        "json escaped": json.dumps(rows),
        "json wrapped": json.dumps({"code": 0, "msg": "[{", "data": {"list": rows, "total": 18}}, ensure_ascii=False),
    }
    for name, content in contents.items():
        for encoding in ("utf-8", "gb18030", "utf-16"):
            yield Sample(f"{name} {encoding}", content.encode(encoding), "json", encoding)


def _html() -> Iterator[Sample]:
    def row(cells: Sequence[str], tag: str) -> str:
        return "<tr>" + "".join(f"<{tag}>{escape(c)}</{tag}>" for c in cells) + "</tr>\n"

    body = row(HEADERS, "th") + "".join(row(r, "td") for r in table(14))
    page = f"<html><head><meta charset=utf-8><style>td {{a:b}}</style></head><body><p>x</p><table border=1>{body}</table></body></html>"
    merged = page.replace("<tr><th>", '<tr><td colspan=5>名单</td></tr><tr><th rowspan="1">', 1)
    for encoding in ("utf-8", "gb18030", "utf-16"):
        yield Sample(f"html {encoding}", page.encode(encoding), "html", encoding)
    yield Sample("html merged", merged.encode(), "html")


def _books() -> Iterator[Sample]:
    yield Sample("xlsx", _xlsx(), "zip")
    yield Sample("xlsx by hand", packed(_xlsx_parts()), "zip")
    yield Sample("ods", packed(ods_parts()), "zip")
    yield Sample("xls", _compound(_biff([list(HEADERS), *table(12)])), "bytes")


def _xlsx() -> bytes:
    book, out = openpyxl.Workbook(), io.BytesIO()
    book.active.title = "名单"
    book.active.append(["某局名单"])
    book.active.merge_cells("A1:E1")
    for row in [list(HEADERS), *table(15)]:
        book.active.append([float(c) if i == 3 and c[:1].isdigit() else c for i, c in enumerate(row)])
    other = book.create_sheet("续")
    for row in [list(HEADERS), *table(10, 101)]:
        other.append(row)
    book.create_sheet("空")
    book.save(out)
    return out.getvalue()


_NS = 'xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"'
_REL = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_PKG = "http://schemas.openxmlformats.org/package/2006"


def _xlsx_parts() -> dict[str, bytes]:
    """Inline texts, dates, a formula, an error: what openpyxl does not write."""

    def cell(n: int, at: int, value: str) -> str:
        ref = f"{'ABCDE'[at]}{n}"
        if at == 2 and n > 1:
            return f'<c r="{ref}" s="1"><v>{45000 + n}</v></c>'
        if at == 3 and n % 5 == 0:
            return f'<c r="{ref}"><f>A1+{n}</f><v>{n}.25</v></c>' if n % 2 else f'<c r="{ref}" t="e"><v>#N/A</v></c>'
        return f'<c r="{ref}" t="inlineStr"><is><t>{escape(value)}</t></is></c>' if value else f'<c r="{ref}"/>'

    rows = [list(HEADERS), *table(15)]
    body = "".join(
        f'<row r="{n}">{"".join(cell(n, at, v) for at, v in enumerate(row))}</row>' for n, row in enumerate(rows, 1)
    )
    parts = {
        "[Content_Types].xml": f'<Types xmlns="{_PKG}/content-types"/>',
        "_rels/.rels": f'<Relationships xmlns="{_PKG}/relationships"><Relationship Id="a" Type="{_REL}/officeDocument" '
        'Target="xl/workbook.xml"/></Relationships>',
        "xl/workbook.xml": f'<workbook {_NS} xmlns:r="{_REL}"><sheets><sheet name="a" sheetId="1" r:id="a"/></sheets></workbook>',
        "xl/_rels/workbook.xml.rels": f'<Relationships xmlns="{_PKG}/relationships"><Relationship Id="a" Type="{_REL}/worksheet" '
        f'Target="a.xml"/><Relationship Id="b" Type="{_REL}/styles" Target="styles.xml"/></Relationships>',
        "xl/a.xml": f"<worksheet {_NS}><sheetData>{body}</sheetData></worksheet>",
        "xl/styles.xml": f'<styleSheet {_NS}><cellXfs count="2"><xf numFmtId="0"/><xf numFmtId="14"/></cellXfs></styleSheet>',
    }
    return {name: content.encode() for name, content in parts.items()}


_ODS = " ".join(
    f'xmlns:{p}="urn:oasis:names:tc:opendocument:xmlns:{p}:1.0"' for p in ("office", "table", "text", "calcext")
)


def ods_parts() -> dict[str, bytes]:
    """The parts of an ods with one sheet of texts."""

    def cell(value: str) -> str:
        if not value:
            return "<table:table-cell/>"
        return f'<table:table-cell office:value-type="string"><text:p>{escape(value)}</text:p></table:table-cell>'

    rows = [list(HEADERS), *table(12, simple=True)]
    body = "".join(f"<table:table-row>{''.join(map(cell, row))}</table:table-row>" for row in rows)
    empty = '<table:table-row table:number-rows-repeated="3"><table:table-cell table:number-columns-repeated="5"/></table:table-row>'
    content = (
        f'<?xml version="1.0"?><office:document-content {_ODS}><office:body><office:spreadsheet>'
        f'<table:table table:name="a">{body}{empty}</table:table></office:spreadsheet></office:body></office:document-content>'
    )
    kind = "application/vnd.oasis.opendocument.spreadsheet"
    manifest = (
        '<manifest:manifest xmlns:manifest="urn:oasis:names:tc:opendocument:xmlns:manifest:1.0">'
        f'<manifest:file-entry manifest:full-path="/" manifest:media-type="{kind}"/></manifest:manifest>'
    )
    return {"mimetype": kind.encode(), "META-INF/manifest.xml": manifest.encode(), "content.xml": content.encode()}


def packed(parts: dict[str, bytes]) -> bytes:
    """A zip of these parts."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
    return out.getvalue()


def _records() -> Iterator[Sample]:
    for codec, driver in (("gb18030", 0x4D), ("gb18030", 0)):
        yield Sample(f"dbf {codec} {driver:#x}", dbf(table(14, simple=True), codec, driver), "dbf", codec)
    out = io.BytesIO()
    columns = {h: [row[i] for row in table(30)] for i, h in enumerate(HEADERS)}
    pq.write_table(pa.table(columns), out, row_group_size=11)
    yield Sample("parquet", out.getvalue(), "bytes")


def dbf(rows: Table, codec: str, driver: int) -> bytes:
    """dBase III: texts, a date, a number, a record that is marked as deleted."""
    fields = [
        ("编号", b"C", 10, 0),
        ("姓名", b"C", 24, 0),
        ("日期", b"D", 8, 0),
        ("金额", b"N", 12, 2),
        ("备注", b"C", 20, 0),
    ]
    head = bytearray()
    for name, kind, width, decimals in fields:
        head += name.encode(codec).ljust(11, b"\0") + kind + b"\0" * 4 + bytes([width, decimals]) + b"\0" * 14
    length, body = 1 + sum(f[2] for f in fields), 33 + len(head)
    first = (
        b"\x03\x7c\x0b\x14" + struct.pack("<IHH", len(rows), body, length) + b"\0" * 17 + bytes([driver]) + b"\0" * 2
    )
    records = b"".join(
        (b"*" if n == 5 else b" ")
        + b"".join(_field(c, k, w, codec) for c, (_, k, w, _) in zip(row, fields, strict=True))
        for n, row in enumerate(rows)
    )
    return first + bytes(head) + b"\r" + records + b"\x1a"


def _field(cell: str, kind: bytes, width: int, codec: str) -> bytes:
    raw = cell.replace("-", "") if kind == b"D" else cell
    return raw.encode(codec, "replace")[:width].ljust(width)


def _packed(first: Sample, second: Sample) -> Iterator[Sample]:
    yield replace(first, name="zip", data=packed({"名单/a.csv": first.data}), family="zip")
    yield replace(
        second, name="zip with rubbish", data=packed({"__MACOSX/x": b"1", "a.csv": second.data}), family="zip"
    )
    yield replace(first, name="gz", data=gzip.compress(first.data, mtime=0), family="bytes")


def _record(kind: int, body: bytes) -> bytes:
    return struct.pack("<HH", kind, len(body)) + body


def _biff(rows: Table) -> bytes:
    """A BIFF8 workbook stream with one sheet: [MS-XLS] BOF, BoundSheet8, Dimensions, Label, EOF."""
    bof = _record(0x0809, struct.pack("<HHHHII", 0x0600, 0x0005, 0x0DBB, 0x07CC, 0, 6))
    bound = struct.pack("<IBBBB", len(bof) + 4 + 9 + 4, 0, 0, 1, 0) + b"S"
    sheet = _record(0x0809, struct.pack("<HHHHII", 0x0600, 0x0010, 0x0DBB, 0x07CC, 0, 6))
    sheet += _record(0x0200, struct.pack("<IIHHH", 0, len(rows), 0, len(rows[0]), 0))
    for r, row in enumerate(rows):
        for c, value in enumerate(row):
            units = value.encode("utf-16-le")
            sheet += _record(0x0204, struct.pack("<HHHHB", r, c, 0, len(units) // 2, 1) + units)
    return bof + _record(0x0085, bound) + _record(0x000A, b"") + sheet + _record(0x000A, b"")


def _compound(stream: bytes) -> bytes:
    """A compound file ([MS-CFB] version 3) with the one stream `Workbook`."""
    end, free, none = 0xFFFFFFFE, 0xFFFFFFFF, 0xFFFFFFFF
    stream = stream.ljust(4096, b"\0")
    stream += b"\0" * (-len(stream) % 512)
    sectors = len(stream) // 512
    head = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 16
    head += struct.pack("<HHHHH6xIIIIIIIII", 0x3E, 3, 0xFFFE, 9, 6, 0, 1, 1, 0, 4096, end, 0, end, 0)
    head += struct.pack("<I", 0) + struct.pack("<I", free) * 108
    chain = [0xFFFFFFFD, end, *range(3, 2 + sectors), end]
    places = b"".join(struct.pack("<I", n) for n in [*chain, *[free] * (128 - len(chain))])
    entries = _entry("Root Entry", 5, 1, end, 0) + _entry("Workbook", 2, none, 2, len(stream))
    return head + places + entries + b"\0" * 256 + stream


def _entry(name: str, kind: int, child: int, start: int, size: int) -> bytes:
    words = name.encode("utf-16-le") + b"\0\0"
    links = struct.pack("<HBBIII", len(words), kind, 1, 0xFFFFFFFF, 0xFFFFFFFF, child)
    return words.ljust(64, b"\0") + links + b"\0" * 36 + struct.pack("<IQ", start, size)
