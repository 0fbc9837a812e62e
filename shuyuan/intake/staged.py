"""Staged files of one batch: standardised rows, what was set aside, what is withheld. Written whole or not at all."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from shuyuan import settings
from shuyuan.db.sql import Identifier, statement, text_of
from shuyuan.intake.standardise import Standardised, message
from shuyuan.lake import duck, durable
from shuyuan.ledger.findings import QUARANTINE


@dataclass(frozen=True)
class Staged:
    """The folder of a batch's staged files."""

    folder: Path

    @classmethod
    def of(cls, folder: str) -> Staged:
        """From the batch's folder, relative to the lake."""
        return cls(settings.load().lake / folder)

    @property
    def rows(self) -> Path:
        return self.folder / "rows.parquet"

    def save(self, result: Standardised) -> None:
        """Keep rows, withheld keys and the words of unread lines."""
        self.folder.mkdir(parents=True, exist_ok=True)
        _write(pa.table({"word": result.unread}), self.folder / "unread.parquet")
        _write(pa.table({"_key": result.withheld}), self.folder / "withheld.parquet")
        _write(result.rows, self.rows)

    def withheld(self) -> pa.Array:
        """Keys that were delivered in rows that were set aside."""
        return pq.read_table(self.folder / "withheld.parquet")["_key"].combine_chunks()

    def unread(self) -> pa.Array:
        """Words of the lines that could not be read."""
        return pq.read_table(self.folder / "unread.parquet")["word"].combine_chunks()

    def lines_with(self, rules: Sequence[tuple[str, str]]) -> pa.Table:
        """Lines of every row that carries one of the (item, reason) verdicts: columns line, item, value, reason, message."""
        found = [self._lines_with(item, reason) for item, reason in rules]
        return pa.concat_tables(found) if found else QUARANTINE.empty_table().drop_columns(["raw"])

    def _lines_with(self, item: str, reason: str) -> pa.Table:
        with duck.connect() as connection:
            query = statement("steps/lines_with_verdict", item=Identifier(item))
            order = text_of(query).replace(":rows", duck.scan([self.rows]))
            table = duck.table(connection, order, path=f"$.{item}", reason=reason)
        rows = table.num_rows
        words = {"item": item, "reason": reason, "message": message(reason)}
        columns = {name: pa.repeat(pa.scalar(word), rows) for name, word in words.items()}
        return pa.table({"line": table["line"], "value": table["value"], **columns}).select(QUARANTINE.names[:-1])

    def raw_of(self, lines: pa.Array) -> dict[int, str]:
        """line → the row as JSON text: the standardised values, with the texts as read over them where they changed."""
        rows = pq.read_table(self.rows, filters=pc.field("_line").isin(lines.cast(pa.int64())))
        return {row["_line"]: _as_read(row) for row in rows.to_pylist()}

    def set_aside(self, offending: pa.Table) -> pa.Table:
        """Offending lines (line, item, value, reason, message; one per line) as quarantine rows, with the raw row."""
        raw = self.raw_of(offending["line"].combine_chunks())
        texts = pa.array([raw[line] for line in offending["line"].to_pylist()], pa.string())
        return offending.append_column("raw", texts).select(QUARANTINE.names).cast(QUARANTINE)


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
    pq.write_table(table, part, compression="zstd")
    durable.settle(part, path)
