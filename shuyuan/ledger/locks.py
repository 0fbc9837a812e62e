"""Who works on what: locks that the server lets go of when their transaction, or its connection, ends."""

from __future__ import annotations

from shuyuan.db.engine import Connection


def hold(connection: Connection, kind: str, name: str) -> None:
    """Wait for, then hold, the one lock of a thing until the transaction ends. Kinds do not meet: `batch` 7 is not `run` 7."""
    connection.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [f"{kind}:{name}"])
