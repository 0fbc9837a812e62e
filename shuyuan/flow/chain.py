"""What one resource said by the end of each of its deliveries: they are taken up again in the order of the days they speak of.

Belongs here: deliveries → snapshots in a scratch folder, by the line's own delta; where it suffices to begin. Does not belong here: how the rows
of a delivery are had again (`again.py`), what a library makes of them (`past.py`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path

import pyarrow as pa

from shuyuan import settings
from shuyuan.catalog import Resource
from shuyuan.db.sql import SQL, Identifier, fragment, join, statement, text_of
from shuyuan.flow.again import Again, again
from shuyuan.lake import duck, layers, snapshot
from shuyuan.lake.delta import Delta
from shuyuan.lake.snapshot import Snapshot
from shuyuan.ledger.batches import Batch
from shuyuan.publish.source import shape

NO_KEY = "SELECT NULL::VARCHAR AS _key, 0 AS _bucket WHERE false"
NOTHING = pa.array([], pa.int64())


@dataclass
class Chain:
    """A resource's deliveries, each with the snapshot it left when all are taken up in their order.

    `first`: how many older ones have no snapshot of their own: nothing is asked about their days.
    """

    batches: list[Batch]
    first: int = 0
    after: list[Snapshot] = field(default_factory=list)

    def on(self, day: date) -> Snapshot | None:
        """What the resource had said by the end of a day; None before its first delivery."""
        left = zip(self.batches[self.first :], self.after, strict=True)
        spoken = [snapshot for batch, snapshot in left if batch.business_date <= day]
        return spoken[-1] if spoken else None

    def around(self, batch_id: int) -> tuple[Snapshot, Snapshot]:
        """What the resource had said before a delivery, and with it."""
        place = next(n for n, batch in enumerate(self.batches) if batch.batch_id == batch_id) - self.first
        return (self.after[place - 1] if place else Snapshot()), self.after[place]


@dataclass(frozen=True)
class Links:
    """What makes the chain of one resource. `links`: its items that hold keys of libraries; `live`: its live manifest, which knows every key
    that was ever let in for the present; `folder`: where snapshots and rows that are read again go."""

    resource: Resource
    links: tuple[str, ...]
    live: str | None
    folder: Path

    def chain(self, batches: list[Batch], since: date) -> Chain:
        """The snapshots that `batches`, in the order of their days, leave from the last one before `since` on. Raises Forgotten."""
        before = [batch for batch in batches if batch.business_date < since]
        if len(before) > 1 and all(batch.mode == "change" for batch in before):
            made = Chain(batches, len(before) - 1, [self._at_once(before)])
        else:
            made = Chain(batches, self._begin(before))
        live = made.after[-1] if made.after else Snapshot()
        for batch in batches[made.first + len(made.after) :]:
            live = self._taken_up(batch, live)
            made.after.append(live)
        return made

    def _taken_up(self, batch: Batch, before: Snapshot) -> Snapshot:
        with duck.connect() as connection:
            said = self._again(connection, batch)
            delta = self._delta(connection, batch, before)
            delta.compute(said.staged.scan(), said.aside, said.staged.withheld(), said.staged.unread())
            return delta.next_snapshot(self._place(batch))

    def _at_once(self, batches: Sequence[Batch]) -> Snapshot:
        """What many change deliveries leave: of every key the last word. Nobody asks which of them brought it."""
        with duck.connect() as connection:
            every = [self._words(connection, nth, batch) for nth, batch in enumerate(batches)]
            union = text_of(join(every, " UNION ALL BY NAME "))
            words = text_of(statement("steps/last_words")).replace(":every", union)
            delta = self._delta(connection, batches[-1], Snapshot())
            delta.compute(f"({words})", NOTHING, NOTHING, NOTHING)
            return delta.next_snapshot(self._place(batches[-1]))

    def _words(self, connection: duck.Duck, nth: int, batch: Batch) -> SQL:
        said, aside = self._again(connection, batch), f"aside_{nth}"
        connection.register(aside, pa.table({"_line": said.aside}))
        parts = {"nth": SQL(str(nth)), "rows": SQL(said.staged.scan()), "aside": Identifier(aside)}
        return SQL(text_of(statement("steps/rows_of_nth", **parts)))

    def _begin(self, before: list[Batch]) -> int:
        """Where to begin so that the last of `before` is told whole: at a full delivery whose rows that were set aside nobody needs.

        Who stands in such a row is not gone, so an older delivery may be the last that knows him.
        """
        if any(batch.mode != "full" for batch in before):
            whole = [n for n, batch in enumerate(before) if batch.mode == "full" and not batch.quarantined]
            return whole[-1] if whole else 0
        with duck.connect() as connection:
            self._ask_for_everybody(connection, before)
            for n in reversed(range(len(before))):
                if not before[n].quarantined or not self._still_asked(connection, before[n]):
                    return n
        return 0

    def _ask_for_everybody(self, connection: duck.Duck, before: list[Batch]) -> None:
        """Relation `asked`: every key that was ever let in; the live snapshot knows those of deliveries that came in time."""
        known = snapshot.load(self.live, by=self.resource.bucket_item)
        told = [layers.relation(known, ["_key"], NO_KEY, moving=self.resource.moves)]
        told += [self._again(connection, b).staged.scan() for b in before if b.state == "outdated"]
        union = join((fragment("SELECT _key FROM {rows}", rows=SQL(rows)) for rows in told), " UNION ")
        connection.execute(f"CREATE OR REPLACE TEMP TABLE asked AS {text_of(union)}")

    def _still_asked(self, connection: duck.Duck, batch: Batch) -> bool:
        """Whether a full delivery leaves open what became of some of those asked for; they remain in `asked`."""
        said = self._again(connection, batch)
        connection.register("aside", pa.table({"_line": said.aside}))
        connection.register("withheld", pa.table({"_key": said.staged.withheld().cast(pa.string())}))
        connection.register("unread", pa.table({"word": said.staged.unread().cast(pa.string())}))
        query = text_of(statement("steps/still_open")).replace(":rows", said.staged.scan())
        connection.execute(f"CREATE OR REPLACE TEMP TABLE asked AS {query}")
        return duck.count(connection, "SELECT count(*) FROM asked") > 0

    def _again(self, connection: duck.Duck, batch: Batch) -> Again:
        return again(connection, batch, self.resource, self.folder / "staged")

    def _delta(self, connection: duck.Duck, batch: Batch, before: Snapshot) -> Delta:
        kept = replace(shape(self.resource, self.links), change=batch.mode == "change")
        return Delta(connection, kept, before, batch.business_date, batch.batch_id)

    def _place(self, batch: Batch) -> str:
        return f"{self.folder.relative_to(settings.load().lake)}/source/{batch.table}/{batch.batch_id}"
