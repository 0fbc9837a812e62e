"""From a surveyed table to the parts of a contract: items with types, codes, units and sharing, and the key."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, get_args

from shuyuan.catalog import Catalog
from shuyuan.catalog.models import ItemType
from shuyuan.reader.header import normalise
from shuyuan.survey import codelists, naming
from shuyuan.survey.codelists import Listed
from shuyuan.survey.report import Column, Key, Table

CONDITION: Final = "依法履职需要，经提供部门同意"
_TYPES: Final = frozenset(get_args(ItemType))


@dataclass(frozen=True)
class Item:
    """One drafted item with the evidence of its guesses."""

    name: str
    column: Column
    type: str
    label: str
    aliases: tuple[str, ...]
    required: bool
    listed: Listed | None
    notes: tuple[str, ...]


@dataclass(frozen=True)
class Proposal:
    """A table as a contract could describe it.

    `aside`: share of the rows that the key would set aside. `left_out`: columns that no header text can name, with the reason.
    `headless`: the file has no header row at all; its columns are numbered and read by their place.
    """

    items: tuple[Item, ...]
    key: tuple[str, ...]
    key_notes: tuple[str, ...]
    aside: float
    left_out: tuple[str, ...]
    headless: bool


def propose(table: Table, catalog: Catalog, department: str, name: str) -> Proposal:
    """Items and key of a table; `name` is that of the resource, by which its own code lists are called."""
    headless = not any(column.label for column in table.columns)
    left_out = {} if headless else dict(_unnameable(table.columns))
    columns = [column for column in table.columns if column.position not in left_out]
    names = naming.item_names(columns, catalog, department)
    by_position = {column.position: name for column, name in zip(columns, names, strict=True)}
    key, notes, aside = _key(table, by_position, columns)
    lists = [_listed(c, f"{name}_{n}", catalog, department) for c, n in zip(columns, names, strict=True)]
    items = tuple(_item(c, n, table, listed, n in key) for c, n, listed in zip(columns, names, lists, strict=True))
    return Proposal(items, key, notes, aside, tuple(left_out.values()), headless)


def _unnameable(columns: Sequence[Column]) -> list[tuple[int, str]]:
    """Columns without a header, or with one that another column has too: reading finds columns by their header."""
    texts = [normalise(column.label) for column in columns]
    found = []
    for column, text in zip(columns, texts, strict=True):
        where = f"column {column.position + 1} ({column.nonempty:,} values)"
        if not text:
            found.append((column.position, f"{where} has no header: ask for one"))
        elif texts.count(text) > 1:
            found.append(
                (column.position, f"{where} shares its header {column.label!r} with another one: ask for two names")
            )
    return found


def _key(
    table: Table, names: dict[int, str], columns: Sequence[Column]
) -> tuple[tuple[str, ...], tuple[str, ...], float]:
    """(items, what speaks for and against them, share of rows set aside)."""
    usable = [key for key in table.keys if all(position in names for position in key.positions)]
    if not usable:
        best = max(columns, key=lambda c: (c.usable, c.distinct))
        note = f"no column or combination names the rows; {best.label} does so best: rows that it does not name will be set aside"
        return (names[best.position],), (note,), 1.0
    first, *others = usable
    notes = [_told(first), *(f"or: {' + '.join(names[p] for p in key.positions)}" for key in others[:2])]
    return tuple(names[position] for position in first.positions), tuple(notes), first.aside / max(1, first.rows)


def _told(key: Key) -> str:
    aside = (
        (key.repeated, "repeat another one whole"),
        (key.conflicting, "share their key with other content"),
        (key.missing, "lack it"),
    )
    told = ", ".join(f"{number:,} {words}" for number, words in aside if number)
    if not told:
        return f"names each of {key.rows:,} rows; ask the department whether it always will"
    return f"of {key.rows:,} rows {told}: these will be set aside; ask the department what tells two rows apart"


def _item(column: Column, name: str, table: Table, listed: Listed | None, in_key: bool) -> Item:
    item_type = _type(column, listed)
    notes = [column.why, *([listed.why] if listed else [])]
    if listed and listed.strangers:
        notes.append(f"not in the list: {len(listed.strangers)} values")
    if item_type == "amount" and column.unit is None:
        notes.append("no unit in the header: ask whether yuan is meant")
    return Item(
        name=name,
        column=column,
        type=item_type,
        label=" ".join(column.label.split()) or table.form.names[column.position],
        aliases=_aliases(column, table),
        required=in_key or (column.full and not column.running and item_type not in ("text", "address", "code")),
        listed=listed if item_type in ("code", "division") else None,
        notes=tuple(notes),
    )


def _aliases(column: Column, table: Table) -> tuple[str, ...]:
    """The whole path of a header of several rows, which the lowest row alone does not say."""
    path = table.form.names[column.position]
    return (path,) if len(table.form.header) > 1 and column.label and path != column.label and "/" in path else ()


def _listed(column: Column, list_name: str, catalog: Catalog, department: str) -> Listed | None:
    if column.type == "division":
        fits = "division" in catalog.codes and codelists.match(column, catalog, department)
        return fits if fits and fits.codes == "division" else None
    if column.type not in ("code", "text"):
        return None
    found = codelists.match(column, catalog, department)
    if found or column.type == "text":
        return found
    return codelists.new(column, naming.free(list_name, catalog.codes))


def _type(column: Column, listed: Listed | None) -> str:
    """A code needs its list; a type that this catalog does not know is an identifier."""
    if column.type in ("code", "text"):
        return "code" if listed else "text"
    return column.type if column.type in _TYPES else "identifier"
