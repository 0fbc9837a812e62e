"""Self-describing rows: JSON lines and Parquet. No header to find, no blank padding; keys and column names are the headers."""

from __future__ import annotations

import contextlib
import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from shuyuan.intake import header
from shuyuan.intake.cells import compact, render
from shuyuan.intake.errors import Bomb, CorruptFile, WrongEncoding
from shuyuan.intake.rows import (
    BLANK,
    MAX_FIELD,
    Contract,
    Fault,
    Gather,
    Head,
    Parts,
    judge,
    reject,
    schema,
    show,
    with_constants,
)
from shuyuan.intake.text import CHUNK, Text

MAX_UNPACKED = 16 << 30  # bytes a Parquet file may declare unpacked
_JSON_LINE = re.compile(rb"[^\n]*+\n|[^\n]++\Z")


class _Number(float):
    """A JSON number that remembers how it was written."""

    text: str

    def __new__(cls, text: str) -> _Number:
        self = super().__new__(cls, text)
        self.text = text
        return self


class _BadJsonError(ValueError):
    """A line that is not one JSON object."""


def read_jsonl(text: Text, contract: Contract) -> tuple[Head, Parts]:
    """One object per line. A line that is none is a `bad_json` reject. Raises HeaderNotFound, MissingColumn, AmbiguousColumn."""
    keys = _keys(text)
    head = replace(header.settle(text.file, [(1, keys)], contract), index=-1)
    gather = Gather(head)
    for line, raw in _lines(text):
        _add(gather, line, raw, keys)
    return head, Parts(gather.table(), gather.rejects, _count(text), gather.blank, 0)


def _keys(text: Text) -> list[str]:
    """All keys of the file in order of first appearance: an object may leave out what it has no value for."""
    keys: dict[str, None] = {}
    for _, raw in _lines(text):
        with contextlib.suppress(_BadJsonError):
            keys.update(dict.fromkeys(_parse(raw)))
    return list(keys)


def _add(gather: Gather, line: int, raw: bytes, keys: Sequence[str]) -> None:
    shown = raw.decode("utf-8", "surrogateescape").rstrip("\r\n")
    if not raw.strip():
        gather.blank += 1
        return
    try:
        value = _parse(raw)
    except _BadJsonError as error:
        gather.rejects.append(reject(line, shown, _fault(shown, str(error))))
    else:
        gather.add(line, [_as_text(value.get(k)) for k in keys], shown)


def _fault(shown: str, why: str) -> Fault:
    if show(shown) != shown and "\0" not in shown:
        message = "the line holds bytes that the file's encoding does not decode; deliver it again"
        return Fault("undecodable", None, None, message)
    return Fault("bad_json", None, None, f"the line is not one JSON object ({why}); write one object per line")


def _lines(text: Text) -> Iterator[tuple[int, bytes]]:
    for line, found in enumerate(_JSON_LINE.finditer(text.data, text.start), 1):
        yield line, found[0]


def _count(text: Text) -> int:
    """Lines by counting line ends, apart from the pattern that splits them."""
    size, ends = len(text.data), 0
    for at in range(text.start, size, CHUNK):
        ends += text.data[at : at + CHUNK].count(b"\n")
    return ends + (text.data[size - 1 : size] != b"\n")


def _parse(raw: bytes) -> dict[str, Any]:
    if not raw.strip():
        return {}
    try:
        value = json.loads(raw.decode("utf-8"), parse_float=_Number, parse_constant=_refuse_constant)
    except (ValueError, RecursionError) as error:
        raise _BadJsonError(str(error)) from error
    if not isinstance(value, dict):
        raise _BadJsonError(f"a {type(value).__name__}, not an object")
    return value


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is not JSON")


def _as_text(value: Any) -> str:
    """JSON's own spelling: `true`, `1.50`, `110105199003074321`; nested values compact."""
    match value:
        case None:
            return ""
        case str():
            return value
        case _Number():
            return value.text
        case _:
            return compact(value)


def read_parquet(path: Path, file: str, contract: Contract) -> tuple[Head, Parts]:
    """Every column cast to text; `_line` is the row's number from 1.

    Raises CorruptFile, Bomb, WrongEncoding, HeaderNotFound, MissingColumn, AmbiguousColumn.
    """
    try:
        source = pq.ParquetFile(path)
        _refuse_huge(source, file)
        names = source.schema_arrow.names
        head = replace(header.settle(file, [(1, names)], contract), index=-1)
        raw = source.read(columns=[names[i] for i in head.places.values()])
        raw.validate(full=True)
    except (pa.ArrowException, OSError, UnicodeDecodeError) as error:
        raise CorruptFile(file, f"the Parquet file does not open ({error})", "write and deliver it again") from error
    gather = Gather(head)
    table = with_constants(_sound(_as_table(file, raw, head), gather), head)
    return head, Parts(table, gather.rejects, source.metadata.num_rows, 0, 0)


def _refuse_huge(source: pq.ParquetFile, file: str) -> None:
    groups = range(source.metadata.num_row_groups)
    size = sum(source.metadata.row_group(i).total_byte_size for i in groups)
    if size > MAX_UNPACKED:
        raise Bomb(
            file, f"it unpacks to {size} bytes, at most {MAX_UNPACKED} are read", "deliver it in parts", value=str(size)
        )


def _as_table(file: str, raw: pa.Table, head: Head) -> pa.Table:
    delivered = dict(zip(head.places, raw.columns, strict=True))
    absent = pa.nulls(raw.num_rows, pa.string())
    texts = [_texts(file, n, delivered[n]) if n in delivered else absent for n in head.names]
    return pa.table([*texts, pa.array(range(1, raw.num_rows + 1), pa.int64())], schema=schema(head.names))


def _texts(file: str, name: str, column: pa.ChunkedArray) -> pa.ChunkedArray:
    """Text columns as they are (empty → null), others through `cells.render`, each distinct value once."""
    if pa.types.is_string(column.type) or pa.types.is_large_string(column.type):
        text = column.cast(pa.string())
        return pc.if_else(pc.equal(text, ""), pa.scalar(None, pa.string()), text)
    if pa.types.is_binary(column.type) or pa.types.is_large_binary(column.type):
        _refuse_bytes(file, name, column)
    if pa.types.is_nested(column.type):
        return pa.chunked_array([[None if v is None else render(v) for v in column.to_pylist()]], pa.string())
    coded = column.combine_chunks().dictionary_encode()
    coded = coded.combine_chunks() if isinstance(coded, pa.ChunkedArray) else coded
    words = pa.array([None if v is None else render(v) or None for v in coded.dictionary.to_pylist()], pa.string())
    return pa.chunked_array([words.take(coded.indices)])


def _refuse_bytes(file: str, name: str, column: pa.ChunkedArray) -> None:
    """A column declared as bytes may hold text; a value that is none refuses the file, for Parquet text is UTF-8 by definition."""
    for line, value in enumerate(column.to_pylist(), 1):
        try:
            (value or b"").decode("utf-8")
        except UnicodeDecodeError as error:
            way_out = "write the column as string"
            problem = "the column holds bytes that are not UTF-8"
            raise WrongEncoding(file, problem, way_out, line=line, column=name, value=value[:8].hex(" ")) from error


def _sound(table: pa.Table, gather: Gather) -> pa.Table:
    """The rows that can be stored as text; the others (NUL, over-long, undecodable bytes) become rejects."""
    odd = pa.array([False] * table.num_rows, pa.bool_())
    for name in gather.head.names:
        text = pc.fill_null(table[name], "")
        odd = pc.or_(odd, pc.or_(pc.match_substring(text, "\0"), pc.greater(pc.utf8_length(text), MAX_FIELD)))
    for row in table.filter(odd).to_pylist():
        line = row.pop("_line")
        cells = [v or "" for v in row.values()]
        fault = judge(cells, replace(gather.head, places={n: i for i, n in enumerate(row)}, width=len(cells), named=0))
        gather.rejects.append(reject(line, compact(row), fault or BLANK))
    return table.filter(pc.invert(odd))
