"""Tiny worlds for the resolve step: four departments' rows, a library over them, and the lake files they would lie in.

Belongs here: what is drawn and how it is written down. Does not belong here: what must come of it (`oracle.py`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from decimal import Decimal
from hashlib import md5
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
from hypothesis import strategies as st

from shuyuan import settings
from shuyuan.catalog import Catalog, Library, Resource, load_catalog
from shuyuan.lake.snapshot import Bucket, Snapshot, save

Rows = dict[str, list[dict[str, Any]]]
DAY = date(2026, 11, 18)
REGISTER, EVENTS, CLAIMS, RECORDS = "p.register", "c.events", "h.claims", "t.records"
ITEMS = {
    "name": "person_name",
    "org": "org_name",
    "address": "address",
    "code": "code",
    "born": "date",
    "amount": "amount",
    "lon": "coordinate",
    "size": "integer",
    "note": "text",
}
COMPARE = {"person_name": "person_name", "org_name": "org_name", "address": "address", "code": "code", "date": "date",
           "amount": "amount", "coordinate": "coordinate", "integer": "exact", "text": "exact"}  # fmt: skip
TOLERANCES: dict[str, list[float]] = {"date": [0, 1, 3], "amount": [0, 0.01, 1, 0.00001], "coordinate": [0, 0.0005]}
ARROW = {"date": pa.date32(), "amount": pa.decimal128(20, 6), "integer": pa.int64(), "coordinate": pa.float64()}
KEYS = ["91a", "92b", "5c", "5数", "x", "é", "𠮷-1", "9"]
SCOPES = {"91 92": REGISTER, "5": CLAIMS}
"""Two registers share the keys; those that begin otherwise have no source."""

VALUES: dict[str, list[Any]] = {
    "name": ["张三", "张叁", "阿依古丽·买买提", "阿依古丽•买买提", "阿依古丽.买买提", "Li Lei", "LI  LEI", "·", "É Σ", "é ς",
             "İx", "ix", "ÀSΣ", "àsσ", "a\u3000b", "ab", "𠮷田", "Ä", "", "a\x0bb", "a\u2028b", "a\u00a0b"],
    "org": ['深圳"数源"科技(集团)有限公司', "深圳数源科技（集团）有限公司", "深圳数源科技有限公司", "（）", "O'Neill [CN] Ltd.",
            "ONEILL[CN] LTD", "A-B", "ab", "A\\B", "A&&B", "“”", "a–b"],
    "code": ["1", "2", "20", "", "x'y", "01"],
    "born": [date(2026, 2, 28), date(2026, 3, 1), date(2026, 3, 3), date(2026, 3, 4), date(1899, 12, 31), DAY, date(1582, 10, 4)],
    "amount": [Decimal(t) for t in ("0.000000", "0.000001", "0.010000", "0.010001", "1.000000", "1000000.000000", "1000001.000000",
                                    "1000001.000001", "99999999999999.999999", "-99999999999999.999999", "0.000010")],
    "lon": [0.0, 113.931, 113.9305, 113.9311, 113.93, 22.5431, -0.5, 1e-05, 0.0001, 0.1 + 0.2, 120.0, 113.931000001, 5.25e-07],
    "size": [0, 1, 2, -1, 2**40],
    "note": ["a", "A", "", "x\ty", "{}", "'", "\\1", "$1"],
}  # fmt: skip
FRAGMENTS = ["广东省", "深圳市", "罗湖区", "东门街道", "人民路", "1", "2", "12", "3", "-", "—", "－", ".", "1-23", "号", "号楼",
             " ", "（", "）", "#", "，", "A", "\t", "\n", "\u2028", "\u0085", "\x0b", "０", "٣", "街", "1号"]  # fmt: skip
PLACES = ["广东省深圳市罗湖区东门街道1号", "东门街道1号", "罗湖区东门街道11号楼", "1号楼", "。", "罗湖区人民路1-23号",
          "罗湖区人民路12-3号", "人民路1--23号", "3-A-2号", "3A2号", "3-A2号", "1号大厦", "-1-", "人民路1.-2", "人民路1.2"]  # fmt: skip
WHEN = [*(DAY + timedelta(n) for n in (-91, -90, -31, -30, -29, -1, 0, 1, 2)), date(2020, 1, 1)]


def addresses() -> st.SearchStrategy[str]:
    return st.sampled_from(PLACES) | st.lists(st.sampled_from(FRAGMENTS), max_size=7).map("".join)


def values(item: str) -> st.SearchStrategy[Any]:
    """What a department may hold for an item, nothing included."""
    known = addresses() if item == "address" else st.sampled_from(VALUES[item])
    return st.none() | known | known | known


def _resource(name: str, key: str, more: Mapping[str, str], **kept: Any) -> Resource:
    kinds = {key: "identifier", **more, **{item: kind for item, kind in ITEMS.items() if item not in more}}
    items = [{"name": item, "label": item, "type": kind, **({"codes": "gender"} if kind == "code" else {})}
             for item, kind in kinds.items()]  # fmt: skip
    delivery = {"pattern": f"{name.replace('.', '_')}_{{date}}.csv", "mode": "full"}
    return Resource.model_validate({"id": name, "title": name, "title_en": name, "classification": "x", "key": [key],
                                    "update_cycle": "daily", "delivery": delivery, "items": items, **kept})  # fmt: skip


RESOURCES = {
    # The register's key is the library's; nothing is shuffled.
    REGISTER: _resource(REGISTER, "id", {}),
    # An event names one or two entities; the newest speaks; it has a key of its own.
    EVENTS: _resource(EVENTS, "no", {"one": "identifier", "other": "identifier", "happened": "date"}),
    # Makes entities too, several rows each; what is newest is a text.
    CLAIMS: _resource(CLAIMS, "no", {"id": "identifier", "serial": "text"}, bucket_by="id"),
    # No `latest`: the greatest key speaks.
    RECORDS: _resource(RECORDS, "no", {"id": "identifier"}),
}
MEMBERS = [
    {"resource": REGISTER, "on": "id", "entity": True},
    {"resource": EVENTS, "on": ["one", "other"], "latest": "happened"},
    {"resource": CLAIMS, "on": "id", "entity": True, "latest": "serial"},
    {"resource": RECORDS, "on": "id"},
]


def world(
    items: Sequence[Mapping[str, Any]], contradictions: Sequence[Mapping[str, Any]] = ()
) -> tuple[Catalog, Library]:
    """The catalog of the four departments with one library of these items and contradictions."""
    told = [{"title": "x", "title_en": "x", "why": "x", **one} for one in contradictions]
    library = Library.model_validate({"id": "world", "title": "世界", "title_en": "World", "kind": "basic", "lead": "p", "members": MEMBERS,
                                      "key": {"name": "id", "label": "编号"}, "items": items, "contradictions": told})  # fmt: skip
    real = load_catalog(settings.PROJECT / "catalog")
    return real.model_copy(update={"resources": RESOURCES, "libraries": {"world": library}}), library


@st.composite
def items(draw: st.DrawFn) -> list[dict[str, Any]]:
    """One to four items, each with a source, perhaps scoped, fallbacks and checks of every kind."""
    names = draw(st.lists(st.sampled_from(sorted(ITEMS)), min_size=1, max_size=4, unique=True))
    return [draw(_item(name)) for name in names]


@st.composite
def _item(draw: st.DrawFn, name: str) -> dict[str, Any]:
    kind, everyone = ITEMS[name], draw(st.permutations([REGISTER, EVENTS, CLAIMS, RECORDS]))
    fallbacks = draw(st.integers(0, 2))
    scoped: Any = {prefix: f"{resource}.{name}" for prefix, resource in SCOPES.items()}
    source = draw(st.sampled_from([f"{everyone[0]}.{name}", scoped]))
    others = everyone[1:] if source != scoped else [r for r in everyone if r not in SCOPES.values()]
    flags = st.fixed_dictionaries({"definition": st.sampled_from([False, False, True]), "silence": st.booleans()})
    own = [] if source == scoped else everyone[:1]
    checks = draw(st.lists(st.sampled_from([r for r in everyone if r not in own]), max_size=3, unique=True))
    return {
        "name": name, "label": name, "type": kind, "source": source, "compare": COMPARE[kind],
        "fallback": [f"{resource}.{name}" for resource in others[:fallbacks]],
        "check": [{"ref": f"{resource}.{name}", **draw(flags)} for resource in checks],
        "tolerance": draw(st.sampled_from(TOLERANCES.get(kind, [0]))), "timing": draw(st.sampled_from([0, 30, 90])),
    }  # fmt: skip


@st.composite
def contradictions(draw: st.DrawFn) -> list[dict[str, Any]]:
    """Up to three, each over one item: whose word it rests on, whose contradicts it, under which conditions, with days or without."""
    names = draw(st.lists(st.sampled_from(sorted(ITEMS)), max_size=3, unique=True))
    return [draw(_contradiction(name)) for name in names]


@st.composite
def _contradiction(draw: st.DrawFn, name: str) -> dict[str, Any]:
    refs = [f"{resource}.{name}" for resource in draw(st.permutations([REGISTER, EVENTS, CLAIMS, RECORDS]))]
    scoped: Any = {prefix: f"{resource}.{name}" for prefix, resource in SCOPES.items()}
    source = draw(st.sampled_from([refs[0], refs[:2], refs[:3], scoped]))
    alternatives = draw(st.lists(_alternative(name, refs), min_size=1, max_size=2))
    since = draw(st.sampled_from([None, f"{EVENTS}.happened", f"{REGISTER}.born"]))
    days = draw(st.sampled_from([0, 30, 90])) if since or ITEMS[name] == "date" else 0
    timed = {"days": days, **({"since": since} if since else {})} if days else {}
    return {"id": f"against_{name}", "source": source, "claim": refs[-1], "when": alternatives, **timed}


@st.composite
def _alternative(draw: st.DrawFn, name: str, refs: list[str]) -> dict[str, Any]:
    """One or two conditions that hold together. Nothing rests on a claim that is not there."""
    others = draw(st.lists(st.sampled_from(["source", "claim", *refs[:3]]), min_size=1, max_size=2, unique=True))
    return {of: draw(_test(ITEMS[name], of, [*refs[:3], "source", "claim"])) for of in others}


def _test(kind: str, of: str, refs: list[str]) -> st.SearchStrategy[Any]:
    other = st.sampled_from([ref for ref in refs if ref != of])
    forms: list[st.SearchStrategy[Any]] = [
        st.just("present"),
        *([] if of == "claim" else [st.just("absent")]),
        st.fixed_dictionaries({"equals": other}),
        st.fixed_dictionaries({"differs": other}),
    ]
    if kind == "code":
        forms.append(st.lists(st.sampled_from(VALUES["code"]), min_size=1, max_size=3, unique=True))
    if kind == "date":
        days = other | st.sampled_from(["2026-03-02", "1900-01-01"])
        forms += [st.fixed_dictionaries({"before": days}), st.fixed_dictionaries({"after": days})]
    return st.one_of(forms)


def rich_contradictions() -> list[dict[str, Any]]:
    """Of every kind of source and test one."""
    return [
        {"id": "coded", "source": f"{REGISTER}.code", "claim": f"{CLAIMS}.code", "when": {"source": ["1", "2"], "claim": ["20", "01"]}},
        {"id": "named", "source": f"{REGISTER}.name", "claim": f"{RECORDS}.name", "when": {"source": {"differs": "claim"}}},
        {"id": "placed", "source": f"{REGISTER}.address", "claim": f"{CLAIMS}.address",
         "when": [{"source": {"equals": "claim"}, f"{EVENTS}.note": "present"}, {"source": "absent"}]},
        {"id": "timed", "source": f"{EVENTS}.happened", "claim": f"{RECORDS}.born", "days": 30,
         "when": {"source": {"after": "claim"}, "claim": {"before": "2026-03-02"}}},
        {"id": "scoped", "source": {"91 92": f"{REGISTER}.lon", "5": f"{CLAIMS}.lon"}, "claim": f"{RECORDS}.lon", "when": {"source": "present"}},
    ]  # fmt: skip


def rich_items(most: int = 4) -> list[dict[str, Any]]:
    """Every item with a check of every other department (all but the first with `most`); sources, fallbacks and flags of every kind in turn."""
    found = []
    for number, (name, kind) in enumerate(ITEMS.items()):
        refs = [f"{resource}.{name}" for resource in (REGISTER, EVENTS, CLAIMS, RECORDS)]
        scoped = {prefix: f"{resource}.{name}" for prefix, resource in SCOPES.items()}
        source: Any = scoped if number % 3 == 1 else refs[number % 4]
        flags = [{"silence": number % 2 == 0, "definition": number == 3 and at == 0} for at in range(len(refs))]
        checks = [{"ref": ref, **flag} for ref, flag in zip(refs, flags, strict=True) if ref != source][
            : most if number else 4
        ]
        found.append({
            "name": name, "label": name, "type": kind, "compare": COMPARE[kind], "timing": (0, 30, 90)[number % 3], "check": checks,
            "source": source, "fallback": refs[3:] if number % 4 != 3 else [],
            "tolerance": TOLERANCES.get(kind, [0])[-1],
        })  # fmt: skip
    records = {"name": "records", "label": "n", "type": "integer", "compare": "exact", "source": f"{REGISTER}.size"}
    return [*found, {**records, "check": [f"{EVENTS}._records", f"{RECORDS}._records"]}]


@st.composite
def rows(draw: st.DrawFn, keys: Sequence[str] = KEYS, most: int = 5) -> Rows:
    """Live rows of the four departments, and some that are deleted."""
    return {name: _keyed(name, draw(st.lists(_row(name, keys), max_size=most))) for name in RESOURCES}


def _row(name: str, keys: Sequence[str]) -> st.SearchStrategy[dict[str, Any]]:
    linked = {"id": st.sampled_from(keys), "one": st.sampled_from(keys), "other": st.none() | st.sampled_from(keys),
              "happened": st.none() | st.sampled_from(WHEN), "serial": st.none() | st.sampled_from(["1", "2", "10", "数"])}  # fmt: skip
    drawn = {item.name: linked[item.name] if item.name in linked else values(item.name)
             for item in RESOURCES[name].items if item.name != "no"}  # fmt: skip
    return st.fixed_dictionaries(
        {**drawn, "_as_of": st.sampled_from(WHEN), "_deleted": st.sampled_from([False] * 5 + [True])}
    )


def every_pair() -> Rows:
    """For every item every two of its values, one claimed by the register and the other by everybody else, each time by an entity of its own."""
    known = {**VALUES, "address": [*PLACES, *FRAGMENTS[:6], "街道1号", "23号", "1-23", "区人民路1-23号"]}
    told: Rows = {name: [] for name in RESOURCES}
    for number in range(max(len(pool) for pool in known.values()) ** 2):
        one, other = ({item: pool[at % len(pool)] for item, pool in known.items()} for at in _pair(number, known))
        key, day = f"{KEYS[number % len(KEYS)]}/{number:04d}", {"_as_of": WHEN[number % len(WHEN)], "_deleted": False}
        linked = {"id": key, "one": key, "other": None, "happened": WHEN[number // 3 % len(WHEN)], "serial": "1"}
        for name, resource in RESOURCES.items():
            values = {**(one if name == REGISTER else other), **linked, "no": f"{name}/{number:04d}"}
            row = {item.name: values[item.name] for item in resource.items} | day
            told[name].append({**row, "_key": row[resource.key[0]]})
    return told


def _pair(number: int, known: Mapping[str, Sequence[Any]]) -> tuple[int, int]:
    """Two places in every pool, so that all numbers together name every two of each."""
    width = max(len(pool) for pool in known.values())
    return number % width, number // width


def _keyed(name: str, drawn: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """With the key of the resource: the register's is the entity's, of which it has one row; elsewhere a number that goes downwards."""
    if name == REGISTER:
        return [{**row, "_key": row["id"]} for row in {row["id"]: row for row in drawn}.values()]
    return [{**row, "no": f"{name}/{90 - at}", "_key": f"{name}/{90 - at}"} for at, row in enumerate(drawn)]


def live(drawn: Rows) -> Rows:
    """What the departments say today."""
    return {name: [row for row in every if not row["_deleted"]] for name, every in drawn.items()}


def write(
    drawn: Rows, folder: str = "source", base: Snapshot | None = None, named: str | None = None
) -> dict[str, Snapshot]:
    """The rows as snapshots of the lake, in the buckets that the settings ask for. A department without rows has never delivered.

    `base`: the snapshot that they follow; `named`: the file that names the entities that changed since.
    """
    known = (base or Snapshot(), named)
    return {
        name: _snapshot(RESOURCES[name], every, f"{folder}/{name}", *known) for name, every in drawn.items() if every
    }


def bucket(value: str | None) -> int:
    """The bucket of a value: the first four hex digits of its md5 (docs/architecture.md)."""
    return int(md5((value or "").encode(), usedforsecurity=False).hexdigest()[:4], 16) % settings.load().buckets


def _snapshot(
    resource: Resource, every: list[dict[str, Any]], directory: str, base: Snapshot, named: str | None
) -> Snapshot:
    parts: dict[int, list[dict[str, Any]]] = {}
    for line, row in enumerate(every, 2):
        kept = {"_line": line, "_batch": 1, "_hash": str(line), "_bucket": bucket(row[resource.bucket_item])}
        parts.setdefault(kept["_bucket"], []).append({**row, **kept})
    written = {number: _file(resource, part, f"{directory}/b{number:03d}.parquet") for number, part in parts.items()}
    return save(directory, base, written, by=resource.bucket_item, named=named)


def _file(resource: Resource, part: list[dict[str, Any]], path: str) -> Bucket:
    ours = {"_key": pa.string(), "_line": pa.int64(), "_batch": pa.int64(), "_as_of": pa.date32(), "_raw": pa.string(),
            "_verdicts": pa.string(), "_hash": pa.string(), "_deleted": pa.bool_(), "_bucket": pa.int32()}  # fmt: skip
    schema = pa.schema([*((item.name, ARROW.get(item.type, pa.string())) for item in resource.items), *ours.items()])
    target = Path(settings.load().lake / path)
    target.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(pa.Table.from_pylist(part, schema), target)
    return Bucket(path, len(part))
