"""How the lines of a text decode: counted line by line over the whole file, in bounded memory."""

from __future__ import annotations

import codecs
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from shuyuan.survey.report import Encoding

CHUNK = 4 << 20
LONGEST = 64 << 20  # bytes without a line end that are looked at as one line
_MARKS = ((codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be"))


def count(path: Path) -> Encoding:
    """The encoding of a text file as its lines show it."""
    bom, said = _mark(path)
    if said.startswith("utf-16"):
        return _wide(path, said)
    lines: Counter[str] = Counter()
    endings: Counter[str] = Counter()
    for piece in _pieces(path, len(bom)):
        lines += _decodes(piece)
        endings += _endings(piece)
    return _summed(lines, endings, said, bool(bom))


def _mark(path: Path) -> tuple[bytes, str]:
    with path.open("rb") as handle:
        head = handle.read(4)
    return next(((bom, name) for bom, name in _MARKS if head.startswith(bom)), (b"", ""))


def _pieces(path: Path, start: int) -> Iterator[bytes]:
    """The file in pieces that end with a line end."""
    rest = b""
    with path.open("rb") as handle:
        handle.seek(start)
        while chunk := handle.read(CHUNK):
            chunk = rest + chunk
            cut = max(chunk.rfind(b"\n"), chunk[:-1].rfind(b"\r")) + 1  # a CR at the very end may be half of a CR LF
            if not cut and len(chunk) > LONGEST:
                cut = len(chunk)
            rest = chunk[cut:]
            if cut:
                yield chunk[:cut]
    if rest:
        yield rest


def _decodes(piece: bytes) -> Counter[str]:
    if piece.isascii():
        return Counter({"ascii": _line_count(piece)})
    if (lines := _utf8_lines(piece)) is not None:
        return lines
    return Counter("ascii" if line.isascii() else _decoded_as(line) for line in piece.splitlines())


def _utf8_lines(piece: bytes) -> Counter[str] | None:
    """The lines of a piece that is UTF-8 throughout, told from their bytes; None if it is not, or needs a look at single lines."""
    if b"\r" in piece.replace(b"\r\n", b"") or _decoded(piece, "utf-8") is None:
        return None
    data = np.frombuffer(piece, np.uint8)
    ends = np.flatnonzero(data == ord("\n"))
    starts = np.concatenate([[0], ends + 1])
    starts = starts[starts < len(data)]
    highest = np.maximum.reduceat(data, starts)
    if ((highest >= 0x80) & (highest < 0xE0)).any():  # letters of two bytes only: perhaps GB18030 by chance
        return None
    beyond = int((highest >= 0x80).sum())
    return +Counter({"ascii": len(starts) - beyond, "utf-8": beyond})


def _decoded_as(line: bytes) -> str:
    """`either`: GB18030 that is UTF-8 by chance (女 is C5 AE), or Latin letters with accents; it goes along with the other lines."""
    text, gb = _decoded(line, "utf-8"), _decoded(line, "gb18030")
    if text is None:
        return "neither" if gb is None else "gb18030"
    return "either" if gb is not None and max(text) < "\u0800" else "utf-8"


def _decoded(line: bytes, encoding: str) -> str | None:
    try:
        return line.decode(encoding)
    except UnicodeDecodeError:
        return None


def _line_count(piece: bytes) -> int:
    ends = piece.count(b"\n") + piece.count(b"\r") - piece.count(b"\r\n")
    return ends + (not piece.endswith((b"\n", b"\r")))


def _endings(piece: bytes) -> Counter[str]:
    both = piece.count(b"\r\n")
    found = {"crlf": both, "lf": piece.count(b"\n") - both, "cr": piece.count(b"\r") - both}
    return Counter({name: number for name, number in found.items() if number})


def _summed(lines: Counter[str], endings: Counter[str], said: str, bom: bool) -> Encoding:
    beyond = sum(number for name, number in lines.items() if name != "ascii")
    name = said or ("gb18030" if lines["gb18030"] > lines["utf-8"] else "utf-8")
    confidence = round((lines[name] + lines["either"]) / beyond, 4) if beyond else 1.0
    mixed = bool(lines["neither"] or (lines["utf-8"] and lines["gb18030"]))
    return Encoding(name, bom, confidence, mixed, dict(lines), dict(endings))


def _wide(path: Path, name: str) -> Encoding:
    """UTF-16 with its mark: decoded from end to end."""
    decoder = codecs.getincrementaldecoder(name)("replace")
    endings: Counter[str] = Counter()
    lost, held, open_end = 0, "", False
    with path.open("rb") as handle:
        handle.seek(2)
        while chunk := handle.read(CHUNK):
            text = held + decoder.decode(chunk)
            open_end = not text.endswith(("\r", "\n"))
            held = text[-1:] if text.endswith("\r") else ""
            text = text[: len(text) - len(held)]
            lost += text.count("\ufffd")
            endings += _endings(text.encode("utf-8", "replace"))
    endings += _endings(held.encode())
    lines = {name: sum(endings.values()) + open_end} | ({"neither": lost} if lost else {})
    return Encoding(name, True, 1.0 if not lost else 0.9, bool(lost), lines, dict(endings))
