"""A bucket's result against what is live: what is new, changed or gone, as a file; and the bucket's next state."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace

from shuyuan import settings
from shuyuan.db.sql import SQL, Composable, Composed, Identifier, columns, fragment, join, statement, text_of
from shuyuan.lake import duck, layers
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
    """Writes what one run finds, under its folder of the lake."""

    def __init__(self, connection: duck.Duck, folder: str, touched: Touched) -> None:
        self.connection, self.folder, self.touched = connection, folder, touched

    def write(self, part: Part, shape: Shape, query: str, live: Snapshot, number: int) -> bool:
        """Note in `part` what `query`, all rows of the touched entities of a bucket, changes, and write it.

        → whether there was anything to compare with; then the relation `old` holds what these entities had.
        """
        before = live.buckets.get(number)
        if before is None:
            self._first(part, shape, query, number)
            return False
        self._compare(shape, query, live, number)
        found = Counter(dict(duck.rows(self.connection, "SELECT _op, count(*) FROM change GROUP BY _op")))
        if found:
            part.tallies[shape.kind].update(found)
            path = self._copy(part, shape, "FROM change", f"_delta_{number:03d}")[0]
            part.buckets[shape.kind][number] = self._next(shape, live, before, number, found, path)
        return True

    def _first(self, part: Part, shape: Shape, query: str, number: int) -> None:
        path, rows = self._copy(
            part, shape, f"SELECT 'I' AS _op, {self._names(shape)} FROM ({query}) AS first", f"_{number:03d}"
        )
        if rows:
            part.tallies[shape.kind]["I"] += rows
            part.buckets[shape.kind][number] = Bucket(path, rows)

    def _copy(self, part: Part, shape: Shape, query: str, name: str) -> tuple[str, int]:
        path = f"{self.folder}/{shape.kind}{name}.parquet"
        rows = duck.write_parquet(self.connection, query, settings.load().lake / path)
        if rows:
            part.files[shape.kind].append(path)
        return path, rows

    def _names(self, shape: Shape) -> str:
        return text_of(columns(shape.columns))

    def _compare(self, shape: Shape, query: str, live: Snapshot, number: int) -> None:
        """Tables `old` and `change` of the bucket."""
        run = self.connection.execute
        run(f"CREATE OR REPLACE TEMP TABLE new AS {query}")
        among = self.touched.among(text_of(Identifier(shape.entity)))
        rows = layers.relation(live, shape.key, self._none(shape), number, only="" if self.touched.whole else among)
        run(f"CREATE OR REPLACE TEMP TABLE old AS SELECT * FROM {rows} WHERE _op IS DISTINCT FROM 'D' AND {among}")
        run(f"CREATE OR REPLACE TEMP TABLE change AS {text_of(_changes(shape))}")

    def _none(self, shape: Shape) -> str:
        return f"SELECT 'I' AS _op, {self._names(shape)} FROM new WHERE false"

    def _next(
        self, shape: Shape, live: Snapshot, before: Bucket, number: int, found: Counter[str], path: str
    ) -> Bucket:
        """The bucket's next state: the change as a layer over it, or, when it is large or there are enough, all of it anew."""
        rows = before.rows + found["I"] - found["D"]
        if not layers.is_full(before, number) and found.total() <= REWRITE * before.rows:
            return replace(before, rows=rows, layers=(*before.layers, Layer(path, live.number + 1)))
        query = statement(
            "steps/rewritten", columns=columns(shape.columns), same_key=_same_key(shape, "live", "change")
        )
        old = f"SELECT * FROM {layers.relation(live, shape.key, self._none(shape), number)}"
        path = f"{self.folder}/{shape.kind}_{number:03d}.parquet"
        text = text_of(query).replace(":old", old)
        return Bucket(path, duck.write_parquet(self.connection, text, settings.load().lake / path))


def _changes(shape: Shape) -> Composed:
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
        same_key=_same_key(shape, "new", "old"),
        differs=join((differ for _, differ in differing), " OR "),
    )


def _differ(names: Sequence[str]) -> Composed:
    template = "{new} IS DISTINCT FROM {old}"
    return join((fragment(template, new=Identifier("new", n), old=Identifier("old", n)) for n in names), " OR ")


def _same_key(shape: Shape, one: str, other: str) -> Composed:
    return join((fragment("{a} = {b}", a=Identifier(one, n), b=Identifier(other, n)) for n in shape.key), " AND ")


def _either(shape: Shape, name: str) -> Composed:
    template = "CASE WHEN {key} IS NULL THEN {old} ELSE {new} END AS {name}"
    parts: dict[str, Composable] = {"key": Identifier("new", shape.key[0]), "name": Identifier(name)}
    return fragment(template, old=Identifier("old", name), new=Identifier("new", name), **parts)
