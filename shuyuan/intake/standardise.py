"""Standardise: raw text → typed columns, canonical codes, one verdict per cell; the text as read is kept wherever it changed.

Belongs here: which rows of a delivery cannot be rows of the resource (no key, required item missing, same key twice).
Does not belong here: how a value is parsed (`standards`) and whether a batch is good (`quality`).
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import date

import pyarrow as pa
import pyarrow.compute as pc

from shuyuan import standards
from shuyuan.catalog import Catalog, Resource, ResourceItem
from shuyuan.db.sql import SQL, Identifier, fragment, join, statement, text_of
from shuyuan.intake.rows import RawRows
from shuyuan.lake import duck
from shuyuan.ledger.findings import EVIDENCE, QUARANTINE
from shuyuan.standards import Parsed

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
class Standardised:
    """`rows`: items typed + _key _op _line _raw _verdicts _hash. `rejects`: schema QUARANTINE. `evidence`: schema EVIDENCE.

    `withheld`: keys of rejected rows that could still be identified; they are in the delivery, so they are not gone.
    `unread`: words (NFKC, upper case) of the lines that the reader could not make rows of; a key among them is not gone either.
    """

    rows: pa.Table
    rejects: pa.Table
    evidence: pa.Table
    withheld: pa.Array
    unread: pa.Array


def standardise(raw: RawRows, resource: Resource, catalog: Catalog, business_date: date) -> Standardised:
    """Judge every cell of a delivery. rows + rejects = rows of `raw` + its own rejects."""
    parsed = {item.name: _parse(item, raw.table, catalog, business_date) for item in resource.items}
    operations = _operations(raw.table)
    table = _table(raw.table, resource, parsed, operations)
    reason, item = _unfit(resource, parsed, table, operations)
    fit = pc.is_null(reason)
    bad = pc.invert(fit)
    rejects = [_reader_rejects(raw), _rejects(raw.table.filter(bad), reason.filter(bad), item.filter(bad))]
    rows, repeated = _settle_repeats(table.filter(fit), raw.table, change=resource.delivery.mode == "change")
    withheld = pc.unique(table.filter(pc.invert(pc.is_in(table["_line"], rows["_line"])))["_key"]).drop_null()
    return Standardised(
        rows, pa.concat_tables([*rejects, repeated]), _evidence(resource, parsed), withheld, _words(raw)
    )


def _parse(item: ResourceItem, table: pa.Table, catalog: Catalog, business_date: date) -> Parsed:
    codes = catalog.codes[item.codes].values if item.codes else None
    crosswalk = catalog.crosswalks[item.crosswalk].map if item.crosswalk else None
    return standards.parse(
        item.type,
        table[item.name].combine_chunks(),
        codes=codes,
        crosswalk=crosswalk,
        unit=item.unit,
        as_of=business_date,
    )


def _operations(table: pa.Table) -> pa.Array:
    """U or D per row, null where the operation is unknown; a full delivery only has U."""
    if "_op" not in table.column_names:
        return pa.repeat(pa.scalar("U"), table.num_rows)
    said = pc.utf8_upper(pc.utf8_trim_whitespace(table["_op"].combine_chunks()))
    index = pc.index_in(said, pa.array(list(OPERATIONS)))
    return pc.take(pa.array(list(OPERATIONS.values())), index)


def _table(raw: pa.Table, resource: Resource, parsed: dict[str, Parsed], operations: pa.Array) -> pa.Table:
    texts = [parsed[name].values.cast(pa.string()) for name in resource.key]
    key = pc.binary_join_element_wise(*texts, SEPARATOR, null_handling="emit_null")
    columns = {item.name: parsed[item.name].values for item in resource.items}
    columns |= {"_key": key, "_op": operations, "_line": raw["_line"].combine_chunks()}
    columns["_raw"] = _json(
        {name: pc.if_else(p.changed, raw[name].combine_chunks(), None) for name, p in parsed.items()}
    )
    columns["_verdicts"] = _json({name: p.verdicts for name, p in parsed.items()})
    return _hashed(pa.table(columns), resource)


def _json(texts: dict[str, pa.Array]) -> pa.Array:
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


def _hashed(table: pa.Table, resource: Resource) -> pa.Table:
    texts = [
        fragment("coalesce(CAST({item} AS VARCHAR), chr(30))", item=Identifier(item.name)) for item in resource.items
    ]
    with duck.connect() as connection:
        connection.register("rows", table)
        hashed = duck.table(connection, text_of(statement("steps/hash_rows", texts=join([*texts, SQL("_op")]))))
    return (
        table.append_column("_hash", hashed["_hash"])
        if hashed.num_rows
        else table.append_column("_hash", pa.nulls(0, pa.string()))
    )


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


def _words(raw: RawRows) -> pa.Array:
    """What stands between the separators of the lines that could not be read."""
    texts = pc.utf8_upper(pc.utf8_normalize(pa.array([r.raw for r in raw.rejects], pa.string()), "NFKC"))
    words = pc.list_flatten(pc.split_pattern_regex(texts, r'[\t,;|"\r\n]'))
    return pc.unique(pc.utf8_trim_whitespace(words))


def _reader_rejects(raw: RawRows) -> pa.Table:
    rows = [
        {"line": r.line, "item": r.column, "value": r.value, "reason": r.reason, "message": r.message, "raw": r.raw}
        for r in raw.rejects
    ]
    return pa.Table.from_pylist(rows, schema=QUARANTINE)


def _rejects(raw: pa.Table, reasons: pa.Array, items: pa.Array, first_lines: list[int] | None = None) -> pa.Table:
    """Raw rows set aside, each with its reason in words. Few by nature, so row by row."""
    rows = []
    for i, (cells, reason, item) in enumerate(
        zip(raw.to_pylist(), reasons.to_pylist(), items.to_pylist(), strict=True)
    ):
        line = cells.pop("_line")
        first = first_lines[i] if first_lines else None
        rows.append({
            "line": line, "item": item, "value": cells.get(item) if item else None, "reason": reason,
            "message": message(reason, first), "raw": json.dumps(cells, ensure_ascii=False),
        })  # fmt: skip
    return pa.Table.from_pylist(rows, schema=QUARANTINE)


def message(reason: str, first: int | None = None) -> str:
    """A reason code in words, Chinese first."""
    if reason in MESSAGES:
        return MESSAGES[reason].format(first=first)
    known = standards.REASONS[reason]
    return f"{known.zh} / {known.en}"


def _settle_repeats(rows: pa.Table, raw: pa.Table, *, change: bool) -> tuple[pa.Table, pa.Table]:
    """Rows with one key in one delivery: keep what can be kept, set the rest aside."""
    with duck.connect() as connection:
        connection.register("hashed", rows.select(["_key", "_hash", "_line"]))
        query = statement("steps/repeated_keys", change=SQL("true" if change else "false"))
        repeated = duck.table(connection, text_of(query)).sort_by("_line")
    lines = repeated["_line"].combine_chunks()
    kept = rows.filter(pc.invert(pc.is_in(rows["_line"], lines)))
    aside = raw.filter(pc.is_in(raw["_line"], lines)).sort_by("_line")
    nothing = pa.nulls(repeated.num_rows, pa.string())
    return kept, _rejects(aside, repeated["reason"].combine_chunks(), nothing, repeated["first_line"].to_pylist())


def _evidence(resource: Resource, parsed: dict[str, Parsed]) -> pa.Table:
    rows = []
    for item in resource.items:
        for count in pc.value_counts(parsed[item.name].verdicts.drop_null()).to_pylist():
            rows.append({"item": item.name, "reason": count["values"], "rows": count["counts"]})
    return pa.Table.from_pylist(rows, schema=EVIDENCE)
