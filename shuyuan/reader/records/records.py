"""Self-describing rows: JSON lines and Parquet. No header to find, no blank padding; keys and column names are the headers."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from shuyuan.reader import blocks, placed
from shuyuan.reader.batched import Batched, Tally
from shuyuan.reader.cells import compact, no_empty, render
from shuyuan.reader.errors import Bomb, CorruptFile, WrongEncoding
from shuyuan.reader.records import groups, objects
from shuyuan.reader.rows import Contract, Head, Parts
from shuyuan.reader.texts.text import CHUNK, Text

MAX_UNPACKED = 16 << 30  # bytes a Parquet file may declare unpacked
MAX_GROUP = 1 << 30  # bytes a row group may declare unpacked in the columns that are asked for
BATCH = 65_536  # rows
_JSON_LINE = re.compile(rb"[^\n]*+\n|[^\n]++\Z")


def read_jsonl(text: Text, contract: Contract) -> tuple[Head, Parts]:
    """All rows of `jsonl_rows` at once."""
    return jsonl_rows(text, contract).collect()


def jsonl_rows(text: Text, contract: Contract) -> Batched:
    """One object per line (of UTF-8 bytes). A line that is none is a `bad_json` reject.

    Without a form the file is gone through once more before, for its keys. Raises HeaderNotFound, MissingColumn, AmbiguousColumn, Bomb.
    """
    form = contract.form
    keys = list(form.names) if form else objects.keys_of(text.file, _lines(text))
    head, tally = placed.by_keys(text.file, keys, contract), Tally()

    def batches() -> Iterator[pa.Table]:
        tally.physical = _count(text)
        yield from objects.tables(_lines(text), keys, head, tally, "line")

    return Batched(head, batches(), tally)


def _lines(text: Text) -> Iterator[tuple[int, bytes]]:
    for line, found in enumerate(_JSON_LINE.finditer(text.data, text.start), 1):
        yield line, found[0]


def _count(text: Text) -> int:
    """Lines by counting line ends, apart from the pattern that splits them."""
    size, ends = len(text.data), 0
    for at in range(text.start, size, CHUNK):
        ends += text.data[at : at + CHUNK].count(b"\n")
    return ends + (text.data[size - 1 : size] != b"\n")


def read_parquet(path: Path, file: str, contract: Contract) -> tuple[Head, Parts]:
    """All rows of `parquet_rows` at once."""
    return parquet_rows(path, file, contract).collect()


def parquet_rows(path: Path, file: str, contract: Contract) -> Batched:
    """Every column cast to text, row group by row group; `_line` is the row's number from 1.

    Raises CorruptFile, Bomb, WrongEncoding (while reading), HeaderNotFound, MissingColumn, AmbiguousColumn.
    """
    source, names = _parquet(path, file)
    head = placed.by_keys(file, names, contract)
    if contract.form is not None:  # a form names columns, the file places them
        head = placed.by_keys(file, names, Contract(contract.columns, constants=contract.constants))
    wanted = [names[i] for i in head.places.values()]
    try:
        _refuse_huge(source, path, file, wanted)
    except pa.ArrowException as error:
        raise _corrupt(file, error) from error
    tally = Tally(physical=source.metadata.num_rows)
    return Batched(head, _parquet_batches(source, file, wanted, head, tally), tally)


def parquet_names(path: Path, file: str) -> list[str]:
    """The names of the columns. Raises CorruptFile."""
    return _parquet(path, file)[1]


def _parquet(path: Path, file: str) -> tuple[pq.ParquetFile, list[str]]:
    try:
        source = pq.ParquetFile(path)
        return source, list(source.schema_arrow.names)
    except (pa.ArrowException, OSError, UnicodeDecodeError) as error:
        raise _corrupt(file, error) from error


def _parquet_batches(
    source: pq.ParquetFile, file: str, wanted: list[str], head: Head, tally: Tally
) -> Iterator[pa.Table]:
    narrow = Head({n: i for i, n in enumerate(head.places)}, head.names, len(wanted), 0, 0, -1, (), head.constants)
    parts, first = source.iter_batches(batch_size=BATCH, columns=wanted), 1
    while True:
        try:
            part = next(parts, None)
            if part is None:
                return
            part.validate(full=True)
            columns = [_texts(file, n, c, first) for n, c in zip(head.places, _in_order(part, wanted), strict=True)]
        except (pa.ArrowException, OSError, UnicodeDecodeError) as error:
            raise _corrupt(file, error) from error
        yield _admit(columns, first, part.num_rows, narrow, tally)
        first += part.num_rows


def _in_order(part: pa.RecordBatch, wanted: list[str]) -> list[pa.Array]:
    return [part.column(part.schema.get_field_index(n)) for n in wanted]


def _admit(columns: list[pa.Array], first: int, height: int, head: Head, tally: Tally) -> pa.Table:
    """A row whose asked columns are all null is a row: Parquet has no blank lines."""
    lines = pa.array(range(first, first + height), pa.int64())
    names = list(head.places)

    def raw(_: int, cells: list[str]) -> str:
        return compact(dict(zip(names, (c or None for c in cells), strict=True)))

    return blocks.admit(columns, lines, head, tally, raw, blanks=False)


def _corrupt(file: str, error: Exception) -> CorruptFile:
    return CorruptFile(file, f"the Parquet file does not open ({error})", "write and deliver it again")


def _refuse_huge(source: pq.ParquetFile, path: Path, file: str, wanted: list[str]) -> None:
    sizes = [source.metadata.row_group(i).total_byte_size for i in range(source.metadata.num_row_groups)]
    if (whole := sum(sizes)) > MAX_UNPACKED:
        problem = f"it unpacks to {whole} bytes, at most {MAX_UNPACKED} are read"
        raise Bomb(file, problem, "deliver it in parts", value=str(whole))
    if max(sizes, default=0) > MAX_GROUP and (group := groups.largest(path, wanted)) > MAX_GROUP:
        problem = f"a row group unpacks to {group} bytes, at most {MAX_GROUP} are read at once"
        raise Bomb(file, problem, "write it with smaller row groups", value=str(group))


def _texts(file: str, name: str, column: pa.Array, first: int) -> pa.Array:
    """Text columns as they are (empty → null), others through `cells.render`, each distinct value once."""
    kind = column.type
    if pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_string_view(kind):
        return no_empty(column.cast(pa.string()))
    if pa.types.is_binary(kind) or pa.types.is_large_binary(kind):
        _refuse_bytes(file, name, column, first)
    if pa.types.is_integer(kind):
        return column.cast(pa.string())
    if pa.types.is_nested(kind):
        return pa.array([None if v is None else render(v) for v in column.to_pylist()], pa.string())
    coded = column if pa.types.is_dictionary(kind) else pc.dictionary_encode(column)
    words = pa.array([None if v is None else render(v) or None for v in coded.dictionary.to_pylist()], pa.string())
    return words.take(coded.indices)


def _refuse_bytes(file: str, name: str, column: pa.Array, first: int) -> None:
    """A column declared as bytes may hold text; a value that is none refuses the file, for Parquet text is UTF-8 by definition."""
    for line, value in enumerate(column.to_pylist(), first):
        try:
            (value or b"").decode("utf-8")
        except UnicodeDecodeError as error:
            way_out = "write the column as string"
            problem = "the column holds bytes that are not UTF-8"
            raise WrongEncoding(file, problem, way_out, line=line, column=name, value=value[:8].hex(" ")) from error
