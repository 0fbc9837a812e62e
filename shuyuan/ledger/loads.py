"""`ledger.load`: one row for every step of every batch and run, whoever ran it, failures and refusals too."""

from __future__ import annotations

import getpass
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from time import perf_counter

from shuyuan.db.engine import Connection, transaction
from shuyuan.db.sql import Jsonb, statement


@dataclass
class Step:
    """A step under way: fill in what becomes known, then `record` it in the step's own transaction."""

    step: str
    resource: str | None = None
    library: str | None = None
    batch_id: int | None = None
    run_id: int | None = None
    file_name: str | None = None
    file_sha256: str | None = None
    rows_in: int | None = None
    rows_out: int | None = None
    counts: Mapping[str, object] = field(default_factory=dict)
    outcome: str = "ok"
    message: str | None = None
    began: float = field(default_factory=perf_counter)

    def record(self, connection: Connection) -> None:
        """Write the audit row; it commits or rolls back with the work it describes."""
        values = {name: value for name, value in vars(self).items() if name != "began"}
        values |= {"actor": actor(), "counts": Jsonb(dict(self.counts)), "seconds": perf_counter() - self.began}
        connection.execute(statement("ledger/record_load"), values)

    def record_alone(self, outcome: str, message: str) -> None:
        """Write the audit row of work that was rolled back, in a transaction of its own."""
        self.outcome, self.message = outcome, message
        with transaction("shuyuan_loader") as connection:
            self.record(connection)


def actor() -> str:
    """Who acts: the scheduler's run when there is one, else the operating-system user."""
    scheduled = [os.environ.get(name, "") for name in ("AIRFLOW_CTX_DAG_ID", "AIRFLOW_CTX_DAG_RUN_ID")]
    return "airflow:" + "/".join(scheduled) if all(scheduled) else f"user:{getpass.getuser()}"
