"""How a fuzz run hurts a file: flipped bytes everywhere, and what really happens to texts, JSON, pages, books, archives and dBase tables."""

from __future__ import annotations

import io
import re
import struct
import warnings
import zipfile
from collections.abc import Callable, Sequence
from dataclasses import replace
from random import Random

from fuzz_corpus import HEADERS, Sample, packed

Hurt = Callable[[bytes, Random], bytes]
MOST = 4  # mutations of one file
LARGE = (
    70_000,
    300_000,
    1_200_000,
)  # characters of a huge cell: beyond what the reader looks at first, and beyond a value


def mutate(sample: Sample, other: Sample, chance: Random) -> Sample:
    """`sample` hurt one to `MOST` times; `other` is what it may be spliced with."""
    for _ in range(chance.choice((1, 1, 1, 2, 2, 3, MOST))):
        ways = _WAYS[sample.family] if chance.random() < 0.8 else _BYTES
        hurt = chance.choice(ways)
        sample = replace(sample, name=f"{sample.name}+{hurt.__name__.strip('_')}", data=hurt(sample, other, chance))
    return sample


Way = Callable[[Sample, Sample, Random], bytes]


def _place(data: bytes, chance: Random) -> int:
    return chance.randrange(len(data) + 1)


def _span(data: bytes, chance: Random, most: int = 40) -> tuple[int, int]:
    at = _place(data, chance)
    return at, min(at + chance.randint(1, most), len(data))


def _flip(s: Sample, _: Sample, chance: Random) -> bytes:
    data = bytearray(s.data)
    for _turn in range(chance.choice((1, 1, 2, 5)) if data else 0):
        data[chance.randrange(len(data))] ^= 1 << chance.randrange(8)
    return bytes(data)


def _overwrite(s: Sample, _: Sample, chance: Random) -> bytes:
    at, _end = _span(s.data, chance)
    byte = chance.choice((0, 0xFF, 0x80, 0x81, 0x0A, 0x22, chance.randrange(256)))
    return s.data[:at] + bytes([byte]) + s.data[at + 1 :]


def _cut_out(s: Sample, _: Sample, chance: Random) -> bytes:
    at, end = _span(s.data, chance)
    return s.data[:at] + s.data[end:]


def _one_byte_less(s: Sample, _: Sample, chance: Random) -> bytes:
    at = _place(s.data, chance)
    return s.data[:at] + s.data[at + 1 :]


def _truncate(s: Sample, _: Sample, chance: Random) -> bytes:
    return s.data[: _place(s.data, chance)]


def _repeat(s: Sample, _: Sample, chance: Random) -> bytes:
    at, end = _span(s.data, chance, 400)
    return s.data[:end] + s.data[at:end] * chance.randint(1, 3) + s.data[end:]


def _splice(s: Sample, other: Sample, chance: Random) -> bytes:
    return s.data[: _place(s.data, chance)] + other.data[_place(other.data, chance) :]


def _insert_bytes(s: Sample, _: Sample, chance: Random) -> bytes:
    at = _place(s.data, chance)
    piece = chance.choice(
        (b"\0", b"\0\0", b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff", b"\x81", b"\x1a", b"\xe4", b"\xed\xa0\x80", b"\r")
    )
    return s.data[:at] + piece + s.data[at:]


_BYTES: tuple[Way, ...] = (_flip, _overwrite, _cut_out, _one_byte_less, _truncate, _repeat, _splice, _insert_bytes)

# ── texts ───────────────────────────────────────────────────────────────────────────────────────

_MARKS = ("\n", "\r", "\r\n", "\0", "\ufeff", "\u2028", "\x85", "\x0b", "\x1a", "\\", "#", "　", " ")


def _insert(s: Sample, _: Sample, chance: Random) -> bytes:
    d, q = s.dialect.delimiter or " ", s.dialect.quote or '"'
    marks = (d, q, q + q, d + q, q + d, d * 5, *_MARKS)
    return _inserted(s, chance.choice(marks), chance)


def _inserted(s: Sample, words: str, chance: Random) -> bytes:
    at = _place(s.data, chance)
    at -= at % 2 if s.encoding.startswith("utf-16") else 0
    return s.data[:at] + _encoded(words, s.encoding) + s.data[at:]


def _encoded(words: str, encoding: str) -> bytes:
    return words.encode("utf-16-le" if encoding == "utf-16" else encoding, "replace")


def _lines(s: Sample) -> list[bytes]:
    return s.data.split(_encoded("\n", s.encoding))


def _joined(s: Sample, lines: Sequence[bytes]) -> bytes:
    return _encoded("\n", s.encoding).join(lines)


def _line_twice(s: Sample, _: Sample, chance: Random) -> bytes:
    lines = _lines(s)
    lines.insert(chance.randrange(len(lines) + 1), chance.choice(lines))
    return _joined(s, lines)


def _line_gone(s: Sample, _: Sample, chance: Random) -> bytes:
    lines = _lines(s)
    lines.pop(chance.randrange(len(lines)))
    return _joined(s, lines)


def _lines_swapped(s: Sample, _: Sample, chance: Random) -> bytes:
    lines = _lines(s)
    a, b = chance.randrange(len(lines)), chance.randrange(len(lines))
    lines[a], lines[b] = lines[b], lines[a]
    return _joined(s, lines)


_NOTES = (" ", "合计", "填表人：王五", "某局名单", '"', "注：x", "-- END", "\x1a")


def _line_put_in(s: Sample, _: Sample, chance: Random) -> bytes:
    lines, d = _lines(s), s.dialect.delimiter or "  "
    news = ("", d * 4, f"合计{d}{d}{d}1", d.join(HEADERS), f"# x{d}y", *_NOTES)
    for _turn in range(chance.choice((1, 1, 3, 12))):
        lines.insert(chance.randrange(len(lines) + 1), _encoded(chance.choice(news), s.encoding))
    return _joined(s, lines)


def _line_in_another_encoding(s: Sample, _: Sample, chance: Random) -> bytes:
    lines = _lines(s)
    at = chance.randrange(len(lines))
    words = lines[at].decode("utf-16-le" if s.encoding == "utf-16" else s.encoding, "replace")
    lines[at] = words.encode(chance.choice(("utf-8", "gb18030", "utf-16-le", "big5")), "replace")
    return _joined(s, lines)


def _huge(s: Sample, _: Sample, chance: Random) -> bytes:
    """A huge cell or a huge run of lines, now and then."""
    size = chance.choice(LARGE) if chance.random() < 0.15 else 3_000
    unit = chance.choice(("x", "中", '"', "a,b\n", "\n", '""', f"{s.dialect.delimiter or ' '}", 'K9999Q,"x\n'))
    return _inserted(s, unit * (size // len(unit)), chance)


def _wrapped(s: Sample, _: Sample, chance: Random) -> bytes:
    """A quote around a span that holds line ends."""
    quote = _encoded(s.dialect.quote or '"', s.encoding)
    at, end = sorted((_place(s.data, chance), _place(s.data, chance)))
    if s.encoding.startswith("utf-16"):
        at, end = at & ~1, end & ~1
    return s.data[:at] + quote + s.data[at:end] + quote + s.data[end:]


_TEXT: tuple[Way, ...] = (
    _insert, _insert, _insert, _line_twice, _line_gone, _lines_swapped, _line_put_in, _line_in_another_encoding, _huge, _wrapped,
)  # fmt: skip

# ── JSON and pages ──────────────────────────────────────────────────────────────────────────────

_JSON_MARKS = (
    "[", "]", "{", "}", ",", ":", '"', "\\", '\\"', "null", "NaN", "1e999", "[]", "{}", "[{", "}]", '"编号":"x",', "\\ud800", "\n", "//", "  ",
    "[" * 3_000, '{"a":' * 3_000, '{"编号":"K9998Q"}', ',{"编号":"K9997Q"},', "9" * 5_000, "-", "'", "\u2028", "\ufeff", "\0",
)  # fmt: skip


def _json_mark(s: Sample, _: Sample, chance: Random) -> bytes:
    return _inserted(s, chance.choice(_JSON_MARKS), chance)


def _json_mark_gone(s: Sample, _: Sample, chance: Random) -> bytes:
    places = [m.span() for m in re.finditer(rb'[\[\]{},:"\n]', s.data)]
    at, end = chance.choice(places) if places else (0, 0)
    return s.data[:at] + s.data[end:]


_TAGS = (
    "<table>", "</table>", "<tr>", "</tr>", "<td>", "</td>", "<br>", "<script>", "</script>", "<style>", "<!--", "-->", "<td rowspan=3>",
    '<td colspan="3">', "<td rowspan=0 colspan=99999>", "&amp;", "&#0;", "&#xD800;", "&#99999999;", "<", ">", "<td title='a>b'>", "<![CDATA[", "<th",
)  # fmt: skip


def _page_mark(s: Sample, _: Sample, chance: Random) -> bytes:
    return _inserted(s, chance.choice(_TAGS), chance)


# ── books and archives ──────────────────────────────────────────────────────────────────────────


def _members(data: bytes) -> dict[str, bytes] | None:
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            return {m.filename: archive.read(m) for m in archive.infolist()}
    except Exception:  # a damaged archive is hurt as bytes
        return None


def _part(s: Sample, other: Sample, chance: Random) -> bytes:
    """One member changed from inside."""
    parts = _members(s.data)
    if not parts:
        return _flip(s, other, chance)
    name = chance.choice(list(parts))
    inner = replace(s, data=parts[name])
    ways: tuple[Way, ...] = (
        (*_TEXT, _flip) if name.endswith(".csv") else (*[_xml] * 8, _flip, _one_byte_less, _truncate, _repeat)
    )
    parts[name] = chance.choice(ways)(inner, other, chance)
    return packed(parts)


def _xml(s: Sample, _: Sample, chance: Random) -> bytes:
    tags = list(re.finditer(rb"<[^>]*>", s.data))
    if not tags:
        return s.data
    tag = chance.choice(tags)
    hurt = chance.choice(_XML_WAYS)(tag[0], chance)
    return s.data[: tag.start()] + hurt + s.data[tag.end() :]


_VALUES = (
    b"", b"0", b"-1", b"1", b"2", b"99", b"1048577", b"99999999999999999999", b"A1", b"C3", b"XFD1048576", b"s", b"str", b"inlineStr", b"e", b"b", b"d",
    b"n",
)  # fmt: skip
_BEHIND = (
    b"&lt;",
    b"&#0;",
    b"&nope;",
    b"_x0000_",
    b"x",
    b"\0",
    b"<v>7</v>",
    b"<t>y</t>",
    b"<row/>",
    b"</row>",
    b"<c>",
    b"\xff",
)


def _attribute(tag: bytes, chance: Random) -> bytes:
    found = list(re.finditer(rb'"([^"]*)"', tag))
    if not found:
        return tag
    value = chance.choice(found)
    at, end = value.span(1)
    return tag[:at] + chance.choice((*_VALUES, value[1] + value[1], value[1][:-1])) + tag[end:]


def _attribute_gone(tag: bytes, chance: Random) -> bytes:
    found = list(re.finditer(rb'\s[\w:]+="[^"]*"', tag))
    return tag.replace(chance.choice(found)[0], b"", 1) if found else tag


_XML_WAYS: tuple[Hurt, ...] = (
    lambda tag, _: b"",
    lambda tag, _: tag + tag,
    lambda tag, _: tag + b"<!-- <c r='A1'/> -->",
    lambda tag, _: b"<![CDATA[" + tag + b"]]>",
    lambda tag, _: tag.replace(b'"', b"'"),
    lambda tag, _: tag.replace(b" ", b"\n "),
    lambda tag, _: tag[:-1] + b"/>",
    lambda tag, _: tag.replace(b"<", b"<x:").replace(b"<x:/", b"</x:"),
    lambda tag, chance: tag + chance.choice(_BEHIND),
    _attribute, _attribute, _attribute, _attribute, _attribute_gone, _attribute_gone,
)  # fmt: skip


def _member_games(s: Sample, other: Sample, chance: Random) -> bytes:
    parts = _members(s.data)
    if not parts:
        return _flip(s, other, chance)
    name = chance.choice(list(parts))
    game = chance.randrange(6)
    if game == 0:
        parts.pop(name)
    elif game == 1:
        parts[
            chance.choice(
                ("../x.csv", "b.csv", "x/", "C:\\a.csv", "xl/workbook.xml", "content.xml", "a\0b.csv", ".DS_Store")
            )
        ] = other.data
    elif game == 2:
        parts[name] = other.data
    elif game == 3:
        parts[name + "x"] = parts.pop(name)
    elif game == 4:
        return _twice(parts, name, other.data)
    else:
        parts[name] = b""
    return packed(parts)


def _twice(parts: dict[str, bytes], name: str, second: bytes) -> bytes:
    out = io.BytesIO(packed(parts))
    with warnings.catch_warnings(), zipfile.ZipFile(out, "a") as archive:
        warnings.simplefilter("ignore")
        archive.writestr(name, second)
    return out.getvalue()


def _zip_header(s: Sample, _: Sample, chance: Random) -> bytes:
    """A number in a local header, the central directory or the end record: method, flags, sizes, checksums, offsets."""
    heads = [m.start() for m in re.finditer(rb"PK(?:\x01\x02|\x03\x04|\x05\x06)", s.data)]
    if not heads:
        return s.data
    data = bytearray(s.data)
    at = min(chance.choice(heads) + chance.randrange(4, 46), len(data) - 1)
    width = chance.choice(("<B", "<H", "<I"))
    value = chance.choice((0, 1, 8, 9, 0x7F, 0xFF, 0xFFFF, 0xFFFFFFFF, 0x7FFFFFFF)) & (
        256 ** struct.calcsize(width) - 1
    )
    piece = struct.pack(width, value)
    data[at : at + len(piece)] = piece
    return bytes(data)


# ── dBase ───────────────────────────────────────────────────────────────────────────────────────


def _dbf_header(s: Sample, _: Sample, chance: Random) -> bytes:
    data = bytearray(s.data)
    fields = [32 + 32 * n + k for n in range(5) for k in (0, 11, 11, 16, 17, 18)]
    at = chance.choice((*range(12), 29, *fields))
    if at < len(data):
        data[at] = chance.choice((0, 1, 2, 4, 8, 255, *b"CNDLFMIYTBGPW0*", chance.randrange(256)))
    return bytes(data)


def _dbf_types(s: Sample, _: Sample, chance: Random) -> bytes:
    """Another type for a field, as wide as that type is."""
    data = bytearray(s.data)
    at = 32 + 32 * chance.randrange(5) + 11
    if at < len(data):
        data[at] = chance.choice(b"CNDLFMIYTBGPW0@+OQV")
    return bytes(data)


_WAYS: dict[str, tuple[Way, ...]] = {
    "text": _TEXT,
    "json": (_json_mark, _json_mark, _json_mark, _json_mark_gone, _json_mark_gone, _line_gone, _line_twice, _huge),
    "html": (_page_mark, _page_mark, _page_mark, _line_gone, _line_twice, _huge),
    "zip": (_part, _part, _part, _part, _member_games, _zip_header),
    "dbf": (_dbf_header, _dbf_header, _dbf_types, _flip),
    "bytes": _BYTES,
}
