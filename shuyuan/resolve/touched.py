"""Which entities a run has to look at: those that some member's rows have named since, and those whose discrepancy time alone may change."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import Path

from shuyuan.db.sql import SQL, Identifier, statement, text_of
from shuyuan.lake import duck, layers
from shuyuan.lake.delta import bucket_of
from shuyuan.lake.snapshot import Snapshot
from shuyuan.resolve.disputes import KEY, NONE

AT_ONCE = 160_000
"""Touched entities that are looked at together, half as many as a bucket of a city has persons: every look costs its planning, and more than a
bucket's memory, as rows of many files are read at once."""
MARKS = 1 << 21
"""Bits that tell who is not touched: AT_ONCE touched let one in fourteen of the others pass, 20,000 one in a hundred; 256 kB."""


class Touched:
    """The touched entities of one run: the relation `touched_all` of its database, and `touched` for the bucket at hand.

    `whole`: everybody has to be looked at, as it is not known who changed; then there are no such relations.
    """

    def __init__(
        self,
        connection: duck.Duck,
        members: Mapping[str, Snapshot],
        before: Mapping[str, str] | None,
        discrepancies: Snapshot,
        day: date,
    ) -> None:
        self.connection = connection
        files = changed_files(members, before)
        self.whole = files is None
        if files is not None:
            self._collect(files, discrepancies, day)

    def _collect(self, files: list[Path], discrepancies: Snapshot, day: date) -> None:
        named = f"SELECT entity, _bucket FROM {duck.scan(files, 'SELECT NULL::VARCHAR AS entity, 0 AS _bucket WHERE false')}"
        disputed = SQL(layers.relation(discrepancies, KEY, NONE))
        parts = {"disputes": disputed, "day": SQL(day.isoformat()), "bucket": bucket_of("entity")}
        turning = text_of(statement("steps/turning_disputes", **parts))
        ruled = text_of(statement("steps/touched_by_ruling", bucket=bucket_of("entity")))
        self._keep("touched_all", f"{named} UNION {turning} UNION {ruled}")

    def _keep(self, name: str, query: str) -> None:
        self.connection.execute(f"CREATE OR REPLACE TABLE {name} AS {query}")
        self._mark(self.connection, name)

    def _mark(self, connection: duck.Duck, name: str) -> None:
        """Make known by which hashes a scan passes over all others: in a variable, which a plan takes for a constant."""
        marks = text_of(statement("steps/touched_marks", bits=SQL(str(MARKS)), touched=SQL(name)))
        connection.execute(f"SET VARIABLE {name} = ({marks})")

    def known_to(self, connection: duck.Duck) -> None:
        """Let `perhaps` hold on another connection to the same database, for the buckets at hand."""
        if not self.whole:
            self._mark(connection, "touched")

    def due(self, numbers: list[int]) -> list[list[int]]:
        """The buckets among `numbers` that hold a touched entity, in groups that are looked at together: as many as fit into memory."""
        if self.whole:
            return [[number] for number in numbers]
        query = "SELECT _bucket, count(*) FROM touched_all GROUP BY _bucket ORDER BY _bucket"
        groups: list[list[int]] = []
        size = AT_ONCE
        for number, entities in duck.rows(self.connection, query):
            if number in numbers:
                size += entities
                if size > AT_ONCE:
                    groups.append([])
                    size = entities
                groups[-1].append(number)
        return groups

    def take(self, numbers: list[int]) -> None:
        """Turn to some buckets."""
        if not self.whole:
            self._keep("touched", f"SELECT entity FROM touched_all WHERE _bucket IN ({', '.join(map(str, numbers))})")

    def among(self, column: str, of: str = "touched") -> str:
        """SQL boolean: is it a touched entity? `true` when everybody is."""
        return "true" if self.whole else f"{column} IN (SELECT entity FROM {of})"

    def perhaps(self, column: str, of: str = "touched") -> str:
        """SQL boolean for a scan of files, to spare what it would decode in vain: false for most that are not touched. Empty when everybody is."""
        parts = {"entity": SQL(column), "touched": SQL(of), "bits": SQL(str(MARKS))}
        return "" if self.whole else text_of(statement("steps/perhaps_touched", **parts))


def changed_files(members: Mapping[str, Snapshot], before: Mapping[str, str] | None) -> list[Path] | None:
    """Files that name the touched entities; None when some member cannot say what has changed since."""
    if before is None:
        return None
    found: list[Path] = []
    for name, snapshot in members.items():
        files = snapshot.touched_since(before.get(name))
        if files is None:
            return None
        found += files
    return found


def named(connection: duck.Duck, before: Snapshot, after: Snapshot, on: Sequence[str], *, moving: bool) -> set[str]:
    """Keys that a member's rows name after one delivery or named before it, where they differ; all that they name where nothing came before.

    `on`: the items that name them; `moving`: as for `layers.relation`.
    """
    files = after.touched_since(before.manifest) if before.manifest else None
    if files is not None:
        query = f"SELECT entity FROM {duck.scan(files)}"
    else:
        items = [text_of(Identifier(item)) for item in on]
        none = f"SELECT {', '.join(f'NULL::VARCHAR AS {item}' for item in items)}, NULL::VARCHAR AS _key, 0 AS _bucket WHERE false"
        rows = layers.relation(after, ["_key"], none, moving=moving)
        query = " UNION ".join(f"SELECT {item} FROM {rows}" for item in items)
    return {str(key) for (key,) in duck.rows(connection, query) if key is not None}
