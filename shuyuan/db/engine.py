"""Connections: one engine per role, one transaction per unit of work.

Belongs here: who connects as whom. Does not belong here: what is asked (that is in `sql/`).
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import Literal

import psycopg
from psycopg import DataError
from psycopg.rows import TupleRow
from sqlalchemy import Engine, create_engine
from sqlalchemy.pool import NullPool

from shuyuan import settings
from shuyuan.db import embedded

__all__ = ["Connection", "DataError", "Engine", "Role", "engine", "transaction", "url"]

Role = Literal["shuyuan_owner", "shuyuan_loader", "shuyuan_steward", "shuyuan_auditor", "shuyuan_web"]
Connection = psycopg.Connection[TupleRow]


def url(role: str, database: str = "shuyuan") -> str:
    """SQLAlchemy URL of a role in this deployment."""
    return embedded.url(settings.load().home, role, database)


@cache
def _engine(address: str) -> Engine:
    # Short-lived processes (tasks, commands): a pool would only keep connections open that nobody uses.
    return create_engine(address, poolclass=NullPool, connect_args={"prepare_threshold": None})


def engine(role: str) -> Engine:
    """The SQLAlchemy engine of a role."""
    return _engine(url(role))


@contextmanager
def transaction(role: str) -> Iterator[Connection]:
    """One psycopg connection in one transaction: committed at the end of the block, rolled back by any error."""
    with engine(role).connect() as connection:
        driver = connection.connection.driver_connection
        if not isinstance(driver, psycopg.Connection):
            raise TypeError(
                f"expected a psycopg connection, got {type(driver).__name__}: use the postgresql+psycopg driver"
            )
        with driver.transaction():
            yield driver
