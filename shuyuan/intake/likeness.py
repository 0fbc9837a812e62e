"""Whose column an unknown one may be: its header, its values, and what is known of the same keys must all speak for the item.

Belongs here: evidence from the first rows of a delivery. Does not belong here: what follows from it (`drift.py`).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from difflib import SequenceMatcher
from typing import Final

import pyarrow as pa
import pyarrow.compute as pc

from shuyuan import standards
from shuyuan.catalog import Resource, ResourceItem
from shuyuan.db.sql import Identifier, statement, text_of
from shuyuan.intake.standardise import SEPARATOR
from shuyuan.lake import duck, layers
from shuyuan.lake.snapshot import Snapshot
from shuyuan.reader.header import normalise

SIMILAR: Final = 0.6
"""Share of characters that a header must have in common with a column's own, in their order; 登记日期 and 死亡日期 have half of them."""
USABLE: Final = 0.95
"""Share of a column's values that must be usable as the item's type before it may be the item's column."""
KNOWN: Final = 20
"""Keys with a known value from which on a comparison with the live rows says anything."""
SAME: Final = 0.5
"""Share of them that must have the value that is known: a register changes slowly, another column is another column."""
_PLAIN: Final = ("citizen_id", "uscc", "bank_card", "phone", "email", "date", "integer", "amount")
"""Types that a column can be told to have without a contract, hardest to have by accident first."""

Options = Mapping[str, Mapping[str, object]]
Sample = Callable[[Sequence[str]], pa.Table | None]


class Likeness:
    """Tells renamed columns of one resource. `options`: how each item is parsed; `live`: its live rows."""

    def __init__(self, resource: Resource, options: Options, live: Callable[[], Snapshot]) -> None:
        self._resource, self._options, self._live = resource, options, live

    def pairs(self, missing: Sequence[str], texts: Sequence[str], sample: Sample) -> dict[str, str]:
        """Missing item → the one header of `texts` that is its column by all evidence, and no other missing item's.

        `sample(headers)`: first rows with the contract's items under their names and those headers under theirs.
        """
        items = [item for item in self._resource.items if item.name in missing]
        near = {item.name: [text for text in dict.fromkeys(texts) if similar(text, item)] for item in items}
        wanted = [text for text in texts if any(text in found for found in near.values())]
        rows = sample(wanted) if wanted else None
        if rows is None:
            return {}
        fits = {i.name: [t for t in near[i.name] if t in rows.column_names and self._fits(i, rows, t)] for i in items}
        claims = Counter(text for found in fits.values() for text in found)
        return {name: found[0] for name, found in fits.items() if len(found) == 1 and claims[found[0]] == 1}

    def _fits(self, item: ResourceItem, rows: pa.Table, text: str) -> bool:
        parsed = self._parsed(item, rows[text])
        return _usable(parsed) >= USABLE and not self._contradicted(item, rows, parsed.values)

    def _contradicted(self, item: ResourceItem, rows: pa.Table, values: pa.Array) -> bool:
        live = self._live()
        if not live.rows:
            return False
        query = text_of(statement("steps/same_as_known", item=Identifier(item.name)))
        none = f'SELECT NULL::VARCHAR AS _key, NULL::BOOLEAN AS _deleted, NULL::VARCHAR AS "{item.name}" WHERE false'
        with duck.connect() as engine:
            engine.register("sample", pa.table({"_key": self._keys(rows), "value": values.cast(pa.string())}))
            found = duck.table(engine, query.replace(":live", layers.relation(live, ["_key"], none)))
        known, same = found["known"][0].as_py(), found["same"][0].as_py()
        return bool(known >= KNOWN and same < SAME * known)

    def _keys(self, rows: pa.Table) -> pa.Array:
        parts = [self._parsed(self._resource.item(n), rows[n]).values.cast(pa.string()) for n in self._resource.key]
        return pc.binary_join_element_wise(*parts, SEPARATOR, null_handling="emit_null")

    def _parsed(self, item: ResourceItem, values: pa.ChunkedArray) -> standards.Parsed:
        return _parsed(item.type, values, self._options[item.name])


def similar(text: str, item: ResourceItem) -> bool:
    """Does a header share enough with one of the item's own?"""
    seen = normalise(text)
    return any(SequenceMatcher(None, seen, normalise(own)).ratio() >= SIMILAR for own in item.headers)


def kind(values: pa.ChunkedArray) -> str:
    """The item type that an unknown column seems to have: one with a form of its own, else `text`."""
    return next((t for t in _PLAIN if _usable(_parsed(t, values, {})) >= USABLE), "text")


def _parsed(item_type: str, values: pa.ChunkedArray, options: Mapping[str, object]) -> standards.Parsed:
    return standards.parse(item_type, values.cast(pa.string()).combine_chunks(), **options)  # type: ignore[arg-type]


def _usable(parsed: standards.Parsed) -> float:
    """Share of usable values among those that say anything; 0 where none does."""
    usable = len(parsed.values) - parsed.values.null_count
    unusable = pc.sum(pc.and_(pc.is_null(parsed.values), pc.is_valid(parsed.verdicts))).as_py() or 0
    return usable / (usable + unusable) if usable else 0.0
