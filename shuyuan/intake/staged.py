"""Staged files of one batch: standardised rows by bucket, what was set aside, what is withheld. They count only once the ledger says `read`."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from shuyuan import settings
from shuyuan.db.sql import Identifier, statement, text_of
from shuyuan.intake.standardise import Judged, message
from shuyuan.lake import duck, durable, sealed
from shuyuan.ledger.findings import QUARANTINE

GROUP = 65_536  # rows of a bucket that are written together
WAITING = 5 * GROUP  # rows of all buckets that may wait for that
LIST = "staged.json"
"""Which files there are, kept when all are written."""


@dataclass(frozen=True)
class Staged:
    """The folder of a batch's staged files. `fresh`: this process is writing them, what it reads of them need not be verified."""

    folder: Path
    fresh: bool = False

    @classmethod
    def of(cls, folder: str) -> Staged:
        """From the batch's folder, relative to the lake."""
        return cls(settings.load().lake / folder)

    @contextmanager
    def whole(self) -> Iterator[None]:
        """Whatever fails inside leaves no staged file."""
        try:
            yield
        except BaseException:
            shutil.rmtree(self.folder, ignore_errors=True)
            raise

    def files(self) -> list[Path]:
        """One file per bucket that has rows; one without rows if none has. Raises sealed.Damaged for files that are not what was written."""
        if self.fresh:
            return self._written()
        files = [self.folder / str(name) for name in sealed.read_json(self.folder / LIST)["files"]]
        sealed.verify(files, strict=True)
        return [file for file in files if file.name.startswith("b")]

    def is_whole(self) -> bool:
        """Whether every file is what was written."""
        try:
            self.files()
        except sealed.Damaged:
            return False
        return True

    def _written(self) -> list[Path]:
        return sorted(self.folder.glob("b*.parquet"))

    def has(self, items: Sequence[str]) -> bool:
        """Whether these items were standardised, by the contract of that day. Raises sealed.Damaged where the folder is gone."""
        return {*items} <= {*pq.read_schema(self.files()[0]).names}

    def parts(self) -> dict[int, str]:
        """What `scan` says, by bucket."""
        return {int(file.stem.removeprefix("b")): self.scan([file]) for file in self.files()}

    def scan(self, files: list[Path] | None = None) -> str:
        """A DuckDB relation of the standardised rows (of all files or some), those left out that share their key with another one."""
        rows, repeated = duck.scan(files or self.files()), self.folder / "repeated.parquet"
        return duck.without(rows, [repeated], "_line") if repeated.exists() else rows

    def let_in(self, connection: duck.Duck, aside: pa.Array) -> int:
        """How many rows are left without the lines `aside`."""
        connection.register("aside", pa.table({"_line": aside.cast(pa.int64())}))
        return duck.count(connection, text_of(statement("steps/rows_let_in")).replace(":rows", self.scan()))

    def keep(self, withheld: pa.Array, unread: pa.Array) -> None:
        """Keep the keys of rows that were set aside and the words of lines that could not be read, and which files there are now."""
        _write(pa.table({"word": unread}), self.folder / "unread.parquet")
        _write(pa.table({"_key": withheld}), self.folder / "withheld.parquet")
        sealed.write_json(self.folder / LIST, {"files": sorted(path.name for path in self.folder.glob("*.parquet"))})

    def leave_out(self, lines: pa.Array) -> None:
        """Rows on these lines are no rows of the delivery."""
        if len(lines):
            _write(pa.table({"_line": lines}), self.folder / "repeated.parquet")

    def withheld(self) -> pa.Array:
        """Keys that were delivered in rows that were set aside."""
        return self._column("withheld.parquet", "_key")

    def unread(self) -> pa.Array:
        """Words of the lines that could not be read."""
        return self._column("unread.parquet", "word")

    def _column(self, file: str, name: str) -> pa.Array:
        sealed.verify([self.folder / file], strict=True)
        return pq.read_table(self.folder / file)[name].combine_chunks()

    def lines_with(self, rules: Sequence[tuple[str, str]]) -> pa.Table:
        """Lines of every row that carries one of the (item, reason) verdicts: columns line, item, value, reason, message."""
        found = [self._lines_with(item, reason) for item, reason in rules]
        return pa.concat_tables(found) if found else QUARANTINE.empty_table().drop_columns(["raw"])

    def _lines_with(self, item: str, reason: str) -> pa.Table:
        with duck.connect() as connection:
            query = statement("steps/lines_with_verdict", item=Identifier(item))
            order = text_of(query).replace(":rows", self.scan())
            table = duck.table(connection, order, path=f"$.{item}", reason=reason)
        rows = table.num_rows
        words = {"item": item, "reason": reason, "message": message(reason)}
        columns = {name: pa.repeat(pa.scalar(word), rows) for name, word in words.items()}
        return pa.table({"line": table["line"], "value": table["value"], **columns}).select(QUARANTINE.names[:-1])

    def raw_of(self, lines: pa.Array) -> dict[int, str]:
        """line → the row as JSON text: the standardised values, with the texts as read over them where they changed."""
        if not len(lines):
            return {}
        rows = pq.read_table(self.files(), filters=pc.field("_line").isin(lines.cast(pa.int64())))
        return {row["_line"]: _as_read(row) for row in rows.to_pylist()}

    def set_aside(self, offending: pa.Table) -> pa.Table:
        """Offending lines (line, item, value, reason, message; one per line) as quarantine rows, with the raw row."""
        raw = self.raw_of(offending["line"].combine_chunks())
        texts = pa.array([raw[line] for line in offending["line"].to_pylist()], pa.string())
        return offending.append_column("raw", texts).select(QUARANTINE.names).cast(QUARANTINE)


class Writer:
    """Writes judged batches by bucket. Buckets wait until they have a row group's worth, but not all of them together."""

    def __init__(self, staged: Staged) -> None:
        self.folder, self.rows = staged.folder, 0
        with suppress(FileNotFoundError):
            shutil.rmtree(self.folder)  # what an attempt that died left behind
        self.folder.mkdir(parents=True)
        self._schema: pa.Schema | None = None
        self._files: dict[int, sealed.Writer] = {}
        self._waiting: dict[int, list[pa.Table]] = {}
        self._sizes: dict[int, int] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, failed: type[BaseException] | None, _: BaseException | None, __: TracebackType | None) -> None:
        for number in list(self._waiting):
            if failed is None:
                self._write(number)
        for number, file in self._files.items():
            file.close()
            if failed is None:
                durable.settle(self._path(number, ".part"), self._path(number, ".parquet"))

    def add(self, judged: Judged) -> None:
        """Take the rows of one batch."""
        at = 0
        self._schema = self._schema or judged.rows.schema
        rows = judged.rows.cast(self._schema)  # what repeats in one part of a delivery need not repeat in the next
        for number, size in judged.buckets or ((0, 0),):
            # A slice keeps its whole batch in memory: a bucket that gets little of each would keep them all.
            part = rows.slice(at, size) if 2 * size > rows.num_rows else rows.take(pa.array(np.arange(at, at + size)))
            self._waiting.setdefault(number, []).append(part)
            self._sizes[number] = self._sizes.get(number, 0) + size
            at += size
            if self._sizes[number] >= GROUP:
                self._write(number)
        self.rows += at
        while sum(self._sizes.values()) > WAITING:
            self._write(max(self._sizes, key=lambda n: self._sizes[n]))

    def _path(self, number: int, suffix: str) -> Path:
        return self.folder / f"b{number:03d}{suffix}"

    def _write(self, number: int) -> None:
        table = pa.concat_tables(self._waiting.pop(number)).unify_dictionaries()
        self._sizes[number] = 0
        if number not in self._files:
            self._files[number] = _writer(self._path(number, ".part"), table.schema)
        self._files[number].write(table)


def _writer(path: Path, schema: pa.Schema) -> sealed.Writer:
    """These files live for a day and are always read whole: no compression, no statistics, dictionaries only where values repeat. Without
    Arrow's own schema a column is text to every reader, whether it was written as a dictionary or not."""
    few = [f.name for f in schema if pa.types.is_dictionary(f.type) or f.name in ("_op", "_raw", "_verdicts")]
    return sealed.Writer(
        path, schema, compression="none", write_statistics=False, use_dictionary=few, store_schema=False
    )


def _as_read(row: dict[str, object]) -> str:
    cells = {name: value for name, value in row.items() if not name.startswith("_")}
    return json.dumps(cells | json.loads(str(row["_raw"] or "{}")), ensure_ascii=False, default=str)


def without_repeats(offending: pa.Table) -> pa.Table:
    """One row per line: the first reason found for it."""
    first = offending.append_column("_at", pa.array(range(offending.num_rows), pa.int64()))
    kept = first.group_by("line").aggregate([("_at", "min")])["_at_min"]
    return offending.filter(pc.is_in(first["_at"], kept.combine_chunks()))


def _write(table: pa.Table, path: Path) -> None:
    part = path.with_suffix(".part")
    sealed.write_table(table, part, compression="zstd")
    durable.settle(part, path)
