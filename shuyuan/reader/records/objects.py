"""JSON objects as rows: keys are the headers, values come in JSON's own spelling. What jsonl and json have in common."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import pyarrow as pa

from shuyuan.reader import blocks
from shuyuan.reader.batched import Tally
from shuyuan.reader.cells import compact, texts
from shuyuan.reader.errors import Bomb
from shuyuan.reader.rows import BLANK, Fault, Head, judge, reject, show

BLOCK = 16_384  # objects
MAX_KEYS = 16_384
MAX_BYTES = 64 << 20  # of one object
Piece = tuple[int, bytes]  # (line, the bytes of one object)


class Number(float):
    """A JSON number that remembers how it was written."""

    text: str

    def __new__(cls, text: str) -> Number:
        self = super().__new__(cls, text)
        self.text = text
        return self


class BadJsonError(ValueError):
    """Not one JSON object."""


def parse(raw: bytes) -> dict[str, Any]:
    """One object. Raises BadJsonError."""
    if len(raw) > MAX_BYTES:
        raise BadJsonError(f"more than {MAX_BYTES} bytes")
    try:
        value = _DECODER.decode(raw.decode("utf-8"))
        if b"\\ud" in raw or b"\\uD" in raw:
            _refuse_no_text(value)
    except (ValueError, RecursionError) as error:
        raise BadJsonError(str(error)) from error
    if not isinstance(value, dict):
        raise BadJsonError(f"a {type(value).__name__}, not an object")
    return value


def _refuse_no_text(value: Any) -> None:
    """A key with half of a surrogate pair names no column. Raises ValueError."""
    if isinstance(value, dict) and not all(map(_is_text, value)):
        raise ValueError("a key holds half of a surrogate pair")


def _is_text(key: str) -> bool:
    return key.isascii() or not any("\ud800" <= c <= "\udfff" for c in key)


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is not JSON")


def _without_repeats(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """A key given twice would lose its first value."""
    value = dict(pairs)
    if len(value) < len(pairs):
        raise ValueError("a key is given twice")
    return value


_DECODER = json.JSONDecoder(parse_float=Number, parse_constant=_refuse_constant, object_pairs_hook=_without_repeats)


def keys_of(file: str, pieces: Iterable[Piece]) -> list[str]:
    """All keys in order of first appearance: an object may leave out what it has no value for. Raises Bomb."""
    keys: dict[str, None] = {}
    for line, raw in pieces:
        with contextlib.suppress(ValueError, RecursionError):  # what is wrong with it is told when it is read
            value = json.loads(raw) if len(raw) <= MAX_BYTES else None
            keys.update(dict.fromkeys(filter(_is_text, value)) if isinstance(value, dict) else {})
        if len(keys) > MAX_KEYS:
            problem = f"the objects have more than {MAX_KEYS} different keys"
            raise Bomb(file, problem, "deliver one object per row, with the same keys", line=line)
    return list(keys)


def tables(pieces: Iterator[Piece], keys: Sequence[str], head: Head, tally: Tally, what: str) -> Iterator[pa.Table]:
    """The rows of the pieces, in blocks; `what` a piece is, for the message on one that is no object."""
    block: list[tuple[int, bytes, list[str]]] = []
    for line, raw in pieces:
        cells = _cells(line, raw, keys, tally, what)
        if cells is not None:
            block.append((line, raw, cells))
        if len(block) == BLOCK:
            yield _table(block, head, tally)
            block = []
    if block:
        yield _table(block, head, tally)


def _cells(line: int, raw: bytes, keys: Sequence[str], tally: Tally, what: str) -> list[str] | None:
    if not raw.strip():
        tally.blank += 1
        return None
    try:
        value = parse(raw)
    except BadJsonError as error:
        tally.rejects.append(reject(line, _shown(raw), _fault(_shown(raw), str(error), what)))
        return None
    return [v if type(v) is str else _as_text(v) for v in map(value.get, keys)]


def _table(block: list[tuple[int, bytes, list[str]]], head: Head, tally: Tally) -> pa.Table:
    try:
        columns = [texts(column) for column in zip(*(cells for _, _, cells in block), strict=True)]
    except UnicodeEncodeError:
        block = [b for b in block if not _refused(b, head, tally)]
        columns = [texts(column) for column in zip(*(cells for _, _, cells in block), strict=True)]
    lines = pa.array([line for line, _, _ in block], pa.int64())
    return blocks.admit(columns, lines, head, tally, lambda at, _: _shown(block[at][1]))


def _refused(piece: tuple[int, bytes, list[str]], head: Head, tally: Tally) -> bool:
    """Rows with lone surrogates cannot become text; they are judged here, before the block."""
    line, raw, cells = piece
    if not any("\ud800" <= c <= "\udfff" for c in "".join(cells)):
        return False
    fault = judge(cells, head)
    tally.rejects.append(reject(line, _shown(raw), fault or BLANK))
    return True


def _shown(raw: bytes) -> str:
    return raw.decode("utf-8", "surrogateescape").rstrip("\r\n")


def _fault(shown: str, why: str, what: str) -> Fault:
    if show(shown) != shown and "\0" not in shown:
        message = f"the {what} holds bytes that the file's encoding does not decode; deliver it again"
        return Fault("undecodable", None, None, message)
    return Fault("bad_json", None, None, f"the {what} is not one JSON object ({why}); write one object per {what}")


def _as_text(value: Any) -> str:
    """JSON's own spelling: `true`, `1.50`, `110105199003074321`; nested values compact."""
    match value:
        case None:
            return ""
        case Number():
            return value.text
        case _:
            return compact(value)
