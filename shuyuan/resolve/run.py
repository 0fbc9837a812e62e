"""Resolve a library bucket by bucket in bounded memory: values, disagreements, and their deltas against the live snapshots.

Belongs here: a run and its parts, on DuckDB. What is computed stands in `plan.py` and `disputes.py`, how members are read in `members.py`,
how a bucket's result becomes files in `write.py`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from tempfile import TemporaryDirectory

import pyarrow as pa

from shuyuan import settings
from shuyuan.catalog import Catalog, Library
from shuyuan.db.sql import columns, text_of
from shuyuan.lake import duck
from shuyuan.lake.snapshot import Snapshot, save
from shuyuan.resolve import disputes, plan
from shuyuan.resolve.members import Members
from shuyuan.resolve.outcome import KINDS, Counts, Outcome, Part, added, together
from shuyuan.resolve.ruled import ALIASES, ROWS, Ruled
from shuyuan.resolve.tally import Tally
from shuyuan.resolve.touched import Touched, changed_files
from shuyuan.resolve.write import Shape, Writer

DISPUTES = Shape("disputes", "entity", disputes.KEY, (("U", disputes.VALUES), ("P", ("pattern",)), ("S", ("_turns",))))


__all__ = ["DISPUTES", "Inputs", "Outcome", "finish", "part", "rows_of", "run"]


def rows_of(library: Library) -> Shape:
    """The library's own rows, as the lake keeps them."""
    return Shape("rows", "_key", ("_key",), (("U", plan.published(library)), ("S", plan.masks(library))))


@dataclass(frozen=True)
class Inputs:
    """What a run reads: one snapshot per member resource that has delivered, and the live ones of the library itself.

    `before`: what the live library was resolved from (resource → manifest), by the same rules; None when it has to be resolved as a whole.
    `counts`: what was compared then, and disagreed. What stewards ruled about identity: `aliases` (alias, entity) are keys that are another
    one, `rows` (resource, row_key, entity) are rows that speak of another entity than their number says, `moved` keys ruled about since.
    """

    members: Mapping[str, Snapshot]
    library: Snapshot
    discrepancies: Snapshot
    before: Mapping[str, str] | None = None
    counts: Counts = field(default_factory=dict)
    aliases: pa.Table = field(default_factory=ALIASES.empty_table)
    rows: pa.Table = field(default_factory=ROWS.empty_table)
    moved: Sequence[str] = ()


def run(catalog: Catalog, library: Library, inputs: Inputs, business_date: date, folder: str) -> Outcome:
    """Resolve what changed, write snapshots and deltas under `folder` of the lake. Reads and writes nothing else."""
    every = part(catalog, library, inputs, business_date, folder, range(settings.load().buckets))
    return finish(library, inputs, folder, [every])


def part(
    catalog: Catalog, library: Library, inputs: Inputs, business_date: date, folder: str, numbers: Iterable[int]
) -> Part:
    """Resolve some buckets: they are independent, so many workers may take some each."""
    with duck.connect() as connection, TemporaryDirectory(prefix="shuffle-", dir=settings.load().lake) as scratch:
        connection.execute("SET preserve_insertion_order = false")  # nothing hangs on it here, and both cores write
        resolver = _Resolver(connection, catalog, library, inputs, business_date, folder, Path(scratch))
        return together([resolver.group(group) for group in resolver.prepare(list(numbers))])


def finish(library: Library, inputs: Inputs, folder: str, parts: Iterable[Part]) -> Outcome:
    """The manifests of what all parts changed. What did not change stays where it is."""
    whole = together(parts)
    everybody = changed_files(inputs.members, inputs.before) is None
    counts = whole.crosschecks if everybody else added(inputs.counts, whole.crosschecks)
    live = dict(zip(KINDS, (inputs.library, inputs.discrepancies), strict=True))
    after = {
        kind: save(f"{folder}/{kind}", live[kind], whole.buckets[kind], by="_key")
        if whole.buckets[kind]
        else live[kind]
        for kind in KINDS
    }
    rows, disputed = after["rows"], after["disputes"]
    return Outcome(rows.rows, whole.tallies["rows"], whole.tallies["disputes"], counts, whole.files, rows, disputed)


class _Resolver:
    """One part of a run on one connection, and two more to the same database while it writes."""

    def __init__(
        self,
        connection: duck.Duck,
        catalog: Catalog,
        library: Library,
        inputs: Inputs,
        day: date,
        folder: str,
        scratch: Path,
    ) -> None:
        self.connection, self.inputs = connection, inputs
        self.ruled = Ruled(connection, inputs.aliases, inputs.rows, inputs.moved)
        self.touched = Touched(connection, inputs.members, inputs.before, inputs.discrepancies, day)
        self.members = Members(connection, catalog, library, inputs.members, scratch, self.touched, self.ruled)
        self.library, self.folder, self.rows = library, folder, rows_of(library)
        self.checked = text_of(plan.checked(catalog, library))
        found = disputes.disputes(catalog, library, day, inputs.members)
        self.disputes = None if found is None else text_of(found)

    def prepare(self, numbers: list[int]) -> list[list[int]]:
        """The buckets among these that there is anything to do in, in groups; members of other buckets are brought there."""
        groups = self.touched.due(numbers)
        self.members.shuffle([number for group in groups for number in group])
        return groups

    def group(self, numbers: list[int]) -> Part:
        """Resolve some buckets together and write their part of the snapshots and deltas: rows and disputes at the same time, as neither keeps
        all processors busy."""
        self.touched.take(numbers)
        self.members.take(numbers)
        self.connection.execute(f"CREATE TABLE checked AS {self.checked}")
        with ThreadPoolExecutor(len(KINDS)) as threads:
            written = [threads.submit(write, numbers) for write in (self._write_rows, self._write_disputes)]
            found = Part(crosschecks=self._tally(self.connection).now())
        self.connection.execute("DROP TABLE checked")  # replaced, it would be held until its successor is complete
        return together([found, *(part.result() for part in written)])

    def _write_rows(self, numbers: list[int]) -> Part:
        rows = f"SELECT {text_of(columns(self.rows.columns))} FROM checked"
        return self._written(self.rows, rows, self.inputs.library, numbers, Tally.compared_before)

    def _write_disputes(self, numbers: list[int]) -> Part:
        live = self.inputs.discrepancies
        return (
            self._written(DISPUTES, self.disputes, live, numbers, Tally.disagreed_before) if self.disputes else Part()
        )

    def _written(
        self, shape: Shape, query: str, live: Snapshot, numbers: list[int], before: Callable[[Tally], Counts]
    ) -> Part:
        """What was written of one kind, on a connection of its own; `before`: what the old rows had to the counts."""
        found = Part()
        with closing(self.connection.cursor()) as connection:
            if Writer(connection, self.folder, self.touched).write(found, shape, query, live, numbers):
                found.crosschecks = before(self._tally(connection))
        return found

    def _tally(self, connection: duck.Duck) -> Tally:
        return Tally(self.library, lambda query: duck.rows(connection, text_of(query)), whole=self.touched.whole)
