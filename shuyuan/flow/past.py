"""What the members of a library said of past days: their deliveries taken up again, in the order of the days they speak of.

Belongs here: deliveries → one snapshot per member and day, in a scratch folder of the lake. Does not belong here: what the library makes
of them (`resolve`), what history says (`publish.past`). The ledger is read and never written.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path
from tempfile import TemporaryDirectory

import pyarrow as pa

from shuyuan import settings
from shuyuan.catalog import Catalog, Library, Resource
from shuyuan.db.engine import transaction
from shuyuan.flow.feed import stage_again
from shuyuan.flow.step import LOADER
from shuyuan.intake.receive import archived
from shuyuan.intake.staged import Staged
from shuyuan.lake import duck, snapshot
from shuyuan.lake.delta import Delta
from shuyuan.lake.snapshot import Snapshot
from shuyuan.ledger import batches, findings, identity, parts, snapshots
from shuyuan.ledger.batches import Batch
from shuyuan.publish.source import shape
from shuyuan.reader.errors import ReadError
from shuyuan.resolve import engine, touched
from shuyuan.resolve.run import Inputs


class Forgotten(Exception):
    """What a delivery said is not kept any more, or does not read as it did: a day cannot be told from it, and nothing is guessed."""


@dataclass
class Chain:
    """One member's deliveries, each with the snapshot it left when all are taken up in the order of their days.

    `first`: how many older deliveries were not taken up, as a later full one says everything they could.
    """

    batches: list[Batch]
    first: int = 0
    after: list[Snapshot] = field(default_factory=list)

    def on(self, day: date) -> Snapshot | None:
        """What the member had said by the end of a day; None before its first delivery."""
        spoken = [
            left
            for batch, left in zip(self.batches[self.first :], self.after, strict=False)
            if batch.business_date <= day
        ]
        return spoken[-1] if spoken else None

    def around(self, batch_id: int) -> tuple[Snapshot, Snapshot]:
        """What the member had said before a delivery, and with it."""
        place = next(n for n, batch in enumerate(self.batches) if batch.batch_id == batch_id) - self.first
        return (self.after[place - 1] if place else Snapshot()), self.after[place]


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
            self._chains[resource] = self._folded(self.catalog.resources[resource], self.delivered[resource])
        return self._chains[resource]

    def _folded(self, resource: Resource, delivered: list[Batch]) -> Chain:
        wanted = [batch for batch in delivered if batch.business_date < self.until]
        chain = Chain(wanted, _first_needed(wanted, self.since))
        live = Snapshot()
        for batch in wanted[chain.first :]:
            live = self._taken_up(resource, batch, live)
            chain.after.append(live)
        return chain

    def _taken_up(self, resource: Resource, batch: Batch, before: Snapshot) -> Snapshot:
        """The next snapshot, by the line's own delta."""
        with transaction(LOADER) as connection:
            aside = findings.lines_aside(connection, batch.batch_id)
        with duck.connect() as worker:
            staged = self._staged(worker, resource, batch, aside)
            kept = replace(shape(resource, self.catalog.links_of(resource.id)), change=batch.mode == "change")
            delta = Delta(worker, kept, before, batch.business_date, batch.batch_id)
            delta.compute(staged.scan(), aside, staged.withheld(), staged.unread())
            return delta.next_snapshot(f"{self._place}/source/{batch.table}/{batch.batch_id}")

    def _staged(self, connection: duck.Duck, resource: Resource, batch: Batch, aside: pa.Array) -> Staged:
        """The rows that were let in: as they were staged, where they still lie there, else read again from the archive. Raises Forgotten."""
        kept = Staged.of(batch.folder)
        if kept.has([item.name for item in resource.items]) and kept.let_in(connection, aside) == batch.loaded:
            return kept
        _ask_archive(batch)
        try:
            again = stage_again(batch, self.folder / "staged" / str(batch.batch_id))
        except ReadError as error:
            raise Forgotten(f"{_named(batch)} can no longer be read as the contract is now: {error}") from error
        if (found := again.let_in(connection, aside)) != batch.loaded:
            raise Forgotten(
                f"{_named(batch)}: {batch.loaded} rows were let in, {found} are read by the contract of today; "
                "with the contract of that day the day can be told"
            )
        return again


@contextmanager
def past(catalog: Catalog, library: Library, since: date, until: date) -> Iterator[Past]:
    """The past of a library, in a folder of the lake that goes with it; what a crash leaves of it goes with the orphans."""
    lake = settings.load().lake
    lake.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(prefix="replay-", dir=lake) as folder:
        yield Past(catalog, library, Path(folder), since, until)


def _first_needed(delivered: list[Batch], since: date) -> int:
    """Where to begin: at the newest full delivery before `since` that was read to the last row. An older one could only be heard of through a row
    that was set aside, as who stands there is not gone."""
    whole = [n for n, b in enumerate(delivered) if b.business_date < since and b.mode == "full" and not b.quarantined]
    return whole[-1] if whole else 0


def _ask_archive(batch: Batch) -> None:
    """Raises Forgotten when bytes of a delivery are gone."""
    with transaction(LOADER) as connection:
        told = [part.file_sha256 for part in parts.of_batch(connection, batch.batch_id) if part.file_sha256]
    gone = [sha256 for sha256 in told or [batch.file_sha256] if not archived(sha256).exists()]
    if gone:
        raise Forgotten(
            f"{_named(batch)} is not kept any more ({', '.join(gone)} is not in the archive); put it back from a backup"
        )


def _named(batch: Batch) -> str:
    return f"{batch.resource}, batch {batch.batch_id} for {batch.business_date} ({batch.file_name})"
