"""Tables without keys: an empty table is filled first and gets its primary key and indexes when the rows are there, in one transaction."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from shuyuan.db.engine import Connection
from shuyuan.db.sql import Identifier, text_of


@contextmanager
def keys_last(connection: Connection, target: Identifier) -> Iterator[bool]:
    """Within the block the table has no keys if it is empty; yields whether it is. A key that stands twice is refused at the end.

    Nobody else reads the table from here to the end of the transaction; a table that somebody is just reading keeps its keys.
    """
    name = [text_of(target)]
    row = connection.execute("SELECT ledger.lay_bare(%s::regclass)", name).fetchone()
    bared = bool(row and row[0])
    yield bared
    if bared:
        connection.execute("SELECT ledger.build_keys(%s::regclass)", name)
