"""What the tables say about one entity, asked by index only: its row, its versions, every claim, deliveries, disagreements, runs, readers.

Belongs here: the queries of `sql/explain/`. Does not belong here: what follows from the answers (`story`, `past`), who may ask (`ask`).
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from typing import Any

from shuyuan import settings
from shuyuan.catalog import Catalog, Library, Member
from shuyuan.db.engine import Connection
from shuyuan.db.sql import Composable, columns, statement, table
from shuyuan.share.moment import Moment

Row = Mapping[str, Any]
A_YEAR = timedelta(days=366)


@dataclass(frozen=True)
class Facts:
    """Rows as the tables hold them.

    `row`: of the library at the moment asked about; `today`: of the library now. `versions`: of its history, in the order of recording.
    `claims`: resource → what it says now. `batches`: id → delivery. `runs`: the one that changed the row, the one that confirmed it.
    `suspects`: discrepancy → who is probably wrong, by the court. `links`: proposals and rulings about the entity's identity.
    """

    row: Row | None
    today: Row | None
    versions: tuple[Row, ...] = ()
    claims: Mapping[str, Row] = field(default_factory=dict)
    batches: Mapping[int, Row] = field(default_factory=dict)
    discrepancies: tuple[Row, ...] = ()
    runs: tuple[Row, ...] = ()
    suspects: Mapping[int, Row] = field(default_factory=dict)
    links: tuple[Row, ...] = ()

    @property
    def last(self) -> Row | None:
        """The last run that had ended at the moment asked about."""
        return self.runs[-1] if self.runs else None


def gather(
    connection: Connection, catalog: Catalog, library: Library, key: str, resources: Collection[str], moment: Moment
) -> Facts:
    """Everything about the entity `key`; claims only of `resources`."""
    asking = _Asking(connection, catalog, library, key)
    members = [member for member in library.members if member.resource in resources]
    with connection.pipeline():
        today = asking.ask("entity", library=table("library", library.id))
        then = asking.as_of(moment) if moment.past else today
        versions = asking.ask("versions", history=table("history", library.id))
        told = {member.resource: asking.claim(member) for member in members}
        discrepancies, links = asking.ask("discrepancies"), asking.ask("links")
    row = then.one()
    claims = _spoken(members, [told, *asking.aliases(members, links.rows())])
    disputed = any(found["closed_run"] is None for found in discrepancies.rows())
    with connection.pipeline():
        runs, batches = asking.runs(row, moment), asking.ask("batches", batches=_batches(claims))
        suspicion = asking.ask("suspicion") if disputed else None
    suspects = {found["discrepancy_id"]: found for found in (suspicion.rows() if suspicion else ())}
    known = asking.admitted(batches.rows())
    told_of = (discrepancies.rows(), runs.rows(), suspects, links.rows())
    return Facts(row, today.one(), versions.rows(), claims, known, *told_of)


def readers(connection: Connection, library: Library, key: str) -> tuple[Row, ...]:
    """The reads of the last year that named the entity, the newest first."""
    objects = [f"library.{library.id}", f"history.{library.id}", "ledger.discrepancy"]
    values = {"key": key, "objects": objects, "since": _midnight(settings.today() - A_YEAR)}
    return _ask(connection, "readers", values).rows()


def objects(library: Library, resources: Collection[str], moment: Moment) -> tuple[str, ...]:
    """The tables that `gather` reads values from, for the audit."""
    read = ["library", "history"] if moment.past else ["library"]
    members = [member.table for member in library.members if member.resource in resources]
    return (*(f"{schema}.{library.id}" for schema in read), *(f"claim.{library.id}__{name}" for name in members))


class _Answer:
    """The rows of a question that was sent; they are there when the pipeline has ended."""

    def __init__(self, cursor: Any) -> None:
        self._cursor = cursor
        self._rows: tuple[Row, ...] | None = None

    def rows(self) -> tuple[Row, ...]:
        if self._rows is None:
            names = [column.name for column in self._cursor.description or ()]
            self._rows = tuple(dict(zip(names, row, strict=True)) for row in self._cursor)
        return self._rows

    def one(self) -> Row | None:
        return next(iter(self.rows()), None)


@dataclass(frozen=True)
class _Asking:
    """Questions about one entity. Sent one after the other without waiting: on a busy machine every wait costs more than its query."""

    connection: Connection
    catalog: Catalog
    library: Library
    key: str

    def ask(self, name: str, **more: Any) -> _Answer:
        """Composables among `more` fill the statement, everything else is a value."""
        filling = {k: v for k, v in more.items() if isinstance(v, Composable)}
        values = {k: v for k, v in more.items() if k not in filling}
        return _ask(self.connection, name, {"library": self.library.id, "key": self.key, **values}, **filling)

    def as_of(self, moment: Moment) -> _Answer:
        return self.ask("as_of", as_of=table("history", f"{self.library.id}_as_of"), **moment.values())

    def aliases(self, members: Collection[Member], links: Collection[Row]) -> list[dict[str, _Answer]]:
        """What members say under the other numbers that were confirmed to be this entity's."""
        merged = [link for link in links if link["resource"] is None and link["state"] == "confirmed"]
        numbers = [link["alias"] for link in merged if link["key"] == self.key]
        if not numbers:
            return []
        with self.connection.pipeline():
            return [{member.resource: self.claim(member, number) for member in members} for number in numbers]

    def claim(self, member: Member, number: str | None = None) -> _Answer:
        resource = self.catalog.resources[member.resource]
        view, source = table("claim", self.library.claims(member)), table("source", resource.table)
        on = columns(map(resource.found_by, member.on), "told")
        return self.ask("claim", key=number or self.key, claims=view, source=source, on=on)

    def runs(self, row: Row | None, moment: Moment) -> _Answer:
        times = moment.values() if moment.past else {"_valid": date.max, "_known": None}
        return self.ask("runs", run=row["_run"] if row else None, **times)

    def admitted(self, batches: Collection[Row]) -> dict[int, Row]:
        """The deliveries by number; of those that were corrected since, when they had been let in."""
        corrected = [row for row in batches if row["admitted_at"] is None]
        found: dict[int, Row] = {}
        if corrected:
            since = min(row["received_at"] for row in corrected)
            asked = self.ask("admitted", batches=[row["batch_id"] for row in corrected], since=since)
            found = {row["batch_id"]: row for row in asked.rows()}
        return {row["batch_id"]: {**row, **found.get(row["batch_id"], {})} for row in batches}


def _spoken(members: Collection[Member], told: Collection[Mapping[str, _Answer]]) -> dict[str, Row]:
    """Per resource the row that speaks: where several numbers are one entity, the one with the greatest `latest`, then the greatest key."""
    found: dict[str, Row] = {}
    for member in members:
        rows = [row for answers in told if (row := answers[member.resource].one())]
        if rows:
            found[member.resource] = max(rows, key=lambda row: _rank(row, member.latest))
    return found


def _rank(row: Row, latest: str | None) -> tuple[bool, Any, str]:
    value = row.get(latest) if latest else None
    return value is not None, value if value is not None else 0, row.get("_row") or ""


def _batches(claims: Mapping[str, Row]) -> list[int]:
    return sorted({row["_batch"] for row in claims.values()})


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time.min, settings.BEIJING)


def _ask(connection: Connection, name: str, values: Mapping[str, object], **parts: Composable) -> _Answer:
    return _Answer(connection.execute(statement(f"explain/{name}", **parts), values))
