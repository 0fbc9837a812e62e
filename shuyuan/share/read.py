"""The one way to read a library: decide, one parameterised SELECT, one row in ledger.access, and only then the rows.

Belongs here: the order of those four. Does not belong here: the rules (`decide`), the masks (`mask`), the doors (`cli`, `web`).
"""

from __future__ import annotations

import json
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from shuyuan import settings
from shuyuan.catalog import Catalog, load_catalog
from shuyuan.catalog.sharing import shared_items
from shuyuan.db.engine import Connection, DataError, transaction
from shuyuan.db.sql import SQL, Composable, Composed, Identifier, fragment, join, statement, table, text_of
from shuyuan.ledger.access import Access, Method, record
from shuyuan.share.decide import Decision, Grant, Person, decide
from shuyuan.share.mask import column
from shuyuan.share.moment import NOW, Moment

MOST_ROWS = 10_000
MEDIA = {"cli": "terminal", "http": "json", "console": "html", "psql": "sql"}


class Refused(PermissionError):
    """The request was refused and the refusal is recorded under `access_id`; `reason` is for the person who asked."""

    def __init__(self, reason: str, access_id: int) -> None:
        super().__init__(f"{reason}（审计编号 {access_id}）")
        self.reason = reason
        self.access_id = access_id


class Unfit(ValueError):
    """A value to search by does not fit the type of its item; the failure is recorded."""


@dataclass(frozen=True)
class Answer:
    """What was read: rows in the order of `columns`; personal items that no grant opens plain are masked."""

    columns: tuple[str, ...]
    rows: list[tuple[Any, ...]]
    access_id: int
    masked: frozenset[str]


@dataclass(frozen=True)
class _Request:
    person: str
    purpose: str
    library: str
    items: tuple[str, ...]
    where: Mapping[str, str]
    limit: int
    method: Method
    moment: Moment = NOW

    @property
    def table(self) -> tuple[str, str]:
        """Schema and name of what is read: the library, or its history."""
        return ("history" if self.moment.past else "library", self.library)


def read(
    person: str,
    purpose: str,
    library: str,
    items: Sequence[str],
    *,
    where: Mapping[str, str],
    limit: int,
    method: Method,
    moment: Moment = NOW,
) -> Answer:
    """Read `items` of `library` where every item in `where` equals its value, at most `limit` rows, ordered by key.

    With `moment` the library as it was on that day, as known at that time; what is granted today decides about the past too.

    `purpose` is an id or a title of the policy's purposes. The audit row is written in the transaction of the SELECT and
    committed before a row is returned: no log, no data (四川细则 第三十三条).

    Raises:
        Refused: deny by default; the refusal is in the ledger.
        Unfit: a value in `where` is none of its item's type.
        ValueError: `limit` is not between 1 and 10 000.
        psycopg.Error: the SELECT or the audit row failed; the failure is in the ledger if the ledger can be written.
    """
    if not 1 <= limit <= MOST_ROWS:
        raise ValueError(f"limit {limit}: ask for 1 to {MOST_ROWS} rows at a time")
    catalog = load_catalog(settings.load().catalog)
    purpose = purpose_id(catalog, purpose)
    request = _Request(person, purpose, library, tuple(dict.fromkeys(items)), where, limit, method, moment)
    try:
        answer, refusal = _read(request, catalog)
    except DataError as error:
        _record_failure(request, error)
        raise Unfit(f"a value of {', '.join(where)} does not fit its item: {error}") from error
    except Exception as error:
        _record_failure(request, error)
        raise
    if refusal is not None:
        raise refusal
    if answer is None:
        raise RuntimeError("neither rows nor a refusal")
    return answer


def purpose_id(catalog: Catalog, purpose: str) -> str:
    """The id of a purpose given by id or title; anything else comes back as it is, to be refused."""
    titles = {title: name for name, title in catalog.policy.purposes.items()}
    return titles.get(purpose, purpose)


def find_person(connection: Connection, name: str) -> Person | None:
    """The registered person of that name."""
    row = connection.execute(statement("share/person"), {"name": name}).fetchone()
    return None if row is None else Person(*row)


def _read(request: _Request, catalog: Catalog) -> tuple[Answer | None, Refused | None]:
    """Everything in one transaction, which is committed when this returns."""
    with transaction("shuyuan_web") as connection:
        person = find_person(connection, request.person)
        decision = _decide(connection, request, catalog, person)
        access = _access(request, person, decision)
        if not decision.allowed:
            return None, Refused(decision.reason, record(connection, access))
        started = time.perf_counter()
        select = _select(request, catalog, decision)
        rows = connection.execute(select, _values(request)).fetchall()
        seconds = time.perf_counter() - started
        access = replace(access, statement=_shown(select, request), rows=len(rows), seconds=seconds)
        access_id = record(connection, access)
    return Answer(request.items, rows, access_id, decision.masked), None


def _decide(connection: Connection, request: _Request, catalog: Catalog, person: Person | None) -> Decision:
    found = connection.execute(statement("share/grants"), {"library": request.library, "name": request.person})
    grants = [Grant(row[0], tuple(row[1]), tuple(row[2]), *row[3:]) for row in found]
    asked = (request.purpose, request.library, request.items)
    return decide(person, *asked, grants, catalog=catalog, today=settings.today(), filters=list(request.where))


def _select(request: _Request, catalog: Catalog, decision: Decision) -> Composed:
    items = shared_items(catalog, catalog.libraries[request.library])
    conditions = [
        fragment("{place} = {value}", place=Identifier(items[name].column), value=SQL(f"%({_parameter(i)})s"))
        for i, name in enumerate(request.where)
    ]
    return statement(
        "share/read",
        columns=join(column(items[name], name in decision.masked) for name in request.items),
        library=_library(request),
        conditions=join(conditions or [SQL("true")], " AND "),
    )


def _library(request: _Request) -> Composable:
    if not request.moment.past:
        return table(*request.table)
    return fragment("{as_of}(%(_valid)s, %(_known)s)", as_of=table("history", f"{request.library}_as_of"))


def _parameter(position: int) -> str:
    return f"where_{position}"


def _values(request: _Request) -> dict[str, object]:
    values = {_parameter(i): value for i, value in enumerate(request.where.values())}
    times = request.moment.values() if request.moment.past else {}
    return values | times | {"_limit": request.limit}


def _shown(select: Composed, request: _Request) -> str:
    """The statement with the values it was run with: without them the ledger would not say whose row was read."""
    return f"{text_of(select).strip()} -- {json.dumps(_values(request), ensure_ascii=False, default=str)}"


def _access(request: _Request, person: Person | None, decision: Decision) -> Access:
    return Access(
        entity=_entity(request),
        user_name=request.person,
        department=person.department if person else None,
        role=person.role if person else None,
        purpose=request.purpose,
        approver=decision.approver,
        statement=_asked(request),
        objects=(".".join(request.table),),
        columns=request.items,
        method=request.method,
        medium=MEDIA[request.method],
        outcome="granted" if decision.allowed else "refused",
        reason=decision.reason,
    )


def _entity(request: _Request) -> str | None:
    """The key, where the request names one. Of a library nobody knows there is none."""
    library = load_catalog(settings.load().catalog).libraries.get(request.library)
    return request.where.get(library.key.name) if library else None


def _asked(request: _Request) -> str:
    """A request that did not become a SELECT, in words."""
    conditions = json.dumps(dict(request.where), ensure_ascii=False)
    past = f" {request.moment}" if request.moment.past else ""
    return f"read {request.library} [{', '.join(request.items)}] where {conditions}{past} limit {request.limit}"


def asking(name: str, person: Person | None, purpose: str, method: Method, **rest: Any) -> Access:
    """The audit row of somebody's asking, `granted` for now: who, in which role, through which door; `rest`: what for, and what was judged."""
    return Access(
        user_name=name,
        department=(person.department or None) if person else None,
        role=person.role if person else None,
        purpose=purpose,
        method=method,
        medium=MEDIA[method],
        outcome="granted",
        **rest,
    )


def failure(error: Exception) -> str:
    """Why a reading that failed was none, for its audit row."""
    return f"查询失败：{type(error).__name__}: {error}"


def _record_failure(request: _Request, error: Exception) -> None:
    reason = failure(error)
    failed = replace(_access(request, None, Decision(False, reason)), outcome="failed")
    with transaction("shuyuan_web") as connection:
        record(connection, failed)
