"""Resolve a library bucket by bucket in bounded memory: values, disagreements, and their deltas against the live snapshots."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from tempfile import TemporaryDirectory

from shuyuan import settings
from shuyuan.catalog import Catalog, Library, Member
from shuyuan.db.sql import SQL, Composable, Composed, Identifier, columns, fragment, join, statement, text_of
from shuyuan.lake import duck
from shuyuan.lake.delta import bucket_of
from shuyuan.lake.snapshot import Bucket, Snapshot, save
from shuyuan.resolve import plan
from shuyuan.resolve.claims import claims, is_aligned, linked, picked

DISCREPANCY = ("entity", "item", "source_ref", "source_value", "claim_ref", "claim_value", "class")


@dataclass
class Outcome:
    """What a run found. `rows`: entities. `changes`: I, U, D of the library; `disputes`: I, U, D of its discrepancies.

    `crosschecks`: (item, claim_ref) → (compared, disagreed). Deltas stand in `<folder>/delta_*.parquet` and `dispute_*.parquet`.
    """

    rows: int = 0
    changes: Counter[str] = field(default_factory=Counter)
    disputes: Counter[str] = field(default_factory=Counter)
    crosschecks: dict[tuple[str, str], tuple[int, int]] = field(default_factory=dict)
    library: Snapshot = field(default_factory=Snapshot)
    discrepancies: Snapshot = field(default_factory=Snapshot)


@dataclass(frozen=True)
class Inputs:
    """Snapshots a run reads: one per member resource that has delivered, and the live ones of the library itself."""

    members: Mapping[str, Snapshot]
    library: Snapshot
    discrepancies: Snapshot


def run(catalog: Catalog, library: Library, inputs: Inputs, business_date: date, folder: str) -> Outcome:
    """Resolve every bucket, write snapshots and deltas under `folder` of the lake. Reads and writes nothing else."""
    with duck.connect() as connection, TemporaryDirectory(prefix="shuffle-", dir=settings.load().lake) as scratch:
        resolver = _Resolver(connection, catalog, library, inputs, business_date, folder, Path(scratch))
        resolver.shuffle()
        for number in range(settings.load().buckets):
            resolver.bucket(number)
        return resolver.finish()


class _Resolver:
    """One run on one connection."""

    def __init__(
        self,
        connection: duck.Duck,
        catalog: Catalog,
        library: Library,
        inputs: Inputs,
        business_date: date,
        folder: str,
        scratch: Path,
    ) -> None:
        self.connection, self.catalog, self.library, self.inputs = connection, catalog, library, inputs
        self.business_date, self.folder, self.scratch = business_date, folder, scratch
        self.outcome = Outcome()
        self.buckets: dict[str, dict[int, Bucket]] = {"rows": {}, "disputes": {}}

    def shuffle(self) -> None:
        """Rewrite the members that are bucketed by something else than the library's key, once, by that key."""
        for member in self.library.members:
            resource = self.catalog.resources[member.resource]
            if not is_aligned(member, resource):
                rows = text_of(linked(member, resource, self._table(member, None)))
                target = str(self.scratch / member.table).replace("'", "''")
                query = f"SELECT *, {text_of(bucket_of('entity'))} AS _entity_bucket FROM ({rows})"
                self.connection.execute(f"COPY ({query}) TO '{target}' (FORMAT parquet, PARTITION_BY (_entity_bucket))")

    def bucket(self, number: int) -> None:
        """Resolve one bucket and write its part of the snapshots and deltas."""
        for member in self.library.members:
            view = text_of(plan.member_view(member.resource))
            self.connection.execute(f"CREATE OR REPLACE TEMP VIEW {view} AS {self._claims(member, number)}")
        self._do("steps/resolve_join", values=plan.values(self.catalog, self.library), entities=plan.entities(self.library),
                 joins=plan.joins(self.library))  # fmt: skip
        self._do("steps/resolve_checked", agreements=plan.agreements(self.library))
        self._count()
        rows = statement(
            "steps/resolve_rows", items=self._items(), texts=plan.texts(self.library), filled=plan.filled(self.library)
        )
        self._write("rows", number, text_of(rows), self.inputs.library, (*self._item_names(), "_filled"))
        if plan.pairs(self.library):
            disputes = plan.disagreements(self.library, self.business_date)
            self._write("disputes", number, text_of(disputes), self.inputs.discrepancies, DISCREPANCY)

    def _item_names(self) -> list[str]:
        return [item.name for item in self.library.items]

    def _items(self) -> Composable:
        return columns(self._item_names())

    def _do(self, name: str, **parts: Composable) -> None:
        self.connection.execute(text_of(statement(name, **parts)))

    def _table(self, member: Member, number: int | None) -> Composable:
        """The live rows of a member's snapshot (of one bucket), typed even when nothing was ever delivered."""
        paths = self.inputs.members.get(member.resource, Snapshot()).paths(number)
        return SQL(f"(SELECT * FROM {duck.scan(paths, self._never_delivered(member))} WHERE NOT _deleted)")

    def _never_delivered(self, member: Member) -> str:
        resource = self.catalog.resources[member.resource]
        items = [f"NULL::{plan.DUCK.get(i.type, 'VARCHAR')} AS {text_of(Identifier(i.name))}" for i in resource.items]
        ours = "NULL::VARCHAR AS _key, 0::BIGINT AS _batch, 0::BIGINT AS _line, NULL::DATE AS _as_of, false AS _deleted"
        return f"SELECT {', '.join(items)}, {ours} WHERE false"

    def _claims(self, member: Member, number: int) -> str:
        resource = self.catalog.resources[member.resource]
        if is_aligned(member, resource):
            return text_of(claims(member, resource, self._table(member, number)))
        paths = sorted((self.scratch / member.table / f"_entity_bucket={number}").glob("*.parquet"))
        nothing = text_of(linked(member, resource, SQL(f"({self._never_delivered(member)})")))
        return text_of(picked(member, resource, SQL(f"SELECT * FROM {duck.scan(paths, nothing)}")))

    def _count(self) -> None:
        for pair in plan.pairs(self.library):
            query = statement("steps/crosscheck_counts", agrees=pair.agrees)
            ((compared, disagreed),) = duck.rows(self.connection, text_of(query))
            before = self.outcome.crosschecks.get((pair.item.name, pair.check.ref), (0, 0))
            self.outcome.crosschecks[pair.item.name, pair.check.ref] = (before[0] + compared, before[1] + disagreed)

    def _write(self, kind: str, number: int, query: str, live: Snapshot, names: tuple[str, ...]) -> None:
        """Write the bucket's delta; and its new file, unless nothing changed."""
        self.connection.execute(f"CREATE OR REPLACE TEMP TABLE new AS {query}")
        self.connection.execute(
            f"CREATE OR REPLACE TEMP VIEW old AS SELECT * FROM {duck.scan(live.paths(number), 'SELECT * FROM new WHERE false')}"
        )
        self._do(
            "steps/create_change",
            delta=statement("steps/delta_rows_plain", columns=join(map(_either, (*names, "_hash")))),
        )
        found = Counter(dict(duck.rows(self.connection, "SELECT _op, count(*) FROM change GROUP BY _op")))
        tally = self.outcome.changes if kind == "rows" else self.outcome.disputes
        tally.update(found)
        if found:
            lake = settings.load().lake
            duck.write_parquet(
                self.connection, "FROM change", lake / f"{self.folder}/{kind}_delta_{number:03d}.parquet"
            )
            path = f"{self.folder}/{kind}_{number:03d}.parquet"
            self.buckets[kind][number] = Bucket(path, duck.write_parquet(self.connection, "FROM new", lake / path))

    def finish(self) -> Outcome:
        """Write the manifests of what changed."""
        self.outcome.library = self._save("rows", self.inputs.library)
        self.outcome.discrepancies = self._save("disputes", self.inputs.discrepancies)
        self.outcome.rows = self.outcome.library.rows
        return self.outcome

    def _save(self, kind: str, live: Snapshot) -> Snapshot:
        touched = self.buckets[kind]
        return save(f"{self.folder}/{kind}", live, touched, by="_key") if touched else live


def _either(name: str) -> Composed:
    """The new version's value; of a row that is gone, the old one's: whoever closes it must know what it was."""
    template = "CASE WHEN new._key IS NULL THEN old.{name} ELSE new.{name} END AS {name}"
    return fragment(template, name=Identifier(name))


def delta_paths(folder: str, kind: str) -> list[Path]:
    """The delta files of a run: kind `rows` or `disputes`."""
    return sorted((settings.load().lake / folder).glob(f"{kind}_delta_*.parquet"))
