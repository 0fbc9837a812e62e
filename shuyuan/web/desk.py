"""The console's window on the warehouse: statements of `sql/console/` as role shuyuan_web, and the record of what was looked at.

A page that shows personal values records that in the same transaction; the page is made only after it is committed.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from fastapi import HTTPException

from shuyuan.db.engine import Connection, transaction
from shuyuan.db.sql import Composable, statement
from shuyuan.ledger.access import Access, record
from shuyuan.share.duty import PURPOSE
from shuyuan.web.viewer import Viewer

Row = dict[str, Any]


class Desk:
    """One transaction of one viewer."""

    def __init__(self, connection: Connection, viewer: Viewer) -> None:
        self._connection = connection
        self._viewer = viewer
        self._started = time.perf_counter()

    def rows(self, name: str, parts: dict[str, Composable] | None = None, **values: object) -> list[Row]:
        """Rows of `sql/console/<name>.sql`, as dictionaries."""
        cursor = self._connection.execute(statement(f"console/{name}", **(parts or {})), values)
        names = [column.name for column in cursor.description or ()]
        return [dict(zip(names, row, strict=True)) for row in cursor]

    def one(self, name: str, parts: dict[str, Composable] | None = None, **values: object) -> Row | None:
        """The first row, if any."""
        return next(iter(self.rows(name, parts, **values)), None)

    def looked(
        self,
        what: str,
        objects: tuple[str, ...],
        columns: tuple[str, ...],
        rows: int,
        medium: str = "html",
        entity: str | None = None,
    ) -> int:
        """Record that the viewer saw `rows` rows in plain; `what` says which, `medium` is html or csv (a download), `entity` the one asked for."""
        verb = "下载" if medium == "csv" else "查看"
        reason = f"{verb}，{self._viewer.role} 职责：数据校核与审计"
        seconds = time.perf_counter() - self._started
        seen = {"objects": objects, "columns": columns, "rows": rows, "seconds": seconds, "medium": medium}
        return record(self._connection, _access(self._viewer, what, reason, entity=entity, **seen))


@contextmanager
def desk(viewer: Viewer) -> Iterator[Desk]:
    """A desk for the block; what it recorded is committed when the block ends."""
    with transaction("shuyuan_web") as connection:
        yield Desk(connection, viewer)


def refuse(viewer: Viewer, what: str, objects: tuple[str, ...], reason: str) -> HTTPException:
    """Record a refusal; returns the answer to raise."""
    with transaction("shuyuan_web") as connection:
        number = record(connection, _access(viewer, what, reason, objects=objects, outcome="refused"))
    return HTTPException(403, f"{reason}（审计编号 {number}）")


def _access(viewer: Viewer, what: str, reason: str, **more: Any) -> Access:
    given: dict[str, Any] = {"outcome": "granted", "medium": "html", "purpose": PURPOSE, "method": "console"} | more
    who: dict[str, Any] = {"user_name": viewer.name, "department": viewer.department, "role": viewer.role}
    return Access(**who, statement=what, reason=reason, **given)
