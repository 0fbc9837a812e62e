"""Connections that a long-lived process keeps: the console answers at once, where a command signs in, asks and goes.

A new session costs its sign-in and knows no table yet: four times the price of the questions of one page. Belongs here: keeping them.
Does not belong here: units of work of tasks and commands (`engine`).
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache

import psycopg
from sqlalchemy import Engine, QueuePool, create_engine

from shuyuan.db.engine import Connection, Role, url

FEW, MOST, SECONDS = 2, 10, 600


@contextmanager
def kept_transaction(role: Role) -> Iterator[Connection]:
    """As `engine.transaction`, on a connection that stays open for the next caller of this process; a dead one is replaced."""
    with _pool(url(role)).connect() as connection:
        driver = connection.connection.driver_connection
        if not isinstance(driver, psycopg.Connection):
            raise TypeError(f"expected a psycopg connection, got {type(driver).__name__}")
        with driver.transaction():
            yield driver


@cache
def _pool(address: str) -> Engine:
    return create_engine(
        address, poolclass=QueuePool, pool_size=FEW, max_overflow=MOST - FEW, pool_pre_ping=True, pool_recycle=SECONDS,
        connect_args={"prepare_threshold": None},
    )  # fmt: skip
