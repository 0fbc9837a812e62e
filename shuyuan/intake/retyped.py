"""Drift of content: columns that came, and most of whose values are not of their type any more; the column is kept, set aside or refused.

Belongs here: when a column counts as retyped, and how its values are taken back out of staged rows. Does not belong here: columns that are
new, missing or renamed (`drift.py`), and rules of a suite, which judge what is left.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import pyarrow as pa
import pyarrow.parquet as pq

from shuyuan.catalog import Catalog, Resource, ResourceItem
from shuyuan.db.sql import Composed, Identifier, Literal, fragment, join, statement, text_of
from shuyuan.intake.drift import Drifted
from shuyuan.intake.staged import GROUP, Staged
from shuyuan.intake.standardise import Standardiser
from shuyuan.lake import duck, durable, sealed
from shuyuan.ledger.findings import Finding
from shuyuan.standards import REASONS

RETYPED: Final = "column_retyped"
SET_ASIDE: Final = "column_quarantined"
SET_ASIDE_WORDS: Final = "整列搁置，不作为主张 / the whole column is set aside: no claim"
"""Verdict of a cell whose whole column was set aside."""
LEAST: Final = 20
"""Fewer unusable cells than this say nothing about a column."""
MOST: Final = 0.5
"""Share of the cells with content above which a column is not what it is called."""
GROWN: Final = 2.0
"""Against the delivery before: a column that was always that bad has not changed."""
_MEANT: Final = frozenset({"masked", "date_long_term", "date_sentinel"})
UNFIT: Final = tuple(r.code for r in REASONS.values() if not r.usable and r.code not in _MEANT)
"""Verdicts that say a cell is not of its type; a masked cell or a date without end is, and says nothing."""

Verdicts = Counter[tuple[str, str]]


@dataclass(frozen=True)
class Retyped:
    """A column of which `unusable` cells of `filled` are not of the item's type; the rate per row in the live delivery was `before`."""

    item: ResourceItem
    filled: int
    unusable: int
    reasons: Mapping[str, int]
    before: float


class Retyping:
    """What becomes of the retyped columns of one delivery, after its last row was staged."""

    def __init__(self, standardiser: Standardiser, catalog: Catalog, staged: Staged, engine: duck.Duck) -> None:
        self._standardiser, self._staged, self._engine = standardiser, staged, engine
        self._resource = standardiser.resource
        self._guarded = guarded(self._resource, catalog)

    def settle(self, file: str, rows: int, verdicts: Verdicts, before: Mapping[str, float]) -> tuple[Finding, ...]:
        """Do as the policy says, and tell. `verdicts` of a column that is set aside give way to one count of its cells.

        `before`: item → unusable cells per row in the live delivery. Raises Drifted.
        """
        found = list(self._found(rows, verdicts, before))
        policy = self._resource.drift.retyped
        refused = [c for c in found if policy == "reject" or (policy == "quarantine" and c.item.name in self._guarded)]
        told = tuple(_told(c, "reject" if c in refused else policy) for c in found)
        if refused:
            raise Drifted(file, told, "retyped: accept")
        if found and policy == "quarantine":
            withdraw(self._engine, self._staged, self._standardiser, [c.item.name for c in found])
            for column in found:
                _give_way(verdicts, column)
        return told

    def _found(self, rows: int, verdicts: Verdicts, before: Mapping[str, float]) -> Iterator[Retyped]:
        totals = {item.name: _unfit(verdicts, item.name) for item in self._resource.items}
        suspects = [item for item in self._resource.items if sum(totals[item.name].values()) >= LEAST]
        for item in suspects:
            reasons = totals[item.name]
            usable, unusable = self._standing(item)
            if item.required or item.name in self._resource.key:  # rows without it are not among the staged ones
                unusable = sum(reasons.values())
            earlier = before.get(item.name, 0.0)
            if unusable > MOST * (usable + unusable) and unusable >= max(LEAST, GROWN * earlier * rows):
                yield Retyped(item, usable + unusable, unusable, reasons, earlier)

    def _standing(self, item: ResourceItem) -> tuple[int, int]:
        query = text_of(statement("steps/column_standing", item=Identifier(item.name)))
        scan = duck.scan(self._staged.files())
        found = duck.table(self._engine, query.replace(":rows", scan), path=f"$.{item.name}", reasons=list(UNFIT))
        return found["usable"][0].as_py(), found["unusable"][0].as_py()


def guarded(resource: Resource, catalog: Catalog) -> frozenset[str]:
    """Items without which a row is not the row it was: keys, required ones, what decides the bucket, what a library joins on."""
    joined = [
        name
        for lib in catalog.libraries_of(resource.id)
        for m in lib.members
        for name in m.on
        if m.resource == resource.id
    ]
    required = [item.name for item in resource.items if item.required]
    return frozenset([*resource.key, *required, resource.bucket_item, *joined])


def withdraw(engine: duck.Duck, staged: Staged, standardiser: Standardiser, items: list[str]) -> None:
    """Take the values of some items out of all staged rows, in the memory of one row group; hashes follow."""
    query = text_of(_without(items))
    for file in staged.files():
        _rewrite(engine, file, query, standardiser.hashing)


def _rewrite(engine: duck.Duck, file: Path, query: str, hashing: str) -> None:
    part = file.with_suffix(".part")
    with pq.ParquetFile(file) as source:
        schema = source.schema_arrow.remove_metadata()
        target = sealed.Writer(part, schema, compression="lz4", store_schema=False)
        for batch in source.iter_batches(GROUP):
            engine.register("staged_rows", pa.Table.from_batches([batch]))
            rows = duck.table(engine, query)
            engine.register("rows", rows)
            hashes = duck.table(engine, hashing)["_hash"]
            target.write(rows.append_column("_hash", hashes).select(schema.names).cast(schema))
        target.close()
    durable.settle(part, file)


def _without(items: list[str]) -> Composed:
    named = [{"item": Identifier(name), "name": Literal(name), "path": Literal(f"$.{name}")} for name in items]
    # A null of the column's own type.
    nulls = "CASE WHEN false THEN {item} END AS {item}"
    texts = "{name}, coalesce(json_extract_string(_raw, {path}), CAST({item} AS VARCHAR))"
    held = "{item} IS NOT NULL OR json_extract_string(_verdicts, {path}) IS NOT NULL"
    verdicts = f"{{name}}, CASE WHEN {held} THEN '{SET_ASIDE}' END"
    parts = {"nulls": nulls, "texts": texts, "verdicts": verdicts}
    return statement(
        "steps/withdraw_columns", **{key: join(fragment(text, **n) for n in named) for key, text in parts.items()}
    )


def _unfit(verdicts: Verdicts, item: str) -> dict[str, int]:
    return {reason: rows for (name, reason), rows in verdicts.items() if name == item and reason in UNFIT}


def _give_way(verdicts: Verdicts, column: Retyped) -> None:
    for key in [key for key in verdicts if key[0] == column.item.name]:
        del verdicts[key]
    verdicts[column.item.name, SET_ASIDE] = column.filled


_NEXT: Final = {
    "accept": ("可用的值照常读入", "the usable values are taken"),
    "quarantine": (
        "整列隔离，本次该项为空，不作为主张，原文保留",
        "the column is set aside: its item is empty in this delivery and claims nothing, the texts as read are kept",
    ),
    "reject": ("拒收", "the delivery is refused"),
}


def _told(column: Retyped, policy: str) -> Finding:
    item, share = column.item, column.unusable / column.filled
    most = sorted(column.reasons.items(), key=lambda r: (-r[1], r[0]))[:3]
    zh = "、".join(f"{REASONS[reason].zh} {rows}" for reason, rows in most)
    en = ", ".join(f"{reason} {rows}" for reason, rows in most)
    message = (
        f"“{item.label}”列 {column.filled} 个有内容的单元格中 {column.unusable} 个（{share:.0%}）不是 {item.type}（{zh}），"
        f"上次每行 {column.before:.1%}；{_NEXT[policy][0]}；请与提供部门核实，该列确已改变则修改合同中 {item.name} 项 / "
        f"column `{item.label}`: {column.unusable} of {column.filled} cells with content ({share:.0%}) are no {item.type} ({en}), "
        f"{column.before:.1%} per row in the delivery before; {_NEXT[policy][1]}. Ask the department; if the column has changed for good, "
        f"change the contract's item `{item.name}`"
    )
    return Finding(
        RETYPED, "critical" if policy == "reject" else "warning", message, "规范性", item.name, column.unusable
    )
