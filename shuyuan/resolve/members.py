"""The claims of a library's members, as views on the bucket's connection: what each department says, one row per entity."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

from shuyuan.catalog import Catalog, Library, Member
from shuyuan.db.sql import SQL, Composable, Identifier, text_of
from shuyuan.lake import duck, layers
from shuyuan.lake.delta import bucket_of
from shuyuan.lake.snapshot import Snapshot
from shuyuan.resolve import wide
from shuyuan.resolve.claims import claims, is_aligned, linked, picked, ruled, ruled_elsewhere
from shuyuan.resolve.ruled import Ruled
from shuyuan.resolve.touched import Touched


class Members:
    """Members of one library: read from their snapshots, brought to the buckets of the library's key, one view each per bucket."""

    def __init__(
        self,
        connection: duck.Duck,
        catalog: Catalog,
        library: Library,
        snapshots: Mapping[str, Snapshot],
        scratch: Path,
        touched: Touched,
        rulings: Ruled,
    ) -> None:
        self.connection, self.catalog, self.library = connection, catalog, library
        self.snapshots, self.scratch, self.touched, self.rulings = snapshots, scratch, touched, rulings

    def shuffle(self, numbers: list[int]) -> None:
        """Rewrite the members that are bucketed by something else than the library's key, once, by that key; of the others the rows that a
        ruling gives to another entity."""
        for member in self.library.members if numbers else ():
            resource = self.catalog.resources[member.resource]
            if self.rulings.any:
                only = "true" if not is_aligned(member, resource) else text_of(ruled_elsewhere(member, resource))
                self._spread(member, ruled(member, resource, self._table(member, None, only)), numbers)
            elif not is_aligned(member, resource):
                self._spread(member, linked(member, resource, self._table(member, None)), numbers)

    def _spread(self, member: Member, rows: Composable, numbers: list[int]) -> None:
        target = str(self.scratch / member.table).replace("'", "''")
        wanted = f"_entity_bucket IN ({', '.join(map(str, numbers))}) AND {self.touched.among('entity', 'touched_all')}"
        query = f"SELECT * FROM (SELECT *, {text_of(bucket_of('entity'))} AS _entity_bucket FROM ({text_of(rows)})) WHERE {wanted}"
        self.connection.execute(f"COPY ({query}) TO '{target}' (FORMAT parquet, PARTITION_BY (_entity_bucket))")

    def take(self, numbers: list[int]) -> None:
        """Turn to some buckets: every member's view shows its claims about the entities there."""
        for member in self.library.members:
            view = text_of(wide.member_view(member.resource))
            self.connection.execute(f"CREATE OR REPLACE TEMP VIEW {view} AS {self._claims(member, numbers)}")

    def _claims(self, member: Member, numbers: list[int]) -> str:
        resource = self.catalog.resources[member.resource]
        if is_aligned(member, resource) and not self.rulings.any:
            return text_of(claims(member, resource, self._table(member, numbers)))
        nothing = SQL(f"({self._never_delivered(member)})")
        shape = ruled(member, resource, nothing) if self.rulings.any else linked(member, resource, nothing)
        rows = f"SELECT * FROM {duck.scan(self._brought(member, numbers), text_of(shape))}"
        if is_aligned(member, resource):
            plain = self._table(member, numbers, f"NOT ({text_of(ruled_elsewhere(member, resource))})")
            rows += f" UNION ALL BY NAME SELECT *, true AS _own FROM ({text_of(linked(member, resource, plain))})"
        return text_of(picked(member, resource, SQL(rows), own_first=self.rulings.any))

    def _brought(self, member: Member, numbers: list[int]) -> list[Path]:
        folders = [self.scratch / member.table / f"_entity_bucket={number}" for number in numbers]
        return [path for folder in folders for path in sorted(folder.glob("*.parquet"))]

    def _table(self, member: Member, numbers: list[int] | None, only: str = "true") -> Composable:
        """The live rows of a member's snapshot (of some buckets) that may speak of touched entities; typed even when nothing was ever delivered."""
        moves = self.catalog.resources[member.resource].moves
        touched = "touched_all" if numbers is None else "touched"
        touching, perhaps = (self._either(member, touched, test) for test in (self.touched.among, self.touched.perhaps))
        if self.rulings.any and numbers is None:
            touching, perhaps = "true", ""  # of whom a row speaks is known only when the rulings were looked up
        snapshot = self.snapshots.get(member.resource, Snapshot())
        none = self._never_delivered(member)
        rows = layers.relation(snapshot, ["_key"], none, numbers, only=perhaps, moving=moves)
        here = "true" if numbers is None else f"_bucket IN ({', '.join(map(str, numbers))})"
        return SQL(f"(SELECT * FROM {rows} WHERE NOT _deleted AND {here} AND ({touching}) AND ({only}))")

    def _either(self, member: Member, touched: str, test: Callable[[str, str], str]) -> str:
        """Of the items by which a member's row may name an entity."""
        return " OR ".join(filter(None, (test(text_of(Identifier(on)), touched) for on in member.on)))

    def _never_delivered(self, member: Member) -> str:
        resource = self.catalog.resources[member.resource]
        items = [f"NULL::{wide.DUCK.get(i.type, 'VARCHAR')} AS {text_of(Identifier(i.name))}" for i in resource.items]
        ours = "NULL::VARCHAR AS _key, 0::BIGINT AS _batch, 0::BIGINT AS _line, NULL::DATE AS _as_of, false AS _deleted, 0 AS _bucket"
        return f"SELECT {', '.join(items)}, {ours} WHERE false"
