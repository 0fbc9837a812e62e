"""Validations: what a suite said about a batch or a published library, with Great Expectations' own document."""

from __future__ import annotations

from typing import Any, Protocol

from shuyuan.db.engine import Connection
from shuyuan.db.sql import Jsonb, statement

FIELDS = ("suite", "success", "evaluated", "failed", "score", "decision", "docs")


class Judgement(Protocol):
    """What `quality` hands over."""

    @property
    def results(self) -> dict[str, Any]: ...


def rejection(connection: Connection, run_id: int) -> str | None:
    """What was critical about a published library when its run was judged: empty when it was proven, None when nobody has judged it."""
    row = connection.execute(statement("ledger/rejection"), {"run_id": run_id}).fetchone()
    return str(row[0]) if row else None


def record(
    connection: Connection, verdict: Judgement, *, batch_id: int | None = None, run_id: int | None = None
) -> None:
    """Append one validation."""
    values = {name: getattr(verdict, name) for name in FIELDS}
    values |= {"results": Jsonb(verdict.results), "batch_id": batch_id, "run_id": run_id}
    connection.execute(statement("ledger/record_validation"), values)
