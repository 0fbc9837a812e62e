"""Text files as bytes of one encoding: what the content is encoded in, whatever the name or the contract says.

Everything after this module sees UTF-8. Bytes that do not decode stay in the stream and come out as lone surrogates
(`errors="surrogateescape"`), so that only the rows that hold them are refused.
"""

from __future__ import annotations

import codecs
import mmap
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from shuyuan.intake.errors import EmptyFile, WrongEncoding
from shuyuan.intake.rows import Note

CHUNK = 8 << 20
SAMPLE = 1 << 20
_LINE = re.compile(rb"[^\r\n]*+(?:\r\n|\r|\n)|[^\r\n]++\Z")
_BOMS = ((codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be"))

Bytes = bytes | mmap.mmap


@dataclass(frozen=True)
class Text:
    """A text file: `data[start:]` is UTF-8 (damaged where `damaged`), `encoding` what it was on disk."""

    file: str
    data: Bytes
    start: int
    encoding: str
    damaged: bool
    notes: tuple[Note, ...]


def mark(error: UnicodeError) -> tuple[str, int]:
    """Codec error handler for UTF-16: one lone surrogate per broken unit."""
    if not isinstance(error, UnicodeDecodeError):
        raise error
    return "\udcff", error.end


codecs.register_error("intake.mark", mark)


def load(path: Path, file: str, hint: str | None = None) -> Text:
    """Open a text file; `hint` is what the contract says the encoding is, the content decides.

    Raises EmptyFile, WrongEncoding (with byte offset and line of the first byte that does not decode).
    """
    data = _map(path, file)
    bom, encoding = _bom(data)
    notes = [Note("bom", f"byte order mark of {encoding}")] if bom else []
    damaged = False
    if encoding is None:
        encoding, damaged = _by_content(data, file, hint)
    elif encoding == "utf-8":
        damaged = _first_bad(data, "utf-8", len(bom)) is not None
    notes += _hint_note(hint, encoding, data)
    if encoding != "utf-8":
        data, damaged = _to_utf8(data, encoding, len(bom), damaged)
        bom = b""
    if not data[len(bom) : len(bom) + SAMPLE].strip():
        _refuse_blank(data, len(bom), file)
    return Text(file, data, len(bom), "utf-16" if encoding.startswith("utf-16") else encoding, damaged, tuple(notes))


def lines(text: Text) -> Iterator[str]:
    """Physical lines with their line ends (CR LF, LF or CR); decoded one by one, so a damaged line harms only itself."""
    for found in _LINE.finditer(text.data, text.start):
        yield found[0].decode("utf-8", "surrogateescape")


def _map(path: Path, file: str) -> Bytes:
    if path.stat().st_size == 0:
        raise EmptyFile(file, "the file has no bytes", "deliver the file again", line=1)
    with path.open("rb") as handle:
        return mmap.mmap(handle.fileno(), 0, access=mmap.ACCESS_READ)


def _refuse_blank(data: Bytes, start: int, file: str) -> None:
    if re.compile(rb"\s*+\Z").match(data, start):
        raise EmptyFile(file, "the file holds nothing but blanks", "deliver the file again", line=1)


def _bom(data: Bytes) -> tuple[bytes, str | None]:
    for bom, encoding in _BOMS:
        if data[: len(bom)] == bom:
            return bom, encoding
    return b"", None


def _hint_note(hint: str | None, encoding: str, data: Bytes) -> list[Note]:
    if hint is None:
        return []
    try:
        wanted = codecs.lookup(hint).name
    except LookupError:
        return [Note("encoding_by_content", f"the contract's encoding {hint!r} is unknown; the content is {encoding}")]
    family = {"gbk": "gb18030", "gb2312": "gb18030", "utf-8-sig": "utf-8", "utf-16": encoding, "ascii": "utf-8"}
    if family.get(wanted, wanted) == encoding or data[:SAMPLE].isascii():
        return []
    return [Note("encoding_by_content", f"the contract says {hint}, the content is {encoding}")]


def _first_bad(data: Bytes, encoding: str, start: int = 0) -> int | None:
    """Byte offset of the first undecodable byte; None when all decode."""
    decoder = codecs.getincrementaldecoder(encoding)()
    pending = 0
    for at in range(start, len(data), CHUNK):
        try:
            decoder.decode(data[at : at + CHUNK], final=at + CHUNK >= len(data))
        except UnicodeDecodeError as error:
            return at - pending + error.start
        pending = len(decoder.getstate()[0])
    return None


def _by_content(data: Bytes, file: str, hint: str | None) -> tuple[str, bool]:
    """(encoding, damaged?) of bytes without a mark. UTF-8 proves itself; GB18030 takes the rest; a few bad lines cost those lines."""
    bad_utf8 = _first_bad(data, "utf-8")
    if bad_utf8 is None:
        return "utf-8", False
    sample = data[:SAMPLE] + data[max(0, bad_utf8 - SAMPLE // 2) : bad_utf8 + SAMPLE // 2]
    utf8, gb = _weigh(sample, "utf-8"), _weigh(sample, "gb18030")
    if _prefers_utf8(utf8, gb, hint):
        encoding, (_, bad, total), first = "utf-8", utf8, bad_utf8
    else:
        encoding, (_, bad, total) = "gb18030", gb
        found = _first_bad(data, "gb18030")
        if found is None:
            return encoding, False
        first = found
    if 2 * bad > total:
        raise _undecodable(data, file, first)
    return encoding, True


def _prefers_utf8(utf8: tuple[int, int, int], gb: tuple[int, int, int], hint: str | None) -> bool:
    """Multi-byte lines that decode as UTF-8 do so on purpose: a majority of them outweighs any reading as GB18030."""
    good, bad, _ = utf8
    if good != bad:
        return good > bad
    return good > 0 or (gb[1] > 0 and "8" in (hint or ""))


def _weigh(sample: bytes, encoding: str) -> tuple[int, int, int]:
    """(lines beyond ASCII that decode, lines that do not, all lines)."""
    good = bad = total = 0
    for line in sample.splitlines():
        total += 1
        if line.isascii():
            continue
        try:
            line.decode(encoding)
            good += 1
        except UnicodeDecodeError:
            bad += 1
    return good, bad, total


def _undecodable(data: Bytes, file: str, offset: int) -> WrongEncoding:
    line = data[:offset].count(b"\n") + 1
    return WrongEncoding(
        file,
        f"neither UTF-8, UTF-16 with mark nor GB18030 decodes the text; first bad byte at offset {offset}",
        "export the file again as UTF-8 or GB18030",
        line=line,
        value=bytes(data[offset : offset + 8]).hex(" "),
    )


def _to_utf8(data: Bytes, encoding: str, start: int, damaged: bool) -> tuple[bytes, bool]:
    """The same text as UTF-8. GB18030's undecodable bytes stay as they are: every pair is mapped, so a bad byte is never part of a pair."""
    errors = "surrogateescape" if encoding == "gb18030" else "intake.mark"
    decoder = codecs.getincrementaldecoder(encoding)(errors)
    out = bytearray()
    for at in range(start, len(data), CHUNK):
        part = decoder.decode(data[at : at + CHUNK], final=at + CHUNK >= len(data))
        out += part.encode("utf-8", "surrogateescape")
    if encoding != "gb18030":
        damaged = _first_bad(bytes(out), "utf-8") is not None
    return bytes(out), damaged
