"""A library on past days: what its members said by then (`chain.py`), resolved by the rules of today, in a scratch folder of the lake.

Belongs here: which members, which days, whom a delivery names. Does not belong here: what history says (`publish.past`). The ledger is read
and never written.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from tempfile import TemporaryDirectory

from shuyuan import settings
from shuyuan.catalog import Catalog, Library
from shuyuan.db.engine import transaction
from shuyuan.flow.chain import Chain, Links
from shuyuan.flow.step import LOADER
from shuyuan.lake import duck, snapshot
from shuyuan.lake.snapshot import Snapshot
from shuyuan.ledger import batches, identity, snapshots
from shuyuan.resolve import engine, touched
from shuyuan.resolve.run import Inputs


class Past:
    """A library's members as of days from `since` to before `until`, resolved by the rules of today. Ends with its scratch folder."""

    def __init__(self, catalog: Catalog, library: Library, folder: Path, since: date, until: date) -> None:
        self.catalog, self.library, self.folder = catalog, library, folder
        self.since, self.until = since, until
        with transaction(LOADER) as connection:
            # In this order: what is let in meanwhile is then missing from the snapshots, never in them unseen, and corrects the past in its turn.
            self.live = {m.resource: snapshots.manifest(connection, "source", m.resource) for m in library.members}
            self.delivered = {m.resource: batches.ended(connection, m.resource) for m in library.members}
            self.aliases = identity.aliases(connection, library.id)
            self.rows = identity.rows(connection, library.id)
        self._chains: dict[str, Chain] = {}

    def days(self) -> list[date]:
        """The days on which some member's claims changed."""
        every = {batch.business_date for told in self.delivered.values() for batch in told}
        return sorted(day for day in every if self.since <= day < self.until)

    def resolve(self, day: date, named: Sequence[str] | None = None) -> list[Path]:
        """Files with the library's rows on a day: of everybody, or of the `named` entities and those that stewards ruled about."""
        members = {name: said for name in self.delivered if (said := self._said(name, day)) is not None}
        before = None if named is None else {name: said.manifest for name, said in members.items()}
        ruled = {"aliases": self.aliases, "rows": self.rows, "moved": named or ()}
        inputs = Inputs(members, Snapshot(), Snapshot(), before, **ruled)
        found = engine.run(self.catalog, self.library, inputs, day, f"{self._place}/{day}")
        return [settings.load().lake / path for path in found.files["rows"]]

    def named_by(self, batch_id: int, resource: str) -> list[str]:
        """Keys of the library that the rows of a delivery named, or had named before it."""
        before, after = self._chain(resource).around(batch_id)
        on, moves = self.library.member(resource).on, self.catalog.resources[resource].moves
        with duck.connect() as connection:
            found = touched.named(connection, before, after, on, moving=moves)
        return sorted(found | self._ruled(found))

    def _ruled(self, keys: set[str]) -> set[str]:
        """Whom these keys are, or speak of, by what stewards ruled; a row's own key is not known here, so every ruled row counts."""
        merged = {row["entity"] for row in self.aliases.to_pylist() if row["alias"] in keys}
        return merged | set(self.rows["entity"].to_pylist())

    @property
    def _place(self) -> str:
        return str(self.folder.relative_to(settings.load().lake))

    def _said(self, resource: str, day: date) -> Snapshot | None:
        told = self.delivered[resource]
        in_order = all(b.state != "outdated" for b in told)
        if told and in_order and told[-1].business_date < self.since:
            return snapshot.load(self.live[resource], by=self.catalog.resources[resource].bucket_item)
        return self._chain(resource).on(day)

    def _chain(self, resource: str) -> Chain:
        if resource not in self._chains:
            told = [batch for batch in self.delivered[resource] if batch.business_date < self.until]
            links = (self.catalog.links_of(resource), self.live[resource], self.folder)
            self._chains[resource] = Links(self.catalog.resources[resource], *links).chain(told, self.since)
        return self._chains[resource]


@contextmanager
def past(catalog: Catalog, library: Library, since: date, until: date) -> Iterator[Past]:
    """The past of a library, in a folder of the lake that goes with it; what a crash leaves of it goes with the orphans."""
    lake = settings.load().lake
    lake.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(prefix="replay-", dir=lake) as folder:
        yield Past(catalog, library, Path(folder), since, until)
