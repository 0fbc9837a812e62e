"""Four departments that know the same persons, as lake snapshots: twelve items each, a share of all claims spoiled. For the resolve benches."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import people
import pyarrow as pa

from shuyuan.catalog import Catalog, Library, load_catalog
from shuyuan.catalog.models import Delivery, Resource, ResourceItem
from shuyuan.db.sql import text_of
from shuyuan.lake import duck
from shuyuan.lake.delta import Delta, Shape, bucket_of, hash_of
from shuyuan.lake.snapshot import Bucket, Snapshot, save
from shuyuan.settings import PROJECT, load

DEPARTMENTS = ("police", "insurance", "health", "civil")
TYPES = {
    "sex": "text",
    "ethnic": "text",
    "marital": "text",
    "base": "amount",
    "birth_date": "date",
    "insured_from": "date",
}
ITEMS = (
    "name",
    "sex",
    "ethnic",
    "birth_date",
    "division",
    "address",
    "mobile",
    "employer",
    "insured_from",
    "base",
    "marital",
    "note",
)
COMPARE = {"name": "person_name", "birth_date": "date", "address": "address", "insured_from": "date", "base": "amount"}
SPOILED = {
    "birth_date": "birth_date + 1", "insured_from": "insured_from + 40", "base": "CAST(base + 7 AS DECIMAL(20,6))", "name": "name || '某'",
    "address": "address || '之2'",
}  # fmt: skip


def catalog() -> Catalog:
    """The real catalog with four resources and one library of our own."""
    real = load_catalog(PROJECT / "catalog")
    resources = {f"{d}.person": _resource(d) for d in DEPARTMENTS}
    library = Library.model_validate(_library())
    return real.model_copy(update={"resources": resources, "libraries": {library.id: library}})


def _resource(department: str) -> Resource:
    items = [ResourceItem(name="id_no", label="号码", type="citizen_id")]
    items += [ResourceItem(name=name, label=name, type=TYPES.get(name, "text")) for name in ITEMS]  # type: ignore[arg-type]
    return Resource(
        id=f"{department}.person", title="人", title_en="Persons", classification="1", key=("id_no",), update_cycle="daily",
        delivery=Delivery(pattern="person_{date}.csv"), items=tuple(items),
    )  # fmt: skip


def _library() -> dict[str, Any]:
    others = DEPARTMENTS[1:]
    items = [
        {"name": name, "label": name, "type": TYPES.get(name, "text"), "source": f"police.person.{name}", "timing": 30,
         "check": [f"{d}.person.{name}" for d in others], "compare": COMPARE.get(name, "exact")}
        for name in ITEMS
    ]  # fmt: skip
    members = [{"resource": f"{d}.person", "on": "id_no", "entity": d == "police"} for d in DEPARTMENTS]
    key = {"name": "id_no", "label": "号码", "type": "citizen_id"}
    return {
        "id": "bench",
        "title": "人",
        "title_en": "Persons",
        "kind": "basic",
        "lead": "police",
        "key": key,
        "members": members,
        "items": items,
    }


def write(persons: int, wrong: float = 0.02) -> dict[str, Snapshot]:
    """Snapshots of the four departments in this process's lake; `wrong` of the others' claims differ from the register."""
    with duck.connect() as connection:
        folder = load().lake / "bench"
        for start in range(0, persons, people.PIECE):
            connection.register("piece", _typed(people.register(start, min(people.PIECE, persons - start))))
            for number, department in enumerate(DEPARTMENTS):
                _spread(connection, folder, department, wrong if number else 0, start)
        return {f"{d}.person": _snapshot(connection, folder, d) for d in DEPARTMENTS}


def _typed(register: pa.Table) -> pa.Table:
    table = register.rename_columns(names := ["id_no", *ITEMS[:-1]])
    kinds = {"birth_date": pa.date32(), "insured_from": pa.date32(), "base": pa.decimal128(20, 6)}
    columns = {name: table[name].cast(kinds[name]) if name in kinds else table[name] for name in names}
    return pa.table({**columns, "note": columns["mobile"]})


def _spread(connection: duck.Duck, folder: Path, department: str, wrong: float, start: int) -> None:
    values = ", ".join(_claim(name, department, wrong) for name in ITEMS)
    query = (
        f"SELECT id_no, {values}, id_no AS _key, row_number() OVER () + {start} AS _line, 1::BIGINT AS _batch, DATE '2026-11-16' AS _as_of,"
        f" NULL::VARCHAR AS _raw, NULL::VARCHAR AS _verdicts, '' AS _hash, false AS _deleted,"
        f" {text_of(bucket_of('id_no'))} AS _bucket FROM piece"
    )
    target = folder / "pieces" / department / f"{start:09d}"
    target.mkdir(parents=True, exist_ok=True)
    connection.execute(
        f"COPY ({query}) TO '{target}' (FORMAT parquet, PARTITION_BY (_bucket), WRITE_PARTITION_COLUMNS, OVERWRITE)"
    )


def _claim(name: str, department: str, wrong: float) -> str:
    if not wrong:
        return name
    spoiled = SPOILED.get(name, f"{name} || '9'")
    return f"CASE WHEN hash(id_no, '{name}', '{department}') % 10000 < {round(wrong * 10000)} THEN {spoiled} ELSE {name} END AS {name}"


def _snapshot(connection: duck.Duck, folder: Path, department: str) -> Snapshot:
    buckets: dict[int, Bucket] = {}
    for number in range(load().buckets):
        pieces = sorted((folder / "pieces" / department).glob(f"*/_bucket={number}/*.parquet"))
        path = f"bench/{department}/b{number:03d}.parquet"
        rows = duck.write_parquet(connection, f"SELECT * FROM {duck.scan(pieces)}", load().lake / path)
        buckets[number] = Bucket(path, rows)
        for piece in pieces:
            piece.unlink()
    return save(f"bench/{department}", Snapshot(), buckets, by="id_no")


def decoded(name: str) -> str:
    """SQL that looks at every value of a column and does next to nothing with it."""
    kind = TYPES.get(name, "boolean" if name == "_deleted" else "date" if name == "_as_of" else "text")
    return (
        f"sum(strlen({name}))" if kind == "text" else f"count_if({name})" if kind == "boolean" else f"max({name} + 1)"
    )


def changed(members: dict[str, Snapshot], share: float, batch: int) -> dict[str, Snapshot]:
    """A full delivery of the first department in which a share of the persons have moved; the others say what they said."""
    first = f"{DEPARTMENTS[0]}.person"
    resource = _resource(DEPARTMENTS[0])
    shape = Shape(tuple(item.name for item in resource.items), "id_no", False, ("id_no",))
    moved = f"CASE WHEN hash(id_no, {batch}) % 10000 < {round(share * 10000)} THEN address || '新' ELSE address END AS address"
    with duck.connect() as connection:
        files = [load().lake / bucket.path for bucket in members[first].buckets.values()]
        hashed = text_of(hash_of(shape.items, "'U'"))
        rows = f"SELECT *, 'U' AS _op FROM (SELECT * REPLACE ({moved}) FROM {duck.scan(files)})"
        delta = Delta(connection, shape, members[first], date(2026, 11, 17), batch)
        none = pa.array([], pa.string())
        delta.compute(f"(SELECT * REPLACE ({hashed} AS _hash) FROM ({rows}))", none, none, none)
        return {**members, first: delta.next_snapshot(f"bench/{DEPARTMENTS[0]}/{batch}")}
