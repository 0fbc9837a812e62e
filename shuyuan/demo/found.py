"""What a deployment reported of the demo city, in the shapes that `score` compares with the truth files.

Belongs here: reading the ledger and the staged rows. How reports are compared is in `score`.
"""

from __future__ import annotations

from typing import Any

import pyarrow as pa

from shuyuan import settings
from shuyuan.db.engine import Connection, transaction
from shuyuan.db.sql import statement
from shuyuan.db.sql import text as sql_text
from shuyuan.demo.score import BATCHES, CELLS, DISAGREEMENTS, LATE, SUSPICIONS, Found, blame, score
from shuyuan.demo.truth import read_truth
from shuyuan.intake.staged import LIST, Staged
from shuyuan.lake import duck


class NoTruth(LookupError):
    """There is no truth file: the deployment does not hold the demo city."""


def score_deployment() -> list[dict[str, Any]]:
    """Recall and precision per planted kind of the demo in this deployment, then who is wrong, as plain rows (`score.RESULT`)."""
    folder = settings.load().home / "truth"
    paths = sorted(folder.glob("*.parquet"))
    if not paths:
        raise NoTruth(f"{folder}: no truth file; run the demo first: make demo")
    truth = read_truth(*paths)
    rows: list[dict[str, Any]] = [*score(truth, reported()).to_pylist(), *blame(truth, suspected()).to_pylist()]
    return rows


def suspected() -> pa.Table:
    """Whom the court suspects, per open disagreement."""
    with transaction("shuyuan_owner") as connection:
        return _table(connection, "suspicions", SUSPICIONS)


def reported() -> Found:
    """Everything the ledger and the staged rows say."""
    with transaction("shuyuan_owner") as connection:
        cells = [_table(connection, "quarantined", CELLS), *_verdicts(connection)]
        return Found(
            cells=_distinct(pa.concat_tables(cells)),
            disagreements=_table(connection, "disagreements", DISAGREEMENTS),
            batches=_table(connection, "batches", BATCHES),
            late=_table(connection, "late", LATE),
        )


def _table(connection: Connection, name: str, schema: pa.Schema) -> pa.Table:
    rows = connection.execute(statement(f"demo/{name}")).fetchall()
    return pa.Table.from_pylist([dict(zip(schema.names, row, strict=True)) for row in rows], schema=schema)


def _verdicts(connection: Connection) -> list[pa.Table]:
    batches = connection.execute(statement("demo/staged")).fetchall()
    with duck.connect() as engine:
        return [_of_batch(engine, *batch) for batch in batches]


def _of_batch(engine: duck.Duck, batch_id: int, resource: str, day: object) -> pa.Table:
    staged = Staged.of(f"staged/{batch_id}")
    if not (staged.folder / LIST).exists():
        raise NoTruth(
            f"{staged.folder}: the staged rows are gone (upkeep removes them after a day); run the demo again: make clean demo"
        )
    found = duck.table(engine, sql_text("demo/verdicts").replace(":rows", staged.scan()))
    ours = {"resource": pa.scalar(resource), "business_date": pa.scalar(day, pa.date32())}
    for at, (name, value) in enumerate(ours.items()):
        found = found.add_column(at, name, pa.repeat(value, found.num_rows))
    return found.cast(CELLS)


def _distinct(table: pa.Table) -> pa.Table:
    return table.group_by(table.column_names).aggregate([])
