"""A bucket's result against what is live: what is new, changed or gone, as a file; and the bucket's next state."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace

from shuyuan import settings
from shuyuan.db.sql import SQL, Composable, Composed, Identifier, columns, fragment, join, statement, text_of
from shuyuan.lake import duck, durable, layers
from shuyuan.lake.delta import bucket_of
from shuyuan.lake.snapshot import Bucket, Layer, Snapshot
from shuyuan.resolve.outcome import Part
from shuyuan.resolve.touched import Touched

REWRITE = 0.3
"""Share of a bucket's rows from which on a change writes the bucket anew instead of laying itself over it."""


@dataclass(frozen=True)
class Shape:
    """Rows of one kind. `key`: what identifies one; `kinds`: letter of a change → the columns that make it one, the first that differ count."""

    kind: str
    entity: str
    key: Sequence[str]
    kinds: Sequence[tuple[str, Sequence[str]]]

    @property
    def columns(self) -> list[str]:
        return [*self.key, *(name for _, names in self.kinds for name in names)]


class Writer:
    """Writes what one run finds about the buckets at hand, under its folder of the lake. Its tables are its connection's own."""

    def __init__(self, connection: duck.Duck, folder: str, touched: Touched) -> None:
        self.connection, self.folder, self.touched = connection, folder, touched
        touched.known_to(connection)

    def write(self, part: Part, shape: Shape, query: str, live: Snapshot, numbers: list[int]) -> bool:
        """Note in `part` what `query`, all rows of the touched entities of some buckets, changes, and write it.

        → whether there was anything to compare with; then the relation `old` holds what these entities had.
        """
        if self.touched.whole and numbers[0] not in live.buckets:
            self._first(part, shape, query, numbers[0])
            return False
        self._compare(shape, query, live, numbers)
        tally: dict[int, Counter[str]] = defaultdict(Counter)
        for number, letter, rows in duck.rows(
            self.connection, "SELECT _bucket, _op, count(*) FROM change GROUP BY ALL"
        ):
            tally[number][letter] = rows
        files = self._spread(shape) if tally else {}
        for number, paths in files.items():
            part.tallies[shape.kind].update(tally[number])
            part.files[shape.kind] += paths
            part.buckets[shape.kind][number] = self._next(shape, live, number, tally[number], paths)
        return True

    def _first(self, part: Part, shape: Shape, query: str, number: int) -> None:
        path = f"{self.folder}/{shape.kind}_{number:03d}.parquet"
        first = f"SELECT 'I' AS _op, {self._names(shape)} FROM ({query}) AS first"
        rows = duck.write_parquet(self.connection, first, settings.load().lake / path)
        if rows:
            part.files[shape.kind].append(path)
            part.tallies[shape.kind]["I"] += rows
            part.buckets[shape.kind][number] = Bucket(path, rows)

    def _spread(self, shape: Shape) -> dict[int, list[str]]:
        """Write the change, a file per bucket. → bucket → its files, relative to the lake."""
        lake = settings.load().lake
        spread: dict[int, list[str]] = {}
        for number, files in duck.write_partitions(
            self.connection, "FROM change", "_bucket", lake / self.folder
        ).items():
            for count, file in enumerate(files):
                path = f"{self.folder}/{shape.kind}_delta_{number:03d}{'_' * count}.parquet"
                durable.settle(file, lake / path)
                spread.setdefault(number, []).append(path)
        return spread

    def _names(self, shape: Shape) -> str:
        return text_of(columns(shape.columns))

    def _compare(self, shape: Shape, query: str, live: Snapshot, numbers: list[int]) -> None:
        """Tables `old` and `change` of the buckets."""
        run = self.connection.execute
        run(f"CREATE OR REPLACE TEMP TABLE new AS {query}")
        entity = text_of(Identifier(shape.entity))
        among, perhaps = self.touched.among(entity), self.touched.perhaps(entity)
        rows = layers.relation(live, shape.key, self._none(shape), numbers, only=perhaps)
        run(f"CREATE OR REPLACE TEMP TABLE old AS SELECT * FROM {rows} WHERE _op IS DISTINCT FROM 'D' AND {among}")
        change = f"SELECT *, {text_of(bucket_of(shape.entity))} AS _bucket FROM ({text_of(changes(shape))}) AS change"
        run(f"CREATE OR REPLACE TEMP TABLE change AS {change}")

    def _none(self, shape: Shape) -> str:
        return f"SELECT 'I' AS _op, {self._names(shape)} FROM new WHERE false"

    def _next(self, shape: Shape, live: Snapshot, number: int, found: Counter[str], paths: list[str]) -> Bucket:
        """The bucket's next state: the change as a layer over it, or, when it is large or there are enough, all of it anew."""
        before = live.buckets.get(number, Bucket("", 0))
        rows = before.rows + found["I"] - found["D"]
        if not layers.is_full(before, number) and found.total() <= REWRITE * before.rows:
            brought = (Layer(path, live.number + 1) for path in paths)
            return replace(before, rows=rows, layers=(*before.layers, *brought))
        change = f"(SELECT * FROM change WHERE _bucket = {number})"
        same = same_key(shape, "live", "brought")
        query = statement("steps/rewritten", columns=columns(shape.columns), same_key=same, change=SQL(change))
        old = f"SELECT * FROM {layers.relation(live, shape.key, self._none(shape), [number])}"
        path = f"{self.folder}/{shape.kind}_{number:03d}.parquet"
        text = text_of(query).replace(":old", old)
        return Bucket(path, duck.write_parquet(self.connection, text, settings.load().lake / path))


def changes(shape: Shape) -> Composed:
    """What is new, changed or gone between the relations `new` and `old` (`_op` and the shape's columns)."""
    differing = [(letter, _differ(names)) for letter, names in shape.kinds]
    kinds = [
        fragment("WHEN {differ} THEN {letter}", differ=differ, letter=SQL(f"'{letter}'"))
        for letter, differ in differing
    ]
    return statement(
        "steps/changes",
        new_key=Identifier("new", shape.key[0]),
        old_key=Identifier("old", shape.key[0]),
        kinds=join(kinds, " "),
        columns=join(_either(shape, name) for name in shape.columns),
        same_key=same_key(shape, "new", "old"),
        differs=join((differ for _, differ in differing), " OR "),
    )


def _differ(names: Sequence[str]) -> Composed:
    template = "{new} IS DISTINCT FROM {old}"
    return join((fragment(template, new=Identifier("new", n), old=Identifier("old", n)) for n in names), " OR ")


def same_key(shape: Shape, one: str, other: str) -> Composed:
    """SQL boolean: do rows of two relations have the same key?"""
    return join((fragment("{a} = {b}", a=Identifier(one, n), b=Identifier(other, n)) for n in shape.key), " AND ")


def _either(shape: Shape, name: str) -> Composed:
    template = "CASE WHEN {key} IS NULL THEN {old} ELSE {new} END AS {name}"
    parts: dict[str, Composable] = {"key": Identifier("new", shape.key[0]), "name": Identifier(name)}
    return fragment(template, old=Identifier("old", name), new=Identifier("new", name), **parts)
