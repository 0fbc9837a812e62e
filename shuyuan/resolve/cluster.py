"""The Spark that this process works on: started once, with the settings that make it mean what DuckDB means.

Belongs here: sessions, reading snapshots of the lake, writing one file per bucket. Does not belong here: what is computed (`spark.py`).
"""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from functools import reduce
from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow.parquet as pq

from shuyuan import settings
from shuyuan.db.sql import SQL, Identifier, columns, statement, text, text_of
from shuyuan.lake import duck, durable, sealed
from shuyuan.lake.snapshot import Snapshot

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

MEANING = {
    "spark.sql.session.timeZone": "UTC",
    "spark.sql.ansi.enabled": "true",
    "spark.sql.caseSensitive": "false",
    "spark.sql.parquet.datetimeRebaseModeInRead": "CORRECTED",
    "spark.sql.parquet.datetimeRebaseModeInWrite": "CORRECTED",
    "spark.sql.parquet.compression.codec": duck.CODEC,
}
"""What a query means must not hang on how a cluster is set up; everything else is its administrator's."""


def session() -> SparkSession:
    """A session of its own, with views of its own; the first one of a process starts Spark at SHUYUAN_SPARK_MASTER.

    Raises NoSpark where pyspark is not installed.
    """
    try:
        import pyspark  # noqa: PLC0415
        from pyspark.sql import SparkSession  # noqa: PLC0415
    except ImportError as missing:
        raise NoSpark(
            "SHUYUAN_ENGINE is spark, but pyspark is not there: pip install -r requirements-spark.txt"
        ) from missing
    os.environ.setdefault("SPARK_HOME", str(Path(pyspark.__file__).parent))
    started = SparkSession.builder.appName("shuyuan").master(settings.load().spark_master).getOrCreate()
    own = started.newSession()
    for name, value in MEANING.items():
        own.conf.set(name, value)
    return own


class NoSpark(Exception):
    """Spark is asked for and cannot be had; the message says how to get it."""


def newest(spark: SparkSession, snapshot: Snapshot, schema: str, key: Sequence[str]) -> DataFrame:
    """The newest row of every key of every bucket, of all buckets at once. Deleted rows are among them.

    `schema`: columns in Spark's words; what older files lack is null. With `_bucket` among them, rows that moved to another bucket are read there.
    """
    files = _by_layer(snapshot)
    if not files:
        return spark.createDataFrame([], schema)
    read = [
        spark.read.schema(schema).parquet(*verified(paths)).selectExpr("*", *_place(number))
        for number, paths in files.items()
    ]
    if set(files) != {0}:
        reduce(lambda one, other: one.unionByName(other), read).createOrReplaceTempView("files")
        read = [spark.sql(text_of(statement("spark/newest", key=columns(key))).replace('"', "`")).drop("_rank")]
    here = read[0].where("_bucket = _home") if "_bucket " in schema else read[0]
    return here.drop("_layer", "_home")


def _place(number: int) -> tuple[str, str]:
    return f"{number} AS _layer", f"{text('spark/home').strip()} AS _home"


def _by_layer(snapshot: Snapshot) -> dict[int, list[Path]]:
    """Files by the number of the snapshot that laid them over the others; base files are under all of them."""
    files: dict[int, list[Path]] = defaultdict(list)
    for bucket in snapshot.buckets.values():
        for number, path in [(0, bucket.path), *((layer.number, layer.path) for layer in bucket.layers)]:
            if path:
                files[number].append(settings.load().lake / path)
    return dict(files)


def bucket_of(item: str) -> str:
    """Spark SQL of the bucket of a text column."""
    parts = {"item": Identifier(item), "buckets": SQL(str(settings.load().buckets))}
    return text_of(statement("spark/bucket", **parts)).replace('"', "`")


def write(rows: DataFrame, scratch: Path, name: Callable[[int], str], expected: int) -> dict[int, tuple[str, int]]:
    """Write rows with `_bucket`, one file per bucket, under the `name` of its number in the lake. → bucket → (path, rows).

    Executors write below `scratch`; a file has its name when it is whole. Raises NotShared when fewer than the `expected` rows have arrived.
    """
    rows.repartition("_bucket").write.mode("overwrite").partitionBy("_bucket").parquet(address(scratch))
    written = {number: _settled(path, name(number)) for number, path in sorted(_parts(scratch))}
    arrived = sum(count for _, count in written.values())
    if arrived != expected:
        raise NotShared(
            f"{scratch}: {arrived} of {expected} rows arrived; Spark's workers must see the lake under the path that it has here"
        )
    return written


class NotShared(Exception):
    """What the workers wrote is not here; the message holds the way out."""


def verified(paths: Sequence[Path]) -> list[str]:
    """Files of the lake as Spark takes them. Raises sealed.Damaged for those that are not what was written: Spark would not notice."""
    sealed.verify(paths)
    return [address(path) for path in paths]


def address(path: Path) -> str:
    """A path as Spark takes it: not encoded, and on the file system whatever the cluster's own is."""
    return f"file:{path}"


def _parts(scratch: Path) -> Iterable[tuple[int, Path]]:
    for path in scratch.glob("_bucket=*/*.parquet"):
        yield int(path.parent.name.partition("=")[2]), path


def _settled(part: Path, name: str) -> tuple[str, int]:
    target = settings.load().lake / name
    target.parent.mkdir(parents=True, exist_ok=True)
    rows = int(pq.read_metadata(part).num_rows)
    sealed.make_room(part)
    sealed.seal(part)
    durable.settle(part, target)
    return name, rows
