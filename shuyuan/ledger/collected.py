"""`ledger.collected`: what connectors have fetched from where, so that nothing is fetched twice."""

from __future__ import annotations

from shuyuan.db.engine import Connection
from shuyuan.db.sql import statement


def has(connection: Connection, resource: str, name: str, size: int | None, modified: str | None) -> bool:
    """Whether this very file was fetched: same name, size and age, as far as the other side tells them. One that tells nothing is never known."""
    if size is None and modified is None:
        return False
    values = {"resource": resource, "remote_name": name, "remote_bytes": size, "modified": modified}
    return connection.execute(statement("ledger/has_collected"), values).fetchone() is not None


def of_name(connection: Connection, resource: str, name: str) -> list[tuple[str, str]]:
    """(name in the inbox, SHA-256) of everything that was fetched under a name, newest first."""
    values = {"resource": resource, "remote_name": name}
    return [(str(a), str(b)) for a, b in connection.execute(statement("ledger/collected_of_name"), values).fetchall()]


def record(connection: Connection, **values: object) -> None:
    """Write down one fetched file: resource, remote_name, remote_bytes, modified, file_name, file_sha256, file_bytes."""
    connection.execute(statement("ledger/record_collected"), values)
