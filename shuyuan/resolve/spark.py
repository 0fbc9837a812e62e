"""A run on Spark: the same inputs, the same rules, the same files as on DuckDB (`run.py`), all buckets at once.

The SQL is that of `plan.py` and `disputes.py`, carried over by `dialect.py`. Belongs here: the order of the steps. Does not belong here: how
Spark is started, reads and writes (`cluster.py`).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.parquet as pq

from shuyuan import settings
from shuyuan.catalog import Catalog, Library, Member, item_of
from shuyuan.db.sql import SQL, Composable, Identifier, columns, statement, text_of
from shuyuan.lake import layers
from shuyuan.lake.snapshot import Bucket, Layer, Snapshot
from shuyuan.resolve import cluster, disputes, plan, wide, write
from shuyuan.resolve.claims import claims, picked, ruled
from shuyuan.resolve.dialect import spark as translated
from shuyuan.resolve.outcome import Outcome, Part, added
from shuyuan.resolve.run import DISPUTES, Inputs, finish, rows_of
from shuyuan.resolve.tally import Tally
from shuyuan.resolve.touched import changed_files
from shuyuan.resolve.write import Shape, changes, same_key

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

SPARK = {"VARCHAR": "STRING"}
OURS = "_key STRING, _batch BIGINT, _line BIGINT, _as_of DATE, _deleted BOOLEAN, _bucket BIGINT"


def run(catalog: Catalog, library: Library, inputs: Inputs, business_date: date, folder: str) -> Outcome:
    """Resolve what changed, write snapshots and deltas under `folder` of the lake. Reads and writes nothing else."""
    with TemporaryDirectory(prefix="spark-", dir=settings.load().lake) as scratch:
        resolver = _Run(cluster.session(), catalog, library, inputs, business_date, folder, Path(scratch))
        return finish(library, inputs, folder, [resolver.part()])


class _Run:
    """One run in one Spark session."""

    def __init__(
        self,
        spark: SparkSession,
        catalog: Catalog,
        library: Library,
        inputs: Inputs,
        day: date,
        folder: str,
        scratch: Path,
    ) -> None:
        self.spark, self.catalog, self.library, self.inputs = spark, catalog, library, inputs
        self.day, self.folder, self.scratch = day, folder, scratch
        self.rows = rows_of(library)
        self.doubles = _doubles(catalog, library)
        self.whole, self.ruled = True, False
        self.kept: list[DataFrame] = []

    def part(self) -> Part:
        """The whole run, as one part that took every bucket."""
        try:
            self._rulings()
            self._touched()
            for member in self.library.members:
                self._member(member)
            self._keep("checked", self._sql(plan.checked(self.catalog, self.library)))
            return self._results()
        finally:
            for frame in self.kept:
                frame.unpersist()

    def _results(self) -> Part:
        tally = Tally(self.library, lambda query: self._sql(query).collect(), whole=self.whole)
        found = Part(crosschecks=tally.now())
        names = text_of(columns(self.rows.columns))
        if self._write(found, self.rows, SQL(f"SELECT {names} FROM checked"), self.inputs.library, self._row_schema()):
            found.crosschecks = added(found.crosschecks, tally.compared_before())
        every = disputes.disputes(self.catalog, self.library, self.day, self.inputs.members)
        if every is not None and self._write(found, DISPUTES, every, self.inputs.discrepancies, _dispute_schema()):
            found.crosschecks = added(found.crosschecks, tally.disagreed_before())
        return found

    def _sql(self, query: Composable) -> DataFrame:
        return self.spark.sql(translated(text_of(query), self.doubles))

    def _keep(self, view: str, frame: DataFrame) -> DataFrame:
        """A relation that is read more than once is computed once; what does not fit into memory goes to the executors' disks."""
        kept = frame.persist()
        kept.createOrReplaceTempView(view)
        self.kept.append(kept)
        return kept

    def _rulings(self) -> None:
        """Relations `aliases`, `ruled_rows` and `moved`: what stewards ruled about identity (`ruled.py`)."""
        moved = pa.table({"entity": pa.array(self.inputs.moved, pa.string())})
        for name, table in {"aliases": self.inputs.aliases, "ruled_rows": self.inputs.rows, "moved": moved}.items():
            path = self.scratch / f"{name}.parquet"
            pq.write_table(table, path)
            schema = ", ".join(f"{column} STRING" for column in table.column_names)
            self.spark.read.schema(schema).parquet(cluster.address(path)).createOrReplaceTempView(name)
        self.ruled = bool(self.inputs.aliases.num_rows or self.inputs.rows.num_rows)

    def _touched(self) -> None:
        """The entities to look at, unless it is everybody."""
        files = changed_files(self.inputs.members, self.inputs.before)
        self.whole = files is None
        if files is None:
            return
        live = cluster.newest(self.spark, self.inputs.discrepancies, _dispute_schema(), DISPUTES.key)
        turning = live.where(f"NOT (_op <=> 'D') AND _turns <= DATE '{self.day.isoformat()}'").select("entity")
        read = self.spark.read.schema("entity STRING")
        named = read.parquet(*cluster.verified(files)) if files else self.spark.createDataFrame([], "entity STRING")
        by_ruling = self._sql(statement("steps/touched_by_ruling", bucket=SQL("0"))).select("entity")
        self._keep("touched", named.union(turning).union(by_ruling).distinct())

    def _among(self, names: Sequence[str]) -> str:
        """SQL boolean: does one of the columns hold a touched entity?"""
        tests = (f"{text_of(Identifier(name))} IN (SELECT entity FROM touched)" for name in names)
        return "true" if self.whole else f"({' OR '.join(tests)})"

    def _member(self, member: Member) -> None:
        """The view of what a member claims, one row per entity."""
        resource = self.catalog.resources[member.resource]
        items = ", ".join(f"`{item.name}` {_kind(wide.DUCK.get(item.type, 'VARCHAR'))}" for item in resource.items)
        snapshot = self.inputs.members.get(member.resource, Snapshot())
        cluster.newest(self.spark, snapshot, f"{items}, {OURS}", ["_key"]).createOrReplaceTempView(f"s_{member.table}")
        self._sql(self._claims(member)).createOrReplaceTempView(wide.member_view(member.resource)._obj[0])

    def _claims(self, member: Member) -> Composable:
        """As without rulings; else of whom a row speaks is known only when they were looked up."""
        resource, live = (
            self.catalog.resources[member.resource],
            f"SELECT * FROM s_{member.table} AS live WHERE NOT _deleted",
        )
        if not self.ruled:
            return claims(member, resource, SQL(f"({live} AND {self._among(member.on)})"))
        spoken = text_of(ruled(member, resource, SQL(f"({live})")))
        rows = SQL(f"SELECT * FROM ({spoken}) AS spoken WHERE {self._among(['entity'])}")
        return picked(member, resource, rows, own_first=True)

    def _write(self, found: Part, shape: Shape, query: Composable, live: Snapshot, schema: str) -> bool:
        """Note in `part` what the rows of the touched entities change, and write it. → was there anything to compare with?"""
        self._sql(query).createOrReplaceTempView("new")
        cluster.newest(self.spark, live, schema, shape.key).createOrReplaceTempView("live")
        self._sql(
            SQL(f"SELECT * FROM live AS live WHERE _op IS DISTINCT FROM 'D' AND {self._among([shape.entity])}")
        ).createOrReplaceTempView("old")
        change = self._sql(changes(shape)).selectExpr("*", _bucket_of(shape))
        self._keep("change", change)
        tally = self.spark.sql("SELECT _bucket, _op, count(*) FROM change GROUP BY _bucket, _op").collect()
        for _, letter, rows in tally:
            found.tallies[shape.kind][letter] += rows
        grown: Counter[int] = Counter()
        for number, letter, rows in tally:
            grown[number] += {"I": rows, "D": -rows}.get(letter, 0)
        self._place(found, shape, live, grown, sum(rows for _, _, rows in tally))
        return bool(live.buckets)

    def _place(self, found: Part, shape: Shape, live: Snapshot, grown: Counter[int], expected: int) -> None:
        """Write the change, and say what the buckets are now: begun, laid over, or written anew."""

        def name(number: int) -> str:
            return f"{self.folder}/{shape.kind}{'_delta' if number in live.buckets else ''}_{number:03d}.parquet"

        written = cluster.write(self.spark.table("change"), self.scratch / shape.kind, name, expected)
        buckets, anew = found.buckets[shape.kind], []
        for number, (path, rows) in written.items():
            found.files[shape.kind].append(path)
            before = live.buckets.get(number)
            if before is None:
                buckets[number] = Bucket(path, rows)
            elif is_large(before, number, rows):
                anew.append(number)
            else:
                over = (*before.layers, Layer(path, live.number + 1))
                buckets[number] = replace(before, rows=before.rows + grown[number], layers=over)
        if anew:
            buckets.update(self._rewrite(shape, {number: live.buckets[number].rows + grown[number] for number in anew}))

    def _rewrite(self, shape: Shape, rows: dict[int, int]) -> dict[int, Bucket]:
        """Buckets written anew. `rows`: how many each of them will have."""
        same = same_key(shape, "live", "brought")
        query = statement("steps/rewritten", columns=columns(shape.columns), same_key=same, change=SQL("change"))
        whole = self.spark.sql(translated(text_of(query).replace(":old", "SELECT * FROM live"), self.doubles))
        chosen = whole.selectExpr("*", _bucket_of(shape)).where(f"_bucket IN ({', '.join(map(str, rows))})")
        scratch, expected = self.scratch / f"{shape.kind}_anew", sum(rows.values())
        made = cluster.write(
            chosen, scratch, lambda number: f"{self.folder}/{shape.kind}_{number:03d}.parquet", expected
        )
        return {number: Bucket(*made.get(number, ("", 0))) for number in rows}

    def _row_schema(self) -> str:
        items = [f"`{item.name}` {_kind(wide.DUCK.get(item.type, 'VARCHAR'))}" for item in self.library.items]
        masks = [f"`{name}` BIGINT" for name in self.rows.columns if name.startswith("_compared_")]
        return ", ".join(["_op STRING", "_key STRING", *items, "_filled STRING", *masks])


def _doubles(catalog: Catalog, library: Library) -> frozenset[str]:
    """Names of all columns of all relations of a run that may hold floating-point numbers."""
    measured = {
        f"{r.id}.{item.name}"
        for r in catalog.resources.values()
        for item in r.items
        if wide.DUCK.get(item.type) == "DOUBLE"
    }
    columns_of = [item.name for item in library.items if wide.DUCK.get(item.type) == "DOUBLE"]
    disputed = [pair.disputed._obj[0] for pair in plan.pairs(library) if pair.item.name in columns_of]
    claimed = [name for ref in measured for name in (item_of(ref), wide.claim_column(ref)._obj[0])]
    return frozenset((*columns_of, *disputed, *claimed))


def is_large(before: Bucket, number: int, changed: int) -> bool:
    """Whether a bucket is written anew rather than laid over."""
    return layers.is_full(before, number) or changed > write.REWRITE * before.rows


def _bucket_of(shape: Shape) -> str:
    return f"{cluster.bucket_of(shape.entity)} AS _bucket"


def _dispute_schema() -> str:
    return ", ".join(
        ["_op STRING", *(f"{name} {'DATE' if name == '_turns' else 'STRING'}" for name in DISPUTES.columns)]
    )


def _kind(duck: str) -> str:
    """An item's type in Spark's words."""
    return SPARK.get(duck, duck)
