"""What the tables say about one entity, asked by index only: its row, its versions, every claim, deliveries, disagreements, runs, readers.

Belongs here: the queries of `sql/explain/`. Does not belong here: what follows from the answers (`story`, `past`), who may ask (`ask`).
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from shuyuan.catalog import Catalog, Library, Member
from shuyuan.db.engine import Connection
from shuyuan.db.sql import Composable, columns, statement, table
from shuyuan.share.moment import Moment

Row = Mapping[str, Any]


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
    today = asking.one("entity", library=table("library", library.id))
    row = asking.as_of(moment) if moment.past else today
    claims = {m.resource: found for m in library.members if m.resource in resources and (found := asking.claim(m))}
    return Facts(
        row,
        today,
        asking.rows("versions", history=table("history", library.id)),
        claims,
        asking.batches(claims),
        asking.rows("discrepancies"),
        asking.runs(row, moment),
        {found["discrepancy_id"]: found for found in asking.rows("suspicion")},
        asking.links(),
    )


def readers(connection: Connection, library: Library, key: str) -> tuple[Row, ...]:
    """The reads that named the entity, the newest first."""
    objects = [f"library.{library.id}", f"history.{library.id}", "ledger.discrepancy"]
    return _rows(connection, "readers", {"key": key, "objects": objects})


def objects(library: Library, resources: Collection[str], moment: Moment) -> tuple[str, ...]:
    """The tables that `gather` reads values from, for the audit."""
    read = ["library", "history"] if moment.past else ["library"]
    members = [member.table for member in library.members if member.resource in resources]
    return (*(f"{schema}.{library.id}" for schema in read), *(f"claim.{library.id}__{name}" for name in members))


@dataclass(frozen=True)
class _Asking:
    connection: Connection
    catalog: Catalog
    library: Library
    key: str

    def rows(self, name: str, **more: Any) -> tuple[Row, ...]:
        """Composables among `more` fill the statement, everything else is a value."""
        filling = {k: v for k, v in more.items() if isinstance(v, Composable)}
        values = {k: v for k, v in more.items() if k not in filling}
        return _rows(self.connection, name, {"library": self.library.id, "key": self.key, **values}, **filling)

    def one(self, name: str, **more: Any) -> Row | None:
        return next(iter(self.rows(name, **more)), None)

    def as_of(self, moment: Moment) -> Row | None:
        function = table("history", f"{self.library.id}_as_of")
        return self.one("as_of", as_of=function, **moment.values())

    def claim(self, member: Member) -> Row | None:
        resource = self.catalog.resources[member.resource]
        views = {
            "claims": table("claim", f"{self.library.id}__{member.table}"),
            "source": table("source", resource.table),
        }
        return self.one("claim", **views, on=columns(member.on, "told"))

    def batches(self, claims: Mapping[str, Row]) -> dict[int, Row]:
        wanted = sorted({row["_batch"] for row in claims.values()})
        return {row["batch_id"]: row for row in self.rows("batches", batches=wanted)} if wanted else {}

    def links(self) -> tuple[Row, ...]:
        return self.rows("links")

    def runs(self, row: Row | None, moment: Moment) -> tuple[Row, ...]:
        times = moment.values() if moment.past else {"_valid": date.max, "_known": None}
        return self.rows("runs", run=row["_run"] if row else None, **times)


def _rows(connection: Connection, name: str, values: Mapping[str, object], **parts: Composable) -> tuple[Row, ...]:
    cursor = connection.execute(statement(f"explain/{name}", **parts), values)
    names = [column.name for column in cursor.description or ()]
    return tuple(dict(zip(names, row, strict=True)) for row in cursor)
