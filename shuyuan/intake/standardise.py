"""Standardise: raw text → typed columns, canonical codes, one verdict per cell; the text as read is kept wherever it changed.

Belongs here: what a batch of rows becomes, and which of them cannot be rows of the resource (no key, required item missing).
Does not belong here: how a value is parsed (`standards`), rows of the same key (`repeats`), whether a delivery is good (`quality`).
"""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from shuyuan import standards
from shuyuan.catalog import Catalog, Resource, ResourceItem
from shuyuan.db.sql import statement, text_of
from shuyuan.lake import duck
from shuyuan.lake.delta import bucket_of, hash_of
from shuyuan.ledger.findings import QUARANTINE
from shuyuan.reader.rows import Reject
from shuyuan.standards import Parsed
from shuyuan.standards.divisions import History

Watch = Callable[
    [pa.Table, Collection[str]], None
]  # a batch as read, and the items that may hold something else than promised
FIRM = frozenset({"citizen_id", "uscc", "phone", "code", "division", "date", "amount", "integer", "coordinate"})
SEPARATOR = "\x1f"
OPERATIONS = {"I": "U", "U": "U", "D": "D"}
MESSAGES = {
    "key_missing": "主键数据项为空,无法识别该行 / a key item is empty; the row cannot be identified",
    "required_missing": "必填数据项为空 / a required item is empty",
    "op_unknown": "操作类型不是 I、U、D / the operation is none of I, U, D",
    "duplicate_row": "与第 {first} 行完全相同 / identical to line {first}; the first is kept",
    "key_conflict": "与第 {first} 行主键相同而内容不同 / same key as line {first}, other content; ask which one holds",
    "superseded_in_file": "同一文件中后面的行取代本行 / a later line of the same file replaces it",
}


@dataclass(frozen=True)
class Judged:
    """One batch. `rows`: items typed + _key _op _line _raw _verdicts _hash, in the order of their buckets; `buckets`: bucket and number of
    rows of each run; `marks`: a 64-bit mark of every row's key; `rejects`: schema QUARANTINE; `withheld`: keys of rejected rows that could
    still be identified; `verdicts`: (item, reason) → cells; `unmapped`: (item, value, reason) → cells."""

    rows: pa.Table
    buckets: tuple[tuple[int, int], ...]
    marks: pa.Array
    rejects: pa.Table
    withheld: pa.Array
    verdicts: Mapping[tuple[str, str], int]
    unmapped: Mapping[tuple[str, str, str], int]


class Standardiser:
    """Judges the batches of one delivery; safe to use from several threads, each with its own `engine`."""

    def __init__(
        self, resource: Resource, catalog: Catalog, business_date: date, watch: Watch = lambda *_: None
    ) -> None:
        """`watch` sees every batch as it was read, with the items of free text and those that hold something else than they promise."""
        self.resource, self.watch = resource, watch
        self.options = {item.name: _options(item, catalog, business_date) for item in resource.items}
        items = [item.name for item in resource.items]
        bucket = bucket_of(resource.bucket_item)
        self.hashing = text_of(statement("steps/hash_rows", hash=hash_of(items, "_op"), bucket=bucket))

    def judge(self, raw: pa.Table, engine: duck.Duck) -> Judged:
        """Judge every cell of a batch. rows + rejects = rows of `raw`."""
        parsed = {item.name: self._parse(item, raw) for item in self.resource.items}
        self.watch(raw, self._open(parsed))
        operations = _operations(raw)
        table = _table(raw, self.resource, parsed, operations)
        reason, item = _unfit(self.resource, parsed, table, operations)
        fit = np.asarray(pc.is_null(reason))
        rows, buckets, marks = self._placed(table, np.flatnonzero(fit), engine)
        bad = pa.array(~fit)
        rejects, withheld = QUARANTINE.empty_table(), pa.array([], pa.string())
        if not fit.all():
            rejects = set_aside(raw.filter(bad), reason.filter(bad), item.filter(bad))
            withheld = pc.unique(table["_key"].filter(bad)).drop_null()
        return Judged(rows, buckets, marks, rejects, withheld, _counts(parsed), self._unmapped(raw, parsed))

    def _open(self, parsed: Mapping[str, Parsed]) -> list[str]:
        """Items of free text, and those of a firm type of which a cell is not what was promised."""
        return [
            item.name
            for item in self.resource.items
            if item.type not in FIRM or parsed[item.name].verdicts.null_count < len(parsed[item.name].verdicts)
        ]

    def _unmapped(self, raw: pa.Table, parsed: Mapping[str, Parsed]) -> dict[tuple[str, str, str], int]:
        """Codes and words that no list and no crosswalk names."""
        found = {}
        for item in self.resource.items:
            verdicts = parsed[item.name].verdicts
            if item.type in ("code", "division") and verdicts.null_count < len(verdicts):
                for row in standards.unmapped(raw[item.name], parsed[item.name]).to_pylist():
                    found[item.name, row["value"], row["reason"]] = row["rows"]
        return found

    def _parse(self, item: ResourceItem, table: pa.Table) -> Parsed:
        """A column that comes as a dictionary is parsed value by value, not cell by cell."""
        column = table[item.name].combine_chunks()
        if not pa.types.is_dictionary(column.type):
            return standards.parse(item.type, column, **self.options[item.name])
        return _spread(standards.parse(item.type, column.dictionary, **self.options[item.name]), column.indices)

    def _placed(
        self, table: pa.Table, fit: np.ndarray[Any, np.dtype[np.int64]], engine: duck.Duck
    ) -> tuple[pa.Table, tuple[tuple[int, int], ...], pa.Array]:
        engine.register("rows", table)
        marked = duck.table(engine, self.hashing)
        buckets = marked["_bucket"].to_numpy()[fit]
        order = fit[np.argsort(buckets, kind="stable")]
        rows = table.append_column("_hash", marked["_hash"]).take(pa.array(order))
        numbers, sizes = np.unique(buckets, return_counts=True)
        runs = tuple(zip(numbers.tolist(), sizes.tolist(), strict=True))
        return rows, runs, marked["_mark"].combine_chunks().take(pa.array(order))


def _options(item: ResourceItem, catalog: Catalog, business_date: date) -> dict[str, Any]:
    return {
        "codes": catalog.codes[item.codes].values if item.codes else None,
        "crosswalk": catalog.crosswalks[item.crosswalk].map if item.crosswalk else None,
        "unit": item.unit,
        "as_of": business_date,
        "history": _history(catalog.divisions_history) if catalog.divisions_history else None,
    }


@lru_cache(maxsize=2)
def _history(path: Path) -> History:
    return History.load(path)


def _spread(parsed: Parsed, indices: pa.Array) -> Parsed:
    """What was found for the values of a dictionary, for every cell. Text stays a dictionary, without nulls and twins among its values."""
    values = parsed.values
    if values.type == pa.string():
        coded = values.dictionary_encode()
        values = pa.DictionaryArray.from_arrays(coded.indices.take(indices), coded.dictionary)
    else:
        values = values.take(indices)
    none = parsed.verdicts.null_count == len(parsed.verdicts)
    verdicts = pa.nulls(len(indices), pa.string()) if none else parsed.verdicts.take(indices)
    return Parsed(values, verdicts, pc.fill_null(parsed.changed.take(indices), False))


def _counts(parsed: Mapping[str, Parsed]) -> dict[tuple[str, str], int]:
    found = {}
    for name, column in parsed.items():
        if column.verdicts.null_count < len(column.verdicts):
            for count in pc.value_counts(column.verdicts.drop_null()).to_pylist():
                found[name, count["values"]] = count["counts"]
    return found


def _operations(table: pa.Table) -> pa.Array:
    """U or D per row, null where the operation is unknown; a full delivery only has U."""
    if "_op" not in table.column_names:
        return pa.repeat(pa.scalar("U"), table.num_rows)
    said = pc.utf8_upper(pc.utf8_trim_whitespace(table["_op"].combine_chunks().cast(pa.string())))
    index = pc.index_in(said, pa.array(list(OPERATIONS)))
    return pc.take(pa.array(list(OPERATIONS.values())), index)


def _table(raw: pa.Table, resource: Resource, parsed: dict[str, Parsed], operations: pa.Array) -> pa.Table:
    texts = [_text(parsed[name].values) for name in resource.key]
    key = texts[0] if len(texts) == 1 else pc.binary_join_element_wise(*texts, SEPARATOR, null_handling="emit_null")
    columns = {item.name: parsed[item.name].values for item in resource.items}
    columns |= {"_key": key, "_op": operations, "_line": raw["_line"].combine_chunks()}
    changed = {name: np.asarray(p.changed) for name, p in parsed.items()}
    columns["_raw"] = _members({name: (raw[name].combine_chunks(), mask) for name, mask in changed.items()})
    said = {name: (p.verdicts, np.asarray(pc.is_valid(p.verdicts))) for name, p in parsed.items()}
    columns["_verdicts"] = _members(said)
    return pa.table(columns)


def _text(values: pa.Array) -> pa.Array:
    return values if values.type == pa.string() else values.cast(pa.string())


def _members(columns: Mapping[str, tuple[pa.Array, np.ndarray[Any, np.dtype[np.bool_]]]]) -> pa.Array:
    """One JSON object of text members per row, of those cells that the masks name. Work is only for rows that have any."""
    size = len(next(iter(columns.values()))[0])
    columns = {name: column for name, column in columns.items() if column[1].any()}
    if not columns:
        return pa.nulls(size, pa.string())
    some = np.logical_or.reduce([mask for _, mask in columns.values()])
    at = pa.array(np.flatnonzero(some))
    texts = {n: pc.if_else(pa.array(m[some]), _text(v.take(at)), None) for n, (v, m) in columns.items()}
    return pc.replace_with_mask(pa.nulls(size, pa.string()), pa.array(some), _json(texts))


def _json(texts: Mapping[str, pa.Array]) -> pa.Array:
    """One JSON object of text members per row, null members left out, null where nothing is left."""
    members = []
    for name, values in texts.items():
        if values.null_count < len(values):
            member = pc.binary_join_element_wise(f',"{name}":"', _escaped(values), '"', "", null_handling="emit_null")
            members.append(pc.fill_null(member, ""))
    if not members:
        return pa.nulls(len(next(iter(texts.values()))), pa.string())
    # Not null_handling="skip": pyarrow 26 then drops the rows in which every member is null.
    body = pc.binary_join_element_wise(*members, "")
    whole = pc.binary_join_element_wise("{", pc.utf8_slice_codeunits(body, 1), "}", "")
    return pc.if_else(pc.equal(body, ""), pa.scalar(None, pa.string()), whole)


def _escaped(values: pa.Array) -> pa.Array:
    """Text inside JSON quotes. The few values with characters JSON must escape take the slow, exact way."""
    special = pc.match_substring_regex(values, r'[\x00-\x1f\x7f"\\]')
    if not pc.any(special, min_count=0).as_py():
        return values
    rare = pc.fill_null(special, False)
    exact = pa.array(
        [json.dumps(text, ensure_ascii=False)[1:-1] for text in values.filter(rare).to_pylist()], pa.string()
    )
    return pc.replace_with_mask(values, rare, exact)


def _unfit(
    resource: Resource, parsed: dict[str, Parsed], table: pa.Table, operations: pa.Array
) -> tuple[pa.Array, pa.Array]:
    """Why a row cannot be a row of the resource, and by which item; null where it can."""
    reason = pa.nulls(table.num_rows, pa.string())
    item = pa.nulls(table.num_rows, pa.string())
    gone = pc.fill_null(pc.equal(operations, "D"), False)
    required = [entry.name for entry in resource.items if entry.required and entry.name not in resource.key]
    for name in (*resource.key, *required):
        missing = pc.is_null(parsed[name].values)
        if name in required:
            missing = pc.and_(missing, pc.invert(gone))  # a deletion needs its key only
        hit = pc.and_(missing, pc.is_null(reason))
        default = "key_missing" if name in resource.key else "required_missing"
        reason = pc.if_else(hit, pc.fill_null(parsed[name].verdicts, default), reason)
        item = pc.if_else(hit, name, item)
    unknown = pc.and_(pc.is_null(operations), pc.is_null(reason))
    return pc.if_else(unknown, "op_unknown", reason), pc.if_else(unknown, "_op", item)


def words(rejects: list[Reject]) -> pa.Array:
    """What stands between the separators of the lines that could not be read (NFKC, upper case): a key among it is not gone."""
    texts = pc.utf8_upper(pc.utf8_normalize(pa.array([r.raw for r in rejects], pa.string()), "NFKC"))
    parts = pc.list_flatten(pc.split_pattern_regex(texts, r'[\t,;|"\r\n]'))
    return pc.unique(pc.utf8_trim_whitespace(parts))


def unread(rejects: list[Reject]) -> pa.Table:
    """Lines that the reader could not make rows of, as quarantine rows."""
    rows = [
        {"line": r.line, "item": r.column, "value": r.value, "reason": r.reason, "message": r.message, "raw": r.raw}
        for r in rejects
    ]
    return pa.Table.from_pylist(rows, schema=QUARANTINE)


def set_aside(raw: pa.Table, reasons: pa.Array, items: pa.Array) -> pa.Table:
    """Raw rows as quarantine rows, each with its reason in words. Few by nature, so row by row."""
    rows = []
    for cells, reason, item in zip(raw.to_pylist(), reasons.to_pylist(), items.to_pylist(), strict=True):
        line = cells.pop("_line")
        rows.append({
            "line": line, "item": item, "value": cells.get(item) if item else None, "reason": reason,
            "message": message(reason), "raw": json.dumps(cells, ensure_ascii=False),
        })  # fmt: skip
    return pa.Table.from_pylist(rows, schema=QUARANTINE)


def message(reason: str, first: int | None = None) -> str:
    """A reason code in words, Chinese first."""
    if reason in MESSAGES:
        return MESSAGES[reason].format(first=first)
    known = standards.REASONS[reason]
    return f"{known.zh} / {known.en}"
