"""A table of somebody else's database, read in pages: read-only, in the order of its key, in bounded memory, all rows or an error.

Belongs here: SQLAlchemy's side of a department's table. Does not belong here: what becomes of the rows.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from sqlalchemy import (
    URL,
    ColumnElement,
    Connection,
    Engine,
    Select,
    TableClause,
    and_,
    column,
    create_engine,
    func,
    inspect,
    make_url,
    or_,
    select,
    table,
)
from sqlalchemy.exc import ArgumentError, DBAPIError, NoSuchModuleError, NoSuchTableError, SQLAlchemyError
from sqlalchemy.pool import NullPool
from sqlalchemy.sql import quoted_name

# One picture of the register for all pages and for the count. Elsewhere it would lock the department's table, and the count must do.
_ONE_PICTURE = {
    "postgresql": "REPEATABLE READ",
    "mysql": "REPEATABLE READ",
    "mariadb": "REPEATABLE READ",
    "oracle": "SERIALIZABLE",
}
_PATIENCE = {
    "postgresql": "connect_timeout",
    "mysql": "connect_timeout",
    "mariadb": "connect_timeout",
    "sqlite": "timeout",
}
_PATIENT_READING = {
    "pymysql": ("read_timeout", "write_timeout"),
    "mysqldb": ("read_timeout", "write_timeout"),
    "pymssql": ("login_timeout", "timeout"),
}
_NOT_LET_IN = ("authentication failed", "no password", "Access denied", "does not exist", "no such table")
_WRITE_IT = (
    "write it as dialect+driver://user:password@host/name and percent-encode the password: @ is %40, : is %3A, / is %2F"
)


class ForeignError(Exception):
    """A department's database cannot be read. `again`: whether trying again may help.

    Never holds the password. The server's and the driver's own words may name the host, the port and who we are there.
    """

    def __init__(self, problem: str, way_out: str, *, again: bool = False) -> None:
        self.problem, self.way_out, self.again = problem, way_out, again
        super().__init__(f"{problem}. Way out: {way_out}.")


@dataclass(frozen=True)
class Slice:
    """What is read: columns of a table in the order of `key`, which is unique and never null; of one `day`, if the column `day` says so."""

    table: str
    key: tuple[str, ...]
    page: int
    day: str | None = None
    of: date | None = None


class Table:
    """One table in one read-only transaction."""

    def __init__(self, connection: Connection, wanted: Slice, columns: Sequence[str]) -> None:
        self._connection, self._wanted, self.columns = connection, wanted, tuple(columns)

    def pages(self, names: Sequence[str]) -> Iterator[list[tuple[Any, ...]]]:
        """Every row's values of the named columns, in lists of at most a page. Raises ForeignError when not every row can be reached."""
        key, count = self._wanted.key, self._count()
        after: tuple[Any, ...] | None = None
        reached = 0
        while rows := self._page((*names, *key), after):
            reached += len(rows)
            after = rows[-1][len(names) :]
            yield [row[: len(names)] for row in rows]
        if reached != count:
            problem = (
                f"`{self._wanted.table}` has {count} rows, but {reached} are reached in the order of {', '.join(key)}"
            )
            raise ForeignError(problem, "name a key that is unique and never null")

    def _count(self) -> int:
        with _told():
            return int(
                self._connection.execute(
                    select(func.count()).select_from(self._source()).where(*self._of_day())
                ).scalar_one()
            )

    def _page(self, names: Sequence[str], after: tuple[Any, ...] | None) -> list[tuple[Any, ...]]:
        with _told():
            return [tuple(row) for row in self._connection.execute(self._query(names, after))]

    def _query(self, names: Sequence[str], after: tuple[Any, ...] | None) -> Select[Any]:
        keys = [_column(name) for name in self._wanted.key]
        chosen = [_column(name).label(f"c{at}") for at, name in enumerate(names)]
        beyond = [] if after is None else [_beyond(keys, after)]
        return (
            select(*chosen)
            .select_from(self._source())
            .where(*self._of_day(), *beyond)
            .order_by(*keys)
            .limit(self._wanted.page)
        )

    def _source(self) -> TableClause:
        schema, _, name = self._wanted.table.rpartition(".")
        return table(quoted_name(name, True), schema=quoted_name(schema, True) if schema else None)

    def _of_day(self) -> list[ColumnElement[bool]]:
        if self._wanted.day is None or self._wanted.of is None:
            return []
        day: ColumnElement[Any] = _column(self._wanted.day)
        return [day >= self._wanted.of, day < self._wanted.of + timedelta(days=1)]


@contextmanager
def opened(address: str, wanted: Slice, timeout: int) -> Iterator[Table]:
    """Open a table for reading; nothing is ever written, and the transaction is given up at the end.

    `timeout`: seconds for getting in and, where the database or its driver has a word for it, for the answer to each question.

    Raises ForeignError: no driver, no server, no table, no right, a key or day column that is not there.
    """
    engine = _engine(address, timeout)
    try:
        with _told(), engine.connect() as connection:
            _only_look(connection)
            _wait_at_most(connection, timeout)
            columns = _columns(connection, wanted)
            yield Table(connection, wanted, columns)
            connection.rollback()
    finally:
        engine.dispose()


def _engine(address: str, timeout: int) -> Engine:
    try:
        url: URL = make_url(address)
        _refuse_cut(url, address)
        return create_engine(url, poolclass=NullPool, connect_args=_patience(url, timeout), hide_parameters=True)
    except ModuleNotFoundError as error:
        raise ForeignError(f"the driver `{error.name}` is not installed", f"pip install {error.name}") from error
    except (ArgumentError, NoSuchModuleError):
        # The address itself may stand in the message, with its password.
        raise ForeignError("the connection is no SQLAlchemy URL", _WRITE_IT) from None
    except ValueError:  # what stands in the place of the port may be a piece of the password
        raise ForeignError("the connection's URL cannot be taken apart", _WRITE_IT) from None


def _refuse_cut(url: URL, address: str) -> None:
    """Refuse a URL that was cut within its password: the driver would take a piece for the host, and say so aloud."""
    signed = url.username is not None or url.password is not None
    if (signed or url.host) and address.count("@") > signed:
        raise ForeignError("the connection's URL has an @ too many", _WRITE_IT)


def _patience(url: URL, timeout: int) -> dict[str, int]:
    """What the driver is told of our patience when it connects."""
    backend = _PATIENCE.get(url.get_backend_name())
    names = (*([backend] if backend else []), *_PATIENT_READING.get(url.get_driver_name(), ()))
    return dict.fromkeys(names, timeout)


def _wait_at_most(connection: Connection, seconds: int) -> None:
    """Bound every answer where that is said to the open session, not when connecting."""
    if connection.dialect.name == "postgresql":
        connection.exec_driver_sql(f"SET LOCAL statement_timeout = {int(seconds * 1000)}")
    elif connection.dialect.driver == "oracledb":
        connection.connection.driver_connection.call_timeout = int(seconds * 1000)  # type: ignore[union-attr]


def _only_look(connection: Connection) -> None:
    dialect = connection.dialect.name
    if dialect in _ONE_PICTURE:
        connection.execution_options(isolation_level=_ONE_PICTURE[dialect])
    if dialect == "postgresql":
        connection.execution_options(postgresql_readonly=True)
    elif dialect == "sqlite":
        connection.exec_driver_sql("PRAGMA query_only = ON")


def _columns(connection: Connection, wanted: Slice) -> list[str]:
    schema, _, name = wanted.table.rpartition(".")
    try:
        found = [str(entry["name"]) for entry in inspect(connection).get_columns(name, schema or None)]
    except NoSuchTableError as error:
        raise ForeignError(
            f"there is no table `{wanted.table}`, or we may not see it", "correct `table`, or ask for the right"
        ) from error
    missing = [name for name in (*wanted.key, *filter(None, [wanted.day])) if name not in found]
    if missing:
        raise ForeignError(f"`{wanted.table}` has no column {', '.join(missing)}", f"it has: {', '.join(found)}")
    return found


def _column(name: str) -> ColumnElement[Any]:
    return column(quoted_name(name, True))


def _beyond(keys: Sequence[ColumnElement[Any]], after: tuple[Any, ...]) -> ColumnElement[bool]:
    """Rows after the last one seen: (a, b) > (x, y), spelled out, as not every server compares rows."""
    same = [key == value for key, value in zip(keys, after, strict=True)]
    return or_(*(and_(*same[:at], key > after[at]) for at, key in enumerate(keys)))


@contextmanager
def _told() -> Iterator[None]:
    """The server's refusal in its own words, without our statement and address."""
    try:
        yield
    except DBAPIError as error:
        words = str(error.orig).strip().splitlines()[0] if error.orig else type(error).__name__
        again = type(error).__name__ == "OperationalError" and not any(sign in words for sign in _NOT_LET_IN)
        raise ForeignError(f"the database refuses: {words}", "ask its administrator", again=again) from error
    except SQLAlchemyError as error:
        raise ForeignError(
            f"the database cannot be read ({type(error).__name__})", "compare table and columns with it"
        ) from error
