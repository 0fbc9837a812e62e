"""What a checker would find in the demo's deliveries, with the real reader and the real standards but no database.

Belongs here: the short line read → parse → compare that the demo's tests measure themselves against.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from functools import partial
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
from contradicting import finding

from shuyuan.catalog import Catalog, Check, Library, LibraryItem, Member, Resource, item_of, resource_of
from shuyuan.demo import score as scoring
from shuyuan.reader.read import Column, RawRows, read
from shuyuan.standards import REASONS, parse


@dataclass
class Delivery:
    """One file as read: typed columns, lines, and what is wrong with which line."""

    raw: RawRows
    lines: list[int]
    values: dict[str, list[Any]]
    ops: list[str] | None
    reports: list[dict[str, Any]] = field(default_factory=list)
    dropped: set[int] = field(default_factory=set)  # row positions that a gate would quarantine


def deliver(catalog: Catalog, resource: Resource, path: Path, day: date, strict: bool) -> Delivery:
    """Read one file. `strict`: a row with any unusable value is dropped; else only the value is empty."""
    columns = [Column(item.name, item.headers, not item.optional_column) for item in resource.items]
    if resource.delivery.op:
        columns.append(Column("_op", (resource.delivery.op,)))
    raw = read(path, columns, encoding=resource.delivery.encoding, sheet=resource.delivery.sheet)
    ops = raw.table["_op"].to_pylist() if resource.delivery.op else None
    found = Delivery(raw, raw.table["_line"].to_pylist(), {}, ops)
    found.reports += [_report(resource, day, r.line, None, r.reason) for r in raw.rejects]
    for item in resource.items:
        _parse_item(catalog, resource, item.name, day, found, strict)
    _keys(resource, day, found)
    return found


def _report(resource: Resource, day: date, line: int, item: str | None, reason: str) -> dict[str, Any]:
    return {"resource": resource.id, "business_date": day, "line": line, "item": item, "reason": reason}


def _parse_item(catalog: Catalog, resource: Resource, name: str, day: date, found: Delivery, strict: bool) -> None:
    item = resource.item(name)
    codes = catalog.codes[item.codes].values if item.codes else None
    words = catalog.crosswalks[item.crosswalk].map if item.crosswalk else None
    parsed = parse(item.type, found.raw.table[name], codes=codes, crosswalk=words, unit=item.unit, as_of=day)
    found.values[name] = parsed.values.to_pylist()
    for at in pc.indices_nonzero(parsed.verdicts.is_valid()).to_pylist():
        reason = parsed.verdicts[at].as_py()
        found.reports.append(_report(resource, day, found.lines[at], name, reason))
        if strict and not REASONS[reason].usable and reason not in ("date_sentinel", "date_long_term", "masked"):
            found.dropped.add(at)


def _keys(resource: Resource, day: date, found: Delivery) -> None:
    rows: dict[tuple[Any, ...], list[int]] = defaultdict(list)
    for at, key in enumerate(zip(*(found.values[name] for name in resource.key), strict=True)):
        if None in key:
            found.dropped.add(at)
            found.reports.append(_report(resource, day, found.lines[at], None, "key_missing"))
        else:
            rows[key].append(at)
    for several in (ats for ats in rows.values() if len(ats) > 1):
        same = len({tuple(found.values[i.name][at] for i in resource.items) for at in several}) == 1
        for at in several[1:] if same else several:
            found.dropped.add(at)
            reason = "duplicate_row" if same else "key_conflict"
            found.reports.append(_report(resource, day, found.lines[at], None, reason))


@dataclass
class State:
    """Rows that stand after a delivery, by resource and key."""

    catalog: Catalog
    rows: dict[str, dict[tuple[Any, ...], dict[str, Any]]] = field(default_factory=lambda: defaultdict(dict))

    def take(self, resource: Resource, found: Delivery) -> None:
        held = self.rows[resource.id] if found.ops else self.rows.__setitem__(resource.id, {}) or self.rows[resource.id]
        for at in range(len(found.lines)):
            if at in found.dropped:
                continue
            row = {name: values[at] for name, values in found.values.items()}
            key = tuple(row[name] for name in resource.key)
            if found.ops and found.ops[at] == "D":
                held.pop(key, None)
            else:
                held[key] = row

    def disagreements(self) -> pa.Table:
        """Claims that differ and contradictions that hold, of whatever class."""
        rows = [row for library in self.catalog.libraries.values() for row in self._of_library(library)]
        return pa.Table.from_pylist(rows, schema=scoring.DISAGREEMENTS)

    def _of_library(self, library: Library) -> Iterator[dict[str, str]]:
        speaking = {member.resource: self._speaking(member) for member in library.members}
        entities = {key for member in library.members if member.entity for key in speaking[member.resource]}
        for item in (i for i in library.items if i.check):
            for entity in entities:
                value = _published(item, entity, speaking)
                for check in item.check:
                    claim = _claim(check.ref, entity, speaking)
                    if (
                        claim is not None
                        and _compared(library, check, entity, speaking)
                        and not _agree(item, value, claim)
                    ):
                        yield {"library": library.id, "entity": entity, "item": item.name, "claim_ref": check.ref}
        for one in library.contradictions:
            for entity in entities:
                if finding(one, entity, partial(_claim, entity=entity, speaking=speaking), date.max, _equal):
                    yield {"library": library.id, "entity": entity, "item": one.id, "claim_ref": one.claim}

    def _speaking(self, member: Member) -> dict[str, dict[str, Any]]:
        """Entity key → the row that speaks for it."""
        chosen: dict[str, dict[str, Any]] = {}
        for row in self.rows[member.resource].values():
            for key in (row[name] for name in member.on if row[name] is not None):
                if key not in chosen or (
                    member.latest and (row[member.latest] or date.min) > (chosen[key][member.latest] or date.min)
                ):
                    chosen[key] = row
        return chosen


def _claim(ref: str, entity: str, speaking: dict[str, dict[str, dict[str, Any]]]) -> Any:
    row = speaking[resource_of(ref)].get(entity)
    return None if row is None else row[item_of(ref)]


def _compared(library: Library, check: Check, entity: str, speaking: dict[str, dict[str, dict[str, Any]]]) -> bool:
    values = {condition: _published(library.item(condition.of), entity, speaking) for condition in check.when}
    tests = {
        "present": lambda c: values[c] is not None,
        "absent": lambda c: values[c] is None,
        "in": lambda c: values[c] in c.values,
    }
    return all(tests[condition.test](condition) for condition in check.when)


def _published(item: LibraryItem, entity: str, speaking: dict[str, dict[str, dict[str, Any]]]) -> Any:
    sources = [s.ref for s in item.source if not s.prefixes or entity.startswith(s.prefixes)]
    claims = (_claim(ref, entity, speaking) for ref in (*sources, *item.fallback))
    return next((claim for claim in claims if claim is not None), None)


def _equal(_: str, one: Any, other: Any) -> bool:
    return bool(one == other)


def _agree(item: LibraryItem, value: Any, claim: Any) -> bool:
    if value is None:
        return False
    if item.compare == "date":
        return bool(abs((value - claim).days) <= item.tolerance)
    if item.compare in ("amount", "coordinate"):
        return bool(abs(float(value) - float(claim)) <= item.tolerance + 1e-12)
    return bool(value == claim)
