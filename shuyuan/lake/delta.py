"""The delta between a delivery and the live snapshot, and the next snapshot: only touched buckets are written.

Knows keys, hashes and buckets; what the items mean is not its business.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from hashlib import md5

import pyarrow as pa

from shuyuan import settings
from shuyuan.db.sql import SQL, Composed, Identifier, columns, statement, text_of
from shuyuan.lake import duck
from shuyuan.lake.snapshot import ENGINE, Bucket, Snapshot, save

BOOKKEEPING = "NULL::VARCHAR AS _key, NULL::VARCHAR AS _hash, NULL::DATE AS _as_of, NULL::BOOLEAN AS _deleted, NULL::INTEGER AS _bucket, NULL::BIGINT AS _batch"
NOTHING = f"SELECT {BOOKKEEPING} WHERE false"


@dataclass(frozen=True)
class Shape:
    """What the lake must know of a resource: its item columns and the one whose hash decides the bucket."""

    items: tuple[str, ...]
    bucket_item: str
    change: bool


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

    def _old(self, bucket: int | None = None) -> str:
        """The live rows, of one bucket or all, with hashes as this engine makes them."""
        ours, others = self.live.hashed_by(self.hashed, bucket)
        if not others:
            return duck.scan(ours, NOTHING)
        again = hash_of(self.shape.items, "CASE WHEN _deleted THEN 'D' ELSE 'U' END")
        query = text_of(statement("steps/old_rows", hash=again, items=columns(self.shape.items)))
        anew = query.replace(":rows", duck.scan(others))
        return f"(SELECT * FROM {duck.scan(ours, NOTHING)} UNION ALL BY NAME {anew})"

    def _rows(self) -> Composed:
        day, batch = SQL(self.business_date.isoformat()), SQL(str(self.batch_id))
        full = statement("steps/delta_full")
        changed = statement("steps/delta_change", business_date=day, batch=batch) if self.shape.change else full
        items = columns(self.shape.items, "new")
        return statement("steps/delta_rows", items=items, changed=changed, bucket=bucket_of(self.shape.bucket_item))

    def _counts(self) -> Counts:
        found = dict(duck.rows(self.connection, "SELECT _change, count(*) FROM delta GROUP BY _change"))
        spoken = found.get("I", 0) + found.get("U", 0)
        if self.shape.change:
            spoken += duck.count(self.connection, "SELECT count(*) FROM new WHERE _op = 'D'")
        new = duck.count(self.connection, "SELECT count(*) FROM new")
        return Counts(found.get("I", 0), found.get("U", 0), found.get("D", 0), new - spoken)

    def table(self, names: Sequence[str], changes: str) -> pa.Table:
        """Rows of the delta whose change is one of the letters in `changes`."""
        wanted = ", ".join(f"'{letter}'" for letter in changes)
        return duck.table(self.connection, f"SELECT {text_of(columns(names))} FROM delta WHERE _change IN ({wanted})")

    def next_snapshot(self, directory: str) -> Snapshot:
        """Write the touched buckets and the manifest under `directory` of the lake."""
        query = "SELECT DISTINCT _bucket FROM delta UNION SELECT DISTINCT _old_bucket FROM delta WHERE _old_bucket IS NOT NULL"
        touched = sorted(int(number) for (number,) in duck.rows(self.connection, query))
        written = {number: self._write(directory, number) for number in touched}
        return save(directory, self.live, written, by=self.shape.bucket_item)

    def _write(self, directory: str, number: int) -> Bucket:
        old = f"SELECT * FROM ({self._no_rows()}) UNION ALL BY NAME SELECT * FROM {self._old(number)}"
        self.connection.execute(f"CREATE OR REPLACE VIEW old AS {old}")
        query = statement(
            "steps/snapshot_bucket",
            items=columns(self.shape.items),
            number=SQL(str(number)),
            batch=SQL(str(self.batch_id)),
            business_date=SQL(self.business_date.isoformat()),
        )
        path = f"{directory}/b{number:03d}.parquet"
        return Bucket(
            path, duck.write_parquet(self.connection, text_of(query), settings.load().lake / path), self.hashed
        )

    def _no_rows(self) -> str:
        """The empty snapshot with the types of the delta, for a bucket that does not exist yet."""
        names = text_of(columns([*self.shape.items, "_key", "_line", "_raw", "_verdicts", "_hash", "_bucket"]))
        return f"SELECT {names}, 0::BIGINT AS _batch, NULL::DATE AS _as_of, false AS _deleted FROM delta WHERE false"
