"""Text files: what the content is encoded in, whatever the name or the contract says, and their lines as text.

The encoding is settled by a sample (all of a small file; windows over the whole length of a large one); every byte is checked later, when
its lines are read. Bytes that do not decode come out as lone surrogates (`errors="surrogateescape"`), so that only the rows that hold them
are refused.
"""

from __future__ import annotations

import codecs
import mmap
import re
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from shuyuan.reader.errors import EmptyFile, WrongEncoding
from shuyuan.reader.rows import Note

CHUNK = 8 << 20
SAMPLE = 4 << 20  # bytes looked at to settle the encoding
WINDOW = 64 << 10
_LINE = re.compile(rb"[^\r\n]*+(?:\r\n|\r|\n)|[^\r\n]++\Z")
LINE_END = re.compile(rb"\r\n|\r|\n")
TEXT_LINE = re.compile(r"[^\r\n]*+(?:\r\n|\r|\n)|[^\r\n]++\Z")
_BOMS = ((codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be"))

Bytes = bytes | mmap.mmap


@dataclass(frozen=True)
class Text:
    """A text file: `data[start:]` decodes by `codec` (utf-8 or gb18030), `encoding` is what it was on disk."""

    file: str
    data: Bytes
    start: int
    encoding: str
    codec: str
    notes: tuple[Note, ...]

    def forget(self, low: int, high: int) -> None:
        """Bytes `low` to `high` are not needed soon: their pages need not stay in memory, and are read again if they are."""
        page = mmap.PAGESIZE
        low, high = low // page * page, high // page * page
        if isinstance(self.data, mmap.mmap) and high > low:
            self.data.madvise(mmap.MADV_DONTNEED, low, high - low)

    def utf8(self, low: int, high: int) -> bytes:
        """Bytes `low` to `high`, which lie at line ends, as UTF-8; what does not decode stays as it is."""
        part = self.data[low:high]
        if self.codec == "utf-8":
            return part
        return recode(part, self.codec)


# Characters that GB 18030-2000 had put into the private use area for want of a place in Unicode; GB 18030-2022 gives each its own.
# Python still decodes by the old table, so a name from a UTF-8 feed would differ from the same name in a GB 18030 feed.
_GIVEN_PLACES = str.maketrans(
    "\ue78d\ue78e\ue78f\ue790\ue791\ue792\ue793\ue794\ue795\ue796\ue7c7\ue816\ue817\ue818\ue81e\ue826\ue82b\ue82c\ue831\ue832"
    "\ue83b\ue843\ue854\ue855\ue864",
    "\ufe10\ufe12\ufe11\ufe13\ufe14\ufe15\ufe16\ufe17\ufe18\ufe19\u1e3f\U00020087\U00020089\U000200cc\u9fb4\u9fb5\u9fb6\u9fb7\U000215d7"
    "\u9fb8\U0002298f\u9fb9\u9fba\U000241fe\u9fbb",
)


_PRIVATE = 0xEE  # how all of them begin in UTF-8, and few others; to look for one byte costs nothing


def decode(part: bytes, codec: str) -> str:
    """Bytes as text; what does not decode becomes lone surrogates. GB 18030 by its edition of 2022."""
    return (
        recode(part, codec).decode("utf-8", "surrogateescape")
        if codec == "gb18030"
        else part.decode(codec, "surrogateescape")
    )


def recode(part: bytes, codec: str) -> bytes:
    """As `decode`, in UTF-8; what does not decode stays as it is."""
    found = part.decode(codec, "surrogateescape")
    whole = found.encode("utf-8", "surrogateescape")
    if _PRIVATE in whole:
        return found.translate(_GIVEN_PLACES).encode("utf-8", "surrogateescape")
    return whole


def mark(error: UnicodeError) -> tuple[str, int]:
    """Codec error handler for UTF-16: one lone surrogate per broken unit."""
    if not isinstance(error, UnicodeDecodeError):
        raise error
    return "\udcff", error.end


codecs.register_error("reader.mark", mark)


def load(path: Path, file: str, hint: str | None = None) -> Text:
    """Open a text file; `hint` is what the contract says the encoding is, the content decides.

    Raises EmptyFile, WrongEncoding (with byte offset and line of the first byte that does not decode).
    """
    data = _map(path, file)
    bom, encoding = _bom(data)
    notes = [Note("bom", f"byte order mark of {encoding}")] if bom else []
    if encoding is None:
        encoding = _without_mark(data) or _by_content(data, file, hint)
    notes += _hint_note(hint, encoding, data)
    text = Text(file, data, len(bom), encoding, encoding, tuple(notes))
    if encoding.startswith("utf-16"):
        text = replace(as_utf8(text, "reader.mark"), encoding="utf-16")
    if not text.data[text.start : text.start + WINDOW].strip():
        _refuse_blank(text)
    return text


def lines(text: Text) -> Iterator[str]:
    """Physical lines with their line ends (CR LF, LF or CR); decoded one by one, so a damaged line harms only itself."""
    for found in _LINE.finditer(text.data, text.start):
        yield decode(found[0], text.codec)


def after(text: Text, count: int) -> int:
    """Byte offset of the line after the first `count` lines."""
    at = text.start
    for _ in range(count):
        found = _LINE.match(text.data, at)
        at = found.end() if found else at
    return at


def as_utf8(text: Text, errors: str = "surrogateescape") -> Text:
    """The same text with UTF-8 bytes, in a file of its own if it was not: memory stays small."""
    if text.codec == "utf-8":
        return text
    decoder = codecs.getincrementaldecoder(text.codec)(errors)
    size = len(text.data)
    with tempfile.TemporaryFile() as out:
        for at in range(text.start, size, CHUNK):
            part = decoder.decode(text.data[at : at + CHUNK], final=at + CHUNK >= size)
            part = part.translate(_GIVEN_PLACES) if text.codec == "gb18030" else part
            out.write(part.encode("utf-8", "surrogateescape"))
        out.flush()
        data = mmap.mmap(out.fileno(), 0, access=mmap.ACCESS_READ) if out.tell() else b""
    return replace(text, data=data, start=0, codec="utf-8")


def _map(path: Path, file: str) -> Bytes:
    if path.stat().st_size == 0:
        raise EmptyFile(file, "the file has no bytes", "deliver the file again", line=1)
    with path.open("rb") as handle:
        return mmap.mmap(handle.fileno(), 0, access=mmap.ACCESS_READ)


def _refuse_blank(text: Text) -> None:
    if re.compile(rb"\s*+\Z").match(text.data, text.start):
        raise EmptyFile(text.file, "the file holds nothing but blanks", "deliver the file again", line=1)


def _bom(data: Bytes) -> tuple[bytes, str | None]:
    for bom, encoding in _BOMS:
        if data[: len(bom)] == bom:
            return bom, encoding
    return b"", None


def _without_mark(data: Bytes) -> str | None:
    """UTF-16 whose writer left out the mark: every other byte of the ASCII in it (delimiters, digits, line ends) is NUL."""
    look = data[:WINDOW]
    good, bad, _ = weigh(look, "utf-8")
    halves = np.frombuffer(look, np.uint8)[: len(look) & ~1].reshape(-1, 2) == 0
    if len(data) % 2 or not len(halves) or (good and not bad):
        return None
    first, second = halves.mean(axis=0).tolist()
    least = 0.1 if bad else 0.9  # beyond ASCII a character has no NUL
    if max(first, second) < least or min(first, second) > max(first, second) / 4:
        return None
    return "utf-16-be" if first > second else "utf-16-le"


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


def sample(data: Bytes) -> bytes:
    """Whole lines from all over the file, about SAMPLE bytes; the first lines beyond ASCII are always among them."""
    if len(data) <= SAMPLE:
        return data[:]
    step = len(data) // (SAMPLE // (2 * WINDOW))
    parts = [data[: SAMPLE // 2], *(_whole_lines(data, at) for at in range(SAMPLE // 2, len(data), step))]
    if all(part.isascii() for part in parts):
        parts.append(_whole_lines(data, _first_beyond_ascii(data)))
    return b"\n".join(parts)


def _whole_lines(data: Bytes, at: int) -> bytes:
    start = data.find(b"\n", max(at - WINDOW // 2, 0), at + WINDOW) + 1
    stop = data.rfind(b"\n", start, start + WINDOW)
    return data[start:stop] if start and stop > start else b""


def _first_beyond_ascii(data: Bytes) -> int:
    for at in range(0, len(data), CHUNK):
        found = np.frombuffer(data[at : at + CHUNK], np.uint8) >= 0x80
        if found.any():
            return at + int(found.argmax())
    return 0


def first_bad(data: Bytes, encoding: str, start: int = 0) -> int | None:
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


def _by_content(data: Bytes, file: str, hint: str | None) -> str:
    """Encoding of bytes without a mark. UTF-8 proves itself; GB18030 takes the rest; a few bad lines cost those lines."""
    look = sample(data)
    if first_bad(look, "utf-8") is None:
        return "utf-8"
    utf8, gb = weigh(look, "utf-8"), weigh(look, "gb18030")
    encoding, (_, bad, total) = ("utf-8", utf8) if _prefers_utf8(utf8, gb, hint) else ("gb18030", gb)
    if 2 * bad > total:
        raise _undecodable(data, file, first_bad(data, encoding) or 0)
    return encoding


def _prefers_utf8(utf8: tuple[int, int, int], gb: tuple[int, int, int], hint: str | None) -> bool:
    """Multi-byte lines that decode as UTF-8 do so on purpose: a majority of them outweighs any reading as GB18030."""
    good, bad, _ = utf8
    if good != bad:
        return good > bad
    return good > 0 or (gb[1] > 0 and "8" in (hint or ""))


def weigh(sample: bytes, encoding: str) -> tuple[int, int, int]:
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
        f"neither UTF-8, UTF-16 nor GB18030 decodes the text; first bad byte at offset {offset}",
        "export the file again as UTF-8 or GB18030",
        line=line,
        value=bytes(data[offset : offset + 8]).hex(" "),
    )
