"""The delta between a delivery and the live snapshot, and the next snapshot: only touched buckets are written.

Knows keys, hashes and buckets; what the items mean is not its business.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from hashlib import md5
from pathlib import Path

import pyarrow as pa

from shuyuan import settings
from shuyuan.db.sql import SQL, Composable, Composed, Identifier, columns, fragment, join, statement, text_of
from shuyuan.lake import duck, layers
from shuyuan.lake.snapshot import ENGINE, Bucket, Layer, Snapshot, save

BOOKKEEPING = "NULL::VARCHAR AS _key, NULL::VARCHAR AS _hash, NULL::DATE AS _as_of, NULL::BOOLEAN AS _deleted, NULL::INTEGER AS _bucket, NULL::BIGINT AS _batch"
BATCH = 60_000
"""Rows of a delta that are handed on at once."""


@dataclass(frozen=True)
class Shape:
    """What the lake must know of a resource: its item columns, the one whose hash decides the bucket, and those that hold keys of libraries.

    `moving`: that item may change while the key stays.
    """

    items: tuple[str, ...]
    bucket_item: str
    change: bool
    links: tuple[str, ...] = ()
    moving: bool = True


@dataclass(frozen=True)
class Counts:
    """What a delta does: rows by kind. `unchanged`: rows that say what is known, or what was known before something newer."""

    inserted: int
    updated: int
    deleted: int
    unchanged: int


def bucket_of(item: str) -> Composed:
    """SQL of the bucket of a value: portable (md5), the same on every engine."""
    buckets = SQL(str(settings.load().buckets))
    return statement("steps/bucket", item=Identifier(item), buckets=buckets)


def hash_of(items: Sequence[str], op: str) -> Composed:
    """SQL of a row's hash: the same for the same values on one version of the engine (`snapshot.ENGINE`). `op`: SQL of its U or D."""
    return statement("steps/row_hash", items=columns(items), op=SQL(op))


class Delta:
    """Tables `new`, `old`, `withheld` and `delta` on one DuckDB connection, for the delivery of one batch."""

    def __init__(self, connection: duck.Duck, shape: Shape, live: Snapshot, business_date: date, batch_id: int) -> None:
        self.connection, self.shape, self.live = connection, shape, live
        self.business_date, self.batch_id = business_date, batch_id
        # A hash speaks of these items in this order, by this engine: where any of it differs, hashes are made anew before they are compared.
        self.hashed = f"{ENGINE}, items {md5(','.join(shape.items).encode(), usedforsecurity=False).hexdigest()[:8]}"

    def compute(self, staged: str, without: pa.Array, withheld: pa.Array, unread: pa.Array) -> Counts:
        """Compare staged rows (a DuckDB relation), less the lines `without`, to the live snapshot.

        Protected from deletion by a full delivery: `withheld` keys, and keys that stand among the words of its `unread` lines.
        """
        run = self.connection.execute
        self.connection.register("without", pa.table({"_line": without.cast(pa.int64())}))
        self.connection.register("withheld_keys", pa.table({"_key": withheld.cast(pa.string())}))
        run(f"CREATE OR REPLACE VIEW staged AS SELECT * FROM {staged}")
        run("CREATE OR REPLACE VIEW new AS FROM staged WHERE _line NOT IN (SELECT _line FROM without)")
        run(
            "CREATE OR REPLACE VIEW withheld AS SELECT _key FROM withheld_keys UNION SELECT _key FROM staged SEMI JOIN without USING (_line)"
        )
        run(f"CREATE OR REPLACE VIEW old AS SELECT * FROM {self._old()}")
        run(f"CREATE OR REPLACE TEMP TABLE delta AS {text_of(self._rows())}")
        if not self.shape.change:
            self.connection.register("unread", pa.table({"word": unread.cast(pa.string())}))
            run(text_of(statement("steps/keep_unread")))
        return self._counts()

    def begin(self, parts: Mapping[int, str], without: pa.Array) -> Counts:
        """The same for the first full delivery: nothing is known, so nothing is compared. `parts`: staged rows (DuckDB relations) by bucket."""
        self.connection.register("without", pa.table({"_line": without.cast(pa.int64())}))
        items = columns(self.shape.items)
        rows = (
            statement("steps/delta_begin", items=items, number=SQL(str(number)), rows=SQL(relation))
            for number, relation in parts.items()
        )
        self.connection.execute(f"CREATE OR REPLACE VIEW delta AS {text_of(join(rows, ' UNION ALL '))}")
        return Counts(self.count("I"), 0, 0, 0)

    def _old(self, bucket: int | None = None) -> str:
        """The live rows, of one bucket or all, with hashes as this engine makes them."""
        return layers.relation(
            self.live,
            ["_key"],
            self._none(),
            None if bucket is None else [bucket],
            read=self._hashed,
            moving=self.shape.moving,
        )

    def _none(self) -> str:
        links = "".join(f"{text_of(Identifier(item))}, " for item in self.shape.links)
        return f"SELECT {links}{BOOKKEEPING} FROM staged WHERE false"

    def _hashed(self, files: list[Path], engine: str) -> str:
        if engine == self.hashed:
            return duck.scan(files)
        again = hash_of(self.shape.items, "CASE WHEN _deleted THEN 'D' ELSE 'U' END")
        query = text_of(statement("steps/old_rows", hash=again, items=columns(self.shape.items)))
        return f"({query.replace(':rows', duck.scan(files))})"

    def _rows(self) -> Composed:
        day, batch = SQL(self.business_date.isoformat()), SQL(str(self.batch_id))
        links = join(
            (fragment(", old.{item} AS {old}", item=Identifier(n), old=_old_link(n)) for n in self._moving_links()), ""
        )
        name = "steps/delta_change" if self.shape.change else "steps/delta_full"
        changed = statement(name, business_date=day, batch=batch, links=links)
        kept = join((fragment(", changed.{old}", old=_old_link(n)) for n in self._moving_links()), "")
        items = columns(self.shape.items, "new")
        bucket = bucket_of(self.shape.bucket_item)
        return statement("steps/delta_rows", items=items, changed=changed, bucket=bucket, links=kept)

    def _moving_links(self) -> tuple[str, ...]:
        """Items that link to libraries; before the first snapshot nothing was linked."""
        return self.shape.links if self.live.manifest else ()

    def _counts(self) -> Counts:
        found = dict(duck.rows(self.connection, "SELECT _change, count(*) FROM delta GROUP BY _change"))
        spoken = found.get("I", 0) + found.get("U", 0)
        if self.shape.change:
            spoken += duck.count(self.connection, "SELECT count(*) FROM new WHERE _op = 'D'")
        new = duck.count(self.connection, "SELECT count(*) FROM new")
        return Counts(found.get("I", 0), found.get("U", 0), found.get("D", 0), new - spoken)

    def table(self, names: Sequence[str], changes: str) -> pa.Table:
        """Rows of the delta whose change is one of the letters in `changes`."""
        return duck.table(self.connection, self._chosen(names, changes))

    def reader(self, names: Sequence[str], changes: str) -> pa.RecordBatchReader:
        """The same, batch by batch: the first delivery of a city does not stand in memory. Read it to its end before anything else."""
        return self.connection.sql(self._chosen(names, changes)).to_arrow_reader(BATCH)

    def count(self, changes: str) -> int:
        """How many rows of the delta are one of these changes."""
        return duck.count(self.connection, f"SELECT count(*) FROM delta WHERE _change IN ({_letters(changes)})")

    def _chosen(self, names: Sequence[str], changes: str) -> str:
        return f"SELECT {text_of(columns(names))} FROM delta WHERE _change IN ({_letters(changes)})"

    def next_snapshot(self, directory: str) -> Snapshot:
        """Write what changed in the touched buckets, and the manifest, under `directory` of the lake."""
        counted = duck.rows(self.connection, text_of(statement("steps/touched_buckets")))
        written = {int(number): self._write(directory, int(number), grown) for number, grown in counted}
        return save(directory, self.live, written, by=self.shape.bucket_item, named=self._name_touched(directory))

    def _name_touched(self, directory: str) -> str | None:
        if not self._moving_links():
            return None
        named = [name for item in self.shape.links for name in (Identifier(item), _old_link(item))]
        query = join((statement("steps/touched_link", item=name) for name in named), " UNION ")
        path = f"{directory}/touched.parquet"
        query = statement("steps/touched_entities", every=query, bucket=bucket_of("entity"))
        duck.write_parquet(self.connection, text_of(query), settings.load().lake / path)
        return path

    def _write(self, directory: str, number: int, grown: int) -> Bucket:
        """A bucket's changes as a layer over it; the whole bucket where there was none, or there are enough layers."""
        before = self.live.buckets.get(number)
        path = f"{directory}/b{number:03d}.parquet"
        whole = before is not None and layers.is_full(before, number)
        query = self._whole(number) if whole else self._brought(number)
        written = duck.write_parquet(self.connection, query, settings.load().lake / path)
        if before is None or whole:
            return Bucket(path, written, self.hashed)
        layer = Layer(path, self.live.number + 1, self.hashed)
        return replace(before, rows=before.rows + grown, layers=(*before.layers, layer))

    def _brought(self, number: int) -> str:
        """The rows that the delta brings to a bucket, and those that leave it for another one."""
        return text_of(statement("steps/snapshot_layer", number=SQL(str(number)), **self._parts()))

    def _whole(self, number: int) -> str:
        old = f"SELECT * FROM ({self._no_rows()}) UNION ALL BY NAME SELECT * FROM {self._old(number)}"
        self.connection.execute(f"CREATE OR REPLACE VIEW old AS {old}")
        brought = statement("steps/snapshot_layer", number=SQL(str(number)), **self._parts())
        items = columns(self.shape.items)
        return text_of(statement("steps/snapshot_bucket", items=items, number=SQL(str(number)), brought=brought))

    def _parts(self) -> dict[str, Composable]:
        day = SQL(self.business_date.isoformat())
        return {"items": columns(self.shape.items), "batch": SQL(str(self.batch_id)), "business_date": day}

    def _no_rows(self) -> str:
        """The empty snapshot with the types of the delta, for a bucket that does not exist yet."""
        names = text_of(columns([*self.shape.items, "_key", "_line", "_raw", "_verdicts", "_hash", "_bucket"]))
        return f"SELECT {names}, 0::BIGINT AS _batch, NULL::DATE AS _as_of, false AS _deleted FROM delta WHERE false"


def _old_link(item: str) -> Identifier:
    return Identifier(f"_old_{item}")


def _letters(changes: str) -> str:
    return ", ".join(f"'{letter}'" for letter in changes)
