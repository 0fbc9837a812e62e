"""Runs: one resolve and publish of one library."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any

from shuyuan.db.engine import Connection
from shuyuan.db.rows import one
from shuyuan.db.sql import Jsonb, assignments, columns, statement


@dataclass(frozen=True)
class Run:
    """A row of ledger.run. `inputs`: {"base": live manifest it started from, "members": {resource: manifest}}."""

    run_id: int
    library: str
    business_date: date
    inputs: dict[str, Any]
    state: str
    snapshot: str | None

    @property
    def folder(self) -> str:
        """Where the run's files live, relative to the lake."""
        return f"library/{self.library}/{self.run_id}"


FIELDS = tuple(Run.__dataclass_fields__)


def open_run(connection: Connection, library: str, business_date: date, inputs: dict[str, Any]) -> Run:
    """Insert a run in state `resolving`."""
    values = {"library": library, "business_date": business_date, "inputs": Jsonb(inputs)}
    row = connection.execute(statement("ledger/open_run"), values).fetchone()
    assert row is not None  # noqa: S101  # RETURNING always returns
    return Run(int(row[0]), library, business_date, inputs, "resolving", None)


def get(connection: Connection, run_id: int, *, lock: bool = False) -> Run:
    """One run; `lock` holds it until the transaction ends. Raises LookupError for an unknown id."""
    order = statement("ledger/lock_run" if lock else "ledger/get_run", fields=columns(FIELDS))
    run = one(connection, Run, order, {"run_id": run_id})
    if run is None:
        raise LookupError(f"no run {run_id}; `shuyuan status` lists the runs")
    return run


def last(connection: Connection, library: str) -> Run | None:
    """The newest run of a library that came to an end or waits for its publish."""
    return one(connection, Run, statement("ledger/last_run", fields=columns(FIELDS)), {"library": library})


def ended(connection: Connection, library: str) -> Run | None:
    """The run that a library's present is the result of."""
    return one(connection, Run, statement("ledger/ended_run", fields=columns(FIELDS)), {"library": library})


def give_up_dead(connection: Connection, library: str) -> int:
    """Say of every run of a library that is still `resolving` that its worker died. Only for whoever resolves it alone. → how many."""
    return connection.execute(statement("ledger/give_up_dead_runs"), {"library": library}).rowcount


def later_end(connection: Connection, run: Run) -> int | None:
    """A later run of the same library that was published, or found nothing to change; None when there is none."""
    row = connection.execute(statement("ledger/later_end"), {"library": run.library, "run_id": run.run_id}).fetchone()
    return int(row[0]) if row else None


def advance(connection: Connection, run_id: int, state: str, **values: object) -> None:
    """Move a run to a state and set its counts."""
    changes = {"state": state, **values}
    connection.execute(statement("ledger/advance_run", assignments=assignments(changes)), {"run_id": run_id, **changes})
