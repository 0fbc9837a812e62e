"""The truth file: one row per planted defect, with what a checker must report about it.

Belongs here: the shape of a truth row and its file. How reports are compared with it is in `score`.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from datetime import date
from pathlib import Path
from typing import Final, Literal

import pyarrow as pa
import pyarrow.parquet as pq

Detect = Literal["cell", "row", "disagreement", "finding", "silent", "batch", "late", "tolerated"]

NOBODY: Final = "nobody"
"""Whose claim is wrong where two departments mean different things."""
SCHEMA: Final = pa.schema(
    [
        ("kind", pa.string()),
        ("detect", pa.string()),
        ("resource", pa.string()),
        ("file", pa.string()),
        ("business_date", pa.date32()),
        ("line", pa.int64()),
        ("item", pa.string()),
        ("raw", pa.string()),
        ("reason", pa.string()),
        ("library", pa.string()),
        ("entity", pa.string()),
        ("library_item", pa.string()),
        ("claim_ref", pa.string()),
        ("wrong_ref", pa.string()),
    ]
)


@dataclass(frozen=True)
class TruthRow:
    """One planted defect.

    `detect` says where it must show up: `cell` (resource, business_date, line, item, reason), `row` (the same without item),
    `disagreement` and `finding` (library, entity, library_item, claim_ref), `batch` (resource, business_date, reason), `late` (resource,
    business_date). `silent`: another spelling or a forgiven difference, must show up nowhere. `tolerated`: every row of
    (resource, item) may carry `reason`; neither found nor missed. `line` is the physical line as the reader counts it.
    `wrong_ref`: of two claims that contradict each other, the wrong one, or NOBODY; null where it is not asked.
    """

    kind: str
    detect: Detect
    resource: str
    file: str
    business_date: date
    line: int | None = None
    item: str | None = None
    raw: str | None = None
    reason: str | None = None
    library: str | None = None
    entity: str | None = None
    library_item: str | None = None
    claim_ref: str | None = None
    wrong_ref: str | None = None


def table_of(rows: Iterable[TruthRow]) -> pa.Table:
    """Truth rows as an Arrow table of `SCHEMA`."""
    return pa.Table.from_pylist([asdict(row) for row in rows], schema=SCHEMA)


def write_truth(path: Path, rows: Iterable[TruthRow]) -> None:
    """Write the truth of one delivery day as Parquet. It must not lie in the inbox: no department sends it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(table_of(rows), path)


def read_truth(*paths: Path) -> pa.Table:
    """The truth of one or more days, one below the other."""
    return pa.concat_tables([pq.read_table(path, schema=SCHEMA) for path in paths])
