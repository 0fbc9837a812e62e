"""Mend: when files of the lake are lost or damaged, the live snapshots of one resource or library are written anew from PostgreSQL.

PostgreSQL holds every current row, so nothing current is lost. Of a resource, only deletions that stood in unreadable files are forgotten:
the ledger says so. Of a library, the next run looks at everybody once.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from time import time_ns

from shuyuan import settings
from shuyuan.catalog import Library, Resource, load_catalog
from shuyuan.db.copy import copy_out
from shuyuan.db.engine import Connection, transaction
from shuyuan.db.sql import columns, statement, table, text
from shuyuan.flow.step import LOADER, alone, audited, library_named, resource_named
from shuyuan.lake import anew, duck, sealed, snapshot
from shuyuan.lake.sealed import Damaged
from shuyuan.ledger import snapshots
from shuyuan.ledger.loads import Step
from shuyuan.ledger.snapshots import Pointer
from shuyuan.publish.tables import postgres_type
from shuyuan.resolve import disputes

OURS = {"_key": "VARCHAR", "_line": "BIGINT", "_batch": "BIGINT", "_as_of": "DATE", "_raw": "VARCHAR"} | {
    "_verdicts": "VARCHAR",
    "_hash": "VARCHAR",
    "_deleted": "BOOLEAN",
}


def mend(name: str) -> int:
    """Write the live snapshots of a resource or a library anew and point to them. → rows written. Safe to repeat.

    Raises LookupError for a name that is neither.
    """
    catalog = load_catalog(settings.load().catalog)
    if name in catalog.resources:
        return _mend_resource(resource_named(catalog, name))
    return _mend_library(library_named(catalog, name))


def _mend_library(library: Library) -> int:
    step, rows = Step("mend", library=library.id), 0
    with audited(step), alone("resolve", library.id), transaction(LOADER) as connection, duck.connect() as engine:
        snapshots.lock(connection, "library", library.id)
        for kind in ("library", "discrepancy"):
            pointer = snapshots.live(connection, kind, library.id)
            rows += _library(connection, engine, library, kind, pointer) if pointer else 0
        step.rows_out = rows
        step.record(connection)
    return rows


def _library(connection: Connection, engine: duck.Duck, library: Library, kind: str, pointer: Pointer) -> int:
    """One of a library's two snapshots. No run is named with it: so the next one looks at everybody."""
    directory = f"library/{library.id}/mended-{time_ns()}"
    items = [item.name for item in library.items]
    values: dict[str, object] = {"items": items, "library": library.id}
    if kind == "library":
        order = statement("mend/library", items=columns(items), table=table("library", library.id))
        types = {"_op": "VARCHAR", "_key": "VARCHAR"} | _types(library) | {"_filled": "VARCHAR"}
    else:
        order = statement("mend/discrepancies")
        types = dict.fromkeys(("_op", *disputes.COLUMNS), "VARCHAR") | {"_turns": "DATE"}
    rows = _take(engine, copy_out(connection, order, values, anew.NULL), types)
    name, entity = ("rows", "_key") if kind == "library" else ("disputes", "entity")
    after = anew.write(engine, directory, name, entity, by="_key", number=False)
    snapshots.move(connection, kind, library.id, after.manifest, pointer.business_date)
    return rows


def _types(of: Library | Resource) -> dict[str, str]:
    return {item.name: postgres_type(item.type) for item in of.items}


def _take(engine: duck.Duck, chunks: Iterable[bytes], types: Mapping[str, str]) -> int:
    with TemporaryDirectory(prefix="spill-", dir=settings.load().lake) as scratch:
        return anew.take(engine, chunks, types, Path(scratch))


def _mend_resource(resource: Resource) -> int:
    step = Step("mend", resource=resource.id)
    with audited(step), transaction(LOADER) as connection, duck.connect() as engine:
        snapshots.lock(connection, "source", resource.id)
        pointer = snapshots.live(connection, "source", resource.id)
        if pointer is None:
            return 0
        names = [item.name for item in resource.items]
        order = statement("mend/source", items=columns(names), table=table("source", resource.table))
        step.rows_out = _take(engine, copy_out(connection, order, {}, anew.NULL), _types(resource) | OURS)
        step.message = _bury(engine, pointer)
        directory = f"source/{resource.table}/mended-{time_ns()}"
        after = anew.write(engine, directory, "b", resource.bucket_item, by=resource.bucket_item, number=True)
        snapshots.move(
            connection, "source", resource.id, after.manifest, pointer.business_date, batch_id=pointer.batch_id
        )
        step.record(connection)
        return step.rows_out


def _bury(engine: duck.Duck, pointer: Pointer) -> str | None:
    """Take the deletions that can still be read into `kept`. → what could not be read, in words."""
    readable: list[Path] = []
    lost: list[Path] = []
    for path in _files(pointer.manifest):
        (lost if _is_damaged(path) else readable).append(path)
    none = "SELECT *, 0 AS _bucket FROM kept WHERE false"
    rows = duck.scan(readable, none)
    engine.execute(f"INSERT INTO kept BY NAME ({text('mend/tombstones').replace(':rows', rows)})")
    return f"deletions in {', '.join(map(str, lost))} are forgotten" if lost else None


def _files(manifest: str) -> Iterator[Path]:
    """Files with rows of a snapshot; none when its manifest cannot be read."""
    try:
        buckets = snapshot.load(manifest).buckets.values()
    except Damaged:
        return
    for bucket in buckets:
        for name in (bucket.path, *(layer.path for layer in bucket.layers)):
            if name:
                yield settings.load().lake / name


def _is_damaged(path: Path) -> bool:
    try:
        sealed.verify([path])
    except Damaged:
        return True
    return False
